"""How good a model is."""

from groovekit.evaluation import metrics as metrics
