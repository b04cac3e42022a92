"""Performances as events."""
