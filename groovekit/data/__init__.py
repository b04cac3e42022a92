"""What a model is fed: examples, windows, batches."""
