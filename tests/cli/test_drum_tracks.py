"""What commands say of drums that are off channel 10 or of another kit."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path

import mido
import pytest

from groovekit.io.midi.files import read_midi
from groovekit.io.sources import iter_sequences

CASES = Path(__file__).parents[1] / "data" / "midi_cases"
NAMED = CASES / "05_drums_ch16_named.mid"
SONG = CASES / "64_drums_on_ch1_song.mid"
KICKS = CASES / "30_kick35.mid"
OCTAVES = CASES / "49_octave_up_c3.mid"


@pytest.fixture
def humanize(command, tmp_path):
    def run(path, *more):
        args = ("generate", "--mode", "humanize", "--input", path, "--seed", 1)
        return command(*args, "--output-dir", tmp_path, *more)

    return run


def test_generate_says_what_are_drums(humanize):
    result = humanize(NAMED)
    assert (
        f"{NAMED}: the drums are track 2 'Drums' by its name; 16 notes of another "
        "track are no drums (--drum-track NAME|NUMBER|CHANNEL for another)."
    ) in result.stderr
    assert "0 of 48 drum notes had no class" in result.stderr
    played = read_midi(result.stdout.strip())
    before = [n for n in read_midi(NAMED).notes if n.instrument == 0]
    after = [n for n in played.notes if not n.is_drum and n.instrument == 0]
    assert [(n.pitch, n.start_time) for n in before] == [
        (n.pitch, n.start_time) for n in after
    ]
    # Of channel 10 there is nothing to say.
    assert "by its name" not in humanize(KICKS).stderr


@pytest.mark.parametrize("track", ["Drum Kit", "2", "ch1"])
def test_generate_takes_the_track_asked_for(humanize, track):
    result = humanize(SONG, "--drum-track", track, "--json")
    assert result.exit_code == 0
    (read,) = json.loads(result.stdout)["read"]
    assert [t["drums"] for t in read["tracks"]] == [None, "hand"]
    assert "0 of 48 drum notes" in result.stderr
    assert "by its name" not in result.stderr


def hits_by_channel(path):
    """Onsets and pitches of each (track, channel)."""
    hits = defaultdict(list)
    for number, track in enumerate(mido.MidiFile(path).tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity:
                hits[number, message.channel].append((tick, message.note))
    return hits


@pytest.mark.parametrize(
    ("path", "drums", "mode", "more"),
    [
        (NAMED, (2, 15), "add", ["--drums", "crash"]),
        (SONG, (2, 0), "fill", ["--bars", 2]),
        (SONG, (2, 0), "continue", []),
        (OCTAVES, (1, 9), "add", ["--drums", "hats,cymbals"]),
    ],
)
def test_new_notes_go_to_the_track_and_channel_of_the_drums(
    command, tmp_path, path, drums, mode, more
):
    args = ("generate", "--mode", mode, "--input", path, "--seed", 1)
    result = command(*args, "--output-dir", tmp_path, *more)
    assert result.exit_code == 0
    before = hits_by_channel(path)
    after = hits_by_channel(result.stdout.strip())
    assert set(after[drums]) - set(before[drums])
    before.pop(drums), after.pop(drums)
    assert after == before


def test_generate_has_no_such_track(humanize):
    result = humanize(SONG, "--drum-track", "ch10")
    assert result.exit_code == 1
    assert f"{SONG}: no track 'ch10': expected the name of one" in result.stderr
    assert "1 'Bass' (16 notes), 2 'Drum Kit' (48 notes)" in result.stderr


def test_generate_says_with_which_kit_map_it_reads(humanize):
    result = humanize(KICKS, "--json")
    assert (
        "is read with the kit map general_midi, which knows 48 of 48 drum notes "
        "(roland_td11: 40) (--kit"
    ) in result.stderr
    (read,) = json.loads(result.stdout)["read"]
    assert (read["kit"], read["unmapped"]) == ("general_midi", {})
    asked = humanize(KICKS, "--kit", "roland_td11", "--json")
    assert "without a class 8 of pitch 35 (known to general_midi," in asked.stderr
    assert json.loads(asked.stdout)["read"][0]["unmapped"] == {"35": 8}
    up = humanize(OCTAVES)
    assert "kit map general_midi_up_2" in up.stderr
    assert "C3 is 60" in up.stderr


def test_a_kit_that_does_not_fit_names_those_that_do(humanize):
    result = humanize(OCTAVES, "--kit", "roland_td11")
    assert result.exit_code == 1
    assert "32 of pitch 66 (known to general_midi" in result.stderr


def test_inspect_shows_tracks_and_kits(command, tmp_path):
    text = command("inspect", NAMED, "--config", "groovae_4bar").stdout
    assert re.search(r"^track 1 +Piano, 16 notes, program 0$", text, re.M)
    assert re.search(r"^track 2 +Drums, 48 notes, drums, by its name$", text, re.M)
    assert "64, 48 of them drums" in text
    value = json.loads(command("inspect", NAMED, "--json").stdout)
    assert [track["drums"] for track in value["tracks"]] == [None, "name"]
    assert [r["kind"] for r in value["remarks"]] == ["drum_track"]
    text = command("inspect", NAMED, "--drum-track", "1").stdout
    assert "64, 16 of them drums" in text
    text = command("inspect", KICKS, "--config", "groovae_4bar").stdout
    assert "\ntrack" not in text
    assert "Read with the kit map general_midi (9 classes): every drum" in text
    folder = tmp_path / "both"
    folder.mkdir()
    for path in (KICKS, SONG):
        (folder / path.name).write_bytes(path.read_bytes())
    text = command("inspect", folder, "--config", "groovae_4bar").stdout
    assert "kit maps general_midi (1), roland_td11 (1) (9 classes)" in text
    value = json.loads(
        command("inspect", folder, "--config", "groovae_4bar", "--json").stdout
    )
    assert value["kit"]["sequences_read_with"] == {"general_midi": 1, "roland_td11": 1}


def test_convert_tells_and_marks(command, tmp_path):
    folder = tmp_path / "songs"
    folder.mkdir()
    (folder / "song.mid").write_bytes(SONG.read_bytes())
    out, report = tmp_path / "x.tfrecord", tmp_path / "report.json"
    result = command(
        "convert", "--input-dir", folder, "--output", out, "--report", report
    )
    line = "song.mid: 48 notes of the track 'Drum Kit' taken for drums by its name"
    assert line in result.stderr
    (remark,) = json.loads(report.read_text())["remarks"]
    assert (remark["kind"], remark["count"]) == ("drum_track", 48)
    # The record is as it was: the name says it again.
    (item,) = iter_sequences(out)
    assert not any(note.is_drum for note in item.sequence.notes)
    assert line.split(": ")[1] in command("inspect", out).stderr
    marked = tmp_path / "marked.tfrecord"
    args = ("convert", "--input-dir", folder, "--output", marked)
    assert "taken for" not in command(*args, "--drum-track", "ch1").stderr
    (item,) = iter_sequences(marked)
    assert sum(note.is_drum for note in item.sequence.notes) == 48
    # Records have names and numbers, but no channels.
    assert command("inspect", out, "--drum-track", "2").exit_code == 0
    result = command("inspect", out, "--drum-track", "ch1")
    assert result.exit_code == 1
    assert "Only MIDI files say which channel" in result.stderr
