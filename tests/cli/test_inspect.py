from __future__ import annotations

import json
from pathlib import Path

import pytest

from groovekit.io.midi.files import write_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord.records import write_records


def take(bars: int, numerator: int = 4) -> NoteSequence:
    """Drums on every quarter at 120 qpm."""
    sequence = NoteSequence(ticks_per_quarter=480)
    sequence.tempos.add(qpm=120)
    sequence.time_signatures.add(numerator=numerator, denominator=4)
    for index in range(bars * numerator):
        start = index * 0.5
        sequence.notes.add(
            pitch=36, velocity=90, start_time=start, end_time=start + 0.25, is_drum=True
        )
    sequence.total_time = bars * numerator * 0.5
    return sequence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    write_midi(take(8), path / "long.mid")
    write_midi(take(1), path / "short.mid")
    write_midi(take(8, numerator=3), path / "waltz.mid")
    (path / "bad.mid").write_text("text")
    return path


def test_what_a_folder_holds(command, folder):
    result = command("inspect", folder, "--each")
    assert result.exit_code == 0, result.output
    assert "60, 60 of them drums" in result.stdout
    assert "4/4 (2), 3/4 (1)" in result.stdout
    assert "120 (3)" in result.stdout
    assert "long.mid" in result.stdout
    assert "not readable: bad.mid: not a MIDI file" in result.stderr


def test_windows_and_reasons_of_a_config(command, folder):
    result = command("inspect", folder, "--config", "groovae_4bar", "--json", "--each")
    assert result.exit_code == 0, result.output
    value = json.loads(result.stdout)
    assert value["sequences"] == 3
    assert value["drum_notes"] == 60
    assert value["time_signatures"] == {"4/4": 2, "3/4": 1}
    assert value["windows"]["windows"] == 2
    assert value["windows"]["sequences_with_windows"] == 1
    assert sum(value["windows"]["reasons"].values()) == 2
    assert [row["windows"] for row in value["each"]] == [2, 0, 0]
    assert "bars of another length" in value["each"][2]["reason"]
    text = command("inspect", folder, "--config", "groovae_4bar").stdout
    assert "2 in 1 sequences" in text
    assert "1 give none" in text


def test_notes_that_a_kit_map_does_not_know(command, tmp_path):
    kit = tmp_path / "pads.json"
    table = {"name": "pads", "classes": [{"name": "snare", "pitches": [38]}]}
    kit.write_text(json.dumps(table))
    sequence = take(4)
    for note in list(sequence.notes)[::4]:
        note.pitch = 38
    path = write_midi(sequence, tmp_path / "in" / "take.mid")
    text = command("inspect", path, "--config", "groovae_4bar").stdout
    assert "kit map roland_td11 (9 classes): every drum note has a class." in text
    text = command("inspect", path, "--kit", kit).stdout
    assert "(1 classes): 12 of 16 drum notes have no class: 12 of pitch 36." in text
    assert "groovae_4bar" not in text
    result = command(
        "inspect", path, "--config", "groovae_4bar", "--kit", kit, "--json"
    )
    value = json.loads(result.stdout)
    assert value["kit"] == {
        "name": str(kit),
        "classes": 1,
        "sequences_read_with": {str(kit): 1},
        "drum_notes_without_class": 12,
        "pitches_without_class": {"36": 12},
    }
    assert value["windows"]["windows"] == 1
    assert value["windows"]["notes"]["unmapped"] == 12
    wrong = command("inspect", path, "--kit", "general_mdi")
    assert wrong.exit_code == 1
    assert "Did you mean 'general_midi'" in wrong.stderr


def test_a_tfrecord(command, tmp_path):
    path = tmp_path / "r"
    with write_records(path) as writer:
        writer.write(take(4).SerializeToString())
        writer.write(b"")
    value = json.loads(command("inspect", path, "--json").stdout)
    assert (value["sequences"], value["empty"], value["notes"]) == (2, 1, 16)
    assert value["kind"] == "TFRecord"


def test_mistakes_are_plain(command, folder, tmp_path):
    result = command("inspect", folder, "--config", "groovae_4bra")
    assert result.exit_code == 1
    assert "Did you mean 'groovae_4bar'" in result.stderr
    result = command("inspect", folder / "bad.mid")
    assert result.exit_code == 1
    assert "no readable sequences" in result.stderr
    assert command("inspect", tmp_path / "missing").exit_code == 1
    assert command("inspect", folder, "--split", "train").exit_code == 1
    path = tmp_path / "r"
    path.write_bytes(b"something else entirely")
    result = command("inspect", path)
    assert result.exit_code == 1
    assert "not a TFRecord" in result.stderr


def test_bars_loops_and_silence(command, tmp_path):
    folder = tmp_path / "many"
    folder.mkdir()
    write_midi(take(8, numerator=3), folder / "waltz.mid")
    write_midi(take(1), folder / "loop.mid")
    rest = take(4)
    far = rest.notes.add()
    far.CopyFrom(rest.notes[0])
    far.start_time, far.end_time = 50.0, 50.1
    write_midi(rest, folder / "rest.mid")
    config = ("--config", "groovae_4bar", "--json")

    def windows(*options):
        result = command("inspect", folder, *config, *options)
        return json.loads(result.stdout)["windows"]

    plain = windows()
    assert (plain["windows"], plain["windows_of_loops"]) == (1, 0)
    assert plain["windows_without_a_hit"] == 5
    looped = windows("--loop")
    assert (looped["windows"], looped["windows_of_loops"]) == (2, 1)
    assert windows("--keep-silence")["windows"] == 6
    waltz = windows("--time-signature", "3/4")
    assert waltz["windows"] == 2
    assert waltz["reasons"] == {"has bars of another length": 2}
    text = command("inspect", folder, *config[:2], "--loop").stdout
    assert "of loops       1, repeated to fill a window" in text
    assert "without a hit  5 more, left out" in text
    for wrong in ("3-4", "3/5"):
        result = command("inspect", folder, *config, "--time-signature", wrong)
        assert result.exit_code != 0
    alone = command("inspect", folder, "--loop")
    assert alone.exit_code == 2
    assert "name a config, too" in " ".join(alone.stderr.split())
