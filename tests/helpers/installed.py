"""Marks for what not every environment has."""

from __future__ import annotations

import importlib.util

import pytest

needs_note_seq = pytest.mark.skipif(
    importlib.util.find_spec("note_seq") is None, reason="compares with note-seq"
)
needs_keras = pytest.mark.skipif(
    importlib.util.find_spec("keras") is None, reason="needs Keras"
)
