"""Grooves: hits, velocities and microtiming on a grid of sixteenths.

A step holds, for each drum class, whether it is hit (0 or 1), how loud
(MIDI velocity / 127) and how far the stroke lies from the grid: twice the
distance in steps, -1..1, *positive when early*.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np

from groovekit.converters.augment import drum_groups, vary_kit, vary_performance
from groovekit.converters.base import (
    Counts,
    Layout,
    Reason,
    Slice,
    Tensors,
    UnusableError,
    Windows,
)
from groovekit.converters.grid import bins
from groovekit.converters.grid.groove_inputs import (
    TAP_CLASS,
    Parts,
    taps,
    without_some_notes,
)
from groovekit.converters.grid.labels import count_bits
from groovekit.converters.grid.notes_out import drum_sequences
from groovekit.converters.grid.quantize import bars_until, to_steps
from groovekit.converters.grid.sections import Section, SplitNotes, single_section
from groovekit.converters.grid.selection import (
    Instruments,
    loudest_of_each,
    map_pitches,
    no_mapped_pitches,
    read_with_drums,
    select_drums,
)
from groovekit.converters.grid_converter import GridConverter
from groovekit.converters.kits import KitMap, roland_td11
from groovekit.converters.options import WithKits
from groovekit.errors import ConfigError
from groovekit.fields import AtLeast, Within
from groovekit.io.columns import NoteColumns
from groovekit.io.groove_table import style_number
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

if TYPE_CHECKING:
    from groovekit.converters.base import AugmentationConfig

Bins = Annotated[int, AtLeast(0, "at least 2, or 0 for numbers")]

# Exactly half a step lies between two steps; a decoded note stays this side of
# it, so that it is read back on the step that it was written for.
_MAX_OFFSET = 1.0 - 1e-7
# Half a step late is early on the next step, so an offset lies above -1, also
# when rounded to float32.
_LATEST = float(np.nextafter(np.float32(-1.0), np.float32(0.0)))


@dataclasses.dataclass(frozen=True)
class GrooveConverter(WithKits, GridConverter):
    """Converts drum performances to hits, velocities and offsets, and back.

    Attributes:
      hop_bars: bars from one window to the next; None for ``bars``. Fractions
        are allowed where they are whole steps.
      humanize: the input has no velocities and no offsets; both are learnt.
      tapify: the input is the loudest note of each step, all on one class.
      fixed_velocities: the input has no velocities.
      max_note_dropout: notes of the input fall at random: for each window a
        probability p is drawn from 0..``max_note_dropout``, and a note falls
        with p x max(0.2, 1 - velocity / 127).
      add_instruments: classes taken out of the input.
      hits_as_controls: hits are given as controls too.
      context_as_controls: tempo and style are given as controls: quarter notes a
        minute, and the number of a Groove MIDI Dataset's style, which is read off its
        files' names (:func:`groovekit.io.groove_table.style_number`; -1 for others).
      split_instruments: one drum a step, so ``classes`` times as many steps of
        depth ``1 + 1 + 1``; a one-hot control says which drum's turn it is.
      velocity_bins: one-hot velocities in so many bins instead of numbers; goes
        together with ``offset_bins``. 0 for numbers.
      offset_bins: the same for offsets.
      instruments: ``"auto"`` reads the drums, found by channel, name or notes
        (:mod:`groovekit.io.drum_tracks`); ``"drums"`` notes that are marked as
        drums; ``"all"`` everything, as the original.
      first_onset: ``"clamp"`` moves decoded notes that would start before time
        zero to zero, and ends late ones with the music; ``"original"`` leaves both.
      min_velocity: smallest MIDI velocity of a decoded hit (the original's: 0).
      bin_values: what a decoded bin stands for: ``"center"`` is a value that
        falls into the same bin again, ``"original"`` the original's lower edge.
      tap_dropout: with ``tapify`` and note dropout, a step without remaining
        notes is empty (``"drop"``), or falls back to the first class of the
        complete groove (``"original"``).

    Raises:
      ConfigError: options out of range or that exclude each other.
    """

    version: ClassVar[int] = 2
    onsets_only: ClassVar[bool] = True

    kit: KitMap = dataclasses.field(default_factory=roland_td11)
    hop_bars: float | None = None
    humanize: bool = False
    tapify: bool = False
    fixed_velocities: bool = False
    max_note_dropout: Annotated[float, Within(0, 1, "a probability from 0 to 1")] = 0.0
    add_instruments: Annotated[tuple[int, ...], AtLeast(0, "indices of classes")] = ()
    hits_as_controls: bool = False
    context_as_controls: bool = False
    split_instruments: bool = False
    velocity_bins: Bins = 0
    offset_bins: Bins = 0
    instruments: Instruments = "auto"
    first_onset: Literal["clamp", "original"] = "clamp"
    min_velocity: Annotated[int, Within(0, 127, "a MIDI velocity from 0 to 127")] = 1
    bin_values: Literal["center", "original"] = "center"
    tap_dropout: Literal["drop", "original"] = "drop"

    def check_options(self) -> None:
        """Raises ConfigError for options that exclude each other."""
        if self.hop_bars is not None:
            steps = self.hop_bars * self.grid.steps_per_bar
            whole = steps >= 1 and steps == round(steps)
            self.require(whole, "hop_bars", "a positive number of whole steps")
        if bool(self.velocity_bins) != bool(self.offset_bins):
            raise ConfigError(
                "GrooveConverter: expected both velocity_bins and offset_bins or none, "
                f"got {self.velocity_bins} and {self.offset_bins}."
            )
        for option in ("velocity_bins", "offset_bins"):
            one = getattr(self, option) == 1
            self.require(not one, option, "at least 2, or 0 for numbers")

    # What the tensors look like ------------------------------------------------

    @property
    def _hop_steps(self) -> int:
        hop = self.bars if self.hop_bars is None else self.hop_bars
        return round(hop * self.grid.steps_per_bar)

    @property
    def _categorical(self) -> bool:
        return self.velocity_bins > 0

    def _check_kit(self, kit: KitMap) -> None:
        highest = max(self.add_instruments, default=0)
        if self.tapify:
            highest = max(highest, TAP_CLASS)
        if highest >= len(kit):
            raise ConfigError(
                f"Kit '{self.kit}': expected at least {highest + 1} classes for "
                f"add_instruments and tapify, got {len(kit)}."
            )

    @property
    def steps(self) -> int:
        """Steps of a window (with split instruments, one a drum)."""
        return self.window_steps * (self.classes if self.split_instruments else 1)

    @functools.cached_property
    def layout(self) -> Layout:
        """Hits, then velocities, then offsets; a slice a drum where in bins."""
        if self._categorical:
            names: tuple[str, ...] = ("",)
            if not self.split_instruments:
                names = tuple(f"_{name}" for name in self.kit_map.class_names)
            return (
                Slice("hits", len(names), "binary"),
                *(
                    Slice(f"velocities{n}", self.velocity_bins, "categorical")
                    for n in names
                ),
                *(Slice(f"offsets{n}", self.offset_bins, "categorical") for n in names),
            )
        drums = 1 if self.split_instruments else self.classes
        return (
            Slice("hits", drums, "binary"),
            Slice("velocities", drums, "unit"),
            Slice("offsets", drums, "signed"),
        )

    @property
    def takes_hits(self) -> bool:
        """``hits_as_controls``."""
        return self.hits_as_controls

    @property
    def takes_taps(self) -> bool:
        """``tapify``."""
        return self.tapify

    @property
    def added_classes(self) -> tuple[int, ...]:
        """``add_instruments``."""
        return self.add_instruments

    @property
    def control_depth(self) -> int:
        """Hits (one a drum), with split instruments whose turn it is, and context."""
        drums = 1 if self.split_instruments else self.classes
        depth = drums if self.hits_as_controls else 0
        depth += 2 if self.context_as_controls else 0
        return depth + (self.classes if self.split_instruments else 0)

    # Reading -------------------------------------------------------------------

    def read_notes(self, sequence: NoteSequence) -> NoteColumns:
        """The notes, with the drums among them marked."""
        return read_with_drums(sequence, self.instruments)

    def split(self, sequence: NoteSequence, notes: NoteColumns) -> SplitNotes:
        """One section of all notes where changes are refused."""
        if self.changes != "refuse":
            return GridConverter.split(self, sequence, notes)
        return SplitNotes([(single_section(sequence), notes)])

    def section_windows(
        self,
        sequence: NoteSequence,
        section: Section,
        notes: NoteColumns,
    ) -> Windows:
        """The windows of a section, in order of time.

        Returns:
          Windows of ``hits`` ``(windows, steps, ceil(classes / 8))`` uint8 bits
          (first class in the highest bit), ``velocities`` ``(windows, steps,
          classes)`` uint8 0..127 and ``offsets`` ``(windows, steps, classes)``
          float32; with ``context_as_controls`` also ``tempos`` float32 and ``styles``
          int8, ``(windows,)``.

        Raises:
          UnusableError: there are none.
          DataError: a pitch that the kit does not know with
            ``unmapped="error"``.
        """
        selected = select_drums(notes)
        counts = Counts(ignored=len(notes) - len(selected))
        classes = map_pitches(selected.pitch, self.kit_map, self.unmapped)
        mapped = classes >= 0
        unmapped = len(selected) - int(np.count_nonzero(mapped))
        counts += Counts(unmapped=unmapped)
        if unmapped:
            if unmapped == len(selected):
                raise no_mapped_pitches(selected.pitch, self.kit, counts)
            selected, classes = selected.take(mapped), classes[mapped]
        steps = to_steps(selected.start, self.grid.steps_per_second(section.qpm))
        lost = counts + Counts(ignored=len(selected))
        if steps.min() < 0:
            detail = f"onset at {selected.start.min():g} s"
            raise UnusableError(Reason.NEGATIVE_TIME, detail, lost)
        bars = bars_until(int(steps.max()) + 1, self.grid.steps_per_bar)
        if bars < self.bars:
            detail = f"{bars} of {self.bars} bars"
            raise UnusableError(Reason.TOO_SHORT, detail, lost)
        total = bars * self.grid.steps_per_bar
        drums = self.classes
        cells = steps * drums + classes
        chosen = loudest_of_each(cells, selected.velocity)
        cells = cells[chosen]
        counts += Counts(kept=len(chosen), merged=len(selected) - len(chosen))

        step_seconds = 60.0 / section.qpm / self.steps_per_quarter
        distance = step_seconds * steps[chosen] - selected.start[chosen]
        hits = np.zeros(total * drums, np.bool_)
        velocities = np.zeros(total * drums, np.uint8)
        offsets = np.zeros(total * drums, np.float32)
        hits[cells] = True
        velocities[cells] = selected.velocity[chosen]
        offsets[cells] = np.clip(distance / step_seconds * 2, _LATEST, 1.0)

        starts = np.arange(0, total - self.window_steps + 1, self._hop_steps)
        rows = starts[:, None] + np.arange(self.window_steps)
        shape = (total, drums)
        context: dict[str, np.ndarray] = {}
        if self.context_as_controls:
            style = style_number(sequence.filename)
            context = {
                "tempos": np.full(len(starts), section.qpm, np.float32),
                "styles": np.full(len(starts), style, np.int8),
            }
        return Windows(
            {
                "hits": np.packbits(hits.reshape(shape), axis=1)[rows],
                "velocities": velocities.reshape(shape)[rows],
                "offsets": offsets.reshape(shape)[rows],
                **context,
            },
            counts,
            bars=starts // self.grid.steps_per_bar,
        )

    def hits_of(self, windows: Windows) -> np.ndarray:
        """How many hits each window has, ``(windows,)``."""
        return count_bits(windows.arrays["hits"])

    # Tensors -------------------------------------------------------------------

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,
        rng: np.random.Generator,
    ) -> Windows:
        """Windows played softer or louder, tighter or looser, for training."""
        arrays = dict(windows.arrays)
        if augmentation.varies_kit:
            hits = np.unpackbits(arrays["hits"], axis=-1, count=self.classes)
            parts = {**arrays, "hits": hits}
            parts = {n: parts[n] for n in ("hits", "velocities", "offsets")}
            arrays |= vary_kit(
                parts,
                augmentation,
                rng,
                bars=self.bars,
                groups=drum_groups(self.kit_map),
            )
            arrays["hits"] = np.packbits(arrays["hits"], axis=-1)
        velocities, offsets = vary_performance(
            arrays["velocities"], arrays["offsets"], augmentation, rng
        )
        varied = {**arrays, "velocities": velocities, "offsets": offsets}
        return dataclasses.replace(windows, arrays=varied)

    def expand(
        self,
        windows: Windows,
        *,
        rng: np.random.Generator | None = None,
        labels: bool = False,  # noqa: ARG002 - the layout is not one category
    ) -> Tensors:
        """Makes tensors of a batch of windows.

        Args:
          windows: from :meth:`extract`.
          rng: draws the note dropout; None keeps every note.
          labels: has no effect.

        Returns:
          Inputs and outputs ``(batch, steps, depth)`` float32, controls where
          the converter has some.
        """
        packed = windows.arrays["hits"]
        count = self.classes
        hits = np.unpackbits(packed, axis=-1, count=count).astype(np.float32)
        velocities = (windows.arrays["velocities"] / 127.0).astype(np.float32)
        offsets = np.asarray(windows.arrays["offsets"])
        outputs = self._join(hits, velocities, offsets)
        inputs = outputs
        if self._alters_inputs(rng):
            inputs = self._join(*self._inputs(hits, velocities, offsets, rng))
        lengths = np.full(len(packed), outputs.shape[1], np.int32)
        controls = self._controls(hits)
        if self.context_as_controls:
            context = self._context(windows, outputs.shape[1])
            given = [] if controls is None else [controls]
            controls = np.concatenate([*given, context], axis=-1)
        return Tensors(inputs, outputs, controls, lengths)

    def _alters_inputs(self, rng: np.random.Generator | None) -> bool:
        return bool(
            self.humanize
            or self.tapify
            or self.fixed_velocities
            or self.add_instruments
            or (self.max_note_dropout and rng is not None)
        )

    def _inputs(
        self,
        hits: np.ndarray,
        velocities: np.ndarray,
        offsets: np.ndarray,
        rng: np.random.Generator | None,
    ) -> Parts:
        complete = Parts(hits.copy(), velocities.copy(), offsets.copy())
        parts = complete
        if self.max_note_dropout and rng is not None:
            parts = without_some_notes(parts, self.max_note_dropout, rng)
        if self.tapify:
            sounding = complete if self.tap_dropout == "original" else parts
            parts = taps(parts.velocities, sounding)
        if self.humanize or self.fixed_velocities:
            parts.velocities[:] = 0
        if self.humanize:
            parts.offsets[:] = 0
        for part in parts:
            part[..., list(self.add_instruments)] = 0
        return parts

    def _join(
        self, hits: np.ndarray, velocities: np.ndarray, offsets: np.ndarray
    ) -> np.ndarray:
        """Puts the parts ``(batch, steps, classes)`` beside each other."""
        parts = [hits, velocities, offsets]
        batch, steps = hits.shape[:2]
        if self._categorical:
            for index, edges in (
                (1, bins.velocity_edges(self.velocity_bins)),
                (2, bins.offset_edges(self.offset_bins)),
            ):
                encoded = bins.one_hot(parts[index], edges)
                parts[index] = encoded.reshape(batch, steps, -1)
        if self.split_instruments:
            rows = steps * self.classes
            parts = [part.reshape(batch, rows, -1) for part in parts]
        return np.concatenate(parts, axis=-1)

    @staticmethod
    def _context(windows: Windows, steps: int) -> np.ndarray:
        """Tempo and style, the same at every step."""
        columns = [windows.arrays[name] for name in ("tempos", "styles")]
        rows = np.stack(columns, axis=-1).astype(np.float32)
        return np.repeat(rows[:, None], steps, axis=1)

    def _controls(self, hits: np.ndarray) -> np.ndarray | None:
        if not (self.hits_as_controls or self.split_instruments):
            return None
        batch, steps = hits.shape[:2]
        if not self.split_instruments:
            return hits.copy()
        rows = hits.reshape(batch, steps * self.classes, 1)
        turns = self._turns(batch, rows.shape[1])
        if not self.hits_as_controls:
            return turns
        return np.concatenate([rows, turns], axis=-1)

    def _turns(self, batch: int, steps: int) -> np.ndarray:
        """One-hot: which drum's turn each step is."""
        turns = np.eye(self.classes, dtype=np.float32)[np.arange(steps) % self.classes]
        return np.tile(turns, (batch, 1, 1))

    def default_controls(self, batch: int, steps: int) -> np.ndarray | None:
        """Whose turn it is, with split instruments and without hits as controls."""
        if (
            not self.split_instruments
            or self.hits_as_controls
            or self.context_as_controls
        ):
            return None
        return self._turns(batch, steps)

    # Writing -------------------------------------------------------------------

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,  # noqa: ARG002 - all is in the output
        *,
        qpm: float = DEFAULT_QPM,
    ) -> list[NoteSequence]:
        """Writes the notes of outputs.

        Args:
          tensors: ``(batch, steps, output_depth)``: a drum is hit where its
            value is above 0.5; values out of range are clipped.
          controls: not needed.
          qpm: tempo in quarter notes a minute.

        Returns:
          A sequence for each window, with tempo, time signature and ``total_time``;
          notes last one step, at most to its end, in order of step and class.

        Raises:
          ConfigError: an array of another shape, or a tempo that is not positive.
        """
        hits, velocities, offsets = self._split(np.asarray(tensors))
        step_seconds = self.step_seconds(qpm)
        batch, step, drum = np.nonzero(hits > 0.5)
        velocity, offset = velocities[batch, step, drum], offsets[batch, step, drum]
        if self._categorical:
            original = self.bin_values == "original"
            table = bins.velocity_values(self.velocity_bins, original=original)
            velocity = table[velocity]
            table = bins.offset_values(self.offset_bins, original=original)
            offset = table[offset]
        else:
            velocity = np.clip(np.nan_to_num(np.round(velocity * 127)), 0, 127)
            offset = np.nan_to_num(offset)
        velocity = np.maximum(velocity, self.min_velocity).astype(np.int64)
        shift = np.clip(offset, -_MAX_OFFSET, _MAX_OFFSET) / 2
        start = (step - shift) * step_seconds
        if self.first_onset == "clamp":
            start = np.maximum(start, 0.0)
        duration = hits.shape[1] * step_seconds
        end = start + step_seconds
        if self.first_onset == "clamp":
            # A late hit on the last step does not make the music longer.
            end = np.minimum(end, duration)
        pitch = self.output_kit_map.representatives[drum]
        bounds = np.searchsorted(batch, np.arange(len(hits) + 1))
        return drum_sequences(
            pitch,
            velocity,
            start,
            end,
            bounds=bounds,
            qpm=qpm,
            time_signature=self.time_signature,
            duration=duration,
        )

    def _split(self, tensors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The parts ``(batch, steps, classes)``; bins as their indices."""
        drums = self.classes
        per_step = drums if self.split_instruments else 1
        self.check_outputs(tensors)
        if tensors.shape[1] % per_step:
            raise ConfigError(
                f"Expected a multiple of {per_step} steps (one a drum), got "
                f"{tensors.shape[1]}."
            )
        batch, steps = len(tensors), tensors.shape[1] // per_step
        width = drums // per_step
        values = (self.velocity_bins or 1, self.offset_bins or 1)
        cuts = [width, width * (1 + values[0])]
        hits, velocities, offsets = np.split(tensors, cuts, axis=-1)
        hits = hits.reshape(batch, steps, drums)
        if not self._categorical:
            shape = hits.shape
            return hits, velocities.reshape(shape), offsets.reshape(shape)
        return (
            hits,
            np.argmax(velocities.reshape(batch, steps, drums, values[0]), axis=-1),
            np.argmax(offsets.reshape(batch, steps, drums, values[1]), axis=-1),
        )
