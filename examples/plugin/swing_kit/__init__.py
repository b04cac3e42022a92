"""Swung drum grooves for groovekit: converter, kit map, configs and parts of models."""

from __future__ import annotations

# Not `swing_kit.heads` and `swing_kit.encoders`: they need Keras, which whoever only
# lists names does without.
from swing_kit.configs import groove_2bar, parallel_2bar, timekeeper_8bar
from swing_kit.converter import SwingGroove
from swing_kit.kits import jazz

__all__ = [
    "SwingGroove",
    "groove_2bar",
    "jazz",
    "parallel_2bar",
    "timekeeper_8bar",
]
