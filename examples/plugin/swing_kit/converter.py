"""A converter that puts another one behind a swung grid.

It has one rather than being one: :class:`groovekit.DrumsConverter` does all that
concerns drums and tensors, and this class bends time before and after.
"""

from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np

import groovekit as gk

STRAIGHT = 0.5
DEFAULT_QPM = 120.0


def bend(seconds: float, qpm: float, *, source: float, target: float) -> float:
    """Moves a time from one swing to another; beats stay where they are.

    Args:
      seconds: time from the start.
      qpm: tempo in quarter notes a minute.
      source: where in the beat the off-beat eighth lies (0.5: straight).
      target: where it is to lie.
    """
    beats = seconds * qpm / 60.0
    whole = math.floor(beats)
    part = beats - whole
    if part < source:
        part = part / source * target
    else:
        part = target + (part - source) / (1.0 - source) * (1.0 - target)
    return (whole + part) * 60.0 / qpm


def bend_sequence(
    sequence: gk.NoteSequence, *, source: float, target: float
) -> gk.NoteSequence:
    """A copy of ``sequence`` with all notes moved from one swing to another."""
    bent = gk.NoteSequence()
    bent.CopyFrom(sequence)
    qpm = sequence.tempos[0].qpm if sequence.tempos else DEFAULT_QPM
    for note in bent.notes:
        note.start_time = bend(note.start_time, qpm, source=source, target=target)
        note.end_time = bend(note.end_time, qpm, source=source, target=target)
    if bent.notes:
        bent.total_time = max(note.end_time for note in bent.notes)
    return bent


@gk.register_converter("swing.drums")
@dataclasses.dataclass(frozen=True)
class SwingDrums(gk.Converter):
    """Drum patterns on a swung grid.

    Attributes:
      bars: bars of a window.
      swing: where in the beat the off-beat eighth lies: 0.5 is straight, 2/3 is
        the swing of triplets, 0.75 a dotted eighth.
      kit: kit map that notes are read with.
      output_kit: kit map that notes are written with.
    """

    version: ClassVar[int] = 1

    bars: int = 2
    swing: float = 2 / 3
    kit: str = "general_midi"
    output_kit: str = "general_midi"

    def __post_init__(self) -> None:
        """Checks the options."""
        if not 0.0 < self.swing < 1.0:
            raise gk.GroovekitError(
                f"swing lies between 0 and 1 (0.5 is straight). Received: {self.swing}"
            )

    @property
    def straight(self) -> gk.DrumsConverter:
        """The converter that does the rest."""
        return gk.DrumsConverter(
            bars=self.bars, kit=self.kit, output_kit=self.output_kit
        )

    @property
    def steps(self) -> int:
        """Steps of a window."""
        return self.straight.steps

    @property
    def input_depth(self) -> int:
        """Size of the last axis of the inputs."""
        return self.straight.input_depth

    @property
    def layout(self) -> tuple[gk.Slice, ...]:
        """The parts of the last axis of the outputs."""
        return self.straight.layout

    @property
    def windows_per_sequence(self) -> int | None:
        """How many windows of one sequence an epoch uses."""
        return self.straight.windows_per_sequence

    def extract(self, sequence: gk.NoteSequence) -> gk.Windows | gk.Skipped:
        """Straightens the sequence and cuts it into windows."""
        if sequence.quantization_info.steps_per_quarter:
            # Times are steps already: whoever quantised it decided on the swing.
            return self.straight.extract(sequence)
        if len({tempo.qpm for tempo in sequence.tempos}) > 1:
            return gk.Skipped(gk.Reason.TEMPO_CHANGE)
        return self.straight.extract(
            bend_sequence(sequence, source=self.swing, target=STRAIGHT)
        )

    def expand(
        self,
        windows: gk.Windows,
        *,
        rng: np.random.Generator | None = None,
        labels: bool = False,
    ) -> gk.Tensors:
        """Turns windows into tensors; nothing is random here."""
        return self.straight.expand(windows, rng=rng, labels=labels)

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,
        *,
        qpm: float = DEFAULT_QPM,
    ) -> list[gk.NoteSequence]:
        """Turns outputs into note sequences and swings them."""
        return [
            bend_sequence(sequence, source=STRAIGHT, target=self.swing)
            for sequence in self.straight.decode(tensors, controls, qpm=qpm)
        ]
