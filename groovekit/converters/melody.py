"""Melodies: one voice of one instrument on a grid of sixteenths.

A step is one of 90 labels: nothing new begins, the note ends, or one of the 88
keys of a piano begins. Chords and keys, where asked for, are controls beside it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from groovekit.converters.augment import draw_transpositions
from groovekit.converters.base import (
    Counts,
    Layout,
    Reason,
    Slice,
    Tensors,
    UnusableError,
    Windows,
)
from groovekit.converters.grid.labels import first_of_equals, one_hot
from groovekit.converters.grid.notes_out import add_notes, empty_sequence
from groovekit.converters.grid.quantize import MAX_BARS, to_steps
from groovekit.converters.grid.sections import Section
from groovekit.converters.grid_converter import (
    GapBars,
    GridConverter,
    MaxWindows,
    Pitch,
    Program,
    Velocity,
)
from groovekit.converters.harmony.chords import (
    KEYS,
    ChordEncoding,
    ChordEncodingName,
    get_chord_encoding,
    harmony_controls,
    requested_controls,
    transpose_keys,
    write_controls,
)
from groovekit.converters.harmony.harmony import Harmony, read_harmony
from groovekit.converters.voices.melodies import (
    FIRST_PITCH,
    PIANO_MAX_PITCH,
    PIANO_MIN_PITCH,
    extract_melodies,
    label_range,
    labels_to_notes,
    melodic_notes,
    quantize_notes,
    transpose_labels,
)
from groovekit.converters.voices.windows import cut_windows, label_windows
from groovekit.fields import Within
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig


@dataclasses.dataclass(frozen=True)
class MelodyConverter(GridConverter):
    """Converts melodies to labels, and back.

    A sequence is cut where its time signature changes; parts with bars of another
    length than the grid's are left out. Each instrument's melodies begin at the bar
    of their first note, end before ``gap_bars`` of silence and are filled up to
    whole bars. A window slides over each a bar at a time; windows equal to an
    earlier one of their part (chords and keys included) are left out.

    Attributes:
      min_pitch: lowest pitch; notes below are left out.
      max_pitch: highest pitch; notes above are left out.
      programs: MIDI programs, from 0, that are read; None for all.
      skip_polyphony: of an instrument in which two notes begin on one step, only
        melodies before that one are used; otherwise the higher note counts.
      gap_bars: bars of silence that end a melody; None for no limit.
      max_bars: longer melodies are cut; None for no limit.
      sliding: windows slide over melodies and all are full. Otherwise a window is
        a whole melody of any length, cut after ``bars``.
      end_token: windows end with one more step that says so (one more label).
      pad_to_total_time: melodies begin with their part of the sequence and last
        to its end.
      dedupe: leave out windows equal to an earlier one.
      chord_encoding: chords as controls: ``"triad"`` (49 labels) or
        ``"major_minor"`` (25); None for no chords. They are inferred where the
        sequence has none.
      condition_on_key: keys as (further) controls: 12 labels. They are inferred
        where there are neither keys nor chords.
      velocity: MIDI velocity of decoded notes.
      program: MIDI program, from 0, of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 2

    max_windows: MaxWindows = 5
    min_pitch: Pitch = PIANO_MIN_PITCH
    max_pitch: Pitch = PIANO_MAX_PITCH
    programs: Annotated[
        tuple[int, ...] | None,
        Within(0, 127, "MIDI programs from 0 to 127, or None for all"),
    ] = None
    skip_polyphony: bool = False
    gap_bars: GapBars = 1.0
    max_bars: int | None = 100
    sliding: bool = True
    end_token: bool = False
    pad_to_total_time: bool = False
    dedupe: bool = True
    chord_encoding: ChordEncodingName | None = None
    condition_on_key: bool = False
    velocity: Velocity = 80
    program: Program = 0

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other."""
        least = self.bars if self.sliding else 1
        self.require(
            self.max_bars is None or self.max_bars >= least,
            "max_bars",
            "at least as many as bars, or None for no limit",
        )
        pitches = self.min_pitch <= self.max_pitch
        self.require(pitches, "max_pitch", "a MIDI pitch from min_pitch to 127")

    # What the tensors look like ------------------------------------------------

    @property
    def _labels(self) -> int:
        """Number of labels without the end token, which has the next one."""
        return FIRST_PITCH + self.max_pitch - self.min_pitch + 1

    @functools.cached_property
    def _chords(self) -> ChordEncoding | None:
        name = self.chord_encoding
        return None if name is None else get_chord_encoding(name)

    @property
    def steps(self) -> int:
        """Steps of a window, the end token's included."""
        return self.window_steps + self.end_token

    @functools.cached_property
    def layout(self) -> Layout:
        """One label."""
        return (Slice("melody", self._labels + self.end_token, "categorical"),)

    @property
    def control_depth(self) -> int:
        """Labels of chords, then of keys."""
        chords = 0 if self._chords is None else self._chords.classes
        return chords + KEYS * self.condition_on_key

    @property
    def takes_chords(self) -> bool:
        """Whether there is a ``chord_encoding``."""
        return self._chords is not None

    @property
    def fixed_length(self) -> bool:
        """Whether windows slide."""
        return self.sliding

    # Reading -------------------------------------------------------------------

    def section_windows(
        self, sequence: NoteSequence, section: Section, notes: NoteColumns
    ) -> Windows:
        """The windows of a section, by instrument, then time.

        Returns:
          Windows of ``labels`` ``(windows, bar steps)`` uint8; with chords ``chords``
          and with keys ``keys`` of the same shape and type; without ``sliding``
          ``lengths`` ``(windows,)`` int32 (0 follows in the others).

        Raises:
          UnusableError: there are none.
        """
        per_bar = self.grid.steps_per_bar
        start, end = quantize_notes(notes, section, self.grid)
        total_seconds = float(notes.end.max())
        if self.changes == "refuse":
            total_seconds = max(total_seconds, sequence.total_time)
        early = start < 0
        if early.all():
            raise UnusableError(Reason.NEGATIVE_TIME, "all notes")
        usable = ~early & self._melodic(notes)
        if not usable.any():
            raise self._no_melodic_notes(notes)

        melodies = extract_melodies(
            notes.take(usable),
            start[usable],
            end[usable],
            steps_per_bar=per_bar,
            gap_bars=self.gap_bars,
            skip_polyphony=self.skip_polyphony,
            max_bars=self.max_bars,
            min_pitch=self.min_pitch,
        )
        if not melodies:
            detail = "two notes of each instrument begin on one step"
            raise UnusableError(Reason.NO_MATERIAL, detail)
        total_steps = None
        if self.pad_to_total_time:
            rate = self.grid.steps_per_second(section.qpm)
            last = int(to_steps(np.array([total_seconds]), rate)[0])
            total_steps = max(last, int(end[usable].max()))
            if total_steps > MAX_BARS * per_bar:
                detail = f"{total_steps // per_bar} bars"
                raise UnusableError(Reason.TOO_LONG, detail)
        cut = cut_windows(
            melodies,
            self.window_steps,
            per_bar,
            sliding=self.sliding,
            total_steps=total_steps,
        )
        harmony: Harmony | None = None
        if self.control_depth:
            heard = ~early & self._in_range(notes)
            last_step = int(cut.starts.max()) + self.window_steps
            harmony = read_harmony(
                sequence,
                section,
                notes.take(heard),
                steps=last_step,
                total_seconds=total_seconds,
                grid=self.grid,
                chords=self._chords is not None,
                keys=self.condition_on_key,
            )
        arrays, distinct = label_windows(cut, harmony, self._chords)
        if not self.sliding:
            arrays["lengths"] = cut.lengths.astype(np.int32)
        if self.dedupe:
            kept = first_of_equals(distinct)
            arrays = {name: array[kept] for name, array in arrays.items()}
        ignored = len(notes) - cut.kept - cut.merged
        counts = Counts(kept=cut.kept, merged=cut.merged, ignored=ignored)
        return Windows(arrays, counts)

    def _in_range(self, notes: NoteColumns) -> np.ndarray:
        """Notes of the programs and in the range; silent ones and drums too."""
        low, high = self.min_pitch, self.max_pitch
        valid: np.ndarray = (notes.pitch >= low) & (notes.pitch <= high)
        if self.programs is not None:
            valid = valid & np.isin(notes.program, list(self.programs))
        return valid

    def _melodic(self, notes: NoteColumns) -> np.ndarray:
        return melodic_notes(
            notes,
            programs=self.programs,
            min_pitch=self.min_pitch,
            max_pitch=self.max_pitch,
        )

    def _no_melodic_notes(self, notes: NoteColumns) -> UnusableError:
        """The error for notes none of which can be part of a melody."""
        if notes.is_drum.all():
            detail = f"{len(notes)} notes, all of drums"
            return UnusableError(Reason.NO_MATERIAL, detail)
        detail = f"none of {len(notes)} notes is of a melody: pitch {self.min_pitch} to"
        detail += f" {self.max_pitch}, audible and not of drums"
        if self.programs is not None:
            found = ", ".join(map(str, np.unique(notes.program[~notes.is_drum])[:8]))
            detail += f", in the programs asked for (found programs {found})"
        return UnusableError(Reason.NO_MATERIAL, detail)

    # Varying -------------------------------------------------------------------

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,
        rng: np.random.Generator,
    ) -> Windows:
        """Transposes each window, chords and keys included, by its own amount."""
        arrays = dict(windows.arrays)
        lowest, highest = label_range(arrays["labels"])
        semitones = draw_transpositions(
            augmentation.transpose,
            lowest,
            highest,
            rng,
            min_pitch=FIRST_PITCH,
            max_pitch=self._labels - 1,
        )
        arrays["labels"] = transpose_labels(arrays["labels"], semitones)
        if self._chords is not None:
            arrays["chords"] = self._chords.transpose(arrays["chords"], semitones)
        if self.condition_on_key:
            arrays["keys"] = transpose_keys(arrays["keys"], semitones)
        return Windows(arrays, windows.counts)

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
          labels: give outputs as ``(batch, steps)`` int32, 0 after the length.

        Returns:
          Inputs ``(batch, steps, input_depth)`` float32, the same as the one-hot
          outputs; controls with chords or keys. All are 0 after the length.
        """
        arrays = windows.arrays
        count = len(windows)
        lengths = np.asarray(
            arrays.get("lengths", np.full(count, self.window_steps)), np.int32
        )
        categories = arrays["labels"].astype(np.int32)
        if self.end_token:
            categories = np.pad(categories, ((0, 0), (0, 1)))
            categories[np.arange(count), lengths] = self._labels
        controls = harmony_controls(
            self._held(arrays.get("chords"), lengths),
            self._held(arrays.get("keys"), lengths),
            self._chords,
        )
        lengths = lengths + np.int32(self.end_token)
        inputs = one_hot(categories, self.output_depth)
        if not self.sliding:
            used = (np.arange(self.steps) < lengths[:, None])[..., None]
            inputs *= used
            if controls is not None:
                controls *= used
        return Tensors(inputs, categories if labels else inputs, controls, lengths)

    def _held(
        self, values: np.ndarray | None, lengths: np.ndarray
    ) -> np.ndarray | None:
        """``(batch, steps)``: the last value goes on under an end token."""
        if values is None or not self.end_token:
            return values
        padded = np.pad(values, ((0, 0), (0, 1)))
        rows = np.arange(len(values))
        padded[rows, lengths] = padded[rows, lengths - 1]
        return padded

    def chord_controls(
        self, chords: Sequence[str], *, steps: int | None = None
    ) -> np.ndarray:
        """Controls that ask for chords, spread evenly over a window.

        Args:
          chords: symbols such as ``"C"``, ``"Am7"`` or ``"N.C."`` (no chord), at
            least one and at most one a step.
          steps: steps to fill; None for the window's.

        Returns:
          ``(1, steps, control_depth)`` float32. With keys, the key is the one
          that the chords fit best.

        Raises:
          UsageError: the converter takes no chords, a symbol cannot be read or is
            of a kind without a label, or there are too many.
        """
        if self._chords is None:
            return super().chord_controls(chords, steps=steps)
        controls = requested_controls(
            chords,
            self._chords,
            steps=self.window_steps if steps is None else steps,
            keys=self.condition_on_key,
        )
        if steps is None and self.end_token:
            controls = np.concatenate([controls, controls[-1:]])
        return controls[None]

    def default_controls(self, batch: int, steps: int) -> np.ndarray | None:
        """No chord anywhere; None without chords, or where a key has to be told."""
        if self._chords is None or self.condition_on_key:
            return None
        return self._chords.one_hot(np.zeros((batch, steps), np.int64))

    # Writing -------------------------------------------------------------------

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,
        *,
        qpm: float = DEFAULT_QPM,
    ) -> list[NoteSequence]:
        """Writes the notes of outputs.

        Args:
          tensors: ``(batch, steps, output_depth)``, of which the largest value
            counts, or labels ``(batch, steps)``. What follows an end token is left
            out.
          controls: ``(batch, steps, control_depth)``; their chords are written as
            annotations and their keys as key signatures.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, time signature and ``total_time``.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        labels, lengths = self._decode_labels(np.asarray(tensors))
        step_seconds = self.step_seconds(qpm)
        notes = labels_to_notes(labels, lengths, min_pitch=self.min_pitch)
        sequences = []
        for window, length in enumerate(lengths.tolist()):
            sequence = empty_sequence(
                qpm=qpm,
                time_signature=self.time_signature,
                duration=length * step_seconds,
            )
            own = notes.of(window)
            add_notes(
                sequence,
                own.pitch,
                np.full(len(own.pitch), self.velocity),
                own.start * step_seconds,
                own.end * step_seconds,
                program=self.program,
            )
            sequences.append(sequence)
        if controls is not None and self.control_depth:
            write_controls(
                sequences,
                np.asarray(controls),
                lengths.tolist(),
                self._chords,
                keys=self.condition_on_key,
                step_seconds=step_seconds,
            )
        return sequences

    def _decode_labels(self, tensors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Labels ``(batch, steps)`` and the steps in use of each window."""
        if tensors.ndim == 2 and np.issubdtype(tensors.dtype, np.integer):
            labels = tensors
        else:
            self.check_outputs(tensors)
            labels = np.argmax(tensors, axis=-1)
        ended = labels >= self._labels
        ends = np.where(
            ended.any(axis=1),
            np.argmax(ended, axis=1),
            np.full(len(labels), labels.shape[1]),
        )
        return labels, ends
