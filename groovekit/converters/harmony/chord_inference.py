"""Finds chords and keys that fit the notes of a sequence.

The model is note_seq's (a hidden Markov model over pairs of key and chord, one
frame for each half bar), and so are its numbers, so that chords agree with the
original's. note_seq looks at every pair of pairs for each frame and builds its
tables anew for each sequence; here they are built once, and changes of key, which
forget the chord before, are looked at key by key.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.grid.sections import Section, format_time_signature
from groovekit.converters.harmony.chords import KEYS, NO_CHORD, ROOTS
from groovekit.io.columns import NoteColumns

_SCALE = (0, 2, 4, 5, 7, 9, 11)
_KINDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "+": (0, 4, 8),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}
_CHORDS = (
    (NO_CHORD, ()),
    *(
        (ROOTS[root] + kind, tuple((root + above) % KEYS for above in pitches))
        for root, (kind, pitches) in itertools.product(range(KEYS), _KINDS.items())
    ),
)
_CHORDS_A_BAR = {(2, 2): 1, (2, 4): 1, (3, 4): 1, (4, 4): 2, (6, 8): 2}
_MOST_CHORDS = 1000
# Sound effects and percussion, whose pitches say nothing about harmony.
_UNPITCHED_PROGRAMS = (*range(96, 104), *range(112, 128))

_KEY_CHANGE = 0.001
_CHORD_CHANGE = 0.5
_OUT_OF_KEY = 0.01
_CONCENTRATION = 100.0


@dataclasses.dataclass(frozen=True)
class Inferred:
    """Chords and keys, one a frame.

    Attributes:
      figures: chord symbol of each frame.
      keys: ``(frames,)`` int64, 0 (C) to 11 (B).
      steps: steps of a frame.
      seconds: length of a frame.
    """

    figures: tuple[str, ...]
    keys: np.ndarray
    steps: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class _Tables:
    """Logarithms of probabilities, and the pitches of chords.

    Attributes:
      chord: ``(keys, chords)``: a chord in a key.
      stay: ``(keys, chords, chords)``: in one key to a chord (second axis) from
        a chord (third axis).
      change: ``(keys, chords)``: to a chord of another key.
      pitches: ``(pitch classes, chords)`` unit vectors.
    """

    chord: np.ndarray
    stay: np.ndarray
    change: np.ndarray
    pitches: np.ndarray


@functools.cache
def _tables() -> _Tables:
    members = np.zeros((len(_CHORDS), KEYS))
    for index, (_, pitches) in enumerate(_CHORDS):
        members[index, list(pitches)] = 1
    scales = np.zeros((KEYS, KEYS))
    for key in range(KEYS):
        scales[key, [(key + above) % KEYS for above in _SCALE]] = 1
    inside = scales @ members.T
    outside = (1 - scales) @ members.T
    chord = (1 - _OUT_OF_KEY) ** inside * _OUT_OF_KEY**outside
    chord /= chord.sum(axis=1)[:, None]

    # A chord that changes cannot stay: its own share goes to the others.
    share = chord / (len(_CHORDS) - 1)
    stay = (1 - _KEY_CHANGE) * (_CHORD_CHANGE * (chord[:, :, None] + share[:, None]))
    same = np.arange(len(_CHORDS))
    stay[:, same, same] = (1 - _KEY_CHANGE) * (1 - _CHORD_CHANGE)
    change = _KEY_CHANGE / (KEYS - 1) * chord

    norms = np.linalg.norm(members, axis=1, keepdims=True)
    vectors = members / np.where(norms > 0, norms, 1.0)
    return _Tables(np.log(chord), np.log(stay), np.log(change), vectors.T)


def infer_chords(
    notes: NoteColumns,
    section: Section,
    *,
    total_seconds: float,
    grid: Grid,
) -> Inferred:
    """Finds the likeliest chords and keys of a section.

    Args:
      notes: of the section, times from its start. Drums and unpitched programs
        are left out.
      section: for its tempo and time signature.
      total_seconds: where the section's last note ends.
      grid: whose steps they are.

    Raises:
      UnusableError: there are no notes, an uncommon time signature, or more than a
        thousand chords.
    """
    a_bar = _CHORDS_A_BAR.get(section.time_signature)
    numerator, denominator = section.time_signature
    if a_bar is None:
        name = format_time_signature(section.time_signature)
        detail = f"cannot infer chords in {name}"
        raise UnusableError(Reason.HARMONY, detail)
    steps, rest = divmod(grid.steps_per_quarter * 4 * numerator, denominator * a_bar)
    if rest:
        detail = f"{a_bar} chords a bar do not fall on the grid"
        raise UnusableError(Reason.HARMONY, detail)
    seconds = steps / grid.steps_per_second(section.qpm)
    frames = math.ceil(total_seconds / seconds)
    if frames < 1:
        raise UnusableError(Reason.HARMONY, "no notes to infer chords from")
    if frames > _MOST_CHORDS:
        detail = f"too long to infer chords: {frames} of at most {_MOST_CHORDS}"
        raise UnusableError(Reason.HARMONY, detail)
    pitched = ~notes.is_drum & ~np.isin(notes.program, _UNPITCHED_PROGRAMS)
    heard = _pitch_vectors(notes.take(pitched), frames, seconds)
    keys, chords = _likeliest(_CONCENTRATION * np.dot(heard, _tables().pitches))
    figures = tuple(_CHORDS[index][0] for index in chords)
    return Inferred(figures, keys, steps, seconds)


def _pitch_vectors(notes: NoteColumns, frames: int, seconds: float) -> np.ndarray:
    """How long each pitch class sounds in each frame: ``(frames, 12)`` unit vectors."""
    # The order of the sums decides between equally likely chords.
    notes = notes.take(np.argsort(notes.start, kind="stable"))
    bounds = seconds * np.arange(1, frames)
    first = np.searchsorted(bounds, notes.start, side="right")
    last = np.maximum(np.searchsorted(bounds, notes.end, side="left"), first)
    spans = last - first + 1
    note = np.repeat(np.arange(len(notes)), spans)
    frame = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans - first, spans)
    begin, end = notes.start[note], notes.end[note]
    if len(bounds):
        begin = np.where(frame > first[note], bounds[frame - 1], begin)
        inner = np.minimum(frame, len(bounds) - 1)
        end = np.where(frame < last[note], bounds[inner], end)
    sums = np.zeros((frames, KEYS))
    np.add.at(sums, (frame, notes.pitch[note] % KEYS), end - begin)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.where(norms > 0, norms, 1.0)


def _likeliest(heard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest path (Viterbi), of equally likely ones the first.

    Args:
      heard: ``(frames, chords)`` log-likelihood of what sounds given each chord.

    Returns:
      Keys and chords, each ``(frames,)`` int64.
    """
    tables = _tables()
    frames, count = heard.shape
    score = -np.log(KEYS) + tables.chord + heard[0]
    before = np.zeros((frames, KEYS, count), np.int64)
    own = np.eye(KEYS, dtype=np.bool_)
    first_of_key = np.arange(KEYS)[:, None] * count
    for frame in range(1, frames):
        staying = score[:, None, :] + tables.stay
        chord = staying.argmax(axis=2)
        stayed = np.take_along_axis(staying, chord[:, :, None], axis=2)[:, :, 0]
        stayed_from = first_of_key + chord
        # From another key only that key's best chord can be on the best path.
        best = score.argmax(axis=1)
        top = np.take_along_axis(score, best[:, None], axis=1)[:, 0]
        key = np.where(own, -np.inf, top).argmax(axis=1)
        changed = top[key][:, None] + tables.change
        changed_from = (key * count + best[key])[:, None]
        earlier = (changed == stayed) & (changed_from < stayed_from)
        leaves = (changed > stayed) | earlier
        before[frame] = np.where(leaves, changed_from, stayed_from)
        score = np.where(leaves, changed, stayed) + heard[frame]
    path = np.zeros(frames, np.int64)
    path[-1] = score.argmax()
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = before[frame].reshape(-1)[path[frame]]
    return path // count, path % count
