"""The built-in configs, under the original's names."""
