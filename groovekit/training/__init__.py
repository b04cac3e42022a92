"""From data to a run folder: the trainer, checkpoints, what training takes."""
