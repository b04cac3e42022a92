"""Marks for what not every environment has."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from groovekit.io.notes import load

needs_note_seq = pytest.mark.skipif(
    importlib.util.find_spec("note_seq") is None, reason="compares with note-seq"
)
needs_music21 = pytest.mark.skipif(
    importlib.util.find_spec("music21") is None,
    reason="needs music21, of the extra scores",
)
needs_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="needs Keras"
)


def note_seq(name: str) -> Any:
    """A module of note_seq to compare with; skips the test where there is none."""
    if importlib.util.find_spec("note_seq") is None:
        pytest.skip("compares with note-seq")
    return load(name)
