"""Seconds to quarter notes and back, through all changes of tempo."""

from __future__ import annotations

import dataclasses

import numpy as np

from groovekit.io.notes import NoteSequence

#: Tempo of what has none, as in MIDI, in quarter notes a minute.
DEFAULT_QPM = 120.0
#: Parts of a sequence, beside its notes, that have a time.
TIMED_EVENTS = (
    "tempos",
    "time_signatures",
    "key_signatures",
    "control_changes",
    "pitch_bends",
    "text_annotations",
    "section_annotations",
)


@dataclasses.dataclass(frozen=True, eq=False)
class TempoMap:
    """Where the quarter notes of a sequence lie: a line with a bend at each change.

    Attributes:
      times: ``(changes,)`` float64 seconds, rising from 0.
      positions: ``(changes,)`` float64, the same in quarter notes.
      rates: ``(changes,)`` float64 quarter notes a second from there on.
    """

    times: np.ndarray
    positions: np.ndarray
    rates: np.ndarray

    @classmethod
    def of(cls, sequence: NoteSequence) -> TempoMap:
        """The tempo map of a sequence; 120 quarters a minute before its first tempo.

        Of several tempos at one time the last holds. Tempos that are not positive
        are passed over.
        """
        changes = {0.0: DEFAULT_QPM}
        for tempo in sorted(sequence.tempos, key=lambda tempo: tempo.time):
            if tempo.qpm > 0:
                changes[max(0.0, tempo.time)] = tempo.qpm
        times = np.array(list(changes))
        rates = np.array(list(changes.values())) / 60.0
        lengths = np.diff(times) * rates[:-1]
        return cls(times, np.concatenate([[0.0], np.cumsum(lengths)]), rates)

    def quarters(self, seconds: np.ndarray) -> np.ndarray:
        """Positions of times; before zero the first tempo holds."""
        return _follow(seconds, self.times, self.positions, self.rates)

    def seconds(self, quarters: np.ndarray) -> np.ndarray:
        """Times of positions; before zero the first tempo holds."""
        return _follow(quarters, self.positions, self.times, 1.0 / self.rates)

    def at_one_tempo(self, times: np.ndarray, qpm: float) -> np.ndarray:
        """Where times would lie if the tempo never changed.

        Args:
          times: seconds.
          qpm: that tempo, in quarter notes a minute.
        """
        return self.quarters(times) * (60.0 / qpm)


def _follow(
    x: np.ndarray, bends: np.ndarray, values: np.ndarray, slopes: np.ndarray
) -> np.ndarray:
    x = np.asarray(x, np.float64)
    index = np.maximum(np.searchsorted(bends, x, side="right") - 1, 0)
    return np.asarray(values[index] + (x - bends[index]) * slopes[index])


def bare_at_one_tempo(
    sequence: NoteSequence, tempo_map: TempoMap, qpm: float
) -> NoteSequence:
    """A copy without notes, with all else where it would be at one tempo.

    Args:
      sequence: in seconds.
      tempo_map: of the sequence.
      qpm: the tempo, in quarter notes a minute.
    """
    even = NoteSequence()
    even.CopyFrom(sequence)
    del even.notes[:]
    del even.tempos[:]
    for field in TIMED_EVENTS:
        for event in getattr(even, field):
            event.time = float(tempo_map.at_one_tempo(np.array(event.time), qpm))
    even.tempos.add(qpm=qpm)
    even.total_time = float(tempo_map.at_one_tempo(np.array(sequence.total_time), qpm))
    return even


def tempo_of(sequence: NoteSequence) -> float:
    """The first tempo in quarter notes a minute; 120 where there is none."""
    if not sequence.tempos:
        return DEFAULT_QPM
    first = min(sequence.tempos, key=lambda tempo: tempo.time)
    return float(first.qpm) if first.qpm > 0 else DEFAULT_QPM
