"""Chord symbols are read, refused and transposed as by note_seq."""

from __future__ import annotations

import itertools

import pytest
from helpers.installed import needs_note_seq
from hypothesis import given
from hypothesis import strategies as st

from groovekit.converters.harmony.chord_symbols import (
    _KINDS,
    ChordSymbol,
)
from groovekit.errors import UsageError
from groovekit.io.notes import load

ROOTS = ["C", "F#", "Ab", "B##", "Ebb", "Gb"]
BASSES = ["", "/C", "/Bb", "/G##", "/H", "/"]
CHANGES = [
    "",
    "b5",
    "(b5)",
    "#5",
    "#9",
    "(b9)",
    "b9#9",
    "add9",
    "(add2)",
    "add#11",
    "addb13",
    "add7",
    "(add#7)",
    "b7",
    "no3",
    "(no5)",
    "no3no3",
    "no7",
    "add5",
    "(b5(#9)",
    "(add6)(no5)add9)",
    "add0",
    "b21",
    "no",
    "x",
]


def ours(figure):
    """Root, quality and pitch classes; which of them cannot be told."""
    try:
        symbol = ChordSymbol.parse(figure)
    except UsageError:
        return None
    moved = [symbol.transposed(semitones) for semitones in (-13, -1, 0, 2, 6)]
    try:
        degrees = symbol.quality(), symbol.pitch_classes()
    except UsageError:
        degrees = None
    return symbol.pitch_class, moved, degrees


def theirs(figure):
    symbols = load("chord_symbols_lib")
    try:
        root = symbols.chord_symbol_root(figure)
    except symbols.ChordSymbolError:
        return None
    moved = [symbols.transpose_chord_symbol(figure, s) for s in (-13, -1, 0, 2, 6)]
    try:
        degrees = (
            symbols.chord_symbol_quality(figure),
            symbols.chord_symbol_pitches(figure),
        )
    except symbols.ChordSymbolError:
        degrees = None
    return root, moved, degrees


@needs_note_seq
def test_all_kinds_are_those_of_note_seq():
    assert list(_KINDS) == list(load("chord_symbols_lib")._CHORD_KINDS_BY_ABBREV)


@needs_note_seq
@pytest.mark.parametrize("kind", [*_KINDS, "mm", "H", "sus24", "maj5"])
def test_a_grid_of_symbols(kind):
    figures = map("".join, itertools.product(ROOTS, [kind], CHANGES, BASSES))
    for figure in figures:
        assert ours(figure) == theirs(figure), figure


@needs_note_seq
def test_all_roots_and_transpositions():
    symbols = load("chord_symbols_lib")
    roots = [
        letter + accidental * count
        for letter in "ABCDEFG"
        for accidental in "#b"
        for count in range(5)
    ]
    for root, semitones in itertools.product(roots, range(-12, 13)):
        figure = f"{root}m7/{root}"
        expected = symbols.transpose_chord_symbol(figure, semitones)
        assert ChordSymbol.parse(figure).transposed(semitones) == expected


@needs_note_seq
@given(st.text("ABCG#bmMaj7569o/+-()dnsuiped34 1\n", max_size=9))
def test_what_anybody_might_write(tail):
    for figure in (tail, f"C{tail}", f"Bb7{tail}"):
        assert ours(figure) == theirs(figure), figure


def test_parts():
    assert ChordSymbol.parse("F#m7(b5)add9/C") == ("F#", "m7", "(b5)add9", "/C")
    assert ChordSymbol.parse("C6/9").kind == "6/9"
    assert ChordSymbol.parse("Cb5").root == "Cb"
    symbol = ChordSymbol.parse("Am7/G")
    assert symbol.pitch_class == 9
    assert symbol.quality() == 1
    assert symbol.pitch_classes() == [9, 0, 4, 7]
    assert symbol.transposed(3) == "Cm7/Bb"


@pytest.mark.parametrize("figure", ["", "H", "c", "C#b", "C7x", "C/", "C(no3)(no3)"])
def test_refusals_say_what_to_write(figure):
    with pytest.raises(UsageError, match=r"^Cannot read the chord '.*'\. Write a root"):
        ChordSymbol.parse(figure).degrees()
