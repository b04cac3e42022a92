"""Drum patterns: which classes sound on each sixteenth, without dynamics.

A step is one of ``2 ** classes`` labels (the sum of ``2 ** class`` over the
classes that sound), one-hot, or a roll of one bit a class. The input roll has a
last bit that is 1 where nothing sounds.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar, Literal

import numpy as np

from groovekit.converters.base import (
    Converter,
    Counts,
    Layout,
    Reason,
    Skipped,
    Slice,
    Tensors,
    Windows,
)
from groovekit.converters.grid.labels import first_of_equals, one_hot
from groovekit.converters.grid.notes_out import drum_sequences
from groovekit.converters.grid.quantize import (
    MAX_BARS,
    Columns,
    Obstacle,
    Section,
    check_grid,
    read_columns,
    split_sections,
    steps_per_second,
    to_steps,
)
from groovekit.converters.grid.selection import map_pitches, select_drums
from groovekit.converters.kits import KitMap, Unmapped
from groovekit.converters.options import (
    WithKits,
    check_choices,
    check_positive,
    fail,
)
from groovekit.errors import ConfigError
from groovekit.io.notes import NoteSequence

# Up to so many classes a step is kept as one uint16, beyond as bits.
_LABEL_CLASSES = 16
# More labels than this make one-hot vectors that no model wants.
_ONE_HOT_CLASSES = 12


@dataclasses.dataclass(frozen=True)
class DrumsConverter(WithKits, Converter):
    """Converts drum patterns to labels or rolls, and back.

    A sequence is cut at changes of tempo and metre; parts in another metre than
    the grid's are left out. A track of drums begins at the bar of its first hit,
    ends before ``gap_bars`` of silence and is filled up to whole bars. A window
    slides over it a bar at a time; windows equal to an earlier one of their part
    are left out.

    Attributes:
      bars: bars of a window.
      kit: kit map that notes are read with: a registered name or a JSON file.
      output_kit: kit map that notes are written with.
      max_windows: windows an epoch uses of one sequence; None for all.
      roll_input: inputs are rolls of ``classes + 1`` bits; otherwise one-hot.
      roll_output: outputs are rolls of ``classes`` bits; otherwise one-hot.
      end_token: windows end with one more step that says so (one more label;
        in rolls one more bit after the classes).
      unmapped: what happens to notes that ``kit`` does not know: ``"drop"``,
        ``"nearest"`` (the class of the nearest pitch) or ``"error"``.
      instruments: ``"drums"`` reads notes marked as drums; ``"auto"``, where
        none is, everything if the kit knows nine tenths of it; ``"all"`` all.
      gap_bars: bars of silence that end a track; None for no limit.
      max_bars: longer tracks are cut; None for no limit.
      split_on_changes: cut at changes of tempo and metre; otherwise they reject
        the sequence.
      steps_per_quarter: grid.
      quarters_per_bar: only music with bars of this length is taken.
      velocity: MIDI velocity of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 1

    bars: int = 2
    kit: str = "general_midi"
    output_kit: str = "general_midi"
    max_windows: int | None = 5
    roll_input: bool = True
    roll_output: bool = False
    end_token: bool = False
    unmapped: Unmapped = "drop"
    instruments: Literal["auto", "drums", "all"] = "drums"
    gap_bars: float | None = 1.0
    max_bars: int | None = 100
    split_on_changes: bool = True
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    velocity: int = 80

    def __post_init__(self) -> None:
        check_positive(self, ("bars", "steps_per_quarter", "quarters_per_bar"))
        if self.max_windows is not None and self.max_windows < 1:
            fail(self, "max_windows", "at least 1, or None for all")
        if self.gap_bars is not None and self.gap_bars < 1:
            fail(self, "gap_bars", "at least 1, or None for no limit")
        if self.max_bars is not None and self.max_bars < self.bars:
            fail(self, "max_bars", "at least as many as bars, or None for no limit")
        if not 1 <= self.velocity <= 127:
            fail(self, "velocity", "a MIDI velocity from 1 to 127")
        check_choices(
            self,
            {
                "unmapped": ("drop", "nearest", "error"),
                "instruments": ("auto", "drums", "all"),
            },
        )

    # What the tensors look like ------------------------------------------------

    def _check_kit(self, kit: KitMap) -> None:
        if len(kit) > _ONE_HOT_CLASSES and not (self.roll_input and self.roll_output):
            raise ConfigError(
                f"Kit {self.kit!r}: expected at most {_ONE_HOT_CLASSES} classes for "
                f"one-hot tensors, got {len(kit)}. Set roll_input and roll_output."
            )

    @property
    def _steps_per_bar(self) -> int:
        return self.steps_per_quarter * self.quarters_per_bar

    @property
    def _window_steps(self) -> int:
        return self.bars * self._steps_per_bar

    @property
    def steps(self) -> int:
        """Steps of a window, the end token's included."""
        return self._window_steps + self.end_token

    @property
    def input_depth(self) -> int:
        """Bits of the input roll, or number of labels."""
        if self.roll_input:
            return self.classes + self.end_token + 1
        return self._labels

    @property
    def _labels(self) -> int:
        return int(2**self.classes) + self.end_token

    @functools.cached_property
    def layout(self) -> Layout:
        """One label, or a bit a class (and one for the end)."""
        if not self.roll_output:
            return (Slice("label", self._labels, "categorical"),)
        hits = Slice("hits", self.classes, "binary")
        return (hits, Slice("end", 1, "binary")) if self.end_token else (hits,)

    @property
    def windows_per_sequence(self) -> int | None:
        """``max_windows``."""
        return self.max_windows

    # Reading -------------------------------------------------------------------

    def extract(self, sequence: NoteSequence) -> Windows | Skipped:
        """Quantises and cuts one sequence.

        Returns:
          Windows, in order of time, of ``labels`` ``(windows, bar steps)``
          uint16 or, with more than 16 classes, ``hits`` ``(windows, bar steps,
          ceil(classes / 8))`` uint8 bits (first class in the highest bit); or
          why there are none.

        Raises:
          DataError: a pitch that the kit does not know with
            ``unmapped="error"``.
        """
        columns = read_columns(sequence)
        if not len(columns):
            return Skipped(Reason.EMPTY)
        selected = select_drums(columns, self.kit_map, self.instruments)
        if isinstance(selected, Obstacle):
            return selected.skipped(len(columns))
        selected = selected.take(selected.velocity > 0)
        if not len(selected):
            detail = "all drum notes have velocity 0"
            return Obstacle(Reason.NO_MATERIAL, detail).skipped(len(columns))
        counts = Counts(notes=len(columns), ignored=len(columns) - len(selected))

        sections = self._sections(sequence, selected)
        if isinstance(sections, Obstacle):
            return sections.skipped(len(columns))
        parts: list[dict[str, np.ndarray]] = []
        obstacles: list[Obstacle] = []
        bounds = np.array([section.start for section in sections[1:]])
        place = np.searchsorted(bounds, selected.start, side="right")
        for index, section in enumerate(sections):
            notes = selected.take(place == index) if len(sections) > 1 else selected
            if not len(notes):
                continue
            result, counted = self._section_windows(notes, section)
            counts += counted
            if isinstance(result, Obstacle):
                obstacles.append(result)
            else:
                parts.append(result)
        if not parts:
            return Skipped(obstacles[0].reason, obstacles[0].detail, counts)
        arrays = {
            name: np.concatenate([part[name] for part in parts]) for name in parts[0]
        }
        return Windows(arrays, counts)

    def _sections(
        self, sequence: NoteSequence, notes: Columns
    ) -> list[Section] | Obstacle:
        last = float(np.nextafter(notes.start.max(), np.inf))
        sections = split_sections(sequence, max(sequence.total_time, last))
        if len(sections) > 1 and not self.split_on_changes:
            first, second = sections[:2]
            if first.metre != second.metre:
                return Obstacle(Reason.METRE_CHANGE, f"at {second.start:.2f} seconds")
            return Obstacle(Reason.TEMPO_CHANGE, f"at {second.start:.2f} seconds")
        if not sections:
            return Obstacle(Reason.NEGATIVE_TIME, "all notes")
        return sections

    def _section_windows(
        self, notes: Columns, section: Section
    ) -> tuple[dict[str, np.ndarray] | Obstacle, Counts]:
        """Windows of the notes of one section, with counts that add to others."""
        per_bar, total = self._steps_per_bar, len(notes)
        obstacle = check_grid(section, self.steps_per_quarter, per_bar)
        if obstacle is not None:
            return obstacle, Counts(ignored=total)
        rate = steps_per_second(self.steps_per_quarter, section.qpm)
        steps = to_steps(notes.start - section.start, rate)
        classes = map_pitches(notes.pitch, self.kit_map, self.unmapped)
        early, unknown = steps < 0, classes < 0
        used = ~(early | unknown)
        counts = Counts(
            ignored=int(np.count_nonzero(early)),
            unmapped=int(np.count_nonzero(unknown & ~early)),
        )
        if not used.any():
            if early.all():
                return Obstacle(Reason.NEGATIVE_TIME, "all notes"), counts
            pitches = ", ".join(map(str, np.unique(notes.pitch)[:8]))
            detail = f"kit {self.kit}, pitches {pitches}"
            return Obstacle(Reason.NO_MAPPED_PITCHES, detail), counts
        cells = np.unique(steps[used] * self.classes + classes[used])
        merged = int(np.count_nonzero(used)) - len(cells)
        bars = int(cells[-1]) // (self.classes * per_bar) + 1
        if bars > MAX_BARS:
            return Obstacle(Reason.TOO_LONG, f"{bars} bars"), Counts(ignored=total)

        starts, longest = self._window_starts(np.unique(cells // self.classes))
        if not len(starts):
            counts += Counts(ignored=len(cells) + merged)
            detail = f"{longest} of {self.bars} bars without a longer silence"
            return Obstacle(Reason.TOO_SHORT, detail), counts
        counts += Counts(kept=len(cells), merged=merged)
        name, grid = self._grid(cells, bars * per_bar)
        windows = grid[starts[:, None] + np.arange(self._window_steps)]
        return {name: windows[first_of_equals([windows])]}, counts

    def _window_starts(self, hit_steps: np.ndarray) -> tuple[np.ndarray, int]:
        """First steps of all windows, and the bars of the longest track.

        Args:
          hit_steps: steps with a hit, rising.
        """
        per_bar = self._steps_per_bar
        first = hit_steps[:1]
        last = hit_steps[-1:]
        if self.gap_bars is not None:
            silent = np.diff(hit_steps) - 1
            ends = np.flatnonzero(silent >= self.gap_bars * per_bar)
            first = np.concatenate([first, hit_steps[ends + 1]])
            last = np.concatenate([hit_steps[ends], last])
        begin = first // per_bar
        bars = last // per_bar + 1 - begin
        if self.max_bars is not None:
            bars = np.minimum(bars, self.max_bars)
        windows = np.maximum(bars - self.bars + 1, 0)
        # 0, 1, ... within each track.
        within = np.arange(windows.sum()) - np.repeat(
            np.cumsum(windows) - windows, windows
        )
        starts = (np.repeat(begin, windows) + within) * per_bar
        return starts, int(bars.max())

    def _grid(self, cells: np.ndarray, steps: int) -> tuple[str, np.ndarray]:
        """The whole part compactly, and the name of that array."""
        at, drum = np.divmod(cells, self.classes)
        if self.classes <= _LABEL_CLASSES:
            labels = np.bincount(at, weights=2.0**drum, minlength=steps)
            return "labels", labels.astype(np.uint16)
        roll = np.zeros((steps, self.classes), np.bool_)
        roll[at, drum] = True
        return "hits", np.packbits(roll, axis=1)

    # Tensors -------------------------------------------------------------------

    def expand(
        self,
        windows: Windows,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002 - nothing is random
        labels: bool = False,
    ) -> Tensors:
        """Makes tensors of a batch of windows.

        Args:
          windows: from :meth:`extract`.
          rng: has no effect.
          labels: give one-hot outputs as ``(batch, steps)`` int32.

        Returns:
          Inputs ``(batch, steps, input_depth)`` float32 and outputs; no
          controls.
        """
        labelled = not (self.roll_input and self.roll_output)
        roll = self._roll(windows)
        categories = self._categories(windows) if labelled else None
        if self.roll_input:
            silent = ~np.any(roll, axis=-1, keepdims=True)
            inputs = np.concatenate([roll, silent], axis=-1).astype(np.float32)
        else:
            assert categories is not None
            inputs = one_hot(categories, self._labels)
        if self.roll_output:
            outputs = roll.astype(np.float32)
        else:
            assert categories is not None
            outputs = categories if labels else one_hot(categories, self._labels)
        lengths = np.full(len(inputs), self.steps, np.int32)
        return Tensors(inputs, outputs, None, lengths)

    def _roll(self, windows: Windows) -> np.ndarray:
        """``(batch, steps, classes)`` bool, with a bit more for an end token."""
        count = self.classes
        if "labels" in windows.arrays:
            labels = np.asarray(windows.arrays["labels"])[..., None]
            roll = (labels >> np.arange(count, dtype=np.uint16)) & 1 > 0
        else:
            bits = np.unpackbits(windows.arrays["hits"], axis=-1, count=count)
            roll = bits.astype(np.bool_)
        if self.end_token:
            roll = np.pad(roll, ((0, 0), (0, 1), (0, 1)))
            roll[:, -1, -1] = True
        return roll

    def _categories(self, windows: Windows) -> np.ndarray:
        """``(batch, steps)`` int32 labels."""
        labels = windows.arrays["labels"].astype(np.int32)
        if self.end_token:
            end = self._labels - 1
            labels = np.pad(labels, ((0, 0), (0, 1)), constant_values=end)
        return labels

    # Writing -------------------------------------------------------------------

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,  # noqa: ARG002 - there are none
        *,
        qpm: float = 120.0,
    ) -> list[NoteSequence]:
        """Writes the notes of outputs.

        Args:
          tensors: ``(batch, steps, output_depth)``; of a one-hot output the
            largest value counts, of a roll each value above 0.5. Labels
            ``(batch, steps)`` are taken too. What follows an end token is left
            out.
          controls: not needed.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, metre and ``total_time``; notes
          last one step, in order of step and class.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        roll, sounding = self._decode_roll(np.asarray(tensors))
        if not qpm > 0:
            raise ConfigError(f"Expected a positive tempo, got qpm={qpm:g}.")
        step_seconds = 60.0 / qpm / self.steps_per_quarter
        batch, step, drum = np.nonzero(roll)
        start = step * step_seconds
        end = (step + 1) * step_seconds
        pitch = self.output_kit_map.representatives[drum]
        velocity = np.full(len(pitch), self.velocity)
        bounds = np.searchsorted(batch, np.arange(len(roll) + 1))
        return drum_sequences(
            pitch,
            velocity,
            start,
            end,
            bounds=bounds,
            qpm=qpm,
            numerator=self.quarters_per_bar,
            duration=sounding * step_seconds,
        )

    def _decode_roll(self, tensors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hits ``(batch, steps, classes)`` and the steps in use of each window."""
        given_labels = tensors.ndim == 2 and not self.roll_output
        if not given_labels and (
            tensors.ndim != 3 or tensors.shape[2] != self.output_depth
        ):
            raise ConfigError(
                f"Expected outputs of shape (batch, steps, {self.output_depth}), got "
                f"{tensors.shape}."
            )
        count = self.classes
        if self.roll_output:
            hits = tensors > 0.5
            roll, ended = hits[..., :count], np.any(hits[..., count:], axis=-1)
        else:
            labels = tensors if given_labels else np.argmax(tensors, axis=-1)
            bits = (labels[..., None].astype(np.int64) >> np.arange(count)) & 1
            roll = bits.astype(np.bool_)
            ended = labels >= 2**count
        steps = roll.shape[1]
        ends = np.where(ended.any(axis=1), np.argmax(ended, axis=1), steps)
        if ended.any():
            roll = roll & (np.arange(steps) < ends[:, None])[..., None]
        return roll, ends
