"""The thorough way reads what note_seq reads, byte for byte, without note_seq."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import warnings

import mido
import pytest
from helpers.installed import needs_note_seq

from groovekit.errors import DataError
from groovekit.io.midi import files as midi
from groovekit.io.midi.unusual import read_any
from groovekit.io.notes import load


def by_note_seq(data: bytes) -> bytes | None:
    """What note_seq makes of a file, serialised; None where it refuses."""
    midi_io = load("midi_io")
    try:
        sequence = midi_io.midi_to_note_sequence(data)
    except midi_io.MIDIConversionError:
        return None
    return bytes(sequence.SerializeToString(deterministic=True))


def thoroughly(data: bytes) -> bytes | None:
    try:
        return bytes(read_any(data).SerializeToString(deterministic=True))
    except Exception:
        return None


@pytest.fixture
def _quietly():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@needs_note_seq
@pytest.mark.usefixtures("_quietly")
def test_every_odd_file_reads_as_with_note_seq(odd_midi_dir):
    paths = sorted(odd_midi_dir.rglob("*.mid"))
    for path in paths:
        data = path.read_bytes()
        found = thoroughly(data)
        assert found == by_note_seq(data), path.name
    assert len(paths) > 100


@needs_note_seq
@pytest.mark.usefixtures("_quietly")
def test_grooves_read_as_with_note_seq(groove_dir):
    # Every twentieth: note_seq takes its time, and the fast reader is compared, too.
    for path in sorted(groove_dir.rglob("*.mid"))[::20]:
        data = path.read_bytes()
        assert thoroughly(data) == by_note_seq(data), path.name


READ = """
import hashlib, json, sys
from pathlib import Path
sys.modules["note_seq"] = None
from groovekit.errors import DataError
from groovekit.io.midi.files import parse_midi
found = {}
for path in sorted(Path(sys.argv[1]).rglob("*.mid")):
    try:
        sequence, remarks = parse_midi(path.read_bytes())
        data = sequence.SerializeToString(deterministic=True)
        found[path.name] = [hashlib.sha256(data).hexdigest(), remarks]
    except DataError as error:
        found[path.name] = str(error)
print(json.dumps([type(sequence).DESCRIPTOR.full_name, found]))
"""


@needs_note_seq
@pytest.mark.usefixtures("_quietly")
def test_odd_files_read_the_same_where_note_seq_is_not_installed(odd_midi_dir):
    done = subprocess.run(
        [sys.executable, "-c", READ, str(odd_midi_dir)],
        check=True,
        capture_output=True,
        text=True,
    )
    name, found = json.loads(done.stdout)
    assert name == "groovekit.NoteSequence"
    refused = 0
    for path in sorted(odd_midi_dir.rglob("*.mid")):
        data = path.read_bytes()
        expected = by_note_seq(data)
        if expected is None:
            refused += 1
            with pytest.raises(DataError) as caught:
                midi.parse_midi(data)
            assert found[path.name] == str(caught.value)
        else:
            digest = hashlib.sha256(expected).hexdigest()
            assert found[path.name] == [digest, midi.parse_midi(data)[1]]
    assert refused == 14


def saved(*messages) -> bytes:
    file = mido.MidiFile(ticks_per_beat=96)
    file.tracks.append(mido.MidiTrack(messages))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def test_a_denominator_beyond_all_range_is_refused_in_note_seqs_words():
    data = saved(mido.MetaMessage("time_signature", denominator=2**40))
    with pytest.raises(
        DataError,
        match=r"^x: corrupt MIDI data \(MIDIConversionError: Invalid time signature "
        r"denominator 1099511627776\)$",
    ):
        midi.read_midi(data, name="x")
