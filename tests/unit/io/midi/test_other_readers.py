"""Note for note what mido and pretty_midi read, wherever they read rightly."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import mido
import numpy as np
import pretty_midi
import pytest

from groovekit.io.midi.sequences import ParsedMidi, read_sequences

CASES = Path(__file__).parents[3] / "data" / "midi_cases"

#: Files that mido refuses or reads nothing of, for no good reason.
MIDO_REFUSES = {
    "test-corrupt-file-missing-byte.mid": "the last byte is missing",
    "test-illegal-message-all.mid": "system messages",
    "test-illegal-message-f4.mid": "the same",
    "test-illegal-message-f5.mid": "the same",
    "test-illegal-message-f9.mid": "the same",
    "test-illegal-message-fd.mid": "the same",
    "test-non-midi-track.mid": "an unknown chunk",
    "test-running-status-sysex.mid": "a running status behind sysex",
    "16_riff_rmid.mid": "a RIFF wrapper",
    "17_header_says_5_tracks.mid": "a wrong count of tracks",
    "24_unknown_chunk_between.mid": "an unknown chunk",
    "tracks_65535_header.mid": "a wrong count of tracks",
}
#: Files that pretty_midi reads otherwise or refuses, beside those.
PRETTY_MIDI_DIFFERS = {
    "test-2-tracks-type-2.mid": "it lays the patterns of format 2 over each other",
    "02_zero_length_hats_only.mid": "it drops notes without a length",
    "03_no_note_offs.mid": "it drops notes without a note-off",
    "08_tempo_on_second_track.mid": "it passes over tempos outside the first track",
    "230_bpm_multitrack.mid": "the same",
    "09_format2.mid": "it lays the patterns of format 2 over each other",
    "25_eot_far_away.mid": "it refuses ends far behind the music",
    "52_smpte_25_40.mid": "it takes frames for ticks a quarter",
    "79_program_change_in_other_track.mid": "it passes over programs of other tracks",
    "delta_2p25.mid": "it refuses notes so late",
    "delta_2p25_second_track_tempo.mid": "the same",
    "late_note_max.mid": "the same",
}
# Without notes, or refused here, too.
UNREAD = {
    "test-empty-file.mid", "test-not-a-midi-file.mid", "negative-ticks-per-beat.mid",
    "zero-ticks-per-beat.mid", "ticks-per-beat-480.mid", "type2.mid",
    "overflow_min.mid",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_limit(monkeypatch):
    # note_seq raises it: later notes would take gigabytes.
    monkeypatch.setattr(pretty_midi.pretty_midi, "MAX_TICK", 1e7)


def assert_onsets_as_mido(data: bytes, parsed: ParsedMidi) -> None:
    """Every stroke that mido sees is an event of ours, and a note, or counted."""
    expected = []
    for number, track in enumerate(mido.MidiFile(file=io.BytesIO(data)).tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                row = (number, tick, message.channel, message.note, message.velocity)
                expected.append(row)
    events = parsed.events
    on = np.flatnonzero((events.kind == 0x90) & (events.second > 0))
    columns = (events.track, events.tick, events.status & 15, events.first)
    found = np.stack([column[on] for column in (*columns, events.second)], axis=1)
    assert found.tolist() == [list(row) for row in expected]
    linked = np.concatenate([links[:, 1] for links in parsed.links])
    assert set(linked.tolist()) <= set(on.tolist())
    lost = sum(r.count for r in parsed.remarks if r.kind == "no_length_left_out")
    assert len(linked) == len(on) - lost


def assert_notes_as_pretty_midi(data: bytes, parsed: ParsedMidi) -> None:
    """Every note, to the last bit of its times, with program and name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        midi = pretty_midi.PrettyMIDI(io.BytesIO(data))
    expected = [
        (n.start, n.end, n.pitch, n.velocity, i.program, i.is_drum, i.name)
        for i in midi.instruments
        for n in i.notes
    ]
    (sequence,) = parsed.sequences
    names = {info.instrument: info.name for info in sequence.instrument_infos}
    found = [
        (n.start_time, n.end_time, n.pitch, n.velocity, n.program, n.is_drum,
         names.get(n.instrument, ""))
        for n in sequence.notes
    ]  # fmt: skip
    assert found == expected


def compare(path: Path) -> None:
    data = path.read_bytes()
    parsed = read_sequences(data)
    if path.name in MIDO_REFUSES:
        with pytest.raises((OSError, EOFError, AssertionError)):
            assert mido.MidiFile(file=io.BytesIO(data)).tracks
        return
    assert_onsets_as_mido(data, parsed)
    if path.name in PRETTY_MIDI_DIFFERS:
        with pytest.raises((AssertionError, ValueError)):
            assert_notes_as_pretty_midi(data, parsed)
        return
    assert_notes_as_pretty_midi(data, parsed)


@pytest.mark.parametrize(
    "path", sorted(CASES.glob("*.mid")), ids=lambda path: path.name
)
def test_cases(path):
    if path.name not in UNREAD:
        compare(path)


def test_odd_files(odd_midi_dir):
    paths = [
        path for path in sorted(odd_midi_dir.rglob("*.mid")) if path.name not in UNREAD
    ]
    assert len(paths) > 100
    for path in paths:
        compare(path)


def test_some_of_the_groove_data(groove_dir):
    for path in sorted(groove_dir.rglob("*.mid"))[::40]:
        compare(path)


@pytest.mark.slow
def test_all_of_the_groove_data(groove_dir):
    for path in sorted(groove_dir.rglob("*.mid")):
        compare(path)
