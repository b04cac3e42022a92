from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers.sequences import drums

from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.kits import (
    KitMap,
    full_61,
    general_midi,
    get_kit,
    roland_td11,
)
from groovekit.converters.options import with_options
from groovekit.errors import ConfigError, UnknownNameError

NINE = [
    "kick",
    "snare",
    "closed_hihat",
    "open_hihat",
    "low_tom",
    "mid_tom",
    "high_tom",
    "crash",
    "ride",
]


def test_nine_classes_have_the_same_names():
    assert list(general_midi().class_names) == NINE
    assert list(roland_td11().class_names) == NINE


def test_the_tables_disagree_where_they_are_known_to():
    pitches = [45, 48, 58, 36, 60]
    names = np.array([*NINE, None])
    assert names[roland_td11().class_of(pitches)].tolist() == [
        "mid_tom",
        "high_tom",
        "low_tom",
        "kick",
        None,
    ]
    assert names[general_midi().class_of(pitches)].tolist() == [
        "low_tom",
        "mid_tom",
        "crash",
        "kick",
        "mid_tom",
    ]


def test_sizes_and_first_pitches():
    assert [len(k) for k in (general_midi(), roland_td11(), full_61())] == [9, 9, 61]
    assert sum(map(len, general_midi().classes)) == 63
    assert sum(map(len, roland_td11().classes)) == 22
    assert general_midi().representatives.tolist() == [
        36, 38, 42, 46, 45, 48, 50, 49, 51,
    ]  # fmt: skip
    assert roland_td11().representatives.tolist() == [
        36, 38, 42, 46, 43, 47, 50, 49, 51,
    ]  # fmt: skip
    assert sorted(full_61().representatives.tolist()) == list(range(27, 88))


def test_class_of_keeps_the_shape_and_knows_the_range():
    found = general_midi().class_of(np.array([[36, 38], [-1, 200]]))
    assert found.tolist() == [[0, 1], [-1, -1]]
    assert general_midi().class_of(np.zeros(0, int)).shape == (0,)


def test_nearest_class():
    kit = KitMap("two", ((10,), (20,)), ("low", "high"))
    pitches = np.array([0, 10, 14, 15, 16, 127])
    assert kit.class_of(pitches, nearest=True).tolist() == [0, 0, 0, 0, 1, 1]


def test_a_users_file(tmp_path):
    path = tmp_path / "pads.json"
    table = {
        "name": "pads",
        "classes": [
            {"name": "boom", "pitches": [12, 13]},
            {"name": "clap", "pitches": [14]},
        ],
    }
    path.write_text(json.dumps(table))
    kit = get_kit(str(path))
    assert kit.classes == ((12, 13), (14,))
    assert KitMap.from_dict(kit.to_dict()) == kit
    converter = DrumsConverter(bars=1, kit=str(path), output_kit=str(path))
    assert converter.input_depth == 3
    assert converter.output_depth == 4
    result = converter.encode(drums([(0, 13, 90), (4, 14, 90), (15, 12, 90)]))
    assert result.outputs[0].argmax(axis=-1)[[0, 4, 15]].tolist() == [1, 2, 1]
    assert [n.pitch for n in converter.decode(result.outputs)[0].notes] == [12, 14, 12]


def test_every_builtin_round_trips():
    for kit in (general_midi(), roland_td11(), full_61()):
        assert get_kit(kit.name) is kit
        assert KitMap.from_dict(json.loads(json.dumps(kit.to_dict()))) == kit


def kick(*pitches: object) -> dict[str, object]:
    return {"name": "x", "classes": [{"name": "kick", "pitches": list(pitches)}]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "expected an object with 'name' and 'classes', got list"),
        ({"name": "x"}, "expected 'classes' as a list, got NoneType"),
        ({"classes": []}, "expected 'name' as text, got None"),
        ({"name": "x", "classes": []}, "expected at least one class, got none"),
        ({"name": "x", "classes": [], "extra": 1}, "unknown key 'extra'"),
        ({"name": "x", "classes": [[36]]}, r"expected classes\[0\] to be like"),
        (
            {"name": "x", "classes": [{"name": "a", "pitches": 36}]},
            r"expected classes\[0\] to be like",
        ),
        (kick(), "class 'kick': expected at least one pitch, got none"),
        (kick(128), "expected MIDI pitches from 0 to 127, got 128"),
        (kick("36"), "expected a MIDI pitch .* got '36'"),
        (kick(True), "expected a MIDI pitch .* got True"),
        (kick(36.0), "expected a MIDI pitch .* got 36.0"),
        (kick(36, 36), "got 36 in 'kick' and in 'kick'"),
        (
            {
                "name": "x",
                "classes": [
                    {"name": "a", "pitches": [1]},
                    {"name": "a", "pitches": [2]},
                ],
            },
            r"expected 2 distinct class names, got \['a', 'a'\]",
        ),
    ],
)
def test_wrong_tables_are_explained(tmp_path, data, message):
    path = tmp_path / "kit.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match=message):
        get_kit(str(path))


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot read kit map .*No such file"):
        get_kit(str(tmp_path / "none.json"))
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        get_kit(str(path))
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not JSON"):
        get_kit(str(path))


def test_unknown_names_suggest():
    with pytest.raises(UnknownNameError, match="Did you mean 'general_midi'"):
        get_kit("genral_midi")


@pytest.mark.parametrize("kind", [GrooveConverter, DrumsConverter])
def test_kit_maps_of_two_sizes_are_refused_when_first_read(tmp_path, kind):
    path = tmp_path / "pads.json"
    path.write_text(json.dumps(kick(36)))
    converter = kind(bars=1, kit=str(path))
    for name in ("kit_map", "layout", "input_depth"):
        with pytest.raises(
            ConfigError,
            match=r"1 in '.*pads\.json' and 9 in 'general_midi'.*"
            r"Set `output_kit` to a kit map of 1 classes",
        ):
            getattr(converter, name)


def test_other_kit_maps_for_a_model(tmp_path):
    path = str(tmp_path / "pads.json")
    Path(path).write_text(json.dumps(kick(36)))
    converter = GrooveConverter(bars=1)
    assert with_options(converter, kit="general_midi").kit == general_midi()
    for options in ({"kit": path}, {"output_kit": path}):
        with pytest.raises(ConfigError, match=r"model has 9 drum classes.*has 1"):
            with_options(converter, **options)
        with pytest.raises(ConfigError, match="same number of classes"):
            with_options(converter, **options, trained=False)
    both = with_options(converter, kit=path, output_kit=path, trained=False)
    assert both.classes == 1
    # A run from before the check: its model has one class and can be written.
    odd = GrooveConverter(bars=1, kit=path)
    assert with_options(odd, output_kit=path).classes == 1
    with pytest.raises(ConfigError, match="model has 1 drum classes"):
        with_options(odd, output_kit="full_61")
