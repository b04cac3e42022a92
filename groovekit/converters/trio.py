"""Trios: a melody, a bass and drums that play together, as three labels a step."""

from __future__ import annotations

import dataclasses
import functools
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
from groovekit.converters.grid.labels import one_hot
from groovekit.converters.grid.notes_out import (
    DRUM_INSTRUMENT,
    add_notes,
    empty_sequence,
)
from groovekit.converters.grid.quantize import Obstacle, Section, check_grid
from groovekit.converters.grid.selection import map_pitches
from groovekit.converters.kits import KitMap, Unmapped
from groovekit.converters.options import (
    WithKits,
    check_choices,
    check_positive,
    fail,
)
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
from groovekit.converters.voices.trio_tracks import (
    PARTS,
    Track,
    combine_tracks,
    covered_bars,
    instruments_by_part,
)
from groovekit.errors import ConfigError
from groovekit.io.notes import NoteSequence

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig

MELODY_PROGRAMS = tuple(range(32))
BASS_PROGRAMS = tuple(range(32, 40))
PIANO, ELECTRIC_BASS = 0, 33

_MELODY_INSTRUMENT, _BASS_INSTRUMENT = 0, 1
# More labels than 2 to this power make one-hot vectors that no model wants.
_ONE_HOT_CLASSES = 12


