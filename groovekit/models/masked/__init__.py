"""The masked family: what is known of a performance stays, the rest is filled in."""
