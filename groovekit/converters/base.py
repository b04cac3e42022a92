"""What a data converter is: note sequences to tensors and back.

Converters are frozen values. Their work is split in two, so that the
expensive part can be cached and the random part drawn anew each epoch:

* :meth:`Converter.extract` quantises a sequence and cuts it into windows. It
  is deterministic and returns *compact* arrays (hits as bits, velocities as
  uint8, labels as integers).
* :meth:`Converter.augment` varies compact windows for training (transposition).
* :meth:`Converter.expand` turns a batch of compact windows into the tensors a
  model takes. Whatever is random (note dropout, ...) happens here and only
  with a generator.

``encode`` joins the two for one sequence; ``decode`` goes back.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import numpy as np

from groovekit import fields as values
from groovekit.converters.bar_grid import Grid
from groovekit.errors import UsageError
from groovekit.fields import AtLeast, Within, require
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

Kind = Literal["binary", "unit", "signed", "categorical"]


class Reason(enum.Enum):
    """Why a converter made no windows of a sequence; the value is for people."""

    EMPTY = "has no notes"
    NO_DRUMS = "has no drum notes"
    NO_TEMPO = "has no tempo and is not quantised"
    TIME_SIGNATURE = "has bars of another length"
    TIME_SIGNATURE_CHANGE = "changes its time signature"
    BROKEN_BAR = "has bars that a change of time signature cuts short"
    TEMPO_CHANGE = "changes its tempo"
    NEGATIVE_TIME = "has notes before time zero"
    TOO_SHORT = "is shorter than one window"
    TOO_LONG = "is longer than the converter's limit"
    NO_MAPPED_PITCHES = "has no pitches that the kit map knows"
    SILENT = "has windows without a hit only"
    NO_MATERIAL = "has no material of the kind the model learns"
    INSTRUMENTS = "has too few or too many instruments"
    EVENTS = "has too few or too many events"
    HARMONY = "has chords or a key that can be neither read nor inferred"


@dataclasses.dataclass(frozen=True)
class Slice:
    """One named part of a tensor's last axis.

    Attributes:
      name: e.g. ``"hits"``.
      size: number of values.
      kind: ``binary`` (0 or 1), ``unit`` (0..1), ``signed`` (-1..1) or
        ``categorical`` (one-hot over ``size`` labels).
    """

    name: str
    size: int
    kind: Kind


Layout = tuple[Slice, ...]


@dataclasses.dataclass(frozen=True)
class Counts:
    """What happened to the notes of a sequence.

    Attributes:
      notes: notes read.
      kept: notes that are found again in the quantised sequence.
      merged: notes lost because another one holds their cell of the grid.
      unmapped: notes whose pitch the kit map does not know.
      ignored: notes of other instruments, and notes that could not be used: of a
        sequence that is rejected as a whole, or of a part that gives no windows
        (in another time signature, too short).

    The last four add up to ``notes``.
    """

    notes: int = 0
    kept: int = 0
    merged: int = 0
    unmapped: int = 0
    ignored: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.notes + other.notes,
            self.kept + other.kept,
            self.merged + other.merged,
            self.unmapped + other.unmapped,
            self.ignored + other.ignored,
        )


@dataclasses.dataclass(frozen=True)
class Skipped:
    """A sequence that gave no windows.

    Attributes:
      reason: one of a closed list.
      detail: what was found, e.g. ``"time signature 6/8"``.
      counts: what happened to its notes.
    """

    reason: Reason
    detail: str = ""
    counts: Counts = Counts()

    def __str__(self) -> str:
        text = self.reason.value
        return f"{text} ({self.detail})" if self.detail else text


class UnusableError(Exception):
    """Notes of which a converter makes no windows, and why.

    What reads notes raises it, and ``extract`` catches it: see
    :class:`~groovekit.converters.grid_converter.GridConverter`.

    Args:
      reason: one of a closed list.
      detail: what was found, e.g. ``"time signature 6/8"``.
      counts: what happened to these notes; None where all are ignored.
    """

    def __init__(
        self, reason: Reason, detail: str = "", counts: Counts | None = None
    ) -> None:
        super().__init__(reason, detail, counts)
        self.reason = reason
        self.detail = detail
        self.counts = counts

    def skipped(self, notes: int, before: Counts | None = None) -> Skipped:
        """The answer of a converter.

        Args:
          notes: how many notes these are.
          before: counts of what was left out before them; none by default.
        """
        own = Counts(ignored=notes) if self.counts is None else self.counts
        counts = own if before is None else before + own
        return Skipped(self.reason, self.detail, counts)


@dataclasses.dataclass(frozen=True)
class Windows:
    """Deterministic windows of one sequence (or of many, concatenated).

    Attributes:
      arrays: compact arrays by name, each with the windows on its first axis.
      counts: what happened to the notes.
      bars: ``(windows,)`` int64, the bar of the sequence, from 1, that each begins
        with; None where the converter does not say.
      left_out: notes of parts that gave no windows, by reason; ``counts.ignored``
        holds them, too.
      silent: windows without a hit that were left out.
      loop_quarters: length in quarter notes of a short loop that was repeated to fill
        them; None of other music.
    """

    arrays: Mapping[str, np.ndarray]
    counts: Counts = Counts()
    bars: np.ndarray | None = None
    left_out: Mapping[Reason, int] = dataclasses.field(default_factory=dict)
    silent: int = 0
    loop_quarters: float | None = None

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def take(self, indices: Any) -> Windows:
        """The windows at ``indices`` (anything NumPy indexes with)."""
        return dataclasses.replace(
            self,
            arrays={k: v[indices] for k, v in self.arrays.items()},
            bars=None if self.bars is None else self.bars[indices],
        )


@dataclasses.dataclass(frozen=True)
class Tensors:
    """What a model takes: a batch of windows.

    Attributes:
      inputs: ``(batch, steps, input_depth)`` float32, what the encoder sees.
      outputs: ``(batch, steps, output_depth)`` float32, what is reconstructed.
        Layouts of a single categorical slice may be given as labels instead:
        ``(batch, steps)`` int32.
      controls: ``(batch, steps, control_depth)`` float32 or None.
      lengths: ``(batch,)`` int32 (``(batch, *length_shape)`` for hierarchical
        ones): steps in use.
    """

    inputs: np.ndarray
    outputs: np.ndarray
    controls: np.ndarray | None
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.inputs)


@dataclasses.dataclass(frozen=True)
class Encoded(Tensors):
    """:class:`Tensors` of one sequence with the counts of its notes."""

    counts: Counts = Counts()


class Converter(abc.ABC):
    """Turns note sequences into tensors and back. Subclasses are frozen dataclasses.

    Random draws come from the generator passed in; without one, everything is
    deterministic.

    Attributes:
      version: raise it when ``extract`` changes its result: cached windows of
        another version are not used.
      tiles: whether longer music is windows one after another; otherwise it is
        a longer window (of a
        :class:`~groovekit.converters.grid_converter.GridConverter`).
    """

    version: ClassVar[int] = 1
    tiles: ClassVar[bool] = False

    # What the tensors look like ------------------------------------------------

    @property
    @abc.abstractmethod
    def steps(self) -> int:
        """Steps of a window."""

    @property
    @abc.abstractmethod
    def input_depth(self) -> int:
        """Size of the last axis of ``inputs``."""

    @property
    @abc.abstractmethod
    def layout(self) -> Layout:
        """The parts of the last axis of ``outputs``; a config's head reads it."""

    @property
    def output_depth(self) -> int:
        """Size of the last axis of ``outputs``."""
        return sum(part.size for part in self.layout)

    @property
    def control_depth(self) -> int:
        """Size of the last axis of ``controls``; 0 for none."""
        return 0

    @property
    def length_shape(self) -> tuple[int, ...]:
        """Shape of one window's length: ``()`` for a single number."""
        return ()

    @property
    def fixed_length(self) -> bool:
        """Whether every window fills all of its steps."""
        return True

    @property
    def windows_per_sequence(self) -> int | None:
        """How many windows of one sequence an epoch uses; None for all."""
        return None

    # What longer music is made of ------------------------------------------------

    @property
    def window_bars(self) -> int:
        """Bars of a window; one where a converter knows no bars."""
        return 1

    @property
    def grid(self) -> Grid:
        """The grid of its bars; sixteenths of 4/4 where a converter knows none."""
        return Grid()

    def window_seconds(self, qpm: float) -> float:
        """Length of a window at a tempo in quarter notes a minute."""
        return float(self.grid.quarters_per_bar * self.window_bars * 60.0 / qpm)

    # What a model of it is told beside the notes, or is not shown of them ------------

    @property
    def takes_chords(self) -> bool:
        """Whether its controls say which chords the music is over."""
        return False

    @property
    def takes_hits(self) -> bool:
        """Whether its controls say what is hit, so that only the feel is learnt."""
        return False

    @property
    def takes_taps(self) -> bool:
        """Whether its inputs are taps: when something is hit, not what."""
        return False

    @property
    def added_classes(self) -> tuple[int, ...]:
        """Drum classes that its inputs leave out, for a model to add them."""
        return ()

    # Work ----------------------------------------------------------------------

    @abc.abstractmethod
    def extract(self, sequence: NoteSequence) -> Windows | Skipped:
        """Quantises and cuts one sequence into all of its windows, compactly.

        Deterministic; ``sequence`` is not changed.
        """

    def augment(
        self,
        windows: Windows,
        augmentation: AugmentationConfig,  # noqa: ARG002 - for those with pitches
        rng: np.random.Generator,  # noqa: ARG002
    ) -> Windows:
        """Varies compact windows for training; the base class changes nothing.

        Converters of pitched music draw a transposition for each window out of
        ``augmentation.transpose``, limited so that every note stays in their range
        (a window that no transposition of the range fits stays as it is), and
        move pitches, chords and keys by it
        (:func:`groovekit.converters.augment.draw_transpositions`). A stretch is
        for grids in seconds only: on one that follows the tempo nothing changes.
        Converters of performed drums scale velocities and microtiming
        (:func:`groovekit.converters.augment.vary_performance`).

        Args:
          windows: from :meth:`extract`, of one sequence or of a whole batch. They
            are not changed, nor are their arrays (memory-mapped, as a rule).
          augmentation: what to vary and how far.
          rng: of all draws.

        Returns:
          As many windows, with arrays of the same names, shapes and types.
        """
        return windows

    @abc.abstractmethod
    def expand(
        self,
        windows: Windows,
        *,
        rng: np.random.Generator | None = None,
        labels: bool = False,
    ) -> Tensors:
        """Turns compact windows into tensors, drawing what is random from ``rng``.

        Args:
          windows: from :meth:`extract`, of one sequence or of a whole batch.
          rng: source of randomness; None leaves everything random out.
          labels: give single categorical outputs as int32 labels
            ``(batch, steps)`` instead of one-hot. Converters with other
            layouts ignore it.
        """

    @abc.abstractmethod
    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,
        *,
        qpm: float = DEFAULT_QPM,
    ) -> list[NoteSequence]:
        """Turns outputs back into note sequences.

        Args:
          tensors: ``(batch, steps, output_depth)``; any number of steps.
          controls: ``(batch, steps, control_depth)`` for models with controls.
          qpm: tempo in quarter notes a minute.
        """

    def default_controls(
        self,
        batch: int,  # noqa: ARG002 - for converters that have some
        steps: int,  # noqa: ARG002
    ) -> np.ndarray | None:
        """Controls that are the same for any music, to sample without an input.

        Args:
          batch: how many windows.
          steps: steps of each.

        Returns:
          ``(batch, steps, control_depth)`` float32; None where the controls
          depend on the music, or where there are none.
        """
        return None

    def chord_controls(
        self,
        chords: Sequence[str],  # noqa: ARG002 - for converters that take some
        *,
        steps: int | None = None,  # noqa: ARG002
    ) -> np.ndarray:
        """Controls that ask for chords; converters without chords raise.

        Args:
          chords: symbols such as ``"C"``, ``"Am7"`` or ``"N.C."`` (no chord), at
            least one.
          steps: steps of a section; None for the window's.

        Returns:
          ``(sections, steps, control_depth)`` float32.

        Raises:
          UsageError: the converter takes no chords, or a symbol cannot be read.
        """
        raise UsageError(
            f"The converter {type(self).__name__} takes no chords. Leave them out, or"
            " choose a config with chords in its name (groovekit configs list)."
        )

    def select(self, count: int, rng: np.random.Generator | None) -> np.ndarray:
        """Indices of the windows an epoch uses out of a sequence's ``count``.

        All of them, or ``windows_per_sequence``: drawn without replacement with
        a generator, the first ones without.
        """
        limit = self.windows_per_sequence
        if limit is None or count <= limit:
            return np.arange(count)
        if rng is None:
            return np.arange(limit)
        return np.sort(rng.choice(count, limit, replace=False))

    def encode(
        self, sequence: NoteSequence, *, rng: np.random.Generator | None = None
    ) -> Encoded | Skipped:
        """Turns one sequence into tensors, or says why not.

        Args:
          sequence: unquantised (seconds) or quantised to this converter's grid.
          rng: draws windows (where there is a limit) and whatever is random.

        Returns:
          :class:`Encoded` with at least one window, or :class:`Skipped`.
        """
        windows = self.extract(sequence)
        if isinstance(windows, Skipped):
            return windows
        tensors = self.expand(windows.take(self.select(len(windows), rng)), rng=rng)
        return Encoded(
            tensors.inputs,
            tensors.outputs,
            tensors.controls,
            tensors.lengths,
            windows.counts,
        )


