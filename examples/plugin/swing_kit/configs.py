"""Configs that use the swung grid."""

from __future__ import annotations

import groovekit as gk
from swing_kit.converter import SwingDrums


@gk.register_config("swing.drums_2bar")
def drums_2bar() -> gk.ModelConfig:
    """Two bars of swung drums: the small drum model on a triplet grid."""
    return gk.get_config("cat-drums_2bar_small").replace(
        name="swing.drums_2bar",
        converter=SwingDrums(),
        description="Two bars of swung drums.",
    )
