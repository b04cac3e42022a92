"""The class of note sequences, and note_seq's modules where they are installed.

``NoteSequence`` is note_seq's own class wherever that can be imported, so that
sequences go to and from other programs as they are, and else one of ours with the same
fields and the same bytes (:mod:`groovekit.io.protobuf.messages`).

``import note_seq`` runs a package ``__init__`` that loads librosa, bokeh and
IPython, about a second that converting drums does not need. :func:`load`
imports single submodules without running it: a bare package object with the
right search path stands in while the submodule loads, and everything is taken
out of ``sys.modules`` again, so that a later ``import note_seq`` in the same
process behaves as ever. Protobuf keeps one class a message type, so that
``note_seq.NoteSequence is groovekit.io.notes.NoteSequence`` either way. When
note_seq's layout changes, the plain import is the fallback.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import logging
import sys
import threading
import types
from collections.abc import Iterator
from typing import Any

from groovekit.io.protobuf.messages import note_sequence_class

_LOG = logging.getLogger("groovekit")
_LOCK = threading.RLock()


def _note_seq_modules() -> dict[str, types.ModuleType]:
    return {
        name: module
        for name, module in sys.modules.items()
        if name == "note_seq" or name.startswith("note_seq.")
    }


@contextlib.contextmanager
def _bare_package() -> Iterator[None]:
    """While open, ``note_seq`` is a package whose ``__init__`` does not run."""
    spec = importlib.util.find_spec("note_seq")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("note_seq is not installed", name="note_seq")
    package = types.ModuleType("note_seq")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["note_seq"] = package
    sys.modules.update(_LOADED)
    try:
        yield
    finally:
        _LOADED.update(_note_seq_modules())
        _LOADED.pop("note_seq")
        for name in _note_seq_modules():
            del sys.modules[name]


# Submodules loaded so far: the next load must find the same objects.
_LOADED: dict[str, types.ModuleType] = {}


@functools.cache
def load(name: str) -> Any:
    """Returns the note_seq submodule ``name``, e.g. ``"midi_io"``.

    Args:
      name: dotted path below ``note_seq``.

    Raises:
      ImportError: note_seq or the submodule is not installed.
    """
    full = f"note_seq.{name}"
    with _LOCK:
        if "note_seq" in sys.modules:
            return importlib.import_module(full)
        try:
            with _bare_package():
                return importlib.import_module(full)
        except (ImportError, AttributeError):
            return importlib.import_module(full)


def _note_sequence_class() -> Any:
    try:
        return load("protobuf.music_pb2").NoteSequence
    # Also a note_seq whose generated code this version of protobuf refuses, in words
    # of its own: the package cannot be imported then, either.
    except Exception as error:
        _LOG.debug("Note sequences are of our own class: %s", error)
    return note_sequence_class()


NoteSequence = _note_sequence_class()

#: MIDI's channel of drums, from 0; sequences give it to the instrument of drums.
DRUM_CHANNEL = 9
