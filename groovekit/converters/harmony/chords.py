"""Chord symbols and keys as numbers, and back.

A :class:`ChordEncoding` gives every symbol it can tell apart a label: 0 is "no
chord", then follow the twelve roots from C on for each kind of triad. A key is
its signature: the major scale with the same notes, 0 (C) to 11 (B).
"""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from groovekit.converters.grid.labels import one_hot
from groovekit.converters.harmony.chord_symbols import ADVICE, ChordSymbol
from groovekit.errors import ConfigError, UsageError, suggest
from groovekit.io.notes import NoteSequence

NO_CHORD = "N.C."
KEYS = 12
# Spellings as in note_seq, which wrote the chords of existing data.
ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
CHORD_SYMBOL = NoteSequence.TextAnnotation.CHORD_SYMBOL

ChordEncodingName = Literal["triad", "major_minor"]

_MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
_NO_CHORD_WORDS = frozenset({"n.c.", "n.c", "nc"})
_SEPARATORS = re.compile(r"[\s,|]+")
#: Symbols, together or one by one: ``"C Am F G"``.
Chords = str | Sequence[str]


@dataclasses.dataclass(frozen=True)
class ChordEncoding:
    """Labels for chord symbols: 0 for no chord, then twelve roots a kind.

    Attributes:
      name: what options call it.
      kinds: kinds of triads in the order of their labels, numbered as
        :meth:`.ChordSymbol.quality` does.
      suffixes: what follows the root in a written symbol, for each kind.
    """

    name: str
    kinds: tuple[str, ...]
    suffixes: tuple[str, ...]

    @property
    def classes(self) -> int:
        """How many labels there are."""
        return 1 + KEYS * len(self.kinds)

    def encode(self, figure: str) -> int:
        """The label of a symbol; extensions and bass notes are left out.

        Args:
          figure: e.g. ``"Am7"`` or ``"N.C."``.

        Raises:
          UsageError: the symbol cannot be read or is of another kind.
        """
        if figure == NO_CHORD:
            return 0
        chord = _parse(figure)
        if chord.quality >= len(self.kinds):
            raise UsageError(
                f"Chord {figure!r}: expected a triad that is "
                f"{' or '.join(self.kinds)}. Use the nearest such chord."
            )
        return 1 + KEYS * chord.quality + chord.root

    def decode(self, label: int) -> str:
        """The plainest symbol of a label.

        Args:
          label: 0 to ``classes - 1``.
        """
        if label == 0:
            return NO_CHORD
        kind, root = divmod(int(label) - 1, KEYS)
        return ROOTS[root] + self.suffixes[kind]

    def one_hot(self, labels: np.ndarray) -> np.ndarray:
        """``(..., steps, classes)`` float32 of labels ``(..., steps)``."""
        return one_hot(labels, self.classes)

    def transpose(self, labels: np.ndarray, semitones: np.ndarray) -> np.ndarray:
        """Moves the roots of chords.

        Args:
          labels: ``(windows, steps)`` labels.
          semitones: ``(windows,)`` integers, upwards where positive.

        Returns:
          A new array of the same shape and type.
        """
        kind, root = np.divmod(labels.astype(np.int64) - 1, KEYS)
        moved = 1 + KEYS * kind + (root + semitones[:, None]) % KEYS
        return np.where(labels > 0, moved, 0).astype(labels.dtype)


_ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        ChordEncoding(
            "triad",
            ("major", "minor", "augmented", "diminished"),
            ("", "m", "aug", "dim"),
        ),
        ChordEncoding("major_minor", ("major", "minor"), ("", "m")),
    )
}


def get_chord_encoding(name: str) -> ChordEncoding:
    """The encoding of a name.

    Args:
      name: ``"triad"`` (49 labels) or ``"major_minor"`` (25 labels).

    Raises:
      UsageError: there is none of this name.
    """
    if name not in _ENCODINGS:
        raise UsageError(suggest(name, _ENCODINGS, kind="chord encoding"))
    return _ENCODINGS[name]


