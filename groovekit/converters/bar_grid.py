"""A grid of steps in bars."""

from __future__ import annotations

import dataclasses
import functools


@dataclasses.dataclass(frozen=True)
class Grid:
    """Bars of one time signature, cut into steps of one length.

    Attributes:
      steps_per_quarter: steps of a quarter note.
      time_signature: numerator and denominator. Bars are a whole number of steps, not
        always of quarters: at four steps a quarter, a bar of 7/8 has fourteen.
    """

    steps_per_quarter: int = 4
    time_signature: tuple[int, int] = (4, 4)

    @functools.cached_property
    def quarters_per_bar(self) -> float:
        """Length of a bar in quarter notes."""
        numerator, denominator = self.time_signature
        return 4 * numerator / denominator

    @functools.cached_property
    def steps_per_bar(self) -> int:
        """Steps of a bar."""
        numerator, denominator = self.time_signature
        return self.steps_per_quarter * 4 * numerator // denominator

    def steps_per_second(self, qpm: float) -> float:
        """Steps in a second at a tempo in quarter notes a minute."""
        return self.steps_per_quarter * qpm / 60.0
