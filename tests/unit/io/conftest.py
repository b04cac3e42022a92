from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence


def _drum_midi(notes: int = 4, qpm: float = 120.0) -> bytes:
    """A MIDI file of ``notes`` kicks, a quarter apart."""
    sequence = NoteSequence()
    sequence.tempos.add(qpm=qpm)
    for index in range(notes):
        sequence.notes.add(
            pitch=36,
            velocity=90,
            start_time=index * 0.5,
            end_time=index * 0.5 + 0.1,
            is_drum=True,
        )
    return encode_midi(sequence)


@pytest.fixture(scope="session")
def drum_midi() -> Callable[..., bytes]:
    """Makes a MIDI file: ``drum_midi(notes=4, qpm=120)``."""
    return _drum_midi


@pytest.fixture
def music_folder(tmp_path: Path) -> Path:
    """Two MIDI files in ``band``, one below, one broken, one text file."""
    folder = tmp_path / "band"
    (folder / "b").mkdir(parents=True)
    (folder / "z.MID").write_bytes(_drum_midi(2))
    (folder / "a.midi").write_bytes(_drum_midi(3))
    (folder / "b" / "c.mid").write_bytes(_drum_midi(5))
    (folder / "b" / "text.mid").write_text("not MIDI")
    (folder / "notes.txt").write_text("hello")
    (folder / "._a.mid").write_bytes(b"resource fork")
    return folder


@pytest.fixture
def tiny_groove(tmp_path: Path) -> Path:
    """A folder laid out like the Groove MIDI Dataset; one test file is missing."""
    folder = tmp_path / "groove"
    (folder / "drummer1").mkdir(parents=True)
    rows = ["drummer,session,id,midi_filename,duration,split"]
    for index, split in enumerate(["train", "train", "validation", "test"]):
        name = f"drummer1/{index}.mid"
        rows.append(f"drummer1,drummer1/s,drummer1/s/{index},{name},2.0,{split}")
        if split != "test":
            (folder / name).write_bytes(_drum_midi(index + 1))
    (folder / "info.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder
