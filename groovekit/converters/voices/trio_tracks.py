"""The tracks of a trio: which instrument is what, and where all three play."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from groovekit.converters.base import Reason, UnusableError
from groovekit.converters.grid.labels import first_of_equals
from groovekit.io.columns import NoteColumns

PARTS = ("melody", "bass", "drums")


@dataclasses.dataclass(frozen=True, eq=False)
class Track:
    """One instrument of a section.

    Attributes:
      labels: ``(steps,)`` for the whole section.
      covered: ``(bars,)`` bool, whether it plays in a bar or near it.
      notes: ``(bars,)`` notes that begin in each bar and are kept.
      merged: ``(bars,)`` notes left out because another holds their cell.
    """

    labels: np.ndarray
    covered: np.ndarray
    notes: np.ndarray
    merged: np.ndarray


@dataclasses.dataclass(frozen=True)
class Trios:
    """Windows of all trios of a section.

    Attributes:
      arrays: labels ``(windows, steps)`` of each part.
      kept: notes of the section that are found in windows.
      merged: notes left out in windows because another holds their cell.
    """

    arrays: dict[str, np.ndarray]
    kept: int
    merged: int


def instruments_by_part(
    notes: NoteColumns, melody_programs: Sequence[int], bass_programs: Sequence[int]
) -> dict[str, list[int]]:
    """The numbers of the instruments of each part, rising.

    An instrument whose notes belong to several parts, or to none, is left out.
    """
    kind = np.full(len(notes), -1)
    kind[np.isin(notes.program, melody_programs)] = 0
    kind[np.isin(notes.program, bass_programs)] = 1
    kind[notes.is_drum] = 2
    numbers, which = np.unique(notes.instrument, return_inverse=True)
    lowest = np.full(len(numbers), len(PARTS))
    highest = np.full(len(numbers), -1)
    np.minimum.at(lowest, which, kind)
    np.maximum.at(highest, which, kind)
    return {
        part: numbers[(lowest == i) & (highest == i)].tolist()
        for i, part in enumerate(PARTS)
    }


def covered_bars(
    start: np.ndarray, end: np.ndarray, *, bars: int, steps_per_bar: int, gap_bars: int
) -> np.ndarray:
    """In which bars an instrument plays, or at most ``gap_bars`` away.

    Args:
      start: ``(notes,)`` first steps.
      end: ``(notes,)`` the steps after the last ones.
      bars: bars of the section.
      steps_per_bar: grid.
      gap_bars: how far notes reach.

    Returns:
      ``(bars,)`` bool.
    """
    # A note beyond the last bar reaches no bar before it.
    inside = start < bars * steps_per_bar
    first = np.maximum(start[inside] // steps_per_bar - gap_bars, 0)
    after = np.minimum(-(-end[inside] // steps_per_bar), bars) + gap_bars
    change = np.zeros(bars + 1, np.int64)
    np.add.at(change, first, 1)
    np.add.at(change, np.minimum(after, bars), -1)
    covered: np.ndarray = np.cumsum(change)[:bars] > 0
    return covered


def combine_tracks(
    tracks: Mapping[str, Sequence[Track]],
    *,
    bars: int,
    steps_per_bar: int,
    gap_bars: int,
) -> Trios:
    """Cuts windows wherever a melody, a bass and drums play together.

    At both ends of the section, ``gap_bars`` long, one instrument that plays is
    enough, so that a decoded window in which one starts late is a trio again.

    Args:
      tracks: those of each part.
      bars: bars of a window, at most the section's.
      steps_per_bar: grid.
      gap_bars: see above.

    Returns:
      Windows by melody, then bass, drums and time, without those equal to an
      earlier one.

    Raises:
      UnusableError: there are none.
    """
    silent = [part for part in PARTS if not tracks[part]]
    if silent:
        raise UnusableError(Reason.NO_MATERIAL, f"no usable notes: {', '.join(silent)}")
    parts: dict[str, list[np.ndarray]] = {part: [] for part in PARTS}
    everything = [track for part in PARTS for track in tracks[part]]
    heard = {track: np.zeros(len(track.covered), np.bool_) for track in everything}
    longest = 0
    for trio in itertools.product(*(tracks[part] for part in PARTS)):
        covered = np.all([track.covered for track in trio], axis=0)
        if gap_bars:
            some = np.any([track.covered for track in trio], axis=0)
            covered[:gap_bars] = some[:gap_bars].any()
            covered[-gap_bars:] = some[-gap_bars:].any()
        playing = np.concatenate([[0], np.cumsum(covered)])
        in_window = playing[bars:] - playing[:-bars]
        longest = max(longest, int(in_window.max()))
        first = np.flatnonzero(in_window == bars)
        steps = first[:, None] * steps_per_bar + np.arange(bars * steps_per_bar)
        used = first[:, None] + np.arange(bars)
        for part, track in zip(PARTS, trio, strict=True):
            parts[part].append(track.labels[steps])
            heard[track][used] = True
    arrays = {part: np.concatenate(windows) for part, windows in parts.items()}
    if not len(arrays["melody"]):
        detail = f"all three parts in {longest} of {bars} bars"
        raise UnusableError(Reason.TOO_SHORT, detail)
    unique = first_of_equals(list(arrays.values()))
    return Trios(
        {part: windows[unique] for part, windows in arrays.items()},
        kept=sum(int(track.notes[heard[track]].sum()) for track in everything),
        merged=sum(int(track.merged[heard[track]].sum()) for track in everything),
    )
