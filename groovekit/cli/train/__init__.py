"""``groovekit train``."""
