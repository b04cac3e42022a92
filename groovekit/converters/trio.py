"""Trios: a melody, a bass and drums that play together, as three labels a step."""

from __future__ import annotations

import dataclasses
import functools
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
from groovekit.converters.grid.labels import one_hot
from groovekit.converters.grid.notes_out import (
    add_notes,
    empty_sequence,
)
from groovekit.converters.grid.sections import Section
from groovekit.converters.grid.selection import map_pitches
from groovekit.converters.grid_converter import (
    GridConverter,
    MaxWindows,
    Pitch,
    Positive,
    Program,
    Programs,
    Velocity,
)
from groovekit.converters.kits import KitMap
from groovekit.converters.options import WithKits
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
from groovekit.converters.voices.trio_tracks import (
    PARTS,
    Track,
    combine_tracks,
    covered_bars,
    instruments_by_part,
)
from groovekit.errors import ConfigError
from groovekit.fields import AtLeast
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig

MELODY_PROGRAMS = tuple(range(32))
BASS_PROGRAMS = tuple(range(32, 40))
PIANO, ELECTRIC_BASS = 0, 33

_MELODY_INSTRUMENT, _BASS_INSTRUMENT = 0, 1
# More labels than 2 to this power make one-hot vectors that no model wants.
_ONE_HOT_CLASSES = 12


