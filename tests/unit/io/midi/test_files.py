from __future__ import annotations

import io
from pathlib import Path

import mido
import pytest

from groovekit.errors import DataError, WriteError
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.midi.files import parse_midi, read_midi, write_midi
from groovekit.io.notes import NoteSequence


def drums(*notes, qpm=120.0, metre=(4, 4)) -> NoteSequence:
    """Drum notes from ``(pitch, velocity, start, end)``."""
    sequence = NoteSequence(ticks_per_quarter=480)
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=metre[0], denominator=metre[1])
    for pitch, velocity, start, end in notes:
        sequence.notes.add(
            pitch=pitch,
            velocity=velocity,
            start_time=start,
            end_time=end,
            is_drum=True,
            instrument=9,
        )
    return sequence


def midi_bytes(*tracks, **header) -> bytes:
    file = mido.MidiFile(**header)
    file.tracks += [mido.MidiTrack(track) for track in tracks]
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def rows(sequence):
    return sorted(
        (n.pitch, n.velocity, round(n.start_time, 3), round(n.end_time, 3), n.is_drum)
        for n in sequence.notes
    )


def test_what_is_written_is_read_again(tmp_path):
    sequence = drums(
        (36, 100, 0.0, 0.25), (38, 1, 0.5104, 0.7), (42, 127, 0.0, 0.125), qpm=93.7
    )
    sequence.notes.add(pitch=60, velocity=80, start_time=1, end_time=2, program=33)
    path = write_midi(sequence, tmp_path / "deep" / "a.mid")
    assert path == tmp_path / "deep" / "a.mid"
    back = read_midi(path)
    tick = 60 / 93.7 / 480
    assert len(back.notes) == 4
    for ours, theirs in zip(
        sorted(sequence.notes, key=lambda n: n.pitch),
        sorted(back.notes, key=lambda n: n.pitch),
        strict=True,
    ):
        assert (ours.pitch, ours.velocity) == (theirs.pitch, theirs.velocity)
        assert (ours.is_drum, ours.program) == (theirs.is_drum, theirs.program)
        assert theirs.start_time == pytest.approx(ours.start_time, abs=tick / 2)
        assert theirs.end_time == pytest.approx(ours.end_time, abs=tick / 2)
    assert back.tempos[0].qpm == pytest.approx(93.7, rel=1e-6)
    assert back.ticks_per_quarter == 480
    (metre,) = back.time_signatures
    assert (metre.numerator, metre.denominator) == (4, 4)
    channels = {m.channel for m in mido.MidiFile(path) if m.type == "note_on"}
    assert channels == {9, 0}


def test_times_come_back_to_a_tick_after_an_hour_and_through_tempo_changes():
    sequence = drums((36, 100, 3600.0, 3600.1), qpm=97.3)
    sequence.tempos.add(time=7.123, qpm=181.7)
    sequence.tempos.add(time=1801.5, qpm=33.3)
    sequence.notes.add(
        pitch=38, velocity=9, start_time=1801.6, end_time=1802, is_drum=True
    )
    back = read_midi(encode_midi(sequence))
    starts = sorted(n.start_time for n in back.notes)
    # MIDI holds tempos in whole microseconds; positions allow for that.
    assert starts == pytest.approx([1801.6, 3600.0], abs=60 / 33.3 / 480)
    assert [t.qpm for t in back.tempos] == pytest.approx([97.3, 181.7, 33.3], rel=1e-5)


def test_metres_keys_controls_bends_and_names_survive():
    sequence = drums((36, 100, 0, 1), metre=(6, 8))
    sequence.time_signatures.add(time=2.0, numerator=7, denominator=16)
    sequence.key_signatures.add(key=6, mode=NoteSequence.KeySignature.MINOR)
    sequence.control_changes.add(
        time=0.5, control_number=4, control_value=90, is_drum=True, instrument=9
    )
    sequence.pitch_bends.add(time=0.25, bend=-99, is_drum=True, instrument=9)
    sequence.instrument_infos.add(instrument=9, name="Kit ≠ 1")
    back = read_midi(encode_midi(sequence))
    assert [(m.time, m.numerator, m.denominator) for m in back.time_signatures] == [
        (0, 6, 8),
        (2, 7, 16),
    ]
    assert (back.key_signatures[0].key, back.key_signatures[0].mode) == (6, 1)
    assert back.control_changes[0].control_value == 90
    assert back.pitch_bends[0].bend == -99
    assert back.instrument_infos[0].name == "Kit ≠ 1"


@pytest.mark.parametrize(
    "name", ["Drums", "Schlagzeug für Jörg", "Ударные", "ドラム", "Ã¼"]
)
def test_names_come_back_in_any_language(name):
    sequence = drums((36, 100, 0, 1))
    sequence.instrument_infos.add(instrument=9, name=name)
    assert read_midi(encode_midi(sequence)).instrument_infos[0].name == name


def test_nothing_vanishes_that_midi_cannot_hold():
    sequence = drums((36, 0, -0.1, 0.1), (38, 200, 0.5, 0.5))
    assert rows(read_midi(encode_midi(sequence))) == [
        (36, 1, 0.0, 0.1, True),
        (38, 127, 0.5, 0.501, True),
    ]


