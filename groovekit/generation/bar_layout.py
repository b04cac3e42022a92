"""How the bars of a performance lie on the grid of a model of another time signature.

A model knows bars of one length, as a rule of 4/4. Shorter bars of a performance fill
the first steps of the model's, and nothing plays on the rest; two bars that are half as
long are one; longer bars are split at the beat nearest their middle. An incomplete bar
before the first change of time signature (a pickup) is not on the grid at all.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from groovekit.converters.bar_grid import Grid
from groovekit.converters.base import Converter
from groovekit.converters.grid.quantize import MAX_BARS
from groovekit.converters.grid.sections import DEFAULT_TIME_SIGNATURE
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap

# So many quarter notes are no length.
_NONE = 0.02


@dataclasses.dataclass(frozen=True)
class Signature:
    """A stretch of one time signature.

    Attributes:
      start: quarter notes.
      end: quarter notes; infinite for the last one.
      numerator: of the time signature.
      denominator: of the time signature.
    """

    start: float
    end: float
    numerator: int
    denominator: int

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"

    @property
    def bar(self) -> float:
        """Length of a bar in quarter notes."""
        return 4 * self.numerator / self.denominator

    @property
    def beat(self) -> float:
        """Length of a beat in quarter notes; three eighths in 6/8, 9/8, 12/8."""
        compound = self.denominator >= 8 and self.numerator % 3 == 0
        compound = compound and self.numerator > 3
        return (12 if compound else 4) / self.denominator

    def split(self, length: float, most: float) -> list[float]:
        """Parts of a bar, none of them longer than ``most``, in quarter notes."""
        if length <= most + _NONE:
            return [length]
        beats = np.arange(self.beat, length - _NONE, self.beat)
        # Without a beat inside, in the middle; of two as near, at the later one.
        middle = length / 2
        if len(beats):
            middle = float(beats[::-1][np.argmin(np.abs(beats[::-1] - middle))])
        return [*self.split(middle, most), *self.split(length - middle, most)]


@dataclasses.dataclass(frozen=True, eq=False)
class BarLayout:
    """Bars of a performance on a model's grid.

    Attributes:
      grid: of the model.
      signatures: of the performance, in order.
      pickup: quarter notes of an incomplete first bar that is not on the grid.
      origins: ``(bars,)`` float64, where each bar of the grid begins, in quarter notes.
      lengths: ``(bars,)`` float64, quarter notes of each in use.
      numbers: ``(bars,)`` int64, the bar of the performance, from 0, that each begins
        with.
      pairs: ``(bars,)`` bool: whether each is two bars of the performance.
    """

    grid: Grid
    signatures: tuple[Signature, ...]
    pickup: float
    origins: np.ndarray
    lengths: np.ndarray
    numbers: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of(
        cls,
        sequence: NoteSequence,
        tempo_map: TempoMap,
        grid: Grid,
        *,
        quarters: float = 0.0,
        bars: int = 1,
    ) -> BarLayout:
        """Lays out a performance.

        Args:
          sequence: the performance.
          tempo_map: of the performance.
          grid: of the model.
          quarters: the layout holds this place,
          bars: and at least so many bars of the grid.
        """
        signatures = signatures_of(sequence, tempo_map)
        first = signatures[0]
        pickup = 0.0
        if len(signatures) > 1:
            following = min(signatures[1].bar, grid.quarters_per_bar)
            length = first.end - first.start
            if length <= first.bar + _NONE and length < following - _NONE:
                pickup = first.end
        return cls._laid(grid, signatures, pickup, quarters, bars)

    @classmethod
    def _laid(
        cls,
        grid: Grid,
        signatures: tuple[Signature, ...],
        pickup: float,
        quarters: float,
        bars: int,
    ) -> BarLayout:
        rows: list[tuple[float, float, int, bool]] = []
        number = 0
        last = quarters + 0.5 / grid.steps_per_quarter
        for signature in signatures:
            if signature.end <= pickup:
                number += 1
                continue
            begin = signature.start
            while begin < signature.end - _NONE:
                endless = math.isinf(signature.end)
                if endless and begin > last and len(rows) >= bars:
                    break
                length = min(signature.bar, signature.end - begin)
                twice = 2 * signature.bar
                if (
                    abs(twice - grid.quarters_per_bar) < _NONE
                    and begin + twice < signature.end + _NONE
                ):
                    rows.append((begin, twice, number, True))
                    begin, number = begin + twice, number + 2
                    continue
                at = begin
                for part in signature.split(length, grid.quarters_per_bar):
                    rows.append((at, part, number, False))
                    at += part
                # Not a sum of parts, whose rounding would add up.
                begin, number = begin + length, number + 1
        origins, lengths, numbers, pairs = zip(*rows, strict=True)
        return cls(
            grid,
            signatures,
            pickup,
            np.array(origins, np.float64),
            np.array(lengths, np.float64),
            np.array(numbers, np.int64),
            np.array(pairs, np.bool_),
        )

    def __len__(self) -> int:
        return len(self.origins)

    def extended(self, bars: int) -> BarLayout:
        """The same with at least so many bars of the grid."""
        if bars <= len(self):
            return self
        return self._laid(self.grid, self.signatures, self.pickup, 0.0, bars)

    def bar_of(self, quarters: np.ndarray) -> np.ndarray:
        """The bar of the grid that each place lies in; -1 before the first one.

        What is less than half a step before a bar line lies behind it.
        """
        half = 0.5 / self.grid.steps_per_quarter
        bars = np.searchsorted(self.origins - half, quarters, side="right") - 1
        return np.asarray(bars if self.pickup else np.maximum(bars, 0))

    def on_grid(self, quarters: np.ndarray) -> np.ndarray:
        """Places in quarter notes of the model, in which each bar has its length."""
        bar = self.bar_of(quarters)
        places = bar * self.grid.quarters_per_bar + (quarters - self.origins[bar])
        return np.asarray(places)

    def position(self, steps: np.ndarray, early: np.ndarray | float = 0) -> np.ndarray:
        """Where steps of the grid lie in the performance, in quarter notes.

        Args:
          steps: numbers of steps.
          early: how much earlier, in steps.
        """
        bar, within = np.divmod(steps, self.grid.steps_per_bar)
        begin = self.extended(int(np.max(bar, initial=0)) + 1).origins[bar]
        unit = self.grid.steps_per_quarter
        places: np.ndarray = (begin * unit + within - early) / unit
        return places

    def used(self, steps: int) -> np.ndarray:
        """``(steps,)`` bool: those of the first steps that are in a bar."""
        per_bar = self.grid.steps_per_bar
        lengths = self.extended(-(-steps // per_bar)).lengths
        sizes = np.ceil(lengths * self.grid.steps_per_quarter - _NONE)
        mask = np.arange(per_bar) < sizes[:, None]
        found: np.ndarray = mask.ravel()[:steps]
        return found

    def numbers_of_steps(self, bars: int) -> np.ndarray:
        """Numbers of the performance's bars, from 0, at the steps of the first bars.

        Args:
          bars: of the grid.
        """
        per_bar = self.grid.steps_per_bar
        second = np.arange(per_bar) >= per_bar / 2
        found = self.numbers[:bars, None] + (self.pairs[:bars, None] & second)
        return np.asarray(found.ravel())

    def following(self, bars: int, more: int) -> tuple[int, int]:
        """The bars of the grid that some of the performance's lie in.

        Args:
          bars: of the grid; the performance's bar that begins behind them is the first.
          more: how many bars of the performance.

        Returns:
          The first one, from 0, and the one behind the last.
        """
        numbers = self.extended(bars + 4 * more + 4).numbers
        first = int(np.searchsorted(numbers, numbers[bars - 1] + 1))
        return first, int(np.searchsorted(numbers, numbers[first] + more))

    def end(self, bars: int) -> float:
        """Where so many bars of the grid end, in quarter notes."""
        longer = self.extended(bars)
        return float(longer.origins[bars - 1] + longer.lengths[bars - 1])

    def remarks(self, bars: int, *, pairs_only: bool = False) -> list[str]:
        """What people should know of the first bars of the grid, in their words.

        Args:
          bars: of the grid.
          pairs_only: nothing but where two bars are one.
        """
        whole, unit = self.grid.quarters_per_bar, self.grid.steps_per_quarter
        own = "{}/{}".format(*self.grid.time_signature)
        end, found = self.end(bars), []
        for signature in dict.fromkeys(
            s for s in self.signatures if self.pickup <= s.start < end
        ):
            parts = signature.split(signature.bar, whole)
            if len(parts) > 1:
                sizes = " + ".join(f"{part:g}" for part in parts)
                text = f"bars of {signature} are split into {sizes} quarter notes"
            elif abs(2 * signature.bar - whole) < _NONE:
                text = f"two bars of {signature} are one of {own}"
            elif signature.bar < whole - _NONE:
                steps = math.ceil(signature.bar * unit - _NONE)
                text = (
                    f"bars of {signature} fill the first {steps} of "
                    f"{self.grid.steps_per_bar} steps"
                )
            else:
                continue
            if text not in found and (not pairs_only or text.startswith("two")):
                found.append(text)
        return found


def signatures_of(sequence: NoteSequence, tempo_map: TempoMap) -> tuple[Signature, ...]:
    """The time signatures of a sequence; bars are counted anew at each."""
    starts: list[tuple[float, int, int]] = [(0.0, *DEFAULT_TIME_SIGNATURE)]
    for event in sorted(sequence.time_signatures, key=lambda event: event.time):
        if event.numerator <= 0 or event.denominator <= 0:
            continue
        at = max(0.0, float(tempo_map.quarters(np.array(event.time))))
        _, numerator, denominator = starts[-1]
        if at - starts[-1][0] < _NONE:
            # The later of two at one time holds.
            starts[-1] = (starts[-1][0], event.numerator, event.denominator)
            continue
        length = 4 * numerator / denominator
        bars = (at - starts[-1][0]) / length
        on_line = abs(bars - round(bars)) * length < _NONE
        same = 4 * event.numerator / event.denominator == length
        if not (same and on_line):
            starts.append((at, event.numerator, event.denominator))
    ends = [*(start for start, _, _ in starts[1:]), math.inf]
    return tuple(
        Signature(start, end, numerator, denominator)
        for (start, numerator, denominator), end in zip(starts, ends, strict=True)
    )


def pair_remarks(sequence: NoteSequence, converter: Converter) -> list[str]:
    """Which bars of music are read in pairs by a converter, in people's words."""
    tempo_map = TempoMap.of(sequence)
    last = max((note.start_time for note in sequence.notes), default=0.0)
    quarters = float(tempo_map.quarters(np.array(last)))
    if not quarters / converter.grid.quarters_per_bar < MAX_BARS:
        return []
    layout = BarLayout.of(sequence, tempo_map, converter.grid, quarters=quarters)
    return layout.remarks(len(layout), pairs_only=True)
