"""Chords: symbols, inference, tensors."""