# Symbols -----------------------------------------------------------------------


class _Chord(NamedTuple):
    root: int
    quality: int
    pitch_classes: tuple[int, ...]


@functools.lru_cache(maxsize=4096)
def _parse(figure: str) -> _Chord:
    """What counts of a symbol; see :class:`ChordSymbol` for the numbers."""
    symbol = ChordSymbol.parse(figure)
    return _Chord(symbol.pitch_class, symbol.quality(), tuple(symbol.pitch_classes()))


def parse_chords(
    chords: Chords, encoding: ChordEncoding | None = None
) -> tuple[str, ...]:
    """Reads chords as people write them.

    Args:
      chords: symbols between spaces, commas or bar lines (``"C Am | F G7"``), or
        one text a chord. ``♯`` and ``♭`` are read as ``#`` and ``b``, ``NC`` as
        ``N.C.``.
      encoding: what the chords are for; None for any.

    Returns:
      Symbols that can be read, at least one.

    Raises:
      UsageError: there is none, one cannot be read, or ``encoding`` has no label
        for it; the message names the first such chord and its place.
    """
    if isinstance(chords, str):
        chords = [text for text in _SEPARATORS.split(chords) if text]
    if not chords:
        raise UsageError(f"Expected at least one chord, got none. {ADVICE}")
    figures = []
    for place, text in enumerate(chords, start=1):
        figure = text.strip().replace("♯", "#").replace("♭", "b")
        if figure.lower() in _NO_CHORD_WORDS:
            figures.append(NO_CHORD)
            continue
        try:
            _parse(figure)
            if encoding is not None:
                encoding.encode(figure)
        except UsageError as error:
            raise UsageError(f"Chord {place} of {len(chords)}: {error}") from error
        figures.append(figure)
    return tuple(figures)


def spread(chords: int, steps: int) -> np.ndarray:
    """Which chord sounds on each step when they share the steps evenly.

    Args:
      chords: how many.
      steps: at least as many.

    Returns:
      ``(steps,)`` int64, rising from 0 to ``chords - 1``.

    Raises:
      UsageError: fewer steps than chords.
    """
    if chords > steps:
        raise UsageError(
            f"Expected at most one chord a step, got {chords} chords for {steps} "
            "steps. Give fewer chords or ask for more bars."
        )
    return np.arange(steps) * chords // steps


def guess_key(figures: Sequence[str]) -> int:
    """The key whose scale holds most notes of some chords.

    Args:
      figures: chord symbols that can be read; not empty.

    Returns:
      0 (C) to 11 (B). Of equally good keys the first chord's own is taken, else
      the nearest one above it; C where there are no chords.
    """
    chords = [_parse(figure) for figure in figures if figure != NO_CHORD]
    if not chords:
        return 0
    counts = np.bincount(
        [p for chord in chords for p in chord.pitch_classes], minlength=KEYS
    )
    scales = np.array(_MAJOR_SCALE) + np.arange(KEYS)[:, None]
    fits = counts[scales % KEYS].sum(axis=1)
    # A minor chord's own key has the signature of the major key a third above.
    tonic = chords[0].root + (3 if chords[0].quality == 1 else 0)
    nearest = (np.arange(KEYS) + tonic) % KEYS
    return int(nearest[np.argmax(fits[nearest])])


