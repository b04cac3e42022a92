"""``groovekit generate``."""
