"""Each check of the conformance suite fails where it should, and says why."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from helpers import tiny

import groovekit as gk
from groovekit.plugins import catalogue
from groovekit.testing import ConformanceError, check_converter, example_sequences
from groovekit.testing.sequences import awkward_sequences

STEPS = 16


@dataclasses.dataclass(frozen=True)
class Kicks(gk.Converter):
    """Where kick and snare fall on the sixteenths of a bar. Does all it should."""

    bars: int = 1
    pitches: tuple[int, ...] = (36, 38)

    @property
    def steps(self):
        return self.bars * STEPS

    @property
    def input_depth(self):
        return len(self.pitches)

    @property
    def layout(self):
        return (gk.Slice("hits", len(self.pitches), "binary"),)

    def extract(self, sequence):
        count = len(sequence.notes)
        notes = [n for n in sequence.notes if n.is_drum and n.pitch in self.pitches]
        tempo = sequence.tempos[0].qpm if sequence.tempos else 120.0
        cells = {
            (round(n.start_time * tempo / 15), self.pitches.index(n.pitch))
            for n in notes
        }
        last = max((step for step, _ in cells), default=-1)
        reason = None
        if not count:
            reason = gk.Reason.EMPTY
        elif not tempo > 0:
            reason = gk.Reason.NO_TEMPO
        elif not cells:
            reason = gk.Reason.NO_DRUMS
        elif min(cells)[0] < 0:
            reason = gk.Reason.NEGATIVE_TIME
        elif last > 10_000:
            reason = gk.Reason.TOO_LONG
        if reason is not None:
            return gk.Skipped(reason, "", gk.Counts(count, ignored=count))
        windows = last // self.steps + 1
        hits = np.zeros((windows * self.steps, len(self.pitches)), np.uint8)
        hits[tuple(np.array(sorted(cells)).T)] = 1
        counts = gk.Counts(
            notes=count,
            kept=len(cells),
            merged=len(notes) - len(cells),
            ignored=count - len(notes),
        )
        return gk.Windows({"hits": hits.reshape(windows, self.steps, -1)}, counts)

    def expand(self, windows, *, rng=None, labels=False):
        outputs = windows.arrays["hits"].astype(np.float32)
        inputs = outputs.copy()
        if rng is not None:
            inputs *= rng.random(inputs.shape) < 0.8
        lengths = np.full(len(outputs), self.steps, np.int32)
        return gk.Tensors(inputs, outputs, None, lengths)

    def decode(self, tensors, controls=None, *, qpm=120.0):
        found = []
        for window in tensors:
            sequence = gk.NoteSequence()
            sequence.tempos.add(qpm=qpm)
            sequence.total_time = len(window) * 15.0 / qpm
            for step, drum in np.argwhere(window > 0.5).tolist():
                start = step * 15.0 / qpm
                sequence.notes.add(
                    pitch=self.pitches[drum],
                    velocity=90,
                    start_time=start,
                    end_time=start + 15.0 / qpm,
                    is_drum=True,
                )
            found.append(sequence)
        return found


def registered(cls, name="my.kicks"):
    """Registers a class of this module, as a frozen dataclass of its own."""
    if "__dataclass_params__" not in vars(cls):
        cls = dataclasses.dataclass(frozen=True)(cls)
    return catalogue.register_converter(name)(cls)


def test_a_good_converter_passes():
    check_converter(registered(Kicks)())
    check_converter(Kicks(bars=2), [tiny.groove(1)])


def test_the_error_is_an_assertion():
    assert issubclass(ConformanceError, AssertionError)
    assert issubclass(ConformanceError, Exception)


def test_own_sequences_are_valid_and_the_same_each_time():
    for make in (example_sequences, lambda: list(awkward_sequences().values())):
        first, second = make(), make()
        assert first == second
        assert len(first) >= 4
    assert len({s.id for s in example_sequences()}) == len(example_sequences())


# Converters that each do one thing wrong ----------------------------------------------


class NoCopy(Kicks):
    def extract(self, sequence):
        for note in sequence.notes:
            note.velocity = 1
        return super().extract(sequence)


class RandomReading(Kicks):
    def extract(self, sequence):
        found = super().extract(sequence)
        if isinstance(found, gk.Windows):
            found.arrays["hits"][:, 0, 0] = next(COUNTER) % 2
        return found


class SharedGenerator(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        np.random.rand()  # noqa: NPY002 - the mistake
        return super().expand(windows, rng=rng)


class RandomWithoutGenerator(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        return super().expand(windows, rng=np.random.default_rng())


class ForgottenSeed(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        fresh = None if rng is None else np.random.default_rng()
        return super().expand(windows, rng=fresh)


class WritesIntoWindows(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        windows.arrays["hits"][:] = 0
        return super().expand(windows)


class NoCounts(Kicks):
    def extract(self, sequence):
        found = super().extract(sequence)
        return dataclasses.replace(found, counts=gk.Counts(len(sequence.notes)))


class NoReason(Kicks):
    def extract(self, sequence):
        found = super().extract(sequence)
        if isinstance(found, gk.Skipped):
            return dataclasses.replace(found, reason="too odd")
        return found


class NoneForNothing(Kicks):
    def extract(self, sequence):
        found = super().extract(sequence)
        return found if isinstance(found, gk.Windows) else None


class RaisesForEmpty(Kicks):
    def extract(self, sequence):
        assert sequence.notes[0] is not None
        return super().extract(sequence)


class TakesAnything(Kicks):
    def extract(self, sequence):
        found = super().extract(sequence)
        if found.counts.notes == 0:
            return gk.Windows({"hits": np.zeros((1, self.steps, 2), np.uint8)})
        return found


class NoWindows(Kicks):
    def extract(self, sequence):
        return gk.Windows(
            {"hits": np.zeros((0, 16, 2))}, super().extract(sequence).counts
        )


class Doubles(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, inputs=found.inputs.astype(np.float64))


class WrongDepth(Kicks):
    @property
    def input_depth(self):
        return 3


class UndeclaredControls(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, controls=found.inputs)


class MissingControls(Kicks):
    @property
    def control_depth(self):
        return 2


class WrongLengths(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, lengths=found.lengths - 1)


class TooLongLengths(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, lengths=found.lengths + 1)


class NotBinary(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, outputs=found.outputs / 2)


class NotOneHot(Kicks):
    @property
    def layout(self):
        return (gk.Slice("drum", 2, "categorical"),)


class NotFinite(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, inputs=found.inputs * np.float32("nan"))


class WrongLabels(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        if labels:
            return dataclasses.replace(found, outputs=found.outputs.argmax(-1))
        return found


class LooksAtItsNeighbours(Kicks):
    def expand(self, windows, *, rng=None, labels=False):
        found = super().expand(windows)
        return dataclasses.replace(found, inputs=found.inputs / len(found))


class DrawsWindows(Kicks):
    def encode(self, sequence, *, rng=None):
        found = super().encode(sequence)
        if isinstance(found, gk.Encoded):
            return dataclasses.replace(found, inputs=found.inputs * next(COUNTER))
        return found


class Deaf(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        return super().decode(np.roll(tensors, 1, axis=1), qpm=qpm)


class Unreadable(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        found = super().decode(tensors, qpm=qpm)
        for note in (note for sequence in found for note in sequence.notes):
            note.is_drum = False
        return found


class OneForAll(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        return super().decode(tensors, qpm=qpm)[:1]


class DeafToTempo(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        return super().decode(tensors)


class BeforeZero(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        found = super().decode(tensors, qpm=qpm)
        for note in (note for sequence in found for note in sequence.notes):
            note.start_time -= 1
        return found


class FixedSteps(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        return super().decode(tensors.reshape(-1, 16, 2), qpm=qpm)


class WritesIntoOutputs(Kicks):
    def decode(self, tensors, controls=None, *, qpm=120.0):
        tensors[:] = np.round(tensors)
        return super().decode(tensors, qpm=qpm)


class WrongDefaultControls(Kicks):
    def default_controls(self, batch, steps):
        return np.zeros((batch, steps, 3), np.float32)


class Shrinks(Kicks):
    def augment(self, windows, augmentation, rng):
        return windows.take(slice(0, 1))


class AugmentsWithoutSeed(Kicks):
    def augment(self, windows, augmentation, rng):
        return gk.Windows({"hits": windows.arrays["hits"] * 0 + next(COUNTER) % 2})


class NoSteps(Kicks):
    @property
    def steps(self):
        return 16.0


class TwoOfAName(Kicks):
    @property
    def layout(self):
        return (gk.Slice("hits", 1, "binary"), gk.Slice("hits", 1, "binary"))


class UnknownKind(Kicks):
    @property
    def layout(self):
        return (gk.Slice("hits", 2, "number"),)


class WrongOutputDepth(Kicks):
    @property
    def output_depth(self):
        return 3


class Forgetful(Kicks):
    size: int = 3

    def __post_init__(self):
        object.__setattr__(self, "size", self.size + 1)


class LivesOnAList(Kicks):
    size: list = dataclasses.field(default_factory=list)


COUNTER = iter(range(10**9))

BROKEN = {
    NoCopy: r"extract .* to leave its sequence as it was.*CopyFrom",
    RandomReading: r"extract .* the same twice, got other values in 'hits'",
    SharedGenerator: r"expand to draw from the generator it is given.*np\.random",
    RandomWithoutGenerator: r"expand to give the same inputs twice.*argument rng",
    ForgottenSeed: r"expand with a generator to give the same inputs twice",
    WritesIntoWindows: r"expand to succeed, got ValueError.*work on a copy",
    NoCounts: r"to count its \d+ notes.*kept=0",
    NoReason: r"rejected with a groovekit\.Reason, got 'too odd'",
    NoneForNothing: r"to return Windows or Skipped, got NoneType",
    RaisesForEmpty: r"a sequence with no notes to succeed, got IndexError",
    TakesAnything: r"a sequence with no notes to be rejected.*Reason\.EMPTY",
    NoWindows: r"windows, at least one, on their first axis.*\(0, 16, 2\)",
    Doubles: r"inputs to be float32 of shape .*, got float64",
    WrongDepth: r"inputs to be float32 of shape \(3, 16, 3\).*\(3, 16, 2\)",
    UndeclaredControls: r"controls to be None, as control_depth is 0",
    MissingControls: r"controls to be float32 of shape .*, got NoneType",
    WrongLengths: r"every length to be 16, as fixed_length says, got 15",
    TooLongLengths: r"lengths from 0 to 16, got 17",
    NotBinary: r"'hits' \(binary\) to be 0 or 1, got values from 0 to 0\.5",
    NotOneHot: r"'drum' \(categorical\) to be one-hot",
    NotFinite: r"inputs to hold finite numbers",
    WrongLabels: r"labels=True to give .*, got int64 of shape",
    LooksAtItsNeighbours: r"inputs of a window not to depend on the other windows",
    DrawsWindows: r"encode with the same seed to give the same inputs",
    Deaf: r"read back as the window it came from, got a difference of 1 in 'hits'",
    Unreadable: r"what decode writes to be read back, got has no drum notes",
    OneForAll: r"decode to give the same 3 sequences twice, one a window, got 1",
    DeafToTempo: r"NoteSequences with the tempo asked for \(97\)",
    BeforeZero: r"starting at zero or later.*-1 to ",
    FixedSteps: r"twice as many steps to give 3 sequences, got 6",
    WritesIntoOutputs: r"decode to succeed, got ValueError.*work on a copy",
    WrongDefaultControls: r"default_controls to be None or float32 of shape",
    Shrinks: r"augment to keep the type and shape of 'hits'",
    AugmentsWithoutSeed: r"augment with the same seed to give the same windows",
    NoSteps: r"NoSteps\.steps to be an integer of at least 1, got 16\.0",
    TwoOfAName: r"names in TwoOfAName\.layout to differ, got hits, hits",
    UnknownKind: r"layout to be a tuple of Slice.*categorical, got .*number",
    WrongOutputDepth: r"output_depth to be 2, the sum of the layout's sizes, got 3",
    Forgetful: r"to come back from JSON as it was",
    LivesOnAList: r"hash\(LivesOnAList\) to succeed, got TypeError.*tuples",
}


@pytest.mark.parametrize(
    ("broken", "message"),
    [pytest.param(*item, id=item[0].__name__) for item in BROKEN.items()],
)
def test_a_broken_converter_is_found_out(broken, message):
    with pytest.raises(ConformanceError, match=r"(?s)" + message) as error:
        check_converter(registered(broken)())
    # What was expected, what came, what to do.
    assert str(error.value).startswith("Expected ")
    assert ", got " in str(error.value)
    assert str(error.value).endswith(".")


def test_a_converter_has_to_be_registered():
    with pytest.raises(ConformanceError, match=r"not a registered converter"):
        check_converter(Kicks())


def test_a_converter_has_to_be_a_frozen_dataclass():
    class Plain:
        pass

    with pytest.raises(ConformanceError, match="a frozen dataclass derived from"):
        check_converter(Plain())


def test_sequences_have_to_be_of_the_kind_it_reads():
    registered(Kicks)
    with pytest.raises(ConformanceError, match=r"has no notes.*sequences of the kind"):
        check_converter(Kicks(), [gk.NoteSequence()])
    with pytest.raises(ConformanceError, match="no sequence"):
        check_converter(Kicks(), [])


def test_what_is_lost_by_design_may_be():
    check_converter(registered(Deaf)(), round_trip=False)


def test_options_may_ask_for_errors():
    check_converter(gk.GrooveConverter(unmapped="error"))


def test_converters_are_checked_without_keras():
    code = (
        "import sys, groovekit as gk\n"
        "from groovekit.testing import check_config, check_converter\n"
        "check_converter(gk.GrooveConverter())\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
