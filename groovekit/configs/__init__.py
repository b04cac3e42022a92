"""What a model is and where it lies: configs, run folders, presets, recipes."""
