"""From a run folder to music."""
