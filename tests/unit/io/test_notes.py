"""Parts of note_seq without the rest of it, and all of it where that fails."""

from __future__ import annotations

import subprocess
import sys
import types

import pytest
from helpers.installed import needs_note_seq

from groovekit.io import notes


def fresh(code):
    """Output of code in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@needs_note_seq
def test_only_what_is_used_is_imported():
    code = (
        "import sys; from groovekit.io.notes import load; load('midi_io'); "
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    loaded = fresh(code)
    assert "pretty_midi" in loaded
    assert not {"note_seq", "librosa", "bokeh", "IPython"} & set(loaded)


@needs_note_seq
def test_submodules_share_one_sequence_class():
    midi_io, sequences_lib = notes.load("midi_io"), notes.load("sequences_lib")
    for module in (midi_io, sequences_lib):
        assert module.music_pb2.NoteSequence is notes.NoteSequence
    assert notes.load("midi_io") is midi_io


def test_a_loaded_package_gives_its_own_module(monkeypatch):
    package = types.ModuleType("note_seq")
    package.__path__ = []
    module = types.ModuleType("note_seq.of_the_package")
    monkeypatch.setitem(sys.modules, "note_seq", package)
    monkeypatch.setitem(sys.modules, "note_seq.of_the_package", module)
    assert notes.load("of_the_package") is module


@pytest.mark.parametrize(
    "code",
    ["from note_seq import NoteSequence", "import note_seq\nnote_seq.NoteSequence"],
)
def test_another_layout_is_imported_plainly(tmp_path, code):
    """A package whose parts need what its ``__init__`` has done."""
    package = tmp_path / "note_seq"
    (package / "protobuf").mkdir(parents=True)
    (package / "protobuf" / "__init__.py").touch()
    (package / "__init__.py").write_text("class NoteSequence: pass\n")
    (package / "protobuf" / "music_pb2.py").write_text(
        f"{code}\nfrom note_seq import NoteSequence\n"
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); "
        "from groovekit.io.notes import NoteSequence; print(NoteSequence.__module__)"
    )
    assert fresh(code) == ["note_seq"]


@needs_note_seq
def test_what_is_not_there():
    with pytest.raises(ImportError, match="no_such_part"):
        notes.load("no_such_part")
