"""Windows of melodies with their chords and keys."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.harmony.chords import ChordEncoding
from groovekit.converters.harmony.harmony import Harmony
from groovekit.converters.voices.melodies import (
    FIRST_PITCH,
    Melody,
    without_leading_offs,
)


@dataclasses.dataclass(frozen=True)
class MelodyWindows:
    """Windows of the melodies of a section.

    Attributes:
      labels: ``(windows, window steps)`` uint8, filled up with "no event".
      starts: ``(windows,)`` int64, step of the section each begins on.
      lengths: ``(windows,)`` int64, steps in use.
      kept: how many notes they hold.
      merged: how many notes gave way to a higher one.
    """

    labels: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    kept: int
    merged: int


def cut_windows(
    melodies: list[Melody],
    size: int,
    steps_per_bar: int,
    *,
    sliding: bool = True,
    total_steps: int | None = None,
) -> MelodyWindows:
    """All windows of melodies, repeated ones too.

    Args:
      melodies: of a section, at least one.
      size: steps of a window.
      steps_per_bar: how far it slides.
      sliding: whether it does; otherwise a window is a whole melody, cut there.
      total_steps: melodies count from the section's start and last so long; None
        for their own bars.

    Returns:
      Windows by melody, then time.

    Raises:
      UnusableError: every melody is shorter than one.
    """
    windows: list[np.ndarray] = []
    starts: list[np.ndarray] = []
    lengths: list[int] = []
    kept = merged = longest = 0
    for melody in melodies:
        labels, origin = melody.labels, melody.start
        if total_steps is not None:
            labels, origin = melody.padded(total_steps), 0
        longest = max(longest, len(labels))
        covered = labels[:size]
        first = np.zeros(1, np.int64)
        if sliding:
            first = np.arange(0, len(labels) - size + 1, steps_per_bar)
            if not len(first):
                continue
            windows.append(labels[first[:, None] + np.arange(size)])
            covered = labels[: first[-1] + size]
        else:
            windows.append(np.pad(covered, (0, size - len(covered)))[None])
        starts.append(origin + first)
        lengths += [min(len(covered), size)] * len(first)
        kept += int(np.count_nonzero(covered >= FIRST_PITCH))
        merged += melody.merged
    if not windows:
        bars = f"{longest // steps_per_bar} of {size // steps_per_bar} bars"
        raise UnusableError(Reason.TOO_SHORT, f"{bars} without a longer silence")
    return MelodyWindows(
        without_leading_offs(np.concatenate(windows)),
        np.concatenate(starts),
        np.array(lengths, np.int64),
        kept,
        merged,
    )


def label_windows(
    windows: MelodyWindows, harmony: Harmony | None, encoding: ChordEncoding | None
) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """The compact arrays of windows, with their chords and keys.

    Args:
      windows: windows of a section.
      harmony: of the section's steps; None where it is not asked for.
      encoding: labels of the chords; None where they are not asked for.

    Returns:
      ``labels`` and, as far as asked for, ``chords`` and ``keys``, each ``(windows,
      window steps)`` uint8 and 0 after the length; and what tells windows apart
      (as in the original "C" and "C7" do, though they share a label).

    Raises:
      UnusableError: a symbol of a window has no label.
    """
    arrays = {"labels": windows.labels}
    distinct = [windows.labels, windows.lengths]
    if harmony is None:
        return arrays, distinct
    columns = np.arange(windows.labels.shape[1])
    steps = windows.starts[:, None] + columns
    used = columns < windows.lengths[:, None]
    if encoding is not None:
        figures = np.where(used, harmony.chords[steps], 0)
        chords = harmony.labels(encoding, figures)
        distinct.append(figures)
        arrays["chords"] = chords
    if harmony.keys is not None:
        arrays["keys"] = np.where(used, harmony.keys[steps], 0).astype(np.uint8)
        distinct.append(arrays["keys"])
    return arrays, distinct
