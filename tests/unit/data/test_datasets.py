from __future__ import annotations

import csv
import dataclasses
import itertools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from helpers import tiny

from groovekit.configs.base import get_config
from groovekit.converters.base import (
    AugmentationConfig,
    Converter,
    Counts,
    Reason,
    Skipped,
    Slice,
    Tensors,
    Windows,
)
from groovekit.converters.kits import KitMap, general_midi
from groovekit.data import cache
from groovekit.data.datasets import load_examples
from groovekit.data.examples import Examples
from groovekit.data.prepared import hold_out, prepare
from groovekit.data.report import ExampleReport
from groovekit.data.settings import DataSettings
from groovekit.errors import ConfigError, DataError, UsageError
from groovekit.fields import check_fields
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord.records import read_records, write_records
from groovekit.plugins import catalogue

VERIFY = DataSettings(verify_cache=True)
NONE_HELD_OUT = DataSettings(eval_fraction=0)


@dataclasses.dataclass(frozen=True)
class Tiny(Converter):
    """Each note's pitch is a window; short ones have no windows."""

    limit: int | None = None
    shortest: int = 1
    file: str = ""
    kit: KitMap = dataclasses.field(default_factory=general_midi)
    extracted = 0  # calls, counted on the class

    steps = 1
    input_depth = 1
    layout = (Slice("pitch", 1, "unit"),)

    def __post_init__(self):
        check_fields(self, "tiny")

    @property
    def windows_per_sequence(self):
        return self.limit

    def extract(self, sequence):
        type(self).extracted += 1
        notes = len(sequence.notes)
        counts = Counts(notes=notes, kept=notes)
        if notes == 0:
            return Skipped(Reason.EMPTY)
        if notes < self.shortest:
            return Skipped(Reason.TOO_SHORT, f"{notes} notes", counts)
        pitches = np.array([note.pitch for note in sequence.notes], np.int32)
        return Windows({"pitch": pitches[:, None], "half": pitches / 2}, counts)

    def expand(self, windows, *, rng=None, labels=False):
        outputs = windows.arrays["pitch"].astype(np.float32)[:, None]
        noise = 0 if rng is None else rng.random(outputs.shape, np.float32)
        lengths = np.ones(len(outputs), np.int32)
        return Tensors(outputs + noise, outputs, None, lengths)

    def decode(self, tensors, controls=None, *, qpm=120.0):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _count_extractions():
    Tiny.extracted = 0


def make_sequence(name: str, pitches) -> NoteSequence:
    sequence = NoteSequence(id=name)
    for pitch in pitches:
        sequence.notes.add(pitch=pitch)
    return sequence


def make_examples(counts, **options) -> Examples:
    """Sequences with ``counts`` windows; all windows differ."""
    number = itertools.count()
    pairs = []
    for i, count in enumerate(counts):
        name = f"take-{i}"
        pairs.append((name, make_sequence(name, itertools.islice(number, count))))
    return Examples.from_sequences(pairs, Tiny(**options))


def pitches(tensors) -> list[int]:
    return tensors.outputs.ravel().astype(int).tolist()


def write_examples(path: Path, counts) -> Path:
    with write_records(path) as writer:
        for i, count in enumerate(counts):
            # All windows differ, and are pitches that MIDI has.
            content = [(37 * i + number) % 128 for number in range(count)]
            sequence = make_sequence(f"/id/take-{i}", content)
            writer.write(sequence.SerializeToString())
    return path


# Converting ---------------------------------------------------------------------


def test_windows_groups_and_books():
    examples = make_examples([3, 0, 1, 2, 0], shortest=2)
    assert len(examples) == 5
    assert examples.groups.tolist() == [0, 3, 5]
    assert list(examples.ids) == ["take-0", "take-3"]
    report = examples.report
    assert (report.sequences, report.windows) == (5, 5)
    assert report.skipped == {Reason.EMPTY: 2, Reason.TOO_SHORT: 1}
    assert report.counts == Counts(notes=6, kept=6)
    assert ("take-2", "is shorter than one window (1 notes)") in report.skipped_examples
    assert ExampleReport.from_dict(report.to_dict()) == report


