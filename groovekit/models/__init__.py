"""Keras 3 models: encoders, decoders, output heads and the VAE that joins them."""
