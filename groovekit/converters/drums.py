"""Drum patterns: which classes sound on each sixteenth, without dynamics.

A step is one of ``2 ** classes`` labels (the sum of ``2 ** class`` over the
classes that sound), one-hot, or a roll of one bit a class. The input roll has a
last bit that is 1 where nothing sounds.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import ClassVar

import numpy as np

from groovekit.converters.augment import drum_groups, vary_kit
from groovekit.converters.base import (
    AugmentationConfig,
    Counts,
    Layout,
    Reason,
    Slice,
    Tensors,
    UnusableError,
    Windows,
)
from groovekit.converters.grid.labels import count_bits, first_of_equals, one_hot
from groovekit.converters.grid.notes_out import drum_sequences
from groovekit.converters.grid.quantize import bars_until, to_steps
from groovekit.converters.grid.sections import Section
from groovekit.converters.grid.selection import (
    Instruments,
    map_pitches,
    no_mapped_pitches,
    read_with_drums,
    select_drums,
)
from groovekit.converters.grid_converter import (
    GapBars,
    GridConverter,
    MaxWindows,
    Velocity,
)
from groovekit.converters.kits import KitMap
from groovekit.converters.options import WithKits
from groovekit.errors import ConfigError
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

# Up to so many classes a step is kept as one uint16, beyond as bits.
_LABEL_CLASSES = 16
# More labels than this make one-hot vectors that no model wants.
_ONE_HOT_CLASSES = 12


@dataclasses.dataclass(frozen=True)
class DrumsConverter(WithKits, GridConverter):
    """Converts drum patterns to labels or rolls, and back.

    A sequence is cut where its time signature changes; parts with bars of another
    length than the grid's are left out. A track of drums begins at the bar of its
    first hit, ends before ``gap_bars`` of silence and is filled up to whole bars. A
    window slides over it a bar at a time; windows equal to an earlier one of their
    part are left out.

    Attributes:
      roll_input: inputs are rolls of ``classes + 1`` bits; otherwise one-hot.
      roll_output: outputs are rolls of ``classes`` bits; otherwise one-hot.
      end_token: windows end with one more step that says so (one more label;
        in rolls one more bit after the classes).
      instruments: ``"auto"`` reads the drums, found by channel, name or notes
        (:mod:`groovekit.io.drum_tracks`); ``"drums"`` notes that are marked as
        drums, as the original; ``"all"`` all.
      gap_bars: bars of silence that end a track; None for no limit.
      max_bars: longer tracks are cut; None for no limit.
      velocity: MIDI velocity of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 2
    onsets_only: ClassVar[bool] = True

    max_windows: MaxWindows = 5
    roll_input: bool = True
    roll_output: bool = False
    end_token: bool = False
    instruments: Instruments = "auto"
    gap_bars: GapBars = 1.0
    max_bars: int | None = 100
    velocity: Velocity = 80

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other."""
        self.require(
            self.max_bars is None or self.max_bars >= self.bars,
            "max_bars",
            "at least as many as bars, or None for no limit",
        )

    # What the tensors look like ------------------------------------------------

    def _check_kit(self, kit: KitMap) -> None:
        if len(kit) > _ONE_HOT_CLASSES and not (self.roll_input and self.roll_output):
            raise ConfigError(
                f"Kit '{self.kit}': expected at most {_ONE_HOT_CLASSES} classes for "
                f"one-hot tensors, got {len(kit)}. Set roll_input and roll_output."
            )

    @property
    def steps(self) -> int:
        """Steps of a window, the end token's included."""
        return self.window_steps + self.end_token

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

    # Reading -------------------------------------------------------------------

    def read_notes(self, sequence: NoteSequence) -> NoteColumns:
        """The notes, with the drums among them marked."""
        return read_with_drums(sequence, self.instruments)

    def select_notes(self, notes: NoteColumns) -> NoteColumns:
        """The drum notes that sound."""
        selected = select_drums(notes)
        selected = selected.take(selected.velocity > 0)
        if not len(selected):
            detail = "all drum notes have velocity 0"
            raise UnusableError(Reason.NO_MATERIAL, detail)
        return selected

    def section_windows(
        self,
        sequence: NoteSequence,  # noqa: ARG002 - nothing but its notes counts
        section: Section,
        notes: NoteColumns,
    ) -> Windows:
        """The windows of a section, in order of time.

        Returns:
          Windows of ``labels`` ``(windows, bar steps)`` uint16 or, with more than 16
          classes, ``hits`` ``(windows, bar steps, ceil(classes / 8))`` uint8 bits
          (first class in the highest bit).

        Raises:
          UnusableError: there are none.
          DataError: a pitch that the kit does not know with
            ``unmapped="error"``.
        """
        steps = to_steps(notes.start, self.grid.steps_per_second(section.qpm))
        classes = map_pitches(notes.pitch, self.kit_map, self.unmapped)
        early, unknown = steps < 0, classes < 0
        used = ~(early | unknown)
        counts = Counts(
            ignored=int(np.count_nonzero(early)),
            unmapped=int(np.count_nonzero(unknown & ~early)),
        )
        if not used.any():
            if early.all():
                raise UnusableError(Reason.NEGATIVE_TIME, "all notes", counts)
            raise no_mapped_pitches(notes.pitch, self.kit, counts)
        cells = np.unique(steps[used] * self.classes + classes[used])
        merged = int(np.count_nonzero(used)) - len(cells)
        per_bar = self.grid.steps_per_bar
        bars = bars_until(int(cells[-1]) // self.classes + 1, per_bar)

        starts, longest = self._window_starts(np.unique(cells // self.classes))
        if not len(starts):
            counts += Counts(ignored=len(cells) + merged)
            detail = f"{longest} of {self.bars} bars without a longer silence"
            raise UnusableError(Reason.TOO_SHORT, detail, counts)
        counts += Counts(kept=len(cells), merged=merged)
        name, grid = self._grid(cells, bars * per_bar)
        windows = grid[starts[:, None] + np.arange(self.window_steps)]
        distinct = first_of_equals([windows])
        bars = starts[distinct] // per_bar
        return Windows({name: windows[distinct]}, counts, bars=bars)

    def hits_of(self, windows: Windows) -> np.ndarray:
        """How many hits each window has, ``(windows,)``."""
        (cells,) = windows.arrays.values()
        return count_bits(cells)

    def _window_starts(self, hit_steps: np.ndarray) -> tuple[np.ndarray, int]:
        """First steps of all windows, and the bars of the longest track.

        Args:
          hit_steps: steps with a hit, rising.
        """
        per_bar = self.grid.steps_per_bar
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

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,
        rng: np.random.Generator,
    ) -> Windows:
        """Windows with drums left out or from other windows, and bars shuffled."""
        if not augmentation.varies_kit:
            return windows
        name = next(iter(windows.arrays))
        roll = self._hits(windows).astype(np.uint8)
        varied = vary_kit(
            {"hits": roll},
            augmentation,
            rng,
            bars=self.bars,
            groups=drum_groups(self.kit_map),
        )["hits"]
        if name == "labels":
            weights = (1 << np.arange(self.classes)).astype(np.uint16)
            packed = varied.astype(np.uint16) @ weights
        else:
            packed = np.packbits(varied, axis=-1)
        return dataclasses.replace(windows, arrays={name: packed})

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
        roll = self._hits(windows)
        if self.end_token:
            roll = np.pad(roll, ((0, 0), (0, 1), (0, 1)))
            roll[:, -1, -1] = True
        return roll

    def _hits(self, windows: Windows) -> np.ndarray:
        """``(batch, steps, classes)`` bool."""
        count = self.classes
        if "labels" in windows.arrays:
            labels = np.asarray(windows.arrays["labels"])[..., None]
            roll: np.ndarray = (labels >> np.arange(count, dtype=np.uint16)) & 1 > 0
            return roll
        bits = np.unpackbits(windows.arrays["hits"], axis=-1, count=count)
        return bits.astype(np.bool_)

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
        qpm: float = DEFAULT_QPM,
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
          A sequence for each window, with tempo, time signature and ``total_time``;
          notes last one step, in order of step and class.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        roll, sounding = self._decode_roll(np.asarray(tensors))
        step_seconds = self.step_seconds(qpm)
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
            time_signature=self.time_signature,
            duration=sounding * step_seconds,
        )

    def _decode_roll(self, tensors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Hits ``(batch, steps, classes)`` and the steps in use of each window."""
        given_labels = tensors.ndim == 2 and not self.roll_output
        if not given_labels:
            self.check_outputs(tensors)
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
