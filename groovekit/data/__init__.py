"""What a model is fed: data sets, examples, windows in batches, their cache."""
