"""Melodies: one voice of one instrument on a grid of sixteenths.

A step is one of 90 labels: nothing new begins, the note ends, or one of the 88
keys of a piano begins. Chords and keys, where asked for, are controls beside it.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from groovekit.converters.augment import draw_transpositions
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
from groovekit.converters.grid.notes_out import add_notes, empty_sequence
from groovekit.converters.grid.quantize import (
    MAX_BARS,
    Obstacle,
    Section,
    check_grid,
    steps_per_second,
    to_steps,
)
from groovekit.converters.harmony.chords import (
    CHORD_ENCODINGS,
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
from groovekit.converters.options import check_choices, check_positive, fail
from groovekit.converters.voices.melodies import (
    FIRST_PITCH,
    PIANO_MAX_PITCH,
    PIANO_MIN_PITCH,
    NoteColumns,
    extract_melodies,
    label_range,
    labels_to_notes,
    melodic_notes,
    quantize_notes,
    read_notes,
    split_notes,
    transpose_labels,
)
from groovekit.converters.voices.windows import cut_windows, label_windows
from groovekit.errors import ConfigError
from groovekit.io.notes import NoteSequence

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig


@dataclasses.dataclass(frozen=True)
class MelodyConverter(Converter):
    """Converts melodies to labels, and back.

    A sequence is cut at changes of tempo and metre; parts in another metre than
    the grid's are left out. Each instrument's melodies begin at the bar of their
    first note, end before ``gap_bars`` of silence and are filled up to whole bars.
    A window slides over each a bar at a time; windows equal to an earlier one of
    their part (chords and keys included) are left out.

    Attributes:
      bars: bars of a window.
      min_pitch: lowest pitch; notes below are left out.
      max_pitch: highest pitch; notes above are left out.
      programs: MIDI programs, from 0, that are read; None for all.
      skip_polyphony: of an instrument in which two notes begin on one step, only
        melodies before that one are used; otherwise the higher note counts.
      gap_bars: bars of silence that end a melody; None for no limit.
      max_bars: longer melodies are cut; None for no limit.
      max_windows: windows an epoch uses of one sequence; None for all.
      sliding: windows slide over melodies and all are full. Otherwise a window is
        a whole melody of any length, cut after ``bars``.
      end_token: windows end with one more step that says so (one more label).
      pad_to_total_time: melodies begin with their part of the sequence and last
        to its end.
      dedupe: leave out windows equal to an earlier one.
      split_on_changes: cut at changes of tempo and metre; otherwise they reject
        the sequence.
      chord_encoding: chords as controls: ``"triad"`` (49 labels) or
        ``"major_minor"`` (25); None for no chords. They are inferred where the
        sequence has none.
      condition_on_key: keys as (further) controls: 12 labels. They are inferred
        where there are neither keys nor chords.
      steps_per_quarter: grid.
      quarters_per_bar: only music with bars of this length is taken.
      velocity: MIDI velocity of decoded notes.
      program: MIDI program, from 0, of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 1

    bars: int = 2
    min_pitch: int = PIANO_MIN_PITCH
    max_pitch: int = PIANO_MAX_PITCH
    programs: tuple[int, ...] | None = None
    skip_polyphony: bool = False
    gap_bars: float | None = 1.0
    max_bars: int | None = 100
    max_windows: int | None = 5
    sliding: bool = True
    end_token: bool = False
    pad_to_total_time: bool = False
    dedupe: bool = True
    split_on_changes: bool = True
    chord_encoding: ChordEncodingName | None = None
    condition_on_key: bool = False
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    velocity: int = 80
    program: int = 0

    def __post_init__(self) -> None:
        check_melody_options(self)

    # What the tensors look like ------------------------------------------------

    @property
    def _steps_per_bar(self) -> int:
        return self.steps_per_quarter * self.quarters_per_bar

    @property
    def _window_steps(self) -> int:
        return self.bars * self._steps_per_bar

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
        return self._window_steps + self.end_token

    @property
    def input_depth(self) -> int:
        """The same as ``output_depth``."""
        return self.output_depth

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
    def fixed_length(self) -> bool:
        """Whether windows slide."""
        return self.sliding

    @property
    def windows_per_sequence(self) -> int | None:
        """``max_windows``."""
        return self.max_windows

    # Reading -------------------------------------------------------------------

    def extract(self, sequence: NoteSequence) -> Windows | Skipped:
        """Quantises and cuts one sequence.

        Returns:
          Windows, by section, then instrument, then time: ``labels`` ``(windows,
          bar steps)`` uint8; with chords ``chords`` and with keys ``keys`` of the
          same shape and type; without ``sliding`` ``lengths`` ``(windows,)`` int32
          (0 follows in the others). Or why there are none.
        """
        notes = read_notes(sequence)
        total = len(notes)
        if not total:
            return Skipped(Reason.EMPTY)
        sections = split_notes(sequence, notes, split_on_changes=self.split_on_changes)
        if isinstance(sections, Obstacle):
            return sections.skipped(total)
        counts = Counts(notes=total)
        found: list[dict[str, np.ndarray]] = []
        obstacles: list[Obstacle] = []
        for section, part in sections:
            result, counted = self._section_windows(sequence, part, section)
            counts += counted
            if isinstance(result, Obstacle):
                obstacles.append(result)
            else:
                found.append(result)
        if not found:
            return Skipped(obstacles[0].reason, obstacles[0].detail, counts)
        arrays = {name: np.concatenate([f[name] for f in found]) for name in found[0]}
        return Windows(arrays, counts)

    def _section_windows(
        self, sequence: NoteSequence, notes: NoteColumns, section: Section
    ) -> tuple[dict[str, np.ndarray] | Obstacle, Counts]:
        """Windows of the notes of one section, with counts that add to others."""
        nothing = Counts(ignored=len(notes))
        per_bar = self._steps_per_bar
        obstacle = check_grid(section, self.steps_per_quarter, per_bar)
        if obstacle is not None:
            return obstacle, nothing
        spans = quantize_notes(notes, section, self.steps_per_quarter, per_bar)
        if isinstance(spans, Obstacle):
            return spans, nothing
        start, end = spans
        total_seconds = float(notes.end.max())
        if not self.split_on_changes:
            total_seconds = max(total_seconds, sequence.total_time)
        early = start < 0
        if early.all():
            return Obstacle(Reason.NEGATIVE_TIME, "all notes"), nothing
        usable = ~early & self._melodic(notes)
        if not usable.any():
            return no_melodic_notes(notes, self), nothing

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
            return Obstacle(Reason.NO_MATERIAL, detail), nothing
        total_steps = None
        if self.pad_to_total_time:
            rate = steps_per_second(self.steps_per_quarter, section.qpm)
            last = int(to_steps(np.array([total_seconds]), rate)[0])
            total_steps = max(last, int(end[usable].max()))
            if total_steps > MAX_BARS * per_bar:
                detail = f"{total_steps // per_bar} bars"
                return Obstacle(Reason.TOO_LONG, detail), nothing
        cut = cut_windows(
            melodies,
            self._window_steps,
            per_bar,
            sliding=self.sliding,
            total_steps=total_steps,
        )
        if isinstance(cut, Obstacle):
            return cut, nothing

        harmony: Harmony | None = None
        if self.control_depth:
            heard = ~early & self._in_range(notes)
            last_step = int(cut.starts.max()) + self._window_steps
            found = read_harmony(
                sequence,
                section,
                notes.take(heard),
                steps=last_step,
                total_seconds=total_seconds,
                steps_per_quarter=self.steps_per_quarter,
                chords=self._chords is not None,
                keys=self.condition_on_key,
            )
            if isinstance(found, Obstacle):
                return found, nothing
            harmony = found
        labelled = label_windows(cut, harmony, self._chords)
        if isinstance(labelled, Obstacle):
            return labelled, nothing
        arrays, distinct = labelled
        if not self.sliding:
            arrays["lengths"] = cut.lengths.astype(np.int32)
        if self.dedupe:
            kept = first_of_equals(distinct)
            arrays = {name: array[kept] for name, array in arrays.items()}
        ignored = len(notes) - cut.kept - cut.merged
        return arrays, Counts(kept=cut.kept, merged=cut.merged, ignored=ignored)

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
            arrays.get("lengths", np.full(count, self._window_steps)), np.int32
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
            steps=self._window_steps if steps is None else steps,
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
        qpm: float = 120.0,
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
          A sequence for each window, with tempo, metre and ``total_time``.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        labels, lengths = self._decode_labels(np.asarray(tensors))
        if not qpm > 0:
            raise ConfigError(f"Expected a positive tempo, got qpm={qpm:g}.")
        step_seconds = 60.0 / qpm / self.steps_per_quarter
        notes = labels_to_notes(labels, lengths, min_pitch=self.min_pitch)
        sequences = []
        for window, length in enumerate(lengths.tolist()):
            sequence = empty_sequence(
                qpm=qpm,
                numerator=self.quarters_per_bar,
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
        elif tensors.ndim == 3 and tensors.shape[2] == self.output_depth:
            labels = np.argmax(tensors, axis=-1)
        else:
            raise ConfigError(
                f"Expected outputs of shape (batch, steps, {self.output_depth}), got "
                f"{tensors.shape}."
            )
        ended = labels >= self._labels
        ends = np.where(
            ended.any(axis=1),
            np.argmax(ended, axis=1),
            np.full(len(labels), labels.shape[1]),
        )
        return labels, ends


def no_melodic_notes(notes: NoteColumns, converter: MelodyConverter) -> Obstacle:
    """Words for notes none of which can be part of a melody."""
    c = converter
    if notes.is_drum.all():
        return Obstacle(Reason.NO_MATERIAL, f"{len(notes)} notes, all of drums")
    detail = f"none of {len(notes)} notes is of a melody: pitch {c.min_pitch} to "
    detail += f"{c.max_pitch}, audible and not of drums"
    if c.programs is not None:
        found = ", ".join(map(str, np.unique(notes.program[~notes.is_drum])[:8]))
        detail += f", in the programs asked for (found programs {found})"
    return Obstacle(Reason.NO_MATERIAL, detail)


def check_melody_options(converter: MelodyConverter) -> None:
    """Raises ConfigError for options out of range or excluding each other."""
    c = converter
    check_positive(c, ("bars", "steps_per_quarter", "quarters_per_bar"))
    if c.max_windows is not None and c.max_windows < 1:
        fail(c, "max_windows", "at least 1, or None for all")
    if c.gap_bars is not None and c.gap_bars < 1:
        fail(c, "gap_bars", "at least 1, or None for no limit")
    least = c.bars if c.sliding else 1
    if c.max_bars is not None and c.max_bars < least:
        fail(c, "max_bars", "at least as many as bars, or None for no limit")
    if not 0 <= c.min_pitch <= 127:
        fail(c, "min_pitch", "a MIDI pitch from 0 to 127")
    if not c.min_pitch <= c.max_pitch <= 127:
        fail(c, "max_pitch", "a MIDI pitch from min_pitch to 127")
    if c.programs is not None and not all(0 <= p <= 127 for p in c.programs):
        fail(c, "programs", "MIDI programs from 0 to 127, or None for all")
    if not 1 <= c.velocity <= 127:
        fail(c, "velocity", "a MIDI velocity from 1 to 127")
    if not 0 <= c.program <= 127:
        fail(c, "program", "a MIDI program from 0 to 127")
    if c.chord_encoding is not None:
        check_choices(c, {"chord_encoding": CHORD_ENCODINGS})
