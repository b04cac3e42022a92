"""Swung drum grooves for groovekit: converter, kit map, config and output head."""

from __future__ import annotations

# Not `swing_kit.heads`: it needs Keras, which whoever only lists names does without.
from swing_kit.configs import groove_2bar
from swing_kit.converter import SwingGroove
from swing_kit.kits import jazz

__all__ = ["SwingGroove", "groove_2bar", "jazz"]
