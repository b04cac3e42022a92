"""Helpers of converters whose notes stand on a grid."""
