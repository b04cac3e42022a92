"""Data converters: note sequences to tensors and back."""
