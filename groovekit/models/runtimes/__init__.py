"""What computes a model: Keras or NumPy."""
