"""A swung grid for groovekit's drum models."""

from __future__ import annotations

from swing_kit.configs import drums_2bar
from swing_kit.converter import SwingDrums

__all__ = ["SwingDrums", "drums_2bar"]