def test_a_note_ends_where_the_next_of_its_pitch_begins():
    sequence = drums((36, 90, 0, 1), (36, 80, 0.5, 1.5), (36, 70, 1.5, 2))
    assert rows(read_midi(encode_midi(sequence))) == [
        (36, 70, 1.5, 2.0, True),
        (36, 80, 0.5, 1.5, True),
        (36, 90, 0.0, 0.5, True),
    ]


def test_defaults_for_a_bare_sequence():
    back = read_midi(encode_midi(NoteSequence()))
    assert back.tempos[0].qpm == 120
    assert back.ticks_per_quarter == 480
    assert len(back.notes) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.tempos.add(qpm=-1), "tempo of -1"),
        (lambda s: s.tempos.add(qpm=1), "tempo of 1"),
        (lambda s: s.tempos.add(qpm=float("nan")), "tempo of nan"),
        (lambda s: s.notes.add(pitch=128), "pitch 128"),
        (lambda s: s.notes.add(pitch=1, start_time=float("inf")), "at inf seconds"),
        (
            lambda s: s.time_signatures.add(numerator=4, denominator=3),
            "time signature 4/3",
        ),
    ],
)
def test_what_midi_has_not_is_a_plain_error(change, message):
    sequence = NoteSequence()
    change(sequence)
    with pytest.raises(DataError, match=message):
        encode_midi(sequence)


def test_nothing_is_overwritten(tmp_path):
    sequence = drums((36, 100, 0, 1))
    paths = [write_midi(sequence, tmp_path / "a.mid") for _ in range(3)]
    assert [path.name for path in paths] == ["a.mid", "a-2.mid", "a-3.mid"]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(p.name for p in paths)


def test_a_file_under_a_file_is_a_plain_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="Cannot write"):
        write_midi(drums(), tmp_path / "file" / "a.mid")


ONE = midi_bytes([mido.Message("note_on", time=1)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello, I am a text", "not a MIDI file"),
        (b"MThd", "truncated or corrupt"),
        (b"MThd\0\0\0\6\0\1\0\0\1\xe0", "holds no tracks"),
        (ONE[:12] + b"\0\0" + ONE[14:], "time division is 0"),
        (ONE[:12] + b"\xe7\0" + ONE[14:], "time division is 59136"),
        (ONE[:-6], "truncated or corrupt"),
    ],
)
def test_bad_data_give_a_reason(data, reason):
    with pytest.raises(DataError, match=f"^x: .*{reason}"):
        read_midi(data, name="x")


def test_a_corrupt_time_takes_no_memory():
    far = [mido.Message("note_on", note=36, time=2**28 - 1) for _ in range(40)]
    data = midi_bytes(far)
    with pytest.raises(
        DataError, match=r"^far.mid: no notes \(truncated or corrupt\): 40"
    ):
        read_midi(data, name="far.mid")
    near = [mido.Message("note_on", note=38, time=9)]
    assert [n.pitch for n in read_midi(midi_bytes(near + far)).notes] == [38]


def test_a_large_file_is_not_parsed(monkeypatch, tmp_path):
    monkeypatch.setattr("groovekit.io.midi.files.MAX_FILE_BYTES", 10)
    path = tmp_path / "a.mid"
    path.write_bytes(b"MThd" + bytes(20))
    with pytest.raises(DataError, match="expected at most"):
        read_midi(path)


def test_who_reads_a_file_hears_what_was_mended(tmp_path, caplog):
    path = tmp_path / "a.mid"
    hits = [mido.Message("note_on", note=36, channel=9, time=48)] * 3
    path.write_bytes(midi_bytes(hits))
    (remark,) = parse_midi(path.read_bytes()).remarks
    assert (remark.kind, remark.count) == ("no_note_off", 3)
    with caplog.at_level("INFO", logger="groovekit"):
        assert len(read_midi(path, name="a.mid").notes) == 3
    assert caplog.messages == [
        "a.mid: 3 notes without a note-off: each lasts a sixteenth at most"
    ]


def test_missing_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"no\.mid: cannot be opened: No such file"):
        read_midi(tmp_path / "no.mid")


@pytest.mark.slow
def test_odd_files_written_again_keep_their_notes(odd_midi_dir: Path):
    for path in sorted(odd_midi_dir.rglob("*.mid")):
        if path.stat().st_size > 20_000:
            continue
        try:
            sequence = read_midi(path)
        except DataError:
            continue
        back = read_midi(encode_midi(sequence))
        slowest = min(tempo.qpm for tempo in sequence.tempos)
        tick = 60 / slowest / sequence.ticks_per_quarter

        def key(note):
            return note.is_drum, note.pitch, note.start_time, note.velocity

        for ours, theirs in zip(
            sorted(sequence.notes, key=key), sorted(back.notes, key=key), strict=True
        ):
            assert ours.pitch == theirs.pitch
            assert abs(ours.start_time - theirs.start_time) <= 1.01 * tick
