"""What belongs to strokes without being one: the hi-hat pedal and channel aftertouch.

They go where their strokes go. Everything here counts in ticks, and in the order of
events: what comes first at a tick comes first.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.io.midi.events import CHANNEL_AFTERTOUCH, CONTROL, MidiEvents
from groovekit.io.midi.rewriting import MOVED_FIRST, MOVED_LAST, STAYING

#: Control number of the hi-hat's pedal.
PEDAL = 4


@dataclasses.dataclass(frozen=True, eq=False)
class Moved:
    """Strokes of one channel, by the order of their events.

    Attributes:
      row: ``(strokes,)`` of their events.
      was: ``(strokes,)`` the ticks at which they were.
      now: ``(strokes,)`` those at which they are to be.
    """

    row: np.ndarray
    was: np.ndarray
    now: np.ndarray


def pedal_rows(events: MidiEvents, rows: slice, channel: int) -> np.ndarray:
    """Events of the hi-hat's pedal on a channel, in their order."""
    return _in_order(
        events,
        rows,
        (events.status[rows] == CONTROL | channel) & (events.first[rows] == PEDAL),
    )


def aftertouch_rows(events: MidiEvents, rows: slice, channel: int) -> np.ndarray:
    """Events of channel aftertouch on a channel, in their order."""
    return _in_order(events, rows, events.status[rows] == CHANNEL_AFTERTOUCH | channel)


def _in_order(events: MidiEvents, rows: slice, wanted: np.ndarray) -> np.ndarray:
    row = np.flatnonzero(wanted) + rows.start
    return np.asarray(row[np.argsort(events.tick[row], kind="stable")])


def keep_pedal_between(
    hats: Moved, row: np.ndarray, tick: np.ndarray, *, room: int
) -> np.ndarray:
    """New ticks of hats of which none overtakes another one across a pedal's move.

    Args:
      hats: that the pedal opens and closes.
      row: ``(moves,)`` events of the pedal, in order.
      tick: ``(moves,)`` their ticks.
      room: ticks that a move needs before the hat behind it: 0, or 1 where the two
        are not in one track, whose order tells which comes first.
    """
    moves = _number_before(tick, row, hats.was, hats.row)
    # Of each hat, how many come before the pedal's last move, and before its tick.
    before_move = np.searchsorted(moves, moves)
    before_both = np.minimum(before_move, np.searchsorted(hats.was, hats.was))
    kept, highest = [], [-1]
    for now, move, both in zip(
        hats.now.tolist(), before_move.tolist(), before_both.tolist(), strict=True
    ):
        kept.append(max(now, highest[move], highest[both] + 1 + room))
        highest.append(max(highest[-1], kept[-1]))
    return np.array(kept, np.int64)


def pedal_ticks(
    hats: Moved, row: np.ndarray, tick: np.ndarray, *, room: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where a pedal's moves go so that each hat has the opening that it had.

    Between hats they keep their share of the time; see :func:`keep_pedal_between`.

    Args:
      hats: at their last places.
      row: ``(moves,)`` events of the pedal, in order.
      tick: ``(moves,)`` their ticks.
      room: see there.

    Returns:
      New ticks, and the order at each.
    """
    before = _number_before(hats.was, hats.row, tick, row)
    # Behind all hats that came before, by a tick where they were at another one.
    after = np.concatenate([[-1], np.maximum.accumulate(hats.now)])
    earlier = np.searchsorted(hats.was, tick, side="left")
    least = np.maximum(after[before], after[earlier] + 1)
    # Not behind those that follow.
    ahead = np.minimum.accumulate(hats.now[::-1])[::-1]
    most = np.append(ahead, np.iinfo(np.int64).max)[before]
    # Those at the tick of a hat go with it.
    with_next = np.append(hats.was, -1)[before] == tick
    with_last = (before > earlier) & ~with_next
    knots = np.unique(hats.was)
    places = np.minimum.reduceat(hats.now, np.searchsorted(hats.was, knots))
    places = np.maximum.accumulate(places)
    if knots[0] > 0:
        knots, places = np.append(0, knots), np.append(0, places)
    found = np.rint(np.interp(tick, knots, places)).astype(np.int64)
    found = np.where(tick > knots[-1], tick, found)
    most = np.where(with_next, most, most - room)
    found = np.where(with_next, most, found)
    found = np.where(with_last, after[before], found)
    found = np.maximum.accumulate(np.maximum(np.minimum(found, most), least))
    return found, _ranks(found, tick, last=before > earlier)


def aftertouch_ticks(strokes: Moved, tick: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where channel aftertouch goes with the stroke that it follows.

    Args:
      strokes: of the channel.
      tick: ``(events,)`` their ticks.

    Returns:
      New ticks, and the order at each.
    """
    last = np.searchsorted(strokes.was, tick, side="right") - 1
    shift = np.append(strokes.now - strokes.was, 0)[last]
    found = np.maximum.accumulate(np.maximum(tick + shift, 0))
    with_it = np.append(strokes.was, -1)[last] == tick
    return found, _ranks(found, tick, last=with_it)


def _ranks(now: np.ndarray, was: np.ndarray, *, last: np.ndarray) -> np.ndarray:
    """The order at each new tick; those of one tick keep theirs.

    Args:
      now: ``(events,)`` new ticks, rising.
      was: ``(events,)`` the old ones.
      last: ``(events,)`` bool, those that go behind a stroke of their tick.
    """
    moved = np.where(last, MOVED_LAST, MOVED_FIRST)
    ranks = np.where(now != was, moved, STAYING).tolist()
    for at in np.flatnonzero(np.diff(now) == 0).tolist():
        ranks[at + 1] = max(ranks[at + 1], ranks[at])
    return np.array(ranks)


def _number_before(
    tick: np.ndarray, row: np.ndarray, at_tick: np.ndarray, at_row: np.ndarray
) -> np.ndarray:
    """How many events of one kind come before each of another, both in order."""
    key, at = (
        np.asarray(t, np.int64) << 32 | np.asarray(r, np.int64)
        for t, r in ((tick, row), (at_tick, at_row))
    )
    return np.searchsorted(key, at)
