from __future__ import annotations

import json
from pathlib import Path

from groovekit.converters.kits import get_kit

CASES = Path(__file__).parents[1] / "data" / "midi_cases"


def test_importing_a_list(command, tmp_path):
    table = tmp_path / "pads.csv"
    table.write_text("36,Kick\n38,Snare\n42,Closed Hat\n49,Crash\n51,Ride\n")
    result = command("kits", "import", table)
    path = tmp_path / "pads.json"
    assert result.exit_code == 0
    assert result.stdout.endswith(f"Wrote {path}\n")
    assert "has no open_hihat: pitch 46 of General MIDI stands for it." in result.stderr
    assert get_kit(path).class_of([36, 42, 46]).tolist() == [0, 2, 3]
    # Nothing is overwritten.
    value = json.loads(command("kits", "import", table, "--json").stdout)
    assert Path(value["path"]) != path
    assert value["from_general_midi"][0] == "open_hihat"
    table.write_text("36,Kikc\n")
    result = command("kits", "import", table)
    assert result.exit_code == 1
    assert "'Kikc' at 36 (did you mean 'kick'?)" in result.stderr


def test_guessing_the_kit_of_files(command, tmp_path):
    text = command("kits", "guess", CASES / "49_octave_up_c3.mid").stdout
    assert "It looks like general_midi_up_2: General MIDI's drum kit two" in text
    assert text.splitlines()[1].split()[0] == "general_midi_up_2"
    text = command("kits", "guess", CASES / "30_kick35.mid").stdout
    assert "It looks like general_midi:" in text
    value = json.loads(
        command(
            "kits", "guess", CASES / "30_kick35.mid", "--kit", "roland_td11", "--json"
        ).stdout
    )
    assert (value["kit"], value["notes"], value["unmapped"]) == ("general_midi", 48, {})
    known = {kit["name"]: kit["known"] for kit in value["kits"]}
    assert (known["general_midi"], known["roland_td11"]) == (48, 40)
    song = CASES / "64_drums_on_ch1_song.mid"
    assert "of 48" in command("kits", "guess", song).stdout
    assert "of 16" in command("kits", "guess", song, "--drum-track", "Bass").stdout


def test_there_is_nothing_to_guess(command, tmp_path):
    result = command("kits", "guess", CASES / "79_program_change_in_other_track.mid")
    assert result.exit_code == 0
    folder = tmp_path / "bass"
    folder.mkdir()
    from helpers.sequences import drums

    from groovekit.io.midi.files import write_midi

    bass = drums([(i, 40 + i % 4, 90) for i in range(16)], is_drum=False)
    write_midi(bass, folder / "bass.mid")
    result = command("kits", "guess", folder)
    assert result.exit_code == 1
    assert "holds no drum notes. Name the track that holds drums (--drum-track" in (
        result.stderr
    )