@dataclasses.dataclass(frozen=True)
class TrioConverter(WithKits, GridConverter):
    """Converts trios to three labels a step, and back.

    A sequence is cut where its time signature changes; parts with bars of another
    length than the grid's are left out. Instruments are melodies, basses or drums
    by their program; one with programs of several kinds is none. Every combination
    of a melody, a bass and drums is a trio where all three play: a window slides
    over it a bar at a time, and an instrument counts as playing up to ``gap_bars``
    before and after its notes. Windows equal to an earlier one of their part are
    left out.

    Attributes:
      gap_bars: bars of silence around its notes in which an instrument still
        counts as playing (inside a piece so twice as many); 0 for none.
      max_bars: parts are cut after so many bars; None for no limit.
      melody_programs: MIDI programs, from 0, of melodies.
      bass_programs: MIDI programs, from 0, of basses.
      melody_program: MIDI program that melodies are written with.
      bass_program: MIDI program that basses are written with.
      min_pitch: lowest pitch of melody and bass; notes below are left out.
      max_pitch: highest pitch of melody and bass; notes above are left out.
      velocity: MIDI velocity of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 2

    bars: Positive = 16
    max_windows: MaxWindows = 5
    gap_bars: Annotated[int, AtLeast(0, "0 or more")] = 2
    max_bars: int | None = 1024
    melody_programs: Programs = MELODY_PROGRAMS
    bass_programs: Programs = BASS_PROGRAMS
    melody_program: Program = PIANO
    bass_program: Program = ELECTRIC_BASS
    min_pitch: Pitch = PIANO_MIN_PITCH
    max_pitch: Pitch = PIANO_MAX_PITCH
    velocity: Velocity = 80

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other."""
        self.require(
            self.max_bars is None or self.max_bars >= self.bars,
            "max_bars",
            "at least as many as bars, or None for no limit",
        )
        pitches = self.min_pitch <= self.max_pitch
        self.require(pitches, "max_pitch", "a MIDI pitch from min_pitch to 127")
        both = set(self.melody_programs) & set(self.bass_programs)
        self.require(not both, "bass_programs", "none of melody_programs")

    # What the tensors look like ------------------------------------------------

    def _check_kit(self, kit: KitMap) -> None:
        if len(kit) > _ONE_HOT_CLASSES:
            raise ConfigError(
                f"Kit '{self.kit}': expected at most {_ONE_HOT_CLASSES} classes for "
                f"one-hot tensors, got {len(kit)}. Choose another kit."
            )

    @property
    def _melody_labels(self) -> int:
        return FIRST_PITCH + self.max_pitch - self.min_pitch + 1

    @functools.cached_property
    def layout(self) -> Layout:
        """A label each of melody, bass and drums."""
        return (
            Slice("melody", self._melody_labels, "categorical"),
            Slice("bass", self._melody_labels, "categorical"),
            Slice("drums", int(2**self.classes), "categorical"),
        )

    # Reading -------------------------------------------------------------------

    def section_windows(
        self,
        sequence: NoteSequence,  # noqa: ARG002 - nothing but its notes counts
        section: Section,
        notes: NoteColumns,
    ) -> Windows:
        """The windows of a section, by melody, bass and drums, then time.

        Returns:
          Windows of ``melody`` and ``bass`` ``(windows, steps)`` uint8 and ``drums``
          ``(windows, steps)`` uint16.

        Raises:
          UnusableError: there are none.
          DataError: a drum pitch that the kit does not know with
            ``unmapped="error"``.
        """
        total = len(notes)
        start, end = quantize_notes(notes, section, self.grid)
        usable = start >= 0
        if not usable.any():
            raise UnusableError(Reason.NEGATIVE_TIME, "all notes")
        notes, start, end = notes.take(usable), start[usable], end[usable]

        instruments = instruments_by_part(
            notes, self.melody_programs, self.bass_programs
        )
        missing = [part for part in PARTS if not instruments[part]]
        if missing:
            raise UnusableError(Reason.NO_MATERIAL, "no " + ", no ".join(missing))
        per_bar = self.grid.steps_per_bar
        bars = -(-int(end.max()) // per_bar)
        if self.max_bars is not None:
            bars = min(bars, self.max_bars)
        if bars < self.bars:
            detail = f"{bars} of {self.bars} bars"
            raise UnusableError(Reason.TOO_SHORT, detail)

        tracks, unmapped = self._tracks(notes, start, end, instruments, bars)
        try:
            trios = combine_tracks(
                tracks, bars=self.bars, steps_per_bar=per_bar, gap_bars=self.gap_bars
            )
        except UnusableError as error:
            error.counts = Counts(unmapped=unmapped, ignored=total - unmapped)
            raise
        counts = Counts(
            kept=trios.kept,
            merged=trios.merged,
            unmapped=unmapped,
            ignored=total - trios.kept - trios.merged - unmapped,
        )
        return Windows(trios.arrays, counts)

    def _tracks(
        self,
        notes: NoteColumns,
        start: np.ndarray,
        end: np.ndarray,
        instruments: dict[str, list[int]],
        bars: int,
    ) -> tuple[dict[str, list[Track]], int]:
        """The tracks of each part that have notes, and how many are unmapped."""
        tracks: dict[str, list[Track]] = {part: [] for part in PARTS}
        unmapped = 0
        per_bar = self.grid.steps_per_bar
        steps = bars * per_bar
        pitched = melodic_notes(
            notes, min_pitch=self.min_pitch, max_pitch=self.max_pitch
        )
        melodies = extract_melodies(
            notes.take(pitched),
            start[pitched],
            end[pitched],
            steps_per_bar=per_bar,
            gap_bars=None,
            min_pitch=self.min_pitch,
        )
        by_instrument = {melody.instrument: melody for melody in melodies}
        for part in PARTS:
            for number in instruments[part]:
                own = notes.instrument == number
                if part == "drums":
                    classes = map_pitches(notes.pitch[own], self.kit_map, self.unmapped)
                    known = (classes >= 0) & (notes.velocity[own] > 0)
                    unmapped += int(np.count_nonzero(classes < 0))
                    used = start[own][known]
                    labels, kept = self._drum_labels(used, classes[known], steps)
                elif number in by_instrument:
                    used = start[own & pitched]
                    labels = by_instrument[number].padded(steps)
                    kept = np.flatnonzero(labels >= FIRST_PITCH)
                else:
                    continue
                if not len(kept):
                    continue
                covered = covered_bars(
                    start[own],
                    end[own],
                    bars=bars,
                    steps_per_bar=per_bar,
                    gap_bars=self.gap_bars,
                )
                all_notes = np.bincount(used[used < steps] // per_bar, minlength=bars)
                kept_notes = np.bincount(kept // per_bar, minlength=bars)
                merged = all_notes - kept_notes
                tracks[part].append(Track(labels, covered, kept_notes, merged))
        return tracks, unmapped

    def _drum_labels(
        self, start: np.ndarray, classes: np.ndarray, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Labels ``(steps,)`` uint16, and the step of each hit that is kept."""
        inside = start < steps
        cells = np.unique(start[inside] * self.classes + classes[inside])
        at, drum = np.divmod(cells, self.classes)
        labels = np.bincount(at, weights=2.0**drum, minlength=steps)
        return labels.astype(np.uint16), at

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,
        rng: np.random.Generator,
    ) -> Windows:
        """Transposes melody and bass of each window together; drums stay.

        Args:
          windows: from :meth:`extract`; not changed.
          augmentation: its ``transpose``; a stretch changes nothing on this grid.
          rng: of the draws.

        Returns:
          As many windows; one that no allowed transposition fits is as before.
        """
        if tuple(augmentation.transpose) == (0, 0):
            return windows
        melody, bass = windows.arrays["melody"], windows.arrays["bass"]
        lowest, highest = label_range(np.concatenate([melody, bass], axis=1))
        semitones = draw_transpositions(
            augmentation.transpose,
            lowest,
            highest,
            rng,
            min_pitch=FIRST_PITCH,
            max_pitch=self._melody_labels - 1,
        )
        arrays = {
            **windows.arrays,
            "melody": transpose_labels(melody, semitones),
            "bass": transpose_labels(bass, semitones),
        }
        return Windows(arrays, windows.counts)

    # Tensors -------------------------------------------------------------------

    def expand(
        self,
        windows: Windows,
        *,
        rng: np.random.Generator | None = None,  # noqa: ARG002 - nothing is random
        labels: bool = False,  # noqa: ARG002 - three labels a step
    ) -> Tensors:
        """Makes tensors of a batch of windows.

        Args:
          windows: from :meth:`extract`.
          rng: has no effect.
          labels: has no effect.

        Returns:
          The same array ``(batch, steps, output_depth)`` float32 as inputs and
          outputs: three one-hot vectors behind each other; no controls.
        """
        outputs = np.concatenate(
            [one_hot(windows.arrays[part.name], part.size) for part in self.layout],
            axis=-1,
        )
        lengths = np.full(len(outputs), self.steps, np.int32)
        return Tensors(outputs, outputs, None, lengths)

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
          tensors: ``(batch, steps, output_depth)``; of each part the largest
            value counts.
          controls: not needed.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, time signature and ``total_time``:
          melody (instrument 0), bass (1) and drums (9).

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        tensors = np.asarray(tensors)
        self.check_outputs(tensors)
        seconds = self.step_seconds(qpm)
        ends = np.cumsum([part.size for part in self.layout])[:-1]
        melody, bass, drums = (
            np.argmax(part, axis=-1) for part in np.split(tensors, ends, axis=-1)
        )
        batch, steps = melody.shape
        sequences = [
            empty_sequence(
                qpm=qpm,
                time_signature=self.time_signature,
                duration=steps * seconds,
            )
            for _ in range(batch)
        ]
        for labels, instrument, program in (
            (melody, _MELODY_INSTRUMENT, self.melody_program),
            (bass, _BASS_INSTRUMENT, self.bass_program),
        ):
            notes = labels_to_notes(labels, min_pitch=self.min_pitch)
            for index, sequence in enumerate(sequences):
                own = notes.of(index)
                add_notes(
                    sequence,
                    own.pitch,
                    np.full(len(own.pitch), self.velocity),
                    own.start * seconds,
                    own.end * seconds,
                    instrument=instrument,
                    program=program,
                )
        hits = (drums[..., None] >> np.arange(self.classes)) & 1
        for index, sequence in enumerate(sequences):
            step, drum = np.nonzero(hits[index])
            add_notes(
                sequence,
                self.output_kit_map.representatives[drum],
                np.full(len(drum), self.velocity),
                step * seconds,
                (step + 1) * seconds,
                instrument=DRUM_CHANNEL,
                is_drum=True,
            )
        return sequences
