"""What musicians do with a trained model, one module a task."""
