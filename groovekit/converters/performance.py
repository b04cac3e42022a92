"""Multi-instrument performances: what up to eight instruments play in a bar.

Each instrument is a segment of events: its program, then note-ons, note-offs, time
shifts and velocities, and an end; segments are padded to one length, so that a
window is ``instruments x events`` steps of one label. Chords, where asked for, are
controls beside the events.
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
from groovekit.converters.events.notes import (
    read_tracks,
    write_chords,
    write_notes,
)
from groovekit.converters.events.sustain import apply_sustain, section_pedals
from groovekit.converters.events.vocabulary import Vocabulary
from groovekit.converters.events.windows import (
    Form,
    commonest,
    compact_arrays,
    cut_notes,
    event_chords,
    event_obstacles,
    events_of,
    free_windows,
    note_obstacles,
    window_bounds,
)
from groovekit.converters.grid.notes_out import empty_sequence
from groovekit.converters.grid.sections import Section
from groovekit.converters.grid_converter import GridConverter, Pitch, Positive
from groovekit.converters.harmony.chords import (
    ChordEncoding,
    ChordEncodingName,
    get_chord_encoding,
    parse_chords,
)
from groovekit.converters.harmony.harmony import read_harmony
from groovekit.errors import ConfigError
from groovekit.fields import AtLeast, Within
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig


@dataclasses.dataclass(frozen=True)
class PerformanceConverter(GridConverter):
    """Converts bars of several instruments to events, and back.

    A sequence is cut at changes of tempo and time signature; parts with bars of another
    length than the grid's are left out. The sustain pedal lengthens notes. Windows
    follow each other without overlap, and notes end with them. Instruments of a
    window are in order of program, drums last; one with notes of several programs
    counts as several. A window is left out with too few or too many instruments,
    too few events, an instrument with too many, or a pitch out of range.

    A window's steps are ``chunks x instruments x events``: its chunks one after
    another, in each the segments of all instruments. Places of instruments that
    are not there hold an end and nothing else.

    Attributes:
      chunk_bars: bars in which an instrument has one segment; ``bars`` is a
        multiple.
      velocity_bins: velocities are told apart in so many, 1 to 127; 0 for none.
      max_instruments: instruments of a window at most.
      min_instruments: instruments of a window at least.
      max_events: events of a segment at most, program and end included.
      min_events: events of a window at least, programs and ends left out.
      min_pitch: lowest MIDI pitch.
      max_pitch: highest MIDI pitch.
      chord_encoding: chords as controls: ``"triad"`` (49 labels) or
        ``"major_minor"`` (25); None for no chords. They are inferred where a part
        of a sequence has none.
      first_window_only: take only parts of a sequence that are one window long.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 2
    tiles: ClassVar[bool] = True

    bars: Positive = 1
    steps_per_quarter: Positive = 24
    chunk_bars: Positive = 1
    velocity_bins: Annotated[
        int, Within(0, 127, "a number of bins from 1 to 127, or 0 for none")
    ] = 8
    max_instruments: int = 8
    min_instruments: Positive = 2
    max_events: Annotated[
        int, AtLeast(3, "at least 3: a program, an event and the end")
    ] = 64
    min_events: Annotated[int, AtLeast(0, "0 or more")] = 8
    min_pitch: Pitch = 0
    max_pitch: Pitch = 127
    chord_encoding: ChordEncodingName | None = None
    first_window_only: bool = False

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other."""
        whole = not self.bars % self.chunk_bars
        self.require(whole, "bars", f"a multiple of chunk_bars ({self.chunk_bars})")
        self.require(
            self.max_instruments >= self.min_instruments,
            "max_instruments",
            "at least as many as min_instruments",
        )
        pitches = self.min_pitch <= self.max_pitch
        self.require(pitches, "max_pitch", "a MIDI pitch from min_pitch to 127")

    # What the tensors look like ------------------------------------------------

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """Numbers of events."""
        return Vocabulary.of_grid(
            min_pitch=self.min_pitch,
            max_pitch=self.max_pitch,
            steps_per_quarter=self.steps_per_quarter,
            velocity_bins=self.velocity_bins,
        )

    @functools.cached_property
    def _chords(self) -> ChordEncoding | None:
        name = self.chord_encoding
        return None if name is None else get_chord_encoding(name)

    @property
    def _chunk_steps(self) -> int:
        return self.chunk_bars * self.grid.steps_per_bar

    @functools.cached_property
    def _form(self) -> Form:
        return Form(
            vocabulary=self.vocabulary,
            chunks=self.chunks,
            chunk_steps=self._chunk_steps,
            min_instruments=self.min_instruments,
            max_instruments=self.max_instruments,
            min_events=self.min_events,
            max_events=self.max_events,
        )

    @property
    def chunks(self) -> int:
        """Chunks of a window."""
        return self.bars // self.chunk_bars

    @property
    def segments(self) -> int:
        """Segments of a window: its chunks' instruments."""
        return self.chunks * self.max_instruments

    @property
    def steps(self) -> int:
        """Events of a window with all padding."""
        return self.segments * self.max_events

    @property
    def input_depth(self) -> int:
        """Number of labels."""
        return self.vocabulary.size

    @functools.cached_property
    def layout(self) -> Layout:
        """One label."""
        return (Slice("events", self.vocabulary.size, "categorical"),)

    @property
    def control_depth(self) -> int:
        """Labels of chords; 0 without chords."""
        return 0 if self._chords is None else self._chords.classes

    @property
    def takes_chords(self) -> bool:
        """Whether there is a ``chord_encoding``."""
        return self._chords is not None

    @property
    def length_shape(self) -> tuple[int, ...]:
        """One length a segment."""
        return (self.segments,)

    @property
    def fixed_length(self) -> bool:
        """Segments vary in length."""
        return False

    # Reading -------------------------------------------------------------------

    def select_notes(self, notes: NoteColumns) -> NoteColumns:
        """Those that sound, from time zero on."""
        selected = notes.take((notes.velocity > 0) & (notes.start >= 0))
        if not len(selected):
            detail = "all notes have velocity 0 or lie before time zero"
            raise UnusableError(Reason.NO_MATERIAL, detail)
        return selected

    def section_windows(
        self, sequence: NoteSequence, section: Section, notes: NoteColumns
    ) -> Windows:
        """The windows of a section, in order of time.

        Returns:
          Windows of ``events`` ``(windows, steps)`` uint16 (0 in the padding),
          ``lengths`` ``(windows, segments)`` uint16 and, with chords, ``chords``
          ``(windows, steps)`` uint8.

        Raises:
          UnusableError: there are none.
        """
        total = len(notes)
        sounding = apply_sustain(notes, section_pedals(sequence, section))
        seconds = float(max(notes.end.max(), sounding.end.max()))
        window = 60.0 * (self.grid.quarters_per_bar * self.bars) / section.qpm
        bounds = window_bounds(seconds, window)
        if self.first_window_only and len(bounds) > 2:
            detail = f"{len(bounds) - 1} windows, where only one is taken"
            raise UnusableError(Reason.TOO_LONG, detail)
        cut = cut_notes(sounding, bounds, self.grid.steps_per_second(section.qpm))
        # The first obstacle of each window, where there is one.
        obstacles = note_obstacles(cut, self._form)
        cells = events_of(cut, free_windows(obstacles), self._form)
        event_obstacles(cut, cells, self._form, obstacles)
        chords = None
        if self._chords is not None and free_windows(obstacles).any():
            harmony = read_harmony(
                sequence,
                section,
                sounding,
                steps=cut.windows * self._form.steps,
                total_seconds=seconds,
                grid=self.grid,
            )
            chords = event_chords(
                harmony, self._chords, cut, cells, self._form, obstacles
            )
        free = free_windows(obstacles)
        if not free.any():
            raise commonest(obstacles, cut)
        used = free[cut.window()] & (cut.start < self._form.steps)
        kept, merged = int(np.count_nonzero(used)), total - len(sounding)
        counts = Counts(kept=kept, merged=merged, ignored=total - kept - merged)
        return Windows(compact_arrays(cut, cells, chords, free, self._form), counts)

    # Tensors -------------------------------------------------------------------

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,
        rng: np.random.Generator,
    ) -> Windows:
        """Transposes each window but its drums, chords included."""
        if augmentation.transpose == (0, 0):
            return windows
        words = self.vocabulary
        events = self._by_segment(windows.arrays["events"])
        melodic = events[:, :, :1] != words.drum_program
        is_note = (events < words.first_shift) & melodic & self._used(windows)
        pitch = events % words.pitches
        flat = (1, 2)
        lowest = np.min(pitch, axis=flat, where=is_note, initial=words.pitches)
        highest = np.max(pitch.astype(np.int64), axis=flat, where=is_note, initial=-1)
        semitones = draw_transpositions(
            augmentation.transpose,
            lowest,
            highest,
            rng,
            min_pitch=0,
            max_pitch=words.pitches - 1,
        )
        moved = events + semitones[:, None, None] * is_note
        arrays = {
            **windows.arrays,
            "events": moved.astype(events.dtype).reshape(len(windows), -1),
        }
        if self._chords is not None:
            arrays["chords"] = self._chords.transpose(arrays["chords"], semitones)
        return Windows(arrays, windows.counts)

    def _by_segment(self, flat: np.ndarray) -> np.ndarray:
        return flat.reshape(len(flat), -1, self.max_events)

    def _used(self, windows: Windows) -> np.ndarray:
        """``(windows, segments, events)`` bool: what is no padding."""
        used: np.ndarray = (
            np.arange(self.max_events) < windows.arrays["lengths"][:, :, None]
        )
        return used

    def expand(
        self,
        windows: Windows,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002 - nothing is random
        labels: bool = False,  # noqa: ARG002 - padding has no label
    ) -> Tensors:
        """Makes tensors of a batch of windows.

        Args:
          windows: from :meth:`extract` or :meth:`augment`.
          rng: has no effect.
          labels: has no effect: the padding of segments is all zeros, which no
            label says.

        Returns:
          Inputs ``(batch, steps, labels)`` float32, outputs (the same array),
          with chords controls ``(batch, steps, control_depth)``, and lengths
          ``(batch, segments)``. All are 0 after a segment's length.
        """
        used = self._used(windows).reshape(len(windows), -1)
        tensors = _masked_one_hot(windows.arrays["events"], used, self.output_depth)
        controls = None
        if self._chords is not None:
            chords = windows.arrays["chords"]
            controls = _masked_one_hot(chords, used, self._chords.classes)
        lengths = windows.arrays["lengths"].astype(np.int32)
        return Tensors(tensors, tensors, controls, lengths)

    def chord_controls(
        self, chords: Sequence[str], *, steps: int | None = None
    ) -> np.ndarray:
        """Controls that ask for chords, one for each window.

        Args:
          chords: symbols such as ``"C"``, ``"Am7"`` or ``"N.C."`` (no chord), at
            least one.
          steps: steps of a section; None for the window's.

        Returns:
          ``(chords, steps, control_depth)`` float32: a section a chord. The first
          step of each segment has none.

        Raises:
          UsageError: the converter takes no chords, or a symbol cannot be read or
            is of a kind that the encoding does not know.
        """
        if self._chords is None:
            return super().chord_controls(chords, steps=steps)
        figures = parse_chords(chords, self._chords)
        labels = np.array([self._chords.encode(figure) for figure in figures])
        held = np.repeat(labels[:, None], steps or self.steps, axis=1)
        # As in training, where the program has no chord. (The original's examples of
        # use do so at the window's first step alone.)
        held[:, :: self.max_events] = 0
        return self._chords.one_hot(held)

    def default_controls(self, batch: int, steps: int) -> np.ndarray | None:
        """No chord anywhere; None without chords."""
        if self._chords is None:
            return None
        none = np.zeros((batch, steps), np.int64)
        return self._chords.one_hot(none)

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
          tensors: ``(batch, steps, output_depth)``: whole chunks, any number of
            them; the largest value of each step counts.
          controls: ``(batch, steps, control_depth)``: chords to be written; None
            for none.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, time signature, ``total_time`` and
          chords. Each instrument has its program; notes of drums are marked as
          such. Its number is its place in the window.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        tensors = np.asarray(tensors)
        labels = self._chunked(tensors, "outputs", self.output_depth)
        chords = None
        if self._chords is not None and controls is not None:
            controls = np.asarray(controls)
            chords = self._chunked(controls, "controls", self.control_depth)
            if chords.shape != labels.shape:
                raise ConfigError(
                    "Expected controls for each step of the outputs, got shapes"
                    f" {controls.shape} and {tensors.shape}."
                )
        if not qpm > 0:
            raise ConfigError(f"Expected a positive tempo, got qpm={qpm:g}.")
        step_seconds = 60.0 / (qpm * self.steps_per_quarter)
        duration = labels.shape[1] * self._chunk_steps * step_seconds
        sequences = []
        for index, window in enumerate(labels):
            sequence = empty_sequence(
                qpm=qpm, time_signature=self.time_signature, duration=duration
            )
            tracks = read_tracks(
                window, steps=self._chunk_steps, vocabulary=self.vocabulary
            )
            write_notes(sequence, tracks, self.vocabulary, step_seconds=step_seconds)
            if chords is not None and self._chords is not None:
                write_chords(
                    sequence,
                    tracks,
                    chords[index],
                    self._chords,
                    step_seconds=step_seconds,
                )
            sequences.append(sequence)
        return sequences

    def _chunked(self, tensors: np.ndarray, what: str, depth: int) -> np.ndarray:
        """Labels ``(batch, chunks, instruments, events)``."""
        unit = self.max_instruments * self.max_events
        shape = tensors.shape
        if tensors.ndim != 3 or shape[1] % unit or shape[2] != depth:
            raise ConfigError(
                f"Expected {what} of shape (batch, steps, {depth}) with a multiple of"
                f" {unit} steps, got {shape}."
            )
        labels: np.ndarray = np.argmax(tensors, axis=-1)
        return labels.reshape(shape[0], -1, self.max_instruments, self.max_events)


def _masked_one_hot(labels: np.ndarray, used: np.ndarray, depth: int) -> np.ndarray:
    """``(batch, steps, depth)`` float32 of labels; zeros where not ``used``."""
    encoded = np.zeros((*labels.shape, depth), np.float32)
    window, step = np.nonzero(used)
    encoded[window, step, labels[window, step]] = 1.0
    return encoded
