"""The modes of ``groovekit generate``, one module a mode."""
