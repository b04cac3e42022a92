"""Families of models: what each is built from, how it is trained, what it can do."""
