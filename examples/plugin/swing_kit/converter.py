"""Grooves on a swung grid of three steps a beat, twelve a bar of 4/4.

A step holds, for each drum of the kit map, whether it is hit (0 or 1), how loud
(MIDI velocity / 127) and how far the stroke lies from the grid: -1..1, *positive
when early*, where 1 is half-way to the step before and -1 half-way to the next.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar, Literal

import numpy as np

import groovekit as gk
from swing_kit.kits import jazz

STEPS_PER_BEAT = 3
# A stray note at the end of time must not fill the memory.
MAX_BARS = 10_000
# Half-way between two steps belongs to one of them: decoded strokes stay inside.
MAX_OFFSET = 1.0 - 1e-5


@gk.register_converter("swing_kit.groove")
@dataclasses.dataclass(frozen=True)
class SwingGroove(gk.WithKits, gk.GridConverter):
    """Converts swung drumming to hits, velocities and offsets, and back.

    Its first fields are those of `GridConverter` (bars, time signature, ...) and
    `WithKits` (the kit maps); a window starts at every bar.

    Attributes:
      swing: where in the beat the off-beat lies: 2/3 makes the three steps of a
        beat triplets, 0.6 is a lighter swing, as it is played at a fast tempo.

    Raises:
      GroovekitError: options out of range.
    """

    # Raise it when `section_windows` changes what it gives: the cache goes by it.
    version: ClassVar[int] = 2
    # Where strokes end is not looked at.
    onsets_only: ClassVar[bool] = True

    steps_per_quarter: int = STEPS_PER_BEAT
    changes: Literal["follow", "split", "refuse"] = "refuse"
    kit: gk.KitMap = dataclasses.field(default_factory=jazz)
    output_kit: gk.KitMap = dataclasses.field(default_factory=jazz)
    swing: float = 2 / 3

    def check_options(self) -> None:
        """Checks what the types of the options do not say."""
        place = 0.5 <= self.swing < 1.0
        self.require(place, "swing", "a place between 0.5 and 1; 2/3 is triplets")
        three = self.steps_per_quarter == STEPS_PER_BEAT
        self.require(three, "steps_per_quarter", f"{STEPS_PER_BEAT}, always")
        whole = self.grid.quarters_per_bar % 1 == 0
        self.require(whole, "time_signature", "bars of whole quarter notes")

    # What the tensors look like ------------------------------------------------

    @property
    def layout(self) -> tuple[gk.Slice, ...]:
        """The parts of the last axis, which the head of the config reads."""
        return (
            gk.Slice("hits", self.classes, "binary"),
            gk.Slice("velocities", self.classes, "unit"),
            gk.Slice("offsets", self.classes, "signed"),
        )

    @functools.cached_property
    def _grid(self) -> np.ndarray:
        """Where the steps of a beat lie, and the next beat: ``(4,)``, 0..1."""
        return np.array([0.0, self.swing / 2, self.swing, 1.0])

    # Reading -------------------------------------------------------------------

    def select_notes(self, notes: gk.NoteColumns) -> gk.NoteColumns:
        """The drum notes of a sequence."""
        if not notes.is_drum.any():
            raise gk.UnusableError(gk.Reason.NO_DRUMS)
        return notes.take(notes.is_drum)

    def section_windows(
        self,
        sequence: gk.NoteSequence,  # noqa: ARG002 - nothing but its notes counts
        section: gk.Section,
        notes: gk.NoteColumns,
    ) -> gk.Windows:
        """Quantises a stretch of one tempo and cuts it into windows.

        Returns:
          Windows of ``velocities`` ``(windows, steps, classes)`` uint8, 0 where
          nothing sounds, and ``offsets`` of the same shape, float32.

        Raises:
          UnusableError: there are none, and why.
        """
        drums = self.kit_map.class_of(notes.pitch)
        known = drums >= 0
        counts = gk.Counts(unmapped=int(np.count_nonzero(~known)))
        if not known.any():
            detail = f"kit {self.kit}"
            raise gk.UnusableError(gk.Reason.NO_MAPPED_PITCHES, detail, counts)
        notes, drums = notes.take(known), drums[known]
        beats = notes.start * section.qpm / 60.0
        # So worded that it also holds for what is not a number.
        if not np.abs(beats).max() < MAX_BARS * self.grid.quarters_per_bar:
            raise gk.UnusableError(gk.Reason.TOO_LONG)
        steps, offsets = self._quantise(beats)
        if steps.min() < 0:
            raise gk.UnusableError(gk.Reason.NEGATIVE_TIME)
        per_bar = self.grid.steps_per_bar
        bars = int(steps.max()) // per_bar + 1
        if bars < self.bars:
            detail = f"{bars} of {self.bars} bars"
            raise gk.UnusableError(gk.Reason.TOO_SHORT, detail)
        velocities = notes.velocity.clip(1, 127)
        # The loudest of several strokes in one cell is written last, and stays.
        order = np.argsort(velocities, kind="stable")
        cells = (steps[order], drums[order])
        shape = (bars * per_bar, self.classes)
        loudness = np.zeros(shape, np.uint8)
        loudness[cells] = velocities[order]
        timing = np.zeros(shape, np.float32)
        timing[cells] = offsets[order]
        kept = int(np.count_nonzero(loudness))
        counts += gk.Counts(kept=kept, merged=len(notes) - kept)
        starts = np.arange(0, len(loudness) - self.steps + 1, per_bar)
        rows = starts[:, None] + np.arange(self.steps)
        sounding = loudness[rows].any(axis=(1, 2))
        if not sounding.any():
            raise gk.UnusableError(gk.Reason.NO_MATERIAL)
        rows = rows[sounding]
        return gk.Windows(
            {"velocities": loudness[rows], "offsets": timing[rows]}, counts
        )

    def _quantise(self, beats: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest steps and the distances from them.

        Args:
          beats: ``(notes,)`` onsets in quarter notes.

        Returns:
          ``(notes,)`` steps and ``(notes,)`` offsets, -1..1.
        """
        grid = self._grid
        whole = np.floor(beats)
        phase = beats - whole
        nearest = np.searchsorted((grid[1:] + grid[:-1]) / 2, phase, side="right")
        distance = grid[nearest] - phase
        before = np.maximum(nearest - 1, 0)
        after = np.minimum(nearest + 1, STEPS_PER_BEAT)
        gap = np.where(
            distance > 0, grid[nearest] - grid[before], grid[after] - grid[nearest]
        )
        steps = whole.astype(np.int64) * STEPS_PER_BEAT + nearest
        offsets = 2 * distance / np.where(gap > 0, gap, 1.0)
        return steps, np.clip(offsets, -MAX_OFFSET, MAX_OFFSET)

    # Tensors -------------------------------------------------------------------

    def expand(
        self,
        windows: gk.Windows,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002 - nothing is random
        labels: bool = False,  # noqa: ARG002 - the layout is not one category
    ) -> gk.Tensors:
        """Turns a batch of windows into tensors ``(batch, steps, 3 * classes)``.

        Args:
          windows: from :meth:`extract`.
          rng: has no effect.
          labels: has no effect.
        """
        loudness = np.asarray(windows.arrays["velocities"])
        outputs = np.concatenate(
            [loudness > 0, loudness / 127.0, windows.arrays["offsets"]], axis=-1
        ).astype(np.float32)
        lengths = np.full(len(outputs), self.steps, np.int32)
        return gk.Tensors(outputs, outputs.copy(), None, lengths)

    # Writing -------------------------------------------------------------------

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,  # noqa: ARG002 - there are none
        *,
        qpm: float = 120.0,
    ) -> list[gk.NoteSequence]:
        """Writes the strokes of outputs: a drum is hit where its value is above 0.5.

        Args:
          tensors: ``(batch, steps, 3 * classes)``.
          controls: has no effect.
          qpm: tempo.

        Returns:
          A sequence for each window; strokes last a third of a beat.
        """
        tensors = np.asarray(tensors, np.float64)
        self.check_outputs(tensors)
        length = self.step_seconds(qpm)
        hits, velocities, offsets = np.split(tensors, 3, axis=-1)
        steps = np.arange(tensors.shape[1])
        place = steps % STEPS_PER_BEAT
        grid = self._grid
        gaps = np.diff(grid)
        # Around each step: the gap before it (that of the first is the last).
        before, after = gaps[place - 1][:, None], gaps[place][:, None]
        shift = np.clip(np.nan_to_num(offsets), -MAX_OFFSET, MAX_OFFSET) / 2
        on_grid = (steps // STEPS_PER_BEAT + grid[place])[:, None]
        starts = on_grid - shift * np.where(shift > 0, before, after)
        starts = np.maximum(starts, 0.0) * 60.0 / qpm
        loudness = np.clip(np.nan_to_num(velocities) * 127, 1, 127).round()
        pitches = self.output_kit_map.representatives.tolist()
        numerator, denominator = self.time_signature
        sequences = []
        for window in range(len(tensors)):
            sequence = gk.NoteSequence(ticks_per_quarter=480)
            sequence.tempos.add(qpm=qpm)
            sequence.time_signatures.add(numerator=numerator, denominator=denominator)
            sequence.total_time = len(steps) * length
            for step, drum in np.argwhere(hits[window] > 0.5).tolist():
                start = float(starts[window, step, drum])
                sequence.notes.add(
                    pitch=pitches[drum],
                    velocity=int(loudness[window, step, drum]),
                    start_time=start,
                    end_time=start + length,
                    instrument=9,
                    is_drum=True,
                )
                sequence.total_time = max(sequence.total_time, start + length)
            sequences.append(sequence)
        return sequences
