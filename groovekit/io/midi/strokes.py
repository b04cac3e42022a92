"""Which note-off ends which note."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np

from groovekit.io.midi.events import NOTE_OFF, NOTE_ON, MidiEvents

# Where strokes without a length are rarer than this, they are left out, as the original
# leaves them out. Both shares lie just above what occurs in the Groove MIDI Dataset,
# whose modules cut a few strokes short that follow one another closely: models were
# trained on it without them.
_RARE_OF_FILE = 1 / 8
_RARE_OF_PITCH = 1 / 2


@dataclasses.dataclass(frozen=True, eq=False)
class Strokes:
    """The notes of a file, in the order in which they end.

    Attributes:
      on: ``(notes,)`` row of the note-on event.
      off: ``(notes,)`` row of the note-off event, -1 where there is none.
      start: ``(notes,)`` tick of the onset.
      end: ``(notes,)`` tick, above ``start``.
      found: what was mended or left out, by kind (see :mod:`.sequences`).
    """

    on: np.ndarray
    off: np.ndarray
    start: np.ndarray
    end: np.ndarray
    found: Counter[str]


def read_strokes(
    events: MidiEvents, rows: slice, *, length: int, latest: int
) -> Strokes:
    """Reads the notes of one sequence.

    A note-off ends all notes of its track, channel and pitch that began before it. One
    that began at the same tick goes on, if others end, and has no length otherwise.
    Notes without a length or a note-off get one.

    Args:
      events: of the file.
      rows: of the sequence's tracks.
      length: ticks that such notes get, at most to the next of their pitch.
      latest: notes that begin later are left out.
    """
    # Note-offs and note-ons are the kinds whose highest bits are these.
    row = (events.status[rows] & 0xE0 == NOTE_OFF).nonzero()[0] + rows.start
    key = _keys(events, row)
    order = np.argsort(key, kind="stable")
    row, key = row[order], key[order]
    tick = events.tick[row]
    is_on = (events.status[row] >= NOTE_ON) & (events.second[row] > 0)
    size = len(row)
    on, off = _pairs(key, tick, is_on)
    # Where there is no note-off, the size.
    start, end = tick[on], _at(tick, off, -1)
    found: Counter[str] = Counter()
    if np.count_nonzero(end <= start):
        has_off = off < size
        short = end <= start
        kept = _kept(key[on], short & has_off)
        found["no_length_left_out"] = int(np.count_nonzero(~kept))
        found["no_note_off"] = int(np.count_nonzero(~has_off))
        found["no_length"] = int(np.count_nonzero(kept & short & has_off))
        end[short] = _ends(key[on], start, length)[short]
        on, off, start, end = on[kept], off[kept], start[kept], end[kept]
    early = start <= latest
    if np.count_nonzero(early) < len(early):
        found["too_late"] = int(np.count_nonzero(~early))
        on, off, start, end = on[early], off[early], start[early], end[early]
    on, off = row[on], _at(row, off, -1)
    if found["no_note_off"]:
        # Within a track, notes without a note-off come last.
        order = np.lexsort((on, off, off < 0, events.track[on]))
    else:
        order = np.argsort(off << 32 | on)
    return Strokes(on[order], off[order], start[order], end[order], found)


def _keys(events: MidiEvents, row: np.ndarray) -> np.ndarray:
    """A number for track, channel and pitch of each event."""
    keys: np.ndarray = (events.status[row] & 0x0F) << 7 | events.first[row]
    track = events.track[row[-1:]].tolist()
    if track and track[0]:
        keys = events.track[row].astype(np.int64) << 11 | keys
    # NumPy sorts small numbers in linear time.
    return keys if track and track[0] > 31 else keys.astype(np.uint16)


def _pairs(
    key: np.ndarray, tick: np.ndarray, is_on: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places of the note-ons, and of the note-off of each: the size where none is.

    Args:
      key: ``(events,)``, sorted.
      tick: ``(events,)``, rising within a key.
      is_on: ``(events,)``.
    """
    on, offs = is_on.nonzero()[0], (~is_on).nonzero()[0]
    # The next note-off behind each note-on, whatever its key.
    following = on - np.arange(len(on))
    off = _of_key(_at(offs, following, len(key)), on, key)
    ends_itself = (_at(tick, off, -1) == tick[on]).nonzero()[0]
    if len(ends_itself):
        places = off[ends_itself].tolist()
        goes_on = _go_on(sorted(set(places)), key, tick, offs)
        again = ends_itself[[goes_on[at] for at in places]]
        off[again] = _of_key(_at(offs, following[again] + 1, len(key)), on[again], key)
    return on, off


def _at(values: np.ndarray, places: np.ndarray, default: int) -> np.ndarray:
    """Values at places; the default where they lie behind the last."""
    if not len(values):
        return np.full(len(places), default)
    found: np.ndarray = values.take(places, mode="clip")
    behind = places >= len(values)
    if np.count_nonzero(behind):
        found[behind] = default
    return found


def _of_key(off: np.ndarray, on: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Places of note-offs; the size where they are of another key than the note-on."""
    other = key.take(off, mode="clip") != key[on]
    if np.count_nonzero(other):
        off[other] = len(key)
    return off


def _go_on(
    places: list[int], key: np.ndarray, tick: np.ndarray, offs: np.ndarray
) -> dict[int, bool]:
    """Whether notes that begin at the tick of a note-off go on behind it.

    They do if it ends others, which began earlier.

    Args:
      places: note-offs with a note-on of their key and tick before them, rising.
      key: ``(events,)``, sorted.
      tick: ``(events,)``.
      offs: places of all note-offs, rising.
    """
    before = np.searchsorted(offs, places) - 1
    goes_on: dict[int, bool] = {}
    for place, index in zip(places, before.tolist(), strict=True):
        last = int(offs[index]) if index >= 0 else -1
        same_key = last >= 0 and key[last] == key[place]
        # The first note-on behind the note-off before: the earliest that is open.
        first = last + 1
        if not same_key:
            first = int(np.searchsorted(key, key[place]))
        ends_others = bool(tick[first] < tick[place])
        if same_key and goes_on.get(last):
            ends_others |= bool(tick[last] < tick[place])
        goes_on[place] = ends_others
    return goes_on


def _kept(key: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Which notes are read: those without a length are not where they are rare.

    Args:
      key: ``(notes,)``, sorted.
      short: ``(notes,)`` whether it has a note-off and no length.
    """
    if np.count_nonzero(short) >= _RARE_OF_FILE * len(key):
        return np.ones(len(key), np.bool_)
    _, of_key = np.unique(key, return_inverse=True)
    share = np.bincount(of_key, short) / np.bincount(of_key)
    kept: np.ndarray = ~short | (share > _RARE_OF_PITCH)[of_key]
    return kept


def _ends(key: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """Ends of notes that last ``length``, at most to the next one of their key."""
    end = start + length
    # Of several at one tick, each reaches to the next tick.
    new = (np.diff(start) != 0) | (np.diff(key) != 0)
    starts = np.flatnonzero(np.append(True, new))
    group = np.searchsorted(starts, np.arange(len(start)), side="right")
    place = np.append(starts, len(start))[group]
    following = np.append(start, 0)[place]
    has = (np.append(key, 0)[place] == key) & (following > start)
    return np.where(has, np.minimum(end, following), end)
