from __future__ import annotations

import pytest

from groovekit.converters.kits import full_61, general_midi, roland_td11
from groovekit.errors import UnknownNameError, UsageError
from groovekit.generation.drum_names import find_drums


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        ("snare", (1,)),
        ("toms", (4, 5, 6)),
        ("hats", (2, 3)),
        ("cymbals", (7, 8)),
        ("Closed-Hihat, kick", (0, 2)),
        (["toms,crash", "low_tom"], (4, 5, 6, 7)),
    ],
)
def test_classes_and_groups(names, classes):
    for kit in (general_midi(), roland_td11()):
        assert find_drums(names, kit) == classes


def test_groups_of_other_kits():
    kit = full_61()
    found = find_drums("toms", kit)
    assert {kit.class_names[index].split("_")[1] for index in found} == {"tom"}


def test_unknown_drums_are_told_of_all():
    with pytest.raises(
        UnknownNameError, match=r"Unknown drum 'snair'\. Did you mean 'snare'"
    ) as caught:
        find_drums("kick,snair", roland_td11())
    listed = str(caught.value).split("Available: ")[1].rstrip(".").split(", ")
    assert set(listed) == {*roland_td11().class_names, "toms", "hats", "cymbals"}
    for nothing in ("", " , ", []):
        with pytest.raises(UsageError, match=r"at least one of kick, snare.*toms"):
            find_drums(nothing, roland_td11())
