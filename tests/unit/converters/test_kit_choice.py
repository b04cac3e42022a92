from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
from helpers.sequences import beat, drums

from groovekit.converters.base import Counts, Encoded
from groovekit.converters.drums import DrumsConverter
from groovekit.converters.groove import GrooveConverter
from groovekit.converters.kit_choice import (
    choose_kit,
    describe_unknown,
    fits,
    unknown_pitches,
)
from groovekit.converters.kits import (
    KitMap,
    full_61,
    general_midi,
    roland_td11,
    shipped_kits,
)
from groovekit.converters.options import with_options
from groovekit.io.midi.files import read_midi

GROOVE = os.environ.get("GROOVEKIT_GROOVE_DIR")
ROLAND, GM = roland_td11(), general_midi()
TWO = GrooveConverter(bars=2)


def encoded(converter, sequence):
    result = converter.encode(sequence)
    assert isinstance(result, Encoded)
    return result


def notes(**counts):
    """So many notes of each pitch: ``p36=8``."""
    return np.repeat([int(pitch[1:]) for pitch in counts], list(counts.values()))


@pytest.mark.parametrize(
    ("pitches", "with_roland", "with_gm"),
    [
        # All known: as the model was trained.
        (notes(p36=8, p38=8, p42=20, p26=2, p58=3), "roland_td11", "general_midi"),
        (notes(p36=4, p38=8, p48=4, p47=4, p43=6), "roland_td11", "general_midi"),
        # General MIDI: the acoustic kick, a low floor tom, a clap, a cowbell, congas.
        (notes(p42=32, p35=8, p38=8), "general_midi", "general_midi"),
        (notes(p35=4, p38=8), "general_midi", "general_midi"),
        (notes(p36=8, p38=8, p42=20, p41=3, p49=1), "general_midi", "general_midi"),
        (notes(p36=8, p38=4, p39=4, p42=20), "general_midi", "general_midi"),
        (notes(p36=8, p38=8, p42=20, p56=8), "general_midi", "general_midi"),
        (notes(p42=32, p36=8, p38=8, p62=8, p63=8), "general_midi", "general_midi"),
        # Hand drums alone are no kit two octaves up.
        (notes(p60=8, p61=8, p62=4, p63=9, p64=12), "general_midi", "general_midi"),
        # Octaves.
        (notes(p66=32, p60=8, p62=8), "general_midi_up_2", "general_midi_up_2"),
        (notes(p54=32, p48=8, p50=8), "general_midi_up_1", "general_midi_up_1"),
        (notes(p30=32, p24=8, p26=8), "general_midi_down_1", "general_midi_down_1"),
        # Products.
        (notes(p36=8, p38=8, p61=16, p63=9, p24=4, p51=4),
         "superior_drummer", "superior_drummer"),
        (notes(p36=8, p38=8, p49=30, p54=4, p77=3, p71=3),
         "addictive_drums", "general_midi"),
        (notes(p36=8, p38=8, p60=30, p71=4, p66=5, p90=3, p48=3), "ssd", "ssd"),
        # Roland's fourth tom beside the edges of its hats.
        (notes(p36=8, p38=8, p42=20, p22=5, p26=2, p41=3, p58=3),
         "roland_v_drums", "general_midi"),
        # A stray note, or a few, are no reason.
        (notes(p36=8, p38=8, p42=20, p3=1), "roland_td11", "general_midi"),
        (notes(p36=80, p38=80, p42=200, p24=4), "roland_td11", "general_midi"),
        # Nothing known.
        (notes(p110=4), "roland_td11", "general_midi"),
    ],
)  # fmt: skip
def test_the_kit_map_that_knows_most(pitches, with_roland, with_gm):
    assert choose_kit(pitches, ROLAND).name == with_roland
    assert choose_kit(pitches, GM).name == with_gm


def test_only_maps_with_the_same_classes():
    own = KitMap("pads", ((36,), (38,)), ("boom", "clap"))
    pitches = notes(p42=32, p35=8, p38=8)
    assert choose_kit(pitches, own) is own
    assert [item.kit.name for item in fits(pitches, own)] == ["pads"]
    assert choose_kit(pitches, full_61()) is full_61()
    # A map of a user's own that knows all goes first, too.
    mine = dataclasses.replace(GM, name="mine")
    assert choose_kit(pitches, mine) is mine


def test_how_well_maps_fit():
    first, *others = fits(notes(p42=32, p35=8, p38=8), ROLAND)
    assert (first.kit, first.notes, first.known) == (ROLAND, 48, 40)
    assert not first.groove
    gm = next(item for item in others if item.kit is GM)
    assert (gm.known, gm.beside, gm.groove) == (48, 0, True)
    assert {item.kit.name for item in others} == {
        kit.name for kit in shipped_kits() if len(kit) == 9
    } - {"roland_td11"}


def test_pitches_without_a_class():
    pitches = notes(p36=3, p35=8, p110=2, p60=1)
    unknown = unknown_pitches(pitches, ROLAND)
    assert unknown == {35: 8, 110: 2, 60: 1}
    text = describe_unknown(unknown, ROLAND)
    assert text.startswith("8 of pitch 35 (known to general_midi, roland_v_drums), ")
    assert ", 2 of pitch 110, 1 of pitch 60 (known to general_midi, " in text
    many = describe_unknown(dict.fromkeys(range(100, 106), 1), ROLAND)
    assert many.endswith(" and 2 other pitches")


# In converters ------------------------------------------------------------------------


def test_converters_read_each_sequence_with_the_map_that_fits():
    kicks = drums([(4 * q, 35, 100) for q in range(8)])
    kicks.MergeFrom(beat(hats=True))
    result = encoded(TWO, kicks)
    assert result.counts == Counts(notes=32, kept=28, merged=4)
    own = encoded(dataclasses.replace(TWO, kit_from="config"), kicks)
    assert own.counts == Counts(notes=32, kept=24, unmapped=8)
    asked = encoded(with_options(TWO, kit="roland_td11"), kicks)
    assert asked.counts == own.counts
    # What is read otherwise does not change how the next one is read.
    assert TWO.kit == ROLAND
    assert encoded(TWO, beat()).counts == Counts(notes=8, kept=8)


def test_a_kit_two_octaves_up():
    shifted = beat(hats=True)
    for note in shifted.notes:
        note.pitch += 24
    np.testing.assert_array_equal(
        encoded(TWO, shifted).outputs, encoded(TWO, beat(hats=True)).outputs
    )
    patterns = DrumsConverter(bars=2)
    np.testing.assert_array_equal(
        encoded(patterns, shifted).outputs, encoded(patterns, beat(hats=True)).outputs
    )


@pytest.mark.skipif(GROOVE is None, reason="set GROOVEKIT_GROOVE_DIR")
@pytest.mark.parametrize("own", [ROLAND, GM], ids=lambda kit: kit.name)
def test_all_of_groove_is_read_with_the_models_own_map(own):
    for path in sorted(Path(str(GROOVE)).rglob("*.mid")):
        pitches = np.array([note.pitch for note in read_midi(path).notes], np.int64)
        if len(pitches):
            assert choose_kit(pitches, own) is own, path