def test_the_table_shows_reasons_and_names_the_first_files():
    report = make_examples([1] * 30 + [2], shortest=2).report
    table = report.table()
    assert "    is shorter than one window" in table
    assert table.count("skipped: take-") == 20
    assert "skipped: and 10 more" in table
    assert "skipped: take" not in report.table(names=0)


def test_no_windows_is_an_error_with_the_table():
    with pytest.raises(DataError, match=r"(?s)no notes.*3.*groovekit inspect"):
        make_examples([0, 0, 0])
    with pytest.raises(DataError, match=r"longer takes, or a config .* fewer bars"):
        make_examples([1], shortest=2)
    with pytest.raises(DataError, match="Give a TFRecord"):
        make_examples([])


def test_windows_of_one_converter_have_one_shape():
    class Odd(Tiny):
        def extract(self, sequence):
            return Windows({"x": np.zeros((1, len(sequence.notes)))})

    pairs = [("a", make_sequence("a", [1])), ("b", make_sequence("b", [1, 2]))]
    with pytest.raises(ValueError, match="'x' had rows"):
        Examples.from_sequences(pairs, Odd())


# Batches ------------------------------------------------------------------------


def test_evaluation_sees_every_window_once_and_in_order():
    examples = make_examples([3, 4])
    batches = list(examples.batches(3))
    assert [pitches(b) for b in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    np.testing.assert_array_equal(batches[0].inputs, batches[0].outputs)
    assert [len(b) for b in examples.batches(3, drop_last=True)] == [3, 3]
    assert [len(b) for b in examples.batches(30, drop_last=True)] == [7]
    assert [pitches(b) for b in examples.batches(3, start_step=2)] == [[6]]


def test_training_batches_are_full_and_cross_epochs():
    examples = make_examples([3, 4])
    stream = examples.batches(3, seed=1, repeat=True)
    batches = [next(stream) for _ in range(7)]
    assert all(len(b) == 3 for b in batches)
    drawn = [p for b in batches for p in pitches(b)]
    epochs = [drawn[:7], drawn[7:14], drawn[14:]]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_fewer_windows_than_a_batch_make_smaller_batches():
    examples = make_examples([2, 1])
    stream = examples.batches(512, seed=1, repeat=True)
    batches = [next(stream) for _ in range(5)]
    assert all(sorted(pitches(b)) == [0, 1, 2] for b in batches)
    assert examples.effective_batch_size(512) == 3
    assert examples.steps_per_epoch(2) == 2


@pytest.mark.parametrize("size", [1, 3, 7, 20])
@pytest.mark.parametrize("limit", [None, 2])
def test_training_resumes_exactly(size, limit):
    examples = make_examples([3, 4, 1, 5], limit=limit)
    stream = examples.batches(size, seed=5, repeat=True)
    whole = list(itertools.islice(stream, 20))
    for start in (1, 7, 13):
        resumed = examples.batches(size, seed=5, repeat=True, start_step=start)
        for expected, batch in zip(whole[start:], resumed, strict=False):
            np.testing.assert_array_equal(batch.inputs, expected.inputs)


def test_random_tensors_are_drawn_anew_each_epoch():
    examples = make_examples([2])
    stream = examples.batches(2, seed=1, repeat=True)
    batches = [next(stream) for _ in range(2)]
    noise = [np.sort((b.inputs - b.outputs).ravel()) for b in batches]
    assert not np.array_equal(noise[0], noise[1])
    other = next(examples.batches(2, seed=2, repeat=True))
    assert not np.array_equal(np.sort((other.inputs - other.outputs).ravel()), noise[0])


class Moved(Tiny):
    """Moves each window's pitch."""

    def augment(self, windows, augmentation, rng):
        moved = rng.integers(*augmentation.transpose, len(windows), endpoint=True)
        pitch = windows.arrays["pitch"] + moved[:, None].astype(np.int32)
        return Windows({**windows.arrays, "pitch": pitch}, windows.counts)


def make_moved() -> Examples:
    pairs = [(str(p), make_sequence(str(p), [p, p + 20])) for p in (20, 60, 100)]
    return Examples.from_sequences(pairs, Moved())


def test_training_windows_are_augmented_anew_each_epoch():
    examples, augmentation = make_moved(), AugmentationConfig((-5, 5))
    stream = examples.batches(6, seed=1, repeat=True, augmentation=augmentation)
    epochs = [np.sort(pitches(next(stream))) for _ in range(5)]
    moves = np.array(epochs) - [20, 40, 60, 80, 100, 120]
    assert np.abs(moves).max() <= 5
    assert len(np.unique(moves, axis=0)) == 5
    np.testing.assert_array_equal(
        np.sort(examples.stored.arrays["pitch"].ravel()), [20, 40, 60, 80, 100, 120]
    )


def test_augmented_training_resumes_exactly():
    examples, augmentation = make_moved(), AugmentationConfig((-5, 5))
    options = {"seed": 5, "repeat": True, "augmentation": augmentation}
    whole = list(itertools.islice(examples.batches(4, **options), 12))
    for start in (1, 7):
        resumed = examples.batches(4, start_step=start, **options)
        for expected, batch in zip(whole[start:], resumed, strict=False):
            np.testing.assert_array_equal(batch.inputs, expected.inputs)


def test_without_augmentation_nothing_is_varied():
    examples = make_moved()
    plain = next(examples.batches(6, seed=1, repeat=True))
    options = {"seed": 1, "repeat": True}
    same = next(examples.batches(6, augmentation=AugmentationConfig(), **options))
    np.testing.assert_array_equal(plain.inputs, same.inputs)
    other = AugmentationConfig((-5, 5))
    with pytest.raises(ValueError, match="augmenting needs a seed"):
        examples.batches(6, augmentation=other)
    # Drums have no pitches to move, and nothing else is drawn otherwise.
    drums = make_examples([3, 4])
    one, two = (
        next(drums.batches(7, augmentation=a, **options)) for a in (None, other)
    )
    np.testing.assert_array_equal(one.inputs, two.inputs)


def test_a_limit_of_windows_draws_others_each_epoch():
    examples = make_examples([10, 1, 3], limit=3)
    assert examples.windows_per_epoch == 7
    assert examples.epoch_indices(None).tolist() == [0, 1, 2, 10, 11, 12, 13]
    seen = set()
    for epoch in range(50):
        chosen = examples.epoch_indices(np.random.default_rng(epoch)).tolist()
        assert len(set(chosen)) == 7
        assert chosen[3:] == [10, 11, 12, 13]
        assert chosen == sorted(chosen)
        seen.update(chosen)
    assert seen == set(range(14))


def test_converters_may_select_in_their_own_way():
    class Last(Tiny):
        def select(self, count, rng):
            return np.arange(count)[-1:]

    pairs = [("a", make_sequence("a", [1, 2])), ("b", make_sequence("b", [3, 4, 5]))]
    examples = Examples.from_sequences(pairs, Last())
    assert examples.epoch_indices(None).tolist() == [1, 4]

    class Fickle(Tiny):
        def select(self, count, rng):
            return np.arange(count if rng is None else 1)

    examples = Examples.from_sequences(pairs, Fickle())
    with pytest.raises(ValueError, match="must not depend on the draw"):
        next(examples.batches(2, seed=1, repeat=True))


# Orders of more windows than are selected from at once -----------------------------


@pytest.fixture
def long_orders(monkeypatch):
    monkeypatch.setattr("groovekit.data.order.SELECTED_AT_ONCE", 4)


@pytest.mark.parametrize("limit", [None, 3])
def test_long_orders_show_every_window_of_an_epoch_once(long_orders, limit):
    examples = make_examples([10, 1, 3, 6], limit=limit)
    total = examples.windows_per_epoch
    assert total == (20 if limit is None else 10)
    stream = examples.batches(5, seed=1, repeat=True)
    orders = set()
    for _ in range(8):
        shown = [p for _ in range(total // 5) for p in pitches(next(stream))]
        assert len(set(shown)) == total
        by_sequence = np.bincount(np.digitize(shown, [10, 11, 14]), minlength=4)
        assert by_sequence.tolist() == (
            [10, 1, 3, 6] if limit is None else [3, 1, 3, 3]
        )
        orders.add(tuple(shown))
    assert len(orders) == 8
    assert {p for order in orders for p in order} == set(range(20))


@pytest.mark.parametrize("limit", [None, 3])
def test_long_orders_are_the_short_ones(limit, monkeypatch):
    examples = make_examples([10, 1, 3], limit=limit)
    short = [pitches(b) for b in examples.batches(4)]
    drawn_short = [pitches(b) for b in examples.batches(4, seed=3)]
    monkeypatch.setattr("groovekit.data.order.SELECTED_AT_ONCE", 4)
    assert [pitches(b) for b in examples.batches(4)] == short
    assert [pitches(b) for b in examples.batches(4, seed=3)] == drawn_short
    # Unshuffled, but drawn: in order of the sequences.
    drawn = [p for b in examples.batches(4, seed=3, shuffle=False) for p in pitches(b)]
    owners = np.digitize(drawn, [10, 11]).tolist()
    assert owners == sorted(owners)
    assert len(set(drawn)) == examples.windows_per_epoch


@pytest.mark.parametrize("limit", [None, 2])
def test_training_resumes_exactly_in_a_long_order(long_orders, limit):
    examples = make_examples([5, 3, 4], limit=limit)
    options = {"seed": 9, "repeat": True}
    whole = [pitches(b) for b in itertools.islice(examples.batches(5, **options), 12)]
    resumed = examples.batches(5, start_step=7, **options)
    assert [pitches(b) for b in itertools.islice(resumed, 5)] == whole[7:]


def test_stores_released_from_memory_give_the_same_batches(tmp_path, monkeypatch):
    path = write_examples(tmp_path / "a.tfrecord", [5, 7, 3])
    expected = None
    for largest in (2**28, 0):
        monkeypatch.setattr("groovekit.data.examples.LARGEST_MAPPED", largest)
        monkeypatch.setattr("groovekit.data.examples._READ_AT_ONCE", 4)
        stream = load_examples(path, Tiny()).batches(4, seed=2, repeat=True)
        shown = [pitches(batch) for batch in itertools.islice(stream, 10)]
        assert shown == (expected or shown)
        expected = shown


def test_subsets_of_subsets_keep_their_windows(long_orders):
    examples = make_examples([3, 2, 1, 4])
    part = examples.subset(np.array([1, 0, 1, 1])).subset(np.array([0, 1, 1]))
    assert part.windows.arrays["pitch"].ravel().tolist() == [5, 6, 7, 8, 9]
    shown = [p for b in part.batches(2, seed=1) for p in pitches(b)]
    assert sorted(shown) == [5, 6, 7, 8, 9]
    assert part.ids == ("take-2", "take-3")


def test_pitches_that_midi_has_not_have_no_class():
    """Sequences made in Python are not checked as records are."""
    converter = get_config("groovae_2bar_humanize").converter
    odd = tiny.groove(1)
    for pitch in (-1, 300):
        odd.notes[0].pitch = pitch
        examples = Examples.from_sequences([("odd", odd)], converter)
        assert examples.report.counts.unmapped == 1


def test_sizes_and_steps_out_of_range():
    examples = make_examples([3])
    with pytest.raises(UsageError, match="at least 1, got 0"):
        examples.batches(0)
    with pytest.raises(UsageError, match="at least 0, got -1"):
        examples.batches(1, start_step=-1)


# Holding out --------------------------------------------------------------------


def test_a_tenth_of_the_files_is_held_out():
    examples = make_examples([2] * 400)
    train, evaluation, note = hold_out(examples, 0.1)
    assert evaluation.sequences == 40
    assert train.sequences + evaluation.sequences == 400
    assert not set(train.ids) & set(evaluation.ids)
    assert f"Held out {evaluation.sequences} of 400" in note
    shown = [p for b in evaluation.batches(64) for p in pitches(b)]
    number = [int(name.split("-")[1]) for name in evaluation.ids]
    assert shown == [p for i in number for p in (2 * i, 2 * i + 1)]
    assert len(evaluation.windows) == len(evaluation) == len(shown)
    stream = train.batches(len(train), seed=1, repeat=True)
    assert not set(pitches(next(stream))) & set(shown)
    assert len({examples.fingerprint, train.fingerprint, evaluation.fingerprint}) == 3


def test_the_choice_depends_on_neither_names_nor_order():
    contents = [[number, number + 1] for number in range(0, 100, 2)]

    def held(folder, takes):
        pairs = [
            (f"/id/midi/{folder}/{take}", make_sequence("", contents[take]))
            for take in takes
        ]
        evaluation = hold_out(Examples.from_sequences(pairs, Tiny()), 0.1).evaluation
        return {name.rpartition("/")[2] for name in evaluation.ids}

    forward, backward = range(50), range(49, -1, -1)
    assert held("mine", forward) == held("yours", backward)


@pytest.mark.parametrize(
    "names",
    [
        ("take:0", "take:1"),
        ("a/1_funk_80_beat_4-4_1.midi", "a/1_funk_80_beat_4-4_12.midi"),
        ("1_rock_100_fill_6-8_3", "1_rock_100_fill_6-8_4"),
    ],
)
def test_pieces_and_recordings_of_a_take_stay_together(names):
    pairs = []
    for number in range(40):
        for piece, name in enumerate(names):
            content = [2 * number + piece, 100 + piece]
            pairs.append((f"{number}/{name}", make_sequence("", content)))
    train, evaluation, note = hold_out(Examples.from_sequences(pairs, Tiny()), 0.25)
    takes = [{name.partition("/")[0] for name in e.ids} for e in (train, evaluation)]
    assert not takes[0] & takes[1]
    assert "Held out 10 of 40 performances" in note


def test_a_take_under_two_names_stays_on_one_side():
    pairs = [
        (f"{copy}-{number}", make_sequence("", [number, number + 1]))
        for copy in ("take", "backup of take")
        for number in range(0, 80, 2)
    ]
    train, evaluation, _ = hold_out(Examples.from_sequences(pairs, Tiny()), 0.25)
    takes = [{name.partition("-")[2] for name in e.ids} for e in (train, evaluation)]
    assert not takes[0] & takes[1]
    assert len(takes[1]) == 10


def test_file_names_tell_performances_where_ids_do_not():
    def one(name, content):
        sequence = make_sequence("", content)
        sequence.filename = f"drummer1/{name}"
        return name, sequence

    pairs = [
        one(f"{take}_funk_80_beat_4-4_{kit}.midi", [take, kit])
        for take in range(20)
        for kit in (100, 101, 102)
    ]
    examples = Examples.from_sequences(
        [(f"/id/{number}", s) for number, (_, s) in enumerate(pairs)], Tiny()
    )
    assert len(set(examples.performances)) == 20


def test_few_windows_are_too_little_to_judge_by():
    # A tenth of the windows would be 12 of one performance.
    _, enough, note = hold_out(make_examples([12] * 10), 0.1)
    assert len(enough) == 24
    assert "too little" not in note
    _, few, note = hold_out(make_examples([2] * 12), 0.1)
    assert len(few) == 6
    assert note.endswith("too little to judge a model by.")


@pytest.mark.parametrize("fraction", [1e-9, 0.999999999])
@pytest.mark.parametrize("files", [2, 3, 10])
def test_both_sides_have_a_file(files, fraction):
    train, evaluation, _ = hold_out(make_examples([1] * files), fraction)
    assert train.sequences >= 1
    assert evaluation.sequences >= 1


def test_one_file_is_not_split():
    train, evaluation, note = hold_out(make_examples([5]), 0.1)
    assert len(train) == 5
    assert evaluation is None
    assert "one performance only" in note


def test_sequences_of_one_file_stay_together():
    pairs = [(f"take-{i % 7}", make_sequence("", [i])) for i in range(70)]
    train, evaluation, _ = hold_out(Examples.from_sequences(pairs, Tiny()), 0.3)
    assert not set(train.ids) & set(evaluation.ids)


# Loading, with the cache --------------------------------------------------------


def test_the_second_start_converts_nothing(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 0, 2])
    first = load_examples(path, Tiny())
    assert Tiny.extracted == 3
    second = load_examples(path, Tiny())
    assert Tiny.extracted == 3
    plain = load_examples(path, Tiny(), settings=DataSettings(cache=False))
    assert Tiny.extracted == 6
    for other in (second, plain):
        assert other.fingerprint == first.fingerprint
        assert other.report == first.report
        assert other.groups.tolist() == first.groups.tolist() == [0, 3, 5]
        for name, array in first.stored.arrays.items():
            np.testing.assert_array_equal(other.stored.arrays[name], array)
            assert other.stored.arrays[name].dtype == array.dtype
    assert isinstance(second.stored.arrays["pitch"].base, np.memmap)
    assert type(second.take(np.array([0])).arrays["pitch"]) is np.ndarray
    assert second.report.files == 1
    assert pitches(next(second.batches(9))) == [0, 1, 2, 74, 75]


def test_files_options_and_version_are_part_of_the_key(tmp_path, monkeypatch):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    kit = tmp_path / "kit.json"
    kit.write_text("{}")
    converters = [Tiny(), Tiny(shortest=2), Tiny(file=str(kit))]
    for converter in converters * 2:
        load_examples(path, converter)
    assert Tiny.extracted == 6
    kit.write_text("[]")
    load_examples(path, converters[2])
    assert Tiny.extracted == 8
    monkeypatch.setattr(Tiny, "version", 2)
    load_examples(path, Tiny())
    assert Tiny.extracted == 10
    write_examples(path, [3, 2, 1])
    assert len(load_examples(path, Tiny())) == 6
    assert Tiny.extracted == 13


def test_kit_maps_count_by_their_contents(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    table = {"name": "pads", "classes": [{"name": "kick", "pitches": [36]}]}
    for name in ("a.json", "b.json", "c"):
        kit = tmp_path / name
        kit.write_text(json.dumps(table))
        load_examples(path, Tiny(kit=str(kit)))
    assert Tiny.extracted == 2
    pitch = [36]
    catalogue.register_kit_map("tests.pads")(lambda: KitMap("pads", (tuple(pitch),)))
    for number, extracted in ((37, 4), (37, 4), (38, 6)):
        pitch[0] = number
        load_examples(path, Tiny(kit="tests.pads"))
        assert Tiny.extracted == extracted


def _unreadable(monkeypatch, path):
    """Root may read everything: the error is made."""
    digest = cache.file_digest

    def file_digest(found):
        if Path(found) == path:
            raise PermissionError(13, "Permission denied", str(found))
        return digest(found)

    monkeypatch.setattr(cache, "file_digest", file_digest)


def test_examples_with_an_unreadable_file_are_not_cached(tmp_path, monkeypatch, caplog):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    with monkeypatch.context() as patch:
        _unreadable(patch, path)
        assert len(load_examples(path, Tiny())) == 5
    assert f"not cached: cannot read {path} (Permission denied)" in caplog.text
    assert Tiny.extracted == 2
    assert cache.entries() == []
    load_examples(path, Tiny())
    assert len(cache.entries()) == 1
    with monkeypatch.context() as patch:
        _unreadable(patch, path)
        assert len(load_examples(path, Tiny(), settings=VERIFY)) == 5
    assert "cannot be read" in caplog.text
    assert cache.entries() == []


def test_the_fingerprint_is_of_contents(tmp_path):
    counts = [3, 2]
    first = load_examples(write_examples(tmp_path / "a.tfrecord", counts), Tiny())
    other = load_examples(write_examples(tmp_path / "b.tfrecord", counts), Tiny())
    assert first.fingerprint == other.fingerprint
    third = load_examples(write_examples(tmp_path / "c.tfrecord", [3, 3]), Tiny())
    assert third.fingerprint != first.fingerprint


def _entry() -> cache.Entry:
    (entry,) = cache.entries()
    return entry


@pytest.mark.parametrize("damage", ["truncate", "remove", "json", "meta", "schema"])
def test_damaged_entries_are_built_again(tmp_path, damage):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    expected = load_examples(path, Tiny()).fingerprint
    entry = _entry()
    file = entry.path / ("pitch.npy" if damage != "json" else "entry.json")
    meta_path = entry.path / "entry.json"
    meta = json.loads(meta_path.read_text())
    if damage in ("truncate", "json"):
        file.write_bytes(file.read_bytes()[:-5])
    elif damage == "remove":
        file.unlink()
    elif damage == "meta":
        meta_path.write_text(json.dumps({**meta, "ids": ["x"]}))
    else:
        meta_path.write_text(json.dumps({**meta, "schema_version": 99}))
    assert load_examples(path, Tiny()).fingerprint == expected
    assert Tiny.extracted == 4
    load_examples(path, Tiny())
    assert Tiny.extracted == 4


def test_verifying_finds_changed_contents(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    status = path.stat()
    load_examples(path, Tiny())
    load_examples(path, Tiny(), settings=VERIFY)
    assert Tiny.extracted == 2
    # The same records in another order, so size and time stay: only verifying
    # finds it.
    records = list(read_records(path))
    with write_records(path) as writer:
        for record in reversed(records):
            writer.write(record)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert load_examples(path, Tiny()).groups.tolist() == [0, 3, 5]
    assert Tiny.extracted == 2
    again = load_examples(path, Tiny(), settings=VERIFY)
    assert again.groups.tolist() == [0, 2, 5]
    assert Tiny.extracted == 4


def test_verifying_finds_changed_arrays(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    load_examples(path, Tiny())
    file = _entry().path / "pitch.npy"
    file.write_bytes(file.read_bytes()[:-1] + b"\x7f")
    again = load_examples(path, Tiny(), settings=VERIFY)
    assert again.stored.arrays["pitch"].ravel().tolist() == [0, 1, 2, 37, 38]


def test_an_unwritable_cache_is_done_without(tmp_path, monkeypatch, caplog):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    monkeypatch.setenv("GROOVEKIT_CACHE_DIR", str(blocked))
    assert len(load_examples(path, Tiny())) == 5
    assert "Working without the cache" in caplog.text


def test_files_that_change_while_read_are_not_cached(tmp_path, caplog):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    later = iter(range(1, 9))

    class Slow(Tiny):
        def extract(self, sequence):
            time = path.stat().st_mtime_ns + next(later)
            os.utime(path, ns=(time, time))
            return super().extract(sequence)

    assert len(load_examples(path, Slow())) == 5
    assert "changed while read" in caplog.text
    assert cache.entries() == []


def test_nothing_stays_of_a_conversion_that_fails(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])

    class Failing(Tiny):
        def extract(self, sequence):
            if len(sequence.notes) == 2:
                raise KeyboardInterrupt
            return super().extract(sequence)

    with pytest.raises(KeyboardInterrupt):
        load_examples(path, Failing())
    assert not any((cache.cache_folder() / "examples").iterdir())


def test_progress_is_reported(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [3, 2])
    calls = []
    load_examples(path, Tiny(), progress=lambda *call: calls.append(call))
    assert calls[-1] == (2, None)


# Preparing ----------------------------------------------------------------------


def test_prepare_holds_out_files(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [2] * 50)
    train, evaluation, note = prepare(path, Tiny())
    assert train.sequences + evaluation.sequences == 50
    assert "Held out" in note
    train, evaluation, note = prepare(path, Tiny(), settings=NONE_HELD_OUT)
    assert (train.sequences, evaluation) == (50, None)
    assert "as asked" in note
    half = prepare(path, Tiny(), settings=DataSettings(eval_fraction=0.5)).evaluation
    assert 15 <= half.sequences <= 35


def test_prepare_with_other_examples(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [2] * 5)
    other = write_examples(tmp_path / "b.tfrecord", [1] * 3)
    train, evaluation, note = prepare(
        path, Tiny(), settings=DataSettings(eval_examples=other)
    )
    assert (len(train), len(evaluation)) == (10, 3)
    assert str(other) in note


def test_settings_of_other_types_and_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"DataSettings\.workers takes an integer"):
        DataSettings(workers="two")
    with pytest.raises(ConfigError, match=r"DataSettings\.eval_examples takes"):
        DataSettings(eval_examples=5)
    with pytest.raises(UsageError, match="workers must be at least 1, got 0"):
        DataSettings(workers=0)
    with pytest.raises(DataError, match="Unknown split 'valid'"):
        DataSettings(split="valid")


def test_prepare_refuses_contradictions(tmp_path):
    path = write_examples(tmp_path / "a.tfrecord", [2] * 5)
    with pytest.raises(UsageError, match="not both"):
        DataSettings(eval_examples=path, eval_fraction=0.2)
    for fraction in (-0.1, 1.0):
        with pytest.raises(UsageError, match=r"lies in \[0, 1\)"):
            DataSettings(eval_fraction=fraction)
    with pytest.raises(DataError, match="no splits"):
        prepare(path, Tiny(), settings=DataSettings(split="validation"))


def test_a_damaged_validation_split_is_no_missing_one(tmp_path):
    rows = ["drummer,midi_filename,split"]
    for name, split in (("a", "train"), ("b", "train"), ("c", "validation")):
        sequence = NoteSequence()
        sequence.notes.add(pitch=36, velocity=90, end_time=0.5, is_drum=True)
        (tmp_path / f"{name}.mid").write_bytes(encode_midi(sequence))
        rows.append(f"d,{name}.mid,{split}")
    (tmp_path / "info.csv").write_text("\n".join(rows))
    assert prepare(tmp_path, Tiny()).evaluation.sequences == 1
    (tmp_path / "c.mid").write_text("no MIDI")
    with pytest.raises(DataError, match=r"unreadable: c\.mid"):
        prepare(tmp_path, Tiny())
    (tmp_path / "c.mid").unlink()
    assert "validation split gives no examples" in prepare(tmp_path, Tiny()).note


def _groove_folder(groove_dir: Path, target: Path, splits) -> Path:
    """A small copy of the data set: the first three takes of each split."""
    target.mkdir()
    with (groove_dir / "info.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for split in splits:
        present = (r for r in rows if r["split"] == split)
        found = (r for r in present if (groove_dir / r["midi_filename"]).is_file())
        kept += itertools.islice(found, 3)
    for row in kept:
        copy = target / row["midi_filename"]
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((groove_dir / row["midi_filename"]).read_bytes())
    with (target / "info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(kept)
    return target


def test_the_splits_of_groove_are_honoured(groove_dir, tmp_path):
    both = _groove_folder(groove_dir, tmp_path / "a", ["train", "validation"])
    train, evaluation, note = prepare(both, Tiny())
    assert (train.sequences, evaluation.sequences) == (3, 3)
    assert not set(train.ids) & set(evaluation.ids)
    assert note == "Training on the train split, evaluating on validation."
    assert train.report.files == 3
    whole, held_out, note = prepare(both, Tiny(), settings=DataSettings(split="all"))
    assert whole.sequences + held_out.sequences == 6
    assert "Held out" in note
    assert prepare(both, Tiny(), settings=NONE_HELD_OUT).evaluation is None
    only = _groove_folder(groove_dir, tmp_path / "b", ["train"])
    train, evaluation, note = prepare(only, Tiny())
    assert train.sequences + evaluation.sequences == 3
    assert "validation split gives no examples. Held out" in note
    mixed = prepare(only, Tiny(), settings=DataSettings(eval_examples=both))
    assert (mixed.train.sequences, mixed.evaluation.sequences) == (3, 3)
    assert "the validation split of" in mixed.note
