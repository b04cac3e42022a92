"""Output layers: what is predicted, its loss and how it is drawn."""
