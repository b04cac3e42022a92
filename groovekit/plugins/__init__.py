"""Who offers which name: registries, the tables of names, a plug-in to start from."""