def transpose_keys(keys: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Moves keys ``(windows, steps)`` by ``(windows,)`` semitones."""
    moved: np.ndarray = (keys.astype(np.int64) + semitones[:, None]) % KEYS
    return moved.astype(keys.dtype)


# Controls ----------------------------------------------------------------------


def harmony_controls(
    chords: np.ndarray | None, keys: np.ndarray | None, encoding: ChordEncoding | None
) -> np.ndarray | None:
    """One-hot controls: labels of chords, then of keys.

    Args:
      chords: ``(..., steps)`` labels, or None.
      keys: ``(..., steps)``, 0 (C) to 11 (B), or None.
      encoding: what the labels mean; needed for chords.

    Returns:
      ``(..., steps, control_depth)`` float32; None without chords and keys.
    """
    parts = []
    if chords is not None and encoding is not None:
        parts.append(encoding.one_hot(chords))
    if keys is not None:
        parts.append(one_hot(keys, KEYS))
    return np.concatenate(parts, axis=-1) if parts else None


def requested_controls(
    chords: str | Sequence[str], encoding: ChordEncoding, *, steps: int, keys: bool
) -> np.ndarray:
    """Controls that ask for chords, spread evenly over the steps.

    Args:
      chords: see :func:`parse_chords`.
      encoding: labels of the chords.
      steps: how many.
      keys: add the key that the chords fit best.

    Returns:
      ``(steps, control_depth)`` float32.

    Raises:
      UsageError: see :func:`parse_chords` and :func:`spread`.
    """
    figures = parse_chords(chords, encoding)
    labels = np.array([encoding.encode(figure) for figure in figures])
    on_step = labels[spread(len(figures), steps)]
    key = np.full(steps, guess_key(figures)) if keys else None
    controls = harmony_controls(on_step, key, encoding)
    assert controls is not None
    return controls


def write_controls(
    sequences: Sequence[NoteSequence],
    controls: np.ndarray,
    lengths: Sequence[int],
    encoding: ChordEncoding | None,
    *,
    keys: bool,
    step_seconds: float,
) -> None:
    """Writes the chords and keys of controls into sequences.

    Args:
      sequences: what they are added to.
      controls: ``(batch, steps, control_depth)``, of which the largest values count.
      lengths: steps in use of each sequence.
      encoding: labels of the chords, which come first; None for no chords.
      keys: whether keys come last.
      step_seconds: length of a step.

    Raises:
      ConfigError: an array of another shape.
    """
    split = 0 if encoding is None else encoding.classes
    expected = (len(sequences), split + KEYS * keys)
    if controls.ndim != 3 or (controls.shape[0], controls.shape[2]) != expected:
        raise ConfigError(
            f"Expected controls of shape ({expected[0]}, steps, {expected[1]}), got "
            f"{controls.shape}."
        )
    for sequence, rows, length in zip(sequences, controls, lengths, strict=True):
        if encoding is not None:
            labels = np.argmax(rows[:length, :split], axis=-1)
            add_chords(sequence, labels, encoding, step_seconds=step_seconds)
        if keys:
            labels = np.argmax(rows[:length, split:], axis=-1)
            add_keys(sequence, labels, step_seconds=step_seconds)


# Writing -----------------------------------------------------------------------


def add_chords(
    sequence: NoteSequence,
    labels: np.ndarray,
    encoding: ChordEncoding,
    *,
    step_seconds: float,
) -> None:
    """Writes chords as annotations, one where they change.

    Args:
      sequence: what they are added to.
      labels: ``(steps,)`` labels.
      encoding: what the labels mean.
      step_seconds: length of a step.
    """
    for step in _changes(labels):
        sequence.text_annotations.add(
            time=step * step_seconds,
            text=encoding.decode(int(labels[step])),
            annotation_type=CHORD_SYMBOL,
        )


def add_keys(sequence: NoteSequence, keys: np.ndarray, *, step_seconds: float) -> None:
    """Writes keys as key signatures, one where they change.

    Args:
      sequence: what they are added to.
      keys: ``(steps,)``, 0 (C) to 11 (B).
      step_seconds: length of a step.
    """
    for step in _changes(keys):
        sequence.key_signatures.add(time=step * step_seconds, key=int(keys[step]))


def _changes(labels: np.ndarray) -> list[int]:
    changed = np.ones(len(labels), np.bool_)
    changed[1:] = labels[1:] != labels[:-1]
    return [int(step) for step in np.flatnonzero(changed)]
