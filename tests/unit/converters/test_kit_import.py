from __future__ import annotations

import pytest

from groovekit.converters.kit_import import (
    drum_class,
    kit_from_names,
    read_kit_csv,
)
from groovekit.errors import ConfigError


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("kick", "Kick|Kick Right|Bass Drum 1|BD|Kick 2 Hit (No Snare)"),
        ("snare", "Snare|SD|Snare Rimshot|Side Stick|X-Stick|Hand Clap|Cowbell|Rim"),
        ("closed_hihat", "Closed Hi-Hat|HiHat Closed Tip|HH Pedal|Hats|hihat_tight"),
        ("open_hihat", "Open Hi-Hat|HiHat 1/2 Tip|HH Open A|Hat Foot Splash"),
        ("low_tom", "Low Tom|Floor Tom 1|High Floor Tom|Tom 3|Tom 4 Rimshot|FT 1"),
        ("mid_tom", "Mid Tom|Low-Mid Tom|Hi-Mid Tom|Tom 2|Rack Tom 2 Hit"),
        ("high_tom", "High Tom|Hi Tom|Tom 1 Rim|Tom|Racktom 1 Center"),
        ("crash", "Crash 1|China|Splash|Crash Cymbal A|Cymbal 2 Bell"),
        ("ride", "Ride|Ride Bell|Ride Cymbal 1 Edge|RD"),
        ("", "Crash 1 Choke|Ride Mute|-|"),
        (None, "Gong Show|Whoosh|Reverse FX"),
    ],
)
def test_classes_of_names(label, names):
    assert {name: drum_class(name) for name in names.split("|")} == dict.fromkeys(
        names.split("|"), label
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_becomes_a_map(tmp_path, separator):
    lines = ["Pitch,Name", "36,Kick", "38,Snare", "40,Snare Rimshot", "", "42,Hi-Hat"]
    lines += ["46,Hi-Hat Open", "43,Floor Tom", "47,Mid Tom", "48,Tom 1", "49,Crash"]
    lines += ["50,Crash Choke", "51,Ride"]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines).replace(",", separator), encoding="utf-8-sig")
    kit, missing = read_kit_csv(path)
    assert kit.name == "mine"
    assert kit.classes == (
        (36,), (38, 40), (42,), (46,), (43,), (47,), (48,), (49,), (51,),
    )  # fmt: skip
    assert missing == []


def test_what_a_list_lacks_is_general_midis():
    kit, missing = kit_from_names([(60, "Kick"), (62, "Snare"), (45, "Hat")], name="x")
    assert missing == [
        *("open_hihat", "low_tom", "mid_tom", "high_tom", "crash", "ride")
    ]
    # 45 is taken.
    assert kit.classes[4] == (29,)
    assert kit.classes[0] == (60,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "36,Kick\n50,Snarr",
            r"'Snarr' at 50 \(did you mean 'snare'\?\)",
        ),
        ("36,Kick\n36,Snare", "expected each pitch once, got 36 as kick and as snare"),
        ("36,Kick\nC1,Snare", r"line 2: expected a pitch from 0 to 127 .* 'C1,Snare'"),
        ("36,Kick\n200,Snare", "line 2: expected a pitch from 0 to 127"),
        ("pitch,name\n", "expected drums, got none"),
        ("36,Choke", "expected drums, got none"),
    ],
)
def test_lists_that_say_something_else(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_kit_csv(path)


def test_no_such_list(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot read .*No such file"):
        read_kit_csv(tmp_path / "none.csv")
