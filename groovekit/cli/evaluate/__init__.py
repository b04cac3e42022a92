"""``groovekit evaluate``."""
