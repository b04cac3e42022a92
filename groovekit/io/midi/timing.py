"""What the events of a MIDI file say about time: tempos, time signatures, keys."""

from __future__ import annotations

import bisect
import dataclasses
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from groovekit.io.midi.events import (
    KEY_SIGNATURE,
    TEMPO,
    TIME_SIGNATURE,
    MidiEvents,
)
from groovekit.io.tempo import DEFAULT_QPM

# The largest power of two that a sequence's field for it holds is 2**30.
_MAX_DENOMINATOR_POWER = 30

_Value = TypeVar("_Value")


@dataclasses.dataclass(frozen=True)
class Timing:
    """Time in one sequence of a MIDI file. Ticks rise; several may be equal.

    Attributes:
      clock: ticks to seconds.
      resolution: ticks a quarter; in frames, at the first tempo.
      tempos: ``(seconds, quarters a minute)`` of each stretch; none where times are in
        frames and no tempo says where bars lie.
      time_signatures: ``(tick, numerator, denominator)``.
      keys: ``(tick, key, mode)``: 0 is C, and 1 minor.
      found: what was not as it should be, by kind (see :mod:`.sequences`).
    """

    clock: Clock
    resolution: int
    tempos: list[tuple[float, float]]
    time_signatures: list[tuple[int, int, int]]
    keys: list[tuple[int, int, int]]
    found: Counter[str]


class Clock:
    """Ticks to seconds.

    Args:
      scale: seconds a tick, from the first on.
    """

    def __init__(self, scale: float) -> None:
        self.ticks = [0]
        self.scales = [scale]
        self.seconds = [0.0]

    def change(self, tick: int, scale: float) -> None:
        """Sets the seconds a tick from a tick on, none so far being later."""
        if tick == 0:
            self.scales[:] = [scale]
        elif scale != self.scales[-1]:
            self.seconds.append(self.time(tick))
            self.ticks.append(tick)
            self.scales.append(scale)

    def time(self, tick: int) -> float:
        """The time of one tick."""
        index = bisect.bisect_right(self.ticks, tick) - 1
        return self.seconds[index] + self.scales[index] * (tick - self.ticks[index])

    def times(self, ticks: np.ndarray) -> np.ndarray:
        """The times of many."""
        if len(self.ticks) == 1:
            return 0.0 + self.scales[0] * ticks
        index = np.searchsorted(self.ticks, ticks, side="right") - 1
        found: np.ndarray = np.array(self.seconds)[index] + np.array(self.scales)[
            index
        ] * (ticks - np.array(self.ticks)[index])
        return found

    def nearest(self, seconds: np.ndarray) -> np.ndarray:
        """The ticks nearest to times, ``int64``; to times before 0, tick 0."""
        index = np.maximum(np.searchsorted(self.seconds, seconds, side="right") - 1, 0)
        ticks = np.array(self.ticks)[index]
        since = (seconds - np.array(self.seconds)[index]) / np.array(self.scales)[index]
        return np.asarray(np.maximum(np.rint(ticks + since), 0).astype(np.int64))


def read_timing(events: MidiEvents, rows: slice) -> Timing:
    """Reads the timing of one sequence, in whichever track it stands.

    Where several tracks say something of one tick, the first of them holds; where one
    track does, the later event.

    Args:
      events: of the file.
      rows: of the sequence's tracks.
    """
    found: Counter[str] = Counter()

    def of(kind: int, parse: Callable[[bytes], _Value]) -> list[tuple[int, _Value]]:
        return _by_tick(events, events.metas_of(kind, rows), parse, found)

    tempos = of(TEMPO, _tempo)
    signatures: list[tuple[int, int, int]] = []
    for tick, value in of(TIME_SIGNATURE, _time_signature):
        while signatures and signatures[-1][0] == tick and signatures[-1][1:] != value:
            found["time_signature_twice"] += 1
            signatures.pop()
        signatures.append((tick, *value))
    keys = [(tick, *value) for tick, value in of(KEY_SIGNATURE, _key)]
    if events.division:
        clock, resolution = _beats(events.division, tempos)
        qpms = [60.0 / (scale * resolution) for scale in clock.scales]
        changes = list(zip(clock.seconds, qpms, strict=True))
    else:
        clock = Clock(events.tick_seconds)
        changes = [(clock.time(tick), 6e7 / tempo) for tick, tempo in tempos]
        if changes and changes[0][0] > 0:
            changes.insert(0, (0.0, DEFAULT_QPM))
        qpm = changes[0][1] if changes else DEFAULT_QPM
        resolution = quarter_in_frames(qpm, events.tick_seconds)
    return Timing(clock, resolution, changes, signatures, keys, found)


def quarter_in_frames(qpm: float, tick_seconds: float) -> int:
    """Ticks a quarter at a tempo where times are in frames."""
    return max(1, round(60.0 / qpm / tick_seconds))


def _beats(resolution: int, tempos: Iterable[tuple[int, int]]) -> tuple[Clock, int]:
    clock = Clock(60.0 / (DEFAULT_QPM * resolution))
    for tick, microseconds in tempos:
        # The order of operations matters: other rounding is another number.
        clock.change(tick, 60.0 / ((6e7 / microseconds) * resolution))
    return clock, resolution


def _by_tick(
    events: MidiEvents,
    rows: list[int],
    parse: Callable[[bytes], _Value],
    found: Counter[str],
) -> list[tuple[int, _Value]]:
    """Ticks and values of meta events, sorted by tick."""
    values: list[tuple[int, _Value]] = []
    # Of each tick, the track that says something of it, and its last word.
    said: dict[int, tuple[int, _Value]] = {}
    for row in rows:
        tick, track = int(events.tick[row]), int(events.track[row])
        try:
            value = parse(events.content(row))
        except (ValueError, IndexError, struct.error):
            found["meta"] += 1
            continue
        before, latest = said.get(tick, (track, value))
        if before == track:
            said[tick] = track, value
            values.append((tick, value))
        elif latest != value:
            found["timing_twice"] += 1
    return sorted(values, key=lambda value: value[0])


def _tempo(content: bytes) -> int:
    """Microseconds a quarter."""
    if len(content) < 3 or not any(content[:3]):
        raise ValueError(content)
    return int.from_bytes(content[:3], "big")


def _time_signature(content: bytes) -> tuple[int, int]:
    """Numerator and denominator."""
    if not content[0] or content[1] > _MAX_DENOMINATOR_POWER:
        raise ValueError(content)
    return content[0], 1 << content[1]


def _key(content: bytes) -> tuple[int, int]:
    """The key from C and its mode, 1 for minor."""
    sharps, mode = struct.unpack_from("bB", content)
    if not -7 <= sharps <= 7 or mode > 1:
        raise ValueError(content)
    # A sharp is a fifth up; the minor key lies a sixth above the major.
    return (7 * sharps + 9 * mode) % 12, mode