@dataclasses.dataclass(frozen=True)
class TrioConverter(WithKits, Converter):
    """Converts trios to three labels a step, and back.

    A sequence is cut at changes of tempo and metre; parts in another metre than
    the grid's are left out. Instruments are melodies, basses or drums by their
    program; one with programs of several kinds is none. Every combination of a
    melody, a bass and drums is a trio where all three play: a window slides over
    it a bar at a time, and an instrument counts as playing up to ``gap_bars``
    before and after its notes. Windows equal to an earlier one of their part are
    left out.

    Attributes:
      bars: bars of a window.
      gap_bars: bars of silence around its notes in which an instrument still
        counts as playing (inside a piece so twice as many); 0 for none.
      max_bars: parts are cut after so many bars; None for no limit.
      max_windows: windows an epoch uses of one sequence; None for all.
      kit: kit map that drums are read with: a registered name or a JSON file.
      output_kit: kit map that drums are written with.
      unmapped: what happens to drum notes that ``kit`` does not know: ``"drop"``,
        ``"nearest"`` (the class of the nearest pitch) or ``"error"``.
      melody_programs: MIDI programs, from 0, of melodies.
      bass_programs: MIDI programs, from 0, of basses.
      melody_program: MIDI program that melodies are written with.
      bass_program: MIDI program that basses are written with.
      min_pitch: lowest pitch of melody and bass; notes below are left out.
      max_pitch: highest pitch of melody and bass; notes above are left out.
      split_on_changes: cut at changes of tempo and metre; otherwise they reject
        the sequence.
      steps_per_quarter: grid.
      quarters_per_bar: only music with bars of this length is taken.
      velocity: MIDI velocity of decoded notes.

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 1

    bars: int = 16
    gap_bars: int = 2
    max_bars: int | None = 1024
    max_windows: int | None = 5
    kit: str = "general_midi"
    output_kit: str = "general_midi"
    unmapped: Unmapped = "drop"
    melody_programs: tuple[int, ...] = MELODY_PROGRAMS
    bass_programs: tuple[int, ...] = BASS_PROGRAMS
    melody_program: int = PIANO
    bass_program: int = ELECTRIC_BASS
    min_pitch: int = PIANO_MIN_PITCH
    max_pitch: int = PIANO_MAX_PITCH
    split_on_changes: bool = True
    steps_per_quarter: int = 4
    quarters_per_bar: int = 4
    velocity: int = 80

    def __post_init__(self) -> None:
        check_positive(self, ("bars", "steps_per_quarter", "quarters_per_bar"))
        if self.gap_bars < 0:
            fail(self, "gap_bars", "0 or more")
        if self.max_windows is not None and self.max_windows < 1:
            fail(self, "max_windows", "at least 1, or None for all")
        if self.max_bars is not None and self.max_bars < self.bars:
            fail(self, "max_bars", "at least as many as bars, or None for no limit")
        if not 1 <= self.velocity <= 127:
            fail(self, "velocity", "a MIDI velocity from 1 to 127")
        if not 0 <= self.min_pitch <= 127:
            fail(self, "min_pitch", "a MIDI pitch from 0 to 127")
        if not self.min_pitch <= self.max_pitch <= 127:
            fail(self, "max_pitch", "a MIDI pitch from min_pitch to 127")
        for option in ("melody_program", "bass_program"):
            if not 0 <= getattr(self, option) <= 127:
                fail(self, option, "a MIDI program from 0 to 127")
        for option in ("melody_programs", "bass_programs"):
            if not all(0 <= program <= 127 for program in getattr(self, option)):
                fail(self, option, "MIDI programs from 0 to 127")
        if set(self.melody_programs) & set(self.bass_programs):
            fail(self, "bass_programs", "none of melody_programs")
        check_choices(self, {"unmapped": ("drop", "nearest", "error")})

    # What the tensors look like ------------------------------------------------

    def _check_kit(self, kit: KitMap) -> None:
        if len(kit) > _ONE_HOT_CLASSES:
            raise ConfigError(
                f"Kit {self.kit!r}: expected at most {_ONE_HOT_CLASSES} classes for "
                f"one-hot tensors, got {len(kit)}. Choose another kit."
            )

    @property
    def _steps_per_bar(self) -> int:
        return self.steps_per_quarter * self.quarters_per_bar

    @property
    def _melody_labels(self) -> int:
        return FIRST_PITCH + self.max_pitch - self.min_pitch + 1

    @property
    def steps(self) -> int:
        """Steps of a window."""
        return self.bars * self._steps_per_bar

    @property
    def input_depth(self) -> int:
        """The same as ``output_depth``."""
        return self.output_depth

    @functools.cached_property
    def layout(self) -> Layout:
        """A label each of melody, bass and drums."""
        return (
            Slice("melody", self._melody_labels, "categorical"),
            Slice("bass", self._melody_labels, "categorical"),
            Slice("drums", int(2**self.classes), "categorical"),
        )

    @property
    def windows_per_sequence(self) -> int | None:
        """``max_windows``."""
        return self.max_windows

    # Reading -------------------------------------------------------------------

    def extract(self, sequence: NoteSequence) -> Windows | Skipped:
        """Quantises and cuts one sequence.

        Returns:
          Windows, by section, then melody, bass and drums, then time: ``melody``
          and ``bass`` ``(windows, steps)`` uint8 and ``drums`` ``(windows,
          steps)`` uint16; or why there are none.

        Raises:
          DataError: a drum pitch that the kit does not know with
            ``unmapped="error"``.
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
            result, counted = self._section_windows(part, section)
            counts += counted
            if isinstance(result, Obstacle):
                obstacles.append(result)
            else:
                found.append(result)
        if not found:
            return Skipped(obstacles[0].reason, obstacles[0].detail, counts)
        arrays = {name: np.concatenate([f[name] for f in found]) for name in PARTS}
        return Windows(arrays, counts)

    def _section_windows(
        self, notes: NoteColumns, section: Section
    ) -> tuple[dict[str, np.ndarray] | Obstacle, Counts]:
        """Windows of the notes of one section, with counts that add to others."""
        nothing = Counts(ignored=len(notes))
        obstacle = check_grid(section, self.steps_per_quarter, self._steps_per_bar)
        if obstacle is not None:
            return obstacle, nothing
        spans = quantize_notes(
            notes, section, self.steps_per_quarter, self._steps_per_bar
        )
        if isinstance(spans, Obstacle):
            return spans, nothing
        start, end = spans
        usable = start >= 0
        if not usable.any():
            return Obstacle(Reason.NEGATIVE_TIME, "all notes"), nothing
        notes, start, end = notes.take(usable), start[usable], end[usable]

        instruments = instruments_by_part(
            notes, self.melody_programs, self.bass_programs
        )
        missing = [part for part in PARTS if not instruments[part]]
        if missing:
            detail = "no " + ", no ".join(missing)
            return Obstacle(Reason.NO_MATERIAL, detail), nothing
        bars = -(-int(end.max()) // self._steps_per_bar)
        if self.max_bars is not None:
            bars = min(bars, self.max_bars)
        if bars < self.bars:
            detail = f"{bars} of {self.bars} bars"
            return Obstacle(Reason.TOO_SHORT, detail), nothing

        tracks, unmapped = self._tracks(notes, start, end, instruments, bars)
        trios = combine_tracks(
            tracks,
            bars=self.bars,
            steps_per_bar=self._steps_per_bar,
            gap_bars=self.gap_bars,
        )
        kept = merged = 0
        if not isinstance(trios, Obstacle):
            kept, merged = trios.kept, trios.merged
        counts = Counts(
            kept=kept,
            merged=merged,
            unmapped=unmapped,
            ignored=nothing.ignored - kept - merged - unmapped,
        )
        return trios if isinstance(trios, Obstacle) else trios.arrays, counts

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
        per_bar = self._steps_per_bar
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
        qpm: float = 120.0,
    ) -> list[NoteSequence]:
        """Writes the notes of outputs.

        Args:
          tensors: ``(batch, steps, output_depth)``; of each part the largest
            value counts.
          controls: not needed.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, metre and ``total_time``:
          melody (instrument 0), bass (1) and drums (9).

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        tensors = np.asarray(tensors)
        if tensors.ndim != 3 or tensors.shape[2] != self.output_depth:
            raise ConfigError(
                f"Expected outputs of shape (batch, steps, {self.output_depth}), got "
                f"{tensors.shape}."
            )
        if not qpm > 0:
            raise ConfigError(f"Expected a positive tempo, got qpm={qpm:g}.")
        seconds = 60.0 / qpm / self.steps_per_quarter
        ends = np.cumsum([part.size for part in self.layout])[:-1]
        melody, bass, drums = (
            np.argmax(part, axis=-1) for part in np.split(tensors, ends, axis=-1)
        )
        batch, steps = melody.shape
        sequences = [
            empty_sequence(
                qpm=qpm, numerator=self.quarters_per_bar, duration=steps * seconds
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
                instrument=DRUM_INSTRUMENT,
                is_drum=True,
            )
        return sequences
