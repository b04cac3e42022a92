"""Grooves on a swung grid of three steps a beat, twelve a bar of 4/4.

A step holds, for each drum of the kit map, whether it is hit (0 or 1), how loud
(MIDI velocity / 127) and how far the stroke lies from the grid: -1..1, *positive
when early*, where 1 is half-way to the step before and -1 half-way to the next.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import numpy as np

import groovekit as gk

STEPS_PER_BEAT = 3
BEATS_PER_BAR = 4
STEPS_PER_BAR = STEPS_PER_BEAT * BEATS_PER_BAR
DEFAULT_QPM = 120.0
# A stray note at the end of time must not fill the memory.
MAX_BARS = 10_000
# Half-way between two steps belongs to one of them: decoded strokes stay inside.
MAX_OFFSET = 1.0 - 1e-5


def tempo_and_metre(sequence: gk.NoteSequence) -> gk.Skipped | float:
    """The tempo of a sequence in one tempo and in 4/4, or why it is not.

    Args:
      sequence: unquantised.

    Returns:
      Quarter notes a minute.
    """
    metres = {(m.numerator, m.denominator) for m in sequence.time_signatures}
    if any(m.time > 0 for m in sequence.time_signatures):
        metres.add((4, 4))
    tempos = {tempo.qpm for tempo in sequence.tempos}
    if not any(tempo.time <= 0 for tempo in sequence.tempos):
        tempos.add(DEFAULT_QPM)
    if len(metres) > 1:
        return gk.Skipped(gk.Reason.METRE_CHANGE)
    if metres - {(4, 4)}:
        (metre,) = metres
        return gk.Skipped(gk.Reason.METRE, f"metre {metre[0]}/{metre[1]}")
    if len(tempos) > 1:
        return gk.Skipped(gk.Reason.TEMPO_CHANGE)
    qpm = float(tempos.pop())
    if not qpm > 0:
        return gk.Skipped(gk.Reason.NO_TEMPO, f"tempo {qpm:g}")
    return qpm


@gk.register_converter("swing_kit.groove")
@dataclasses.dataclass(frozen=True)
class SwingGroove(gk.Converter):
    """Converts swung drumming to hits, velocities and offsets, and back.

    Attributes:
      bars: bars of a window; one starts at every bar.
      swing: where in the beat the off-beat lies: 2/3 makes the three steps of a
        beat triplets, 0.6 is a lighter swing, as it is played at a fast tempo.
      kit: kit map that notes are read with.
      output_kit: kit map that notes are written with.

    Raises:
      GroovekitError: options out of range.
    """

    # Raise it when `extract` changes what it gives: the cache goes by it.
    version: ClassVar[int] = 1

    bars: int = 2
    swing: float = 2 / 3
    kit: str = "swing_kit.jazz"
    output_kit: str = "swing_kit.jazz"

    def __post_init__(self) -> None:
        """Checks the options."""
        if self.bars < 1:
            raise gk.GroovekitError(f"bars is at least 1. Received: {self.bars}")
        if not 0.5 <= self.swing < 1.0:
            raise gk.GroovekitError(
                f"swing lies between 0.5 and 1; 2/3 is triplets. Received: {self.swing}"
            )

    # What the tensors look like ------------------------------------------------

    @functools.cached_property
    def kit_map(self) -> gk.KitMap:
        """The kit map that notes are read with."""
        return gk.get_kit(self.kit)

    @property
    def classes(self) -> int:
        """Number of drums."""
        return len(self.kit_map)

    @property
    def steps(self) -> int:
        """Steps of a window."""
        return self.bars * STEPS_PER_BAR

    @property
    def input_depth(self) -> int:
        """Inputs look like outputs."""
        return self.output_depth

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

    def extract(self, sequence: gk.NoteSequence) -> gk.Windows | gk.Skipped:
        """Quantises one sequence and cuts it into windows.

        Returns:
          Windows of ``velocities`` ``(windows, steps, classes)`` uint8, 0 where
          nothing sounds, and ``offsets`` of the same shape, float32; or why there
          are none.
        """
        total = len(sequence.notes)

        def skip(reason: gk.Reason, detail: str = "") -> gk.Skipped:
            return gk.Skipped(reason, detail, gk.Counts(notes=total, ignored=total))

        if not total:
            return skip(gk.Reason.EMPTY)
        quantised = sequence.quantization_info
        if quantised.steps_per_quarter or quantised.steps_per_second:
            return skip(gk.Reason.QUANTIZED_DIFFERENTLY)
        qpm = tempo_and_metre(sequence)
        if isinstance(qpm, gk.Skipped):
            return skip(qpm.reason, qpm.detail)
        notes = [note for note in sequence.notes if note.is_drum]
        if not notes:
            return skip(gk.Reason.NO_DRUMS)
        drums = self.kit_map.class_of([note.pitch for note in notes])
        known = drums >= 0
        unmapped = len(notes) - int(known.sum())
        counts = gk.Counts(total, unmapped=unmapped, ignored=total - len(notes))
        if not known.any():
            return gk.Skipped(gk.Reason.NO_MAPPED_PITCHES, f"kit {self.kit}", counts)
        beats = np.array([note.start_time for note in notes])[known] * qpm / 60.0
        # So worded that it also holds for what is not a number.
        if not np.abs(beats).max() < MAX_BARS * BEATS_PER_BAR:
            return skip(gk.Reason.TOO_LONG)
        steps, offsets = self._quantise(beats)
        if steps.min() < 0:
            return skip(gk.Reason.NEGATIVE_TIME)
        bars = int(steps.max()) // STEPS_PER_BAR + 1
        if bars < self.bars:
            return skip(gk.Reason.TOO_SHORT, f"{bars} of {self.bars} bars")
        velocities = np.array([note.velocity for note in notes])[known].clip(1, 127)
        # The loudest of several strokes in one cell is written last, and stays.
        order = np.argsort(velocities, kind="stable")
        cells = (steps[order], drums[known][order])
        shape = (bars * STEPS_PER_BAR, self.classes)
        loudness = np.zeros(shape, np.uint8)
        loudness[cells] = velocities[order]
        timing = np.zeros(shape, np.float32)
        timing[cells] = offsets[order]
        kept = int(np.count_nonzero(loudness))
        counts = dataclasses.replace(counts, kept=kept, merged=int(known.sum()) - kept)
        starts = np.arange(0, len(loudness) - self.steps + 1, STEPS_PER_BAR)
        rows = starts[:, None] + np.arange(self.steps)
        sounding = loudness[rows].any(axis=(1, 2))
        if not sounding.any():
            return skip(gk.Reason.NO_MATERIAL)
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
        qpm: float = DEFAULT_QPM,
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
        pitches = gk.get_kit(self.output_kit).representatives.tolist()
        length = 60.0 / qpm / STEPS_PER_BEAT
        sequences = []
        for window in range(len(tensors)):
            sequence = gk.NoteSequence(ticks_per_quarter=480)
            sequence.tempos.add(qpm=qpm)
            sequence.time_signatures.add(numerator=BEATS_PER_BAR, denominator=4)
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