def concatenate(parts: Sequence[Windows]) -> Windows:
    """Joins windows of several sequences, or of several parts of one."""
    names = parts[0].arrays.keys()
    arrays = {n: np.concatenate([p.arrays[n] for p in parts]) for n in names}
    bars = [part.bars for part in parts if part.bars is not None]
    return Windows(
        arrays,
        sum((p.counts for p in parts), Counts()),
        bars=np.concatenate(bars) if len(bars) == len(parts) else None,
        silent=sum(part.silent for part in parts),
    )


def join(parts: list[Tensors]) -> Tensors:
    """Batches after each other.

    Args:
      parts: at least one, all with controls or all without.
    """
    controls = [part.controls for part in parts if part.controls is not None]
    return Tensors(
        np.concatenate([part.inputs for part in parts]),
        np.concatenate([part.outputs for part in parts]),
        np.concatenate(controls) if controls else None,
        np.concatenate([part.lengths for part in parts]),
    )


NotNegative = Annotated[float, AtLeast(0, "a number of at least 0")]
Probability = Annotated[float, Within(0, 1, "a probability from 0 to 1")]


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """How training windows are varied, drawn anew for each window and epoch.

    Evaluation never sees augmented windows.

    Attributes:
      transpose: lowest and highest transposition in semitones, both inclusive, each
        from -127 to 127. Converters without pitches (drums) leave it alone.
      stretch: lowest and highest factor on times, both above 0; above 1 is slower.
        Converters whose grid follows the tempo see no difference and leave it alone.
      velocity: lowest and highest factor on velocities, which stay from 1 to 127:
        the same groove played softer or louder. Converters without velocities
        leave it alone.
      microtiming: lowest and highest factor on the distances of hits from the grid:
        the same milliseconds are another share of a step at another tempo.
        Converters without microtiming leave it alone.
      velocity_power: standard deviation of the logarithm of a power that velocities
        (0 to 1) are raised to.
      drum_velocity: standard deviation of the logarithm of a factor a drum.
      push: standard deviation, in half steps, of what is added to all offsets: the
        whole band earlier or later.
      drum_push: the same, for each drum.
      drop_drum: probability that a drum is left out.
      shuffle_bars: probability that the bars are shuffled.
      swap_drums: probability that one group of drums (kick; snares; cymbals and hats;
        toms) is taken from another window of the batch.
    """

    transpose: tuple[int, int] = (0, 0)
    stretch: tuple[float, float] = (1.0, 1.0)
    velocity: tuple[float, float] = (1.0, 1.0)
    microtiming: tuple[float, float] = (1.0, 1.0)
    velocity_power: NotNegative = 0.0
    drum_velocity: NotNegative = 0.0
    push: NotNegative = 0.0
    drum_push: NotNegative = 0.0
    drop_drum: Probability = 0.0
    shuffle_bars: Probability = 0.0
    swap_drums: Probability = 0.0

    def __post_init__(self) -> None:
        values.check_fields(self, "augmentation")
        low, high = self.transpose
        require(
            -127 <= low <= high <= 127,
            "augmentation.transpose",
            "the lowest and the highest of semitones from -127 to 127",
            list(self.transpose),
        )
        for name in ("stretch", "velocity", "microtiming"):
            factors = getattr(self, name)
            require(
                0 < factors[0] <= factors[1],
                f"augmentation.{name}",
                "the lowest and the highest of factors above 0",
                list(factors),
            )

    @property
    def varies_kit(self) -> bool:
        """Whether drums are left out or swapped, or bars shuffled."""
        return max(self.drop_drum, self.shuffle_bars, self.swap_drums) > 0

    @property
    def identity(self) -> bool:
        """Whether nothing is varied."""
        return self == AugmentationConfig()
