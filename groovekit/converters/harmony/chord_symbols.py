"""Chord symbols as written: ``F#m7(b5)/C`` taken apart, its pitches, transposed.

A symbol is a root, a kind (``m7``), modifications of degrees of the scale (``#9``,
``(add6)``, ``no3``) and a bass note. What is read, what is refused and how transposed
chords are spelt is as in note_seq, which wrote the chords of existing data; tests
compare.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from groovekit.errors import UsageError

#: What to write, for messages.
ADVICE = (
    "Write a root from A to G with # or b and a kind, such as C, F#m, Bb7, Gdim, "
    "Eaug or Am7/G; N.C. for no chord."
)
_LETTERS = "ABCDEFG"
# Semitones of each letter above C, and from each letter to the next.
_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_TO_NEXT = {"A": 2, "B": 1, "C": 2, "D": 2, "E": 1, "F": 2, "G": 2}
# Semitones of the degrees of the major scale.
_SCALE = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 11}

# Degrees of each kind by its spellings. Where a text can be taken apart in several
# ways, the first that fits counts, so the order matters.
_SPELLINGS = (
    ("1 3 5", ("", "maj", "M")),
    ("1 b3 5", ("m", "min", "-")),
    ("1 3 #5", ("+", "aug")),
    ("1 b3 b5", ("o", "dim")),
    ("1 3 5 b7", ("7",)),
    ("1 3 5 7", ("maj7", "M7")),
    ("1 b3 5 b7", ("m7", "min7", "-7")),
    ("1 b3 b5 bb7", ("o7", "dim7")),
    ("1 3 #5 b7", ("+7", "aug7")),
    ("1 b3 b5 b7", ("m7b5", "-7b5", "/o", "/o7")),
    ("1 b3 5 7", ("mmaj7", "mM7", "minmaj7", "minM7", "-maj7", "-M7")),
    ("1 b3 5 7", ("m(maj7)", "m(M7)", "min(maj7)", "min(M7)", "-(maj7)", "-(M7)")),
    ("1 3 5 6", ("6",)),
    ("1 b3 5 6", ("m6", "min6", "-6")),
    ("1 3 5 b7 9", ("9",)),
    ("1 3 5 7 9", ("maj9", "M9")),
    ("1 b3 5 b7 9", ("m9", "min9", "-9")),
    ("1 3 #5 b7 9", ("+9", "aug9")),
    ("1 3 5 6 9", ("6/9",)),
    ("1 3 5 b7 9 11", ("11",)),
    ("1 3 5 7 9 11", ("maj11", "M11")),
    ("1 b3 5 b7 9 11", ("m11", "min11", "-11")),
    ("1 3 5 b7 9 11 13", ("13",)),
    ("1 3 5 7 9 11 13", ("maj13", "M13")),
    ("1 b3 5 b7 9 11 13", ("m13", "min13", "-13")),
    ("1 2 5", ("sus2",)),
    ("1 4 5", ("sus", "sus4")),
    ("1 4 5 b7", ("sus7", "7sus")),
    ("1", ("ped",)),
    ("1 5", ("5",)),
)
_KINDS = {kind: degrees for degrees, kinds in _SPELLINGS for kind in kinds}

_ROOT = "[A-G](?:#*|b*)(?![#b])"
# "add#9" adds a degree, "#9" alters or adds one, "no9" takes it away.
_CHANGE = r"\(?(add#|addb|add|no|#|b)([0-9]+)\)?"
_UNNAMED_CHANGE = _CHANGE.replace("(add", "(?:add").replace("([", "(?:[")
_SYMBOL = re.compile(
    f"({_ROOT})({'|'.join(map(re.escape, _KINDS))})((?:{_UNNAMED_CHANGE})*)(|/{_ROOT})$"
)

# Third and fifth of the triads that have a name of their own, see ChordSymbol.quality.
_TRIADS = ((0, 0), (-1, 0), (0, 1), (-1, -1))


class ChordSymbol(NamedTuple):
    """The parts of a chord symbol, as written.

    Attributes:
      root: a letter with sharps or flats.
      kind: abbreviated, ``""`` for major.
      modifications: of degrees, one after another.
      bass: with its slash; empty where the root is the bass.
    """

    root: str
    kind: str
    modifications: str
    bass: str

    @classmethod
    def parse(cls, figure: str) -> ChordSymbol:
        """Takes a symbol apart.

        Args:
          figure: e.g. ``"Am7/G"``.

        Raises:
          UsageError: it cannot be read.
        """
        found = _SYMBOL.match(figure)
        if found is None:
            raise _unreadable(figure)
        return cls(*found.groups())

    @property
    def pitch_class(self) -> int:
        """Of the root, 0 (C) to 11 (B)."""
        letter, accidentals = _spelt(self.root)
        return (_PITCH_CLASSES[letter] + accidentals) % 12

    def degrees(self) -> dict[int, int]:
        """Semitones by which each degree of the chord lies above the major scale's.

        Raises:
          UsageError: a modification adds what is there, or takes away what is not.
        """
        degrees = dict(map(_degree, _KINDS[self.kind].split()))
        for change, number in re.findall(_CHANGE, self.modifications):
            degree, semitones = int(number), _semitones(change.removeprefix("add"))
            adds = change.startswith("add")
            if (adds and degree in degrees) or (
                change == "no" and degree not in degrees
            ):
                raise _unreadable("".join(self))
            if change == "no":
                del degrees[degree]
            elif adds:
                # An added seventh is that of the dominant.
                degrees[degree] = semitones - (degree == 7)
            else:
                degrees[degree] = degrees.get(degree, 0) + semitones
        return degrees

    def quality(self) -> int:
        """0 of a major triad, 1 minor, 2 augmented, 3 diminished, 4 another.

        Raises:
          UsageError: see :meth:`degrees`.
        """
        degrees = self.degrees()
        triad = degrees.get(3), degrees.get(5)
        if degrees.get(1) != 0 or triad not in _TRIADS:
            return len(_TRIADS)
        return _TRIADS.index(triad)

    def pitch_classes(self) -> list[int]:
        """Of the notes of the chord, 0 (C) to 11 (B), by degree; not of the bass.

        Raises:
          UsageError: see :meth:`degrees`.
        """
        return [
            (self.pitch_class + _SCALE[(degree - 1) % 7 + 1] + semitones) % 12
            for degree, semitones in self.degrees().items()
        ]

    def transposed(self, semitones: int) -> str:
        """The symbol that many semitones higher; kind and modifications stay."""
        bass = self.bass and f"/{_transposed(self.bass[1:], semitones)}"
        root = _transposed(self.root, semitones)
        return f"{root}{self.kind}{self.modifications}{bass}"


def _unreadable(figure: str) -> UsageError:
    return UsageError(f"Cannot read the chord {figure!r}. {ADVICE}")


def _semitones(accidentals: str) -> int:
    return accidentals.count("#") - accidentals.count("b")


def _spelt(name: str) -> tuple[str, int]:
    """Letter and semitones of a note's name."""
    return name[0], _semitones(name[1:])


def _degree(text: str) -> tuple[int, int]:
    """Number and semitones of a degree such as ``b3``."""
    number = text.lstrip("#b")
    return int(number), _semitones(text.removesuffix(number))


def _transposed(name: str, semitones: int) -> str:
    letter, accidentals = _spelt(name)
    left = semitones % 12
    while left >= _TO_NEXT[letter]:
        left -= _TO_NEXT[letter]
        letter = _next(letter)
    if left and accidentals >= 0:
        accidentals += left - _TO_NEXT[letter]
        letter = _next(letter)
    elif left:
        accidentals += left
    return letter + ("#" if accidentals > 0 else "b") * abs(accidentals)


def _next(letter: str) -> str:
    return _LETTERS[(_LETTERS.index(letter) + 1) % len(_LETTERS)]
