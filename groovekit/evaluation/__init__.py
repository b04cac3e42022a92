"""How good a model is: metrics, baselines, distributions, attributes, the report."""

from groovekit.evaluation import metrics as metrics
