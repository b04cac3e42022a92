"""Melodies cut from sequences."""
