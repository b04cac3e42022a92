"""Who offers which name: registries and what they list."""
