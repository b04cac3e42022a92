"""Places in latent space and walks through it, with the shipped preset in NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from helpers import tiny

from groovekit.converters.drums import DrumsConverter
from groovekit.errors import DataError, UnknownNameError, UsageError
from groovekit.generation.attributes import Direction, Directions
from groovekit.generation.sections import cut
from groovekit.generation.slerp import slerp
from groovekit.generation.tasks.continue_ import _at_one_tempo, continue_, read_ending
from groovekit.generation.tasks.grid import grid
from groovekit.generation.tasks.sample_long import RELATEDNESS, sample_long
from groovekit.generation.tasks.shift import shift
from groovekit.generation.tasks.vary import vary
from groovekit.generation.trained_model import TrainedModel
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import TempoMap, tempo_of

QPM = 120.0
STEP, BAR = 0.125, 2.0
TAKE = tiny.groove(1, bars=6)


@pytest.fixture(scope="module")
def model():
    return TrainedModel.load("groovae_4bar", runtime="numpy")


@pytest.fixture
def codes(model, monkeypatch):
    """The codes that are decoded, call by call."""
    seen = []
    decode = model.decode_to_tensors

    def spy(z, **options):
        seen.append(np.array(z))
        return decode(z, **options)

    monkeypatch.setattr(model, "decode_to_tensors", spy)
    return seen


def pattern(model, sequence, *, qpm=QPM):
    """Hits by step and drum."""
    starts = np.array([n.start_time for n in sequence.notes])
    pitches = np.array([n.pitch for n in sequence.notes])
    steps = np.floor(starts * qpm / 15 + 0.5).astype(int)
    hits = np.zeros((steps.max() + 1, 9), bool)
    hits[np.maximum(steps, 0), model.converter.kit_map.class_of(pitches)] = True
    return hits


def unlike(first, second):
    """Share of the hits of either that the other does not have (Jaccard)."""
    return (first != second).sum() / max(1, (first | second).sum())


def assert_same(ours, theirs):
    """The same notes but for rounding, which depends on the size of a batch."""
    assert [n.pitch for n in ours] == [n.pitch for n in theirs]
    for field, tolerance in (("velocity", 1), ("start_time", 1e-5)):
        np.testing.assert_allclose(
            [getattr(n, field) for n in ours],
            [getattr(n, field) for n in theirs],
            rtol=0,
            atol=tolerance,
        )


class TestVariations:
    def test_the_distance_is_in_posterior_standard_deviations(self, model, codes):
        posterior = model.encode(TAKE, seed=0)
        ways = []
        for distance in (0.0, 0.5, 2.0):
            vary(model, TAKE, 3, distance=distance, seed=5, temperature=0)
            moved = (codes[-1] - posterior.mean) / posterior.stddev
            size = np.sqrt(np.mean(np.square(moved), axis=1))
            np.testing.assert_allclose(size, distance, rtol=1e-4, atol=1e-6)
            ways.append(moved)
        # A larger distance goes further on the same way; each has its own.
        np.testing.assert_allclose(ways[2], 4 * ways[1], atol=1e-4)
        assert np.abs(np.corrcoef(ways[1])[np.triu_indices(3, 1)]).max() < 0.3

    def test_further_away_they_differ_more(self, model):
        (centre,) = model.reconstruct(TAKE, temperature=0, seed=0)
        steps = [
            np.mean(
                [
                    unlike(_whole(pattern(model, v)), _whole(pattern(model, centre)))
                    for v in vary(model, TAKE, 4, distance=d, seed=1, temperature=0)
                ]
            )
            for d in (0.0, 1.0, 2.0, 4.0)
        ]
        assert steps[0] == 0
        assert steps == sorted(steps)
        assert steps[-1] > 0.2

    def test_options(self, model):
        (found,) = vary(model, TAKE, 1, bars=2, qpm=90.0, seed=1)
        assert tempo_of(found) == 90
        assert found.total_time == pytest.approx(2 * 4 * 60 / 90, abs=STEP)
        assert vary(model, TAKE, 2, seed=1) == vary(model, TAKE, 2, seed=1)
        assert vary(model, TAKE, 2, seed=1) != vary(model, TAKE, 2, seed=2)

    def test_mistakes(self, model):
        with pytest.raises(UsageError, match="at least 1, got 0"):
            vary(model, TAKE, 0)
        with pytest.raises(UsageError, match="at least 0 and finite, got -1"):
            vary(model, TAKE, distance=-1)
        with pytest.raises(UsageError, match="Expected one groove, got 2"):
            vary(model, [TAKE, TAKE])


def _whole(hits, steps=64):
    return np.pad(hits, [(0, max(0, steps - len(hits))), (0, 0)])[:steps]


class TestGrids:
    CORNERS = tuple(
        tiny.groove(seed, qpm=qpm)
        for seed, qpm in ((1, 80.0), (2, 100.0), (3, 120.0), (4, 160.0))
    )

    def test_corners_edges_and_tempos(self, model, codes):
        made = grid(model, self.CORNERS, 3, 4, temperature=0, seed=0)
        assert len(made) == 12
        mean = model.encode(self.CORNERS, seed=0).mean
        table = codes[-1].reshape(3, 4, -1)
        corners = table[[0, 0, -1, -1], [0, -1, 0, -1]]
        np.testing.assert_allclose(corners, mean, atol=1e-5)
        np.testing.assert_allclose(
            table[0], slerp(mean[0], mean[1], np.linspace(0, 1, 4)), atol=1e-5
        )
        np.testing.assert_allclose(
            table[:, 0], slerp(mean[0], mean[2], np.linspace(0, 1, 3)), atol=1e-5
        )
        ends = model.reconstruct(self.CORNERS, temperature=0, seed=0)
        for corner, end in zip((0, 3, 8, 11), ends, strict=True):
            assert_same(made[corner].notes, end.notes)
        tempos = np.reshape([tempo_of(s) for s in made], (3, 4))
        np.testing.assert_allclose(tempos[1], np.linspace(100, 130, 4), rtol=1e-5)

    def test_neighbours_are_alike(self, model):
        """A step of the grid is smaller than the way from corner to corner."""
        corners = sample_long(model, 4, bars=4, temperature=0, seed=6)
        made = grid(model, corners, 3, 3, temperature=0, seed=0)
        hits = np.array([_whole(pattern(model, s)) for s in made]).reshape(3, 3, 64, 9)
        down = [unlike(hits[r, c], hits[r + 1, c]) for r in range(2) for c in range(3)]
        right = [unlike(hits[r, c], hits[r, c + 1]) for r in range(3) for c in range(2)]
        far = [unlike(hits[0, c], hits[2, c]) for c in range(3)]
        far += [unlike(hits[r, 0], hits[r, 2]) for r in range(3)]
        assert np.mean(down + right) < 0.8 * np.mean(far)

    def test_mistakes(self, model):
        with pytest.raises(UsageError, match="four corners, got 2"):
            grid(model, self.CORNERS[:2], 3, 3)
        with pytest.raises(UsageError, match="got 1 and 3"):
            grid(model, self.CORNERS, 1, 3)


class TestShifts:
    def directions(self, size=256):
        rng = np.random.default_rng(0)
        return Directions(
            "groovae_4bar",
            10,
            "",
            tuple(
                Direction(
                    name, "x:y", 0.0, 1.0, 1.0, rng.normal(size=size).astype(np.float32)
                )
                for name in ("a", "b")
            ),
        )

    def test_strengths_add_up(self, model, codes):
        ways = self.directions()
        a, b = (direction.vector for direction in ways.attributes)
        mean = model.encode(TAKE, seed=0).mean
        shift(model, TAKE, {"a": 1.5, "b": -1}, directions=ways, amount=0.5, seed=0)
        np.testing.assert_allclose(codes[-1], mean + 0.75 * a - 0.5 * b, atol=1e-5)
        made = shift(model, [TAKE, TAKE], {}, directions=ways, seed=0, temperature=0)
        (again,) = model.reconstruct(TAKE, temperature=0, seed=0)
        for one in made:
            assert_same(one.notes, again.notes)

    def test_mistakes(self, model):
        ways = self.directions()
        with pytest.raises(UnknownNameError, match="attribute 'c'"):
            shift(model, TAKE, {"c": 1.0}, directions=ways)
        with pytest.raises(UsageError, match="a takes a finite strength, got nan"):
            shift(model, TAKE, {"a": float("nan")}, directions=ways)
        with pytest.raises(UsageError, match=r"vectors of size 4 .* the model has 256"):
            shift(model, TAKE, {"a": 1.0}, directions=self.directions(4))


class TestLongPieces:
    def test_sections_are_related(self, model):
        """Neighbours are nearer to each other than to sections of other pieces."""
        pieces = [
            _whole(pattern(model, piece), 512).reshape(8, 64, 9)
            for piece in sample_long(model, 4, bars=32, temperature=0, seed=1)
        ]
        near = [unlike(p[i], p[i + 1]) for p in pieces for i in range(7)]
        ends = [unlike(p[0], p[7]) for p in pieces]
        strange = [
            unlike(a, b)
            for i, p in enumerate(pieces)
            for q in pieces[:i]
            for a in p
            for b in q
        ]
        assert np.mean(near) < 0.75 * np.mean(strange)
        assert np.mean(near) < np.mean(ends)
        # Related, not repeated.
        assert np.mean(near) > 0.05

    def test_codes_stay_where_the_prior_is(self, model, codes):
        sample_long(model, 2, bars=160, seed=3, temperature=0)
        (z,) = codes
        z = z.reshape(2, 40, -1)
        sizes = np.sqrt(np.mean(np.square(z), axis=-1))
        assert sizes.min() > 0.85
        assert sizes.max() < 1.15
        steps = [np.corrcoef(a, b)[0, 1] for p in z for a, b in itertools.pairwise(p)]
        assert np.mean(steps) == pytest.approx(RELATEDNESS, abs=0.02)

    def test_any_length(self, model):
        (long,) = sample_long(model, 1, bars=9, qpm=60.0, seed=2)
        assert tempo_of(long) == 60
        assert 36 <= long.total_time < 36.5
        assert max(n.start_time for n in long.notes) < 36
        # Neither more bars nor more pieces change the beginning.
        (short,) = sample_long(model, 1, bars=4, qpm=60.0, seed=2)
        assert_same(short.notes, long.notes[: len(short.notes)])
        two = sample_long(model, 2, bars=4, qpm=60.0, seed=2)
        assert_same(two[0].notes, short.notes)
        (bar,) = sample_long(model, 1, bars=1, seed=2)
        assert max(n.start_time for n in bar.notes) < BAR

    def test_equal_sections(self, model):
        (piece,) = sample_long(model, 1, bars=8, relatedness=1, temperature=0, seed=1)
        hits = _whole(pattern(model, piece), 128)
        np.testing.assert_array_equal(hits[:64], hits[64:])

    def test_early_strokes_of_a_section_stay_early(self, model, monkeypatch):
        tensors = np.zeros((2, 64, 27), np.float32)
        tensors[1, 0, [0, 9, 18]] = 1.0, 0.5, 0.5
        monkeypatch.setattr(model, "decode_to_tensors", lambda *_, **__: tensors)
        (piece,) = sample_long(model, 1, bars=8, seed=1)
        assert [n.start_time for n in piece.notes] == [pytest.approx(8 - STEP / 4)]

    def test_windows_that_may_end_early_are_cut_in_seconds(self):
        piece = NoteSequence(total_time=8.0)
        for start in (0.0, 5.5, 6.0):
            piece.notes.add(pitch=60, velocity=9, start_time=start, end_time=start + 1)
        found = cut(piece, 6.0)
        assert [(n.start_time, n.end_time) for n in found.notes] == [(0, 1), (5.5, 6)]
        assert found.total_time == 6

    def test_mistakes(self, model):
        with pytest.raises(UsageError, match="bars must be at least 1, got 0"):
            sample_long(model, bars=0)
        with pytest.raises(UsageError, match=r"relatedness must be 0 to 1, got 1\.5"):
            sample_long(model, bars=8, relatedness=1.5)
        with pytest.raises(UsageError, match="samples must be at least 1"):
            sample_long(model, 0, bars=8)


class TestContinuations:
    def test_the_input_stays_and_goes_on_at_the_bar_line(self, model):
        for found in continue_(model, TAKE, 2, seed=1):
            size = len(TAKE.notes)
            assert found.notes[:size] == TAKE.notes
            added = [n.start_time for n in found.notes[size:]]
            assert added
            assert min(added) >= 6 * BAR - STEP / 2
            assert max(added) < 10 * BAR
            assert found.total_time == pytest.approx(10 * BAR, abs=STEP)
        first, second = continue_(model, TAKE, 2, seed=1)
        assert first != second
        (again,) = continue_(model, TAKE, 1, seed=1)
        assert_same(again.notes, first.notes)

    def test_it_goes_on_like_the_end(self, model):
        """The next section is nearer to the last window than to other music."""
        end = _whole(pattern(model, TAKE), 96)[32:]
        other = [
            _whole(pattern(model, s))
            for s in sample_long(model, 4, bars=4, temperature=0, seed=8)
        ]
        for found in continue_(model, TAKE, 2, temperature=0, seed=4):
            ours = _whole(pattern(model, found), 160)[96:]
            assert unlike(ours, end) < min(unlike(ours, o) for o in other)

    def test_steps_of_the_walk(self, model, codes):
        """Those of the input's own windows, one after another; see the docstring."""
        (long,) = sample_long(model, 1, bars=12, temperature=0, seed=4)
        codes.clear()
        windows = [_from_bar(long, bar) for bar in (0, 4, 8)]
        own = model.encode(windows, seed=0).mean.astype(float)
        centre = own.mean(axis=0)
        first, second, third = own - centre
        memory = (first @ second + second @ third) / (first @ first + second @ second)
        memory = max(0.0, memory)
        left = np.stack([second - memory * first, third - memory * second])
        continue_(model, long, 60, bars=8, seed=0, temperature=0)
        made = codes[-1].reshape(60, 2, -1)
        for before, after in (
            (np.broadcast_to(own[2], (60, 256)), made[:, 0]),
            (made[:, 0], made[:, 1]),
        ):
            steps = after - centre - memory * (before - centre)
            draws, *_ = np.linalg.lstsq(left.T, steps.T, rcond=None)
            np.testing.assert_allclose(left.T @ draws, steps.T, atol=1e-4)
            np.testing.assert_allclose(np.mean(draws**2), 0.5, atol=0.15)

    def test_a_single_window_varies_as_its_posterior(self, model, codes):
        posterior = model.encode(_from_bar(TAKE, 2), seed=0)
        continue_(model, TAKE, 20, bars=8, seed=0, temperature=0)
        draws = (codes[-1] - posterior.mean) / posterior.stddev
        assert draws.shape == (40, 256)
        assert draws.mean() == pytest.approx(0, abs=0.05)
        assert draws.std() == pytest.approx(1, abs=0.05)

    def test_music_shorter_than_a_window_is_a_loop(self, model, codes):
        loop = tiny.groove(3, bars=1)
        continue_(model, loop, 1, bars=2, seed=0, temperature=0)
        four = NoteSequence()
        four.CopyFrom(loop)
        for bar in range(1, 4):
            for note in loop.notes:
                copy = four.notes.add()
                copy.CopyFrom(note)
                copy.start_time += bar * BAR
                copy.end_time += bar * BAR
        continue_(model, four, 1, bars=2, seed=0, temperature=0)
        np.testing.assert_allclose(codes[0], codes[1], atol=1e-5)
        (found,) = continue_(model, loop, bars=2, seed=0)
        assert 3 * BAR <= found.total_time < 3 * BAR + STEP

    def test_a_change_of_tempo(self, model, codes):
        """The same groove, slower after two bars, has the same continuation."""
        steady = tiny.groove(1, bars=4)
        (expected,) = continue_(model, steady, seed=3, temperature=0)
        slower = NoteSequence()
        slower.CopyFrom(steady)
        slower.tempos.add(time=2 * BAR, qpm=60.0)
        for note in slower.notes:
            note.start_time += max(0.0, note.start_time - 2 * BAR)
            note.end_time += max(0.0, note.end_time - 2 * BAR)
        slower.total_time = 6 * BAR
        (found,) = continue_(model, slower, seed=3, temperature=0)
        np.testing.assert_allclose(codes[0], codes[1], atol=1e-4)
        size = len(steady.notes)
        old = np.array([n.start_time for n in expected.notes[size:]]) - 4 * BAR
        new = np.array([n.start_time for n in found.notes[size:]]) - 6 * BAR
        np.testing.assert_allclose(new, 2 * old, atol=1e-3)
        assert found.tempos == slower.tempos

    def test_chords_and_metres_move_with_the_notes(self):
        sequence = tiny.groove(1, bars=4, qpm=60.0)
        sequence.tempos.add(time=8.0, qpm=120.0)
        sequence.time_signatures.add(time=4.0, numerator=3, denominator=4)
        sequence.text_annotations.add(time=9.0, text="C")
        even = _at_one_tempo(sequence, TempoMap.of(sequence), 120.0)
        assert [(t.time, t.qpm) for t in even.tempos] == [(0.0, 120.0)]
        assert [s.time for s in even.time_signatures] == [0.0, 2.0]
        assert even.text_annotations[0].time == 5.0

    def test_early_strokes_after_the_bar_line_stay_early(self, model, monkeypatch):
        tensors = np.zeros((1, 64, 27), np.float32)
        tensors[0, 0, [0, 9, 18]] = 1.0, 0.5, 0.5
        monkeypatch.setattr(model, "decode_to_tensors", lambda *_, **__: tensors)
        (found,) = continue_(model, TAKE, seed=1)
        assert found.notes[-1].start_time == pytest.approx(6 * BAR - STEP / 4)

    def test_mistakes(self, model):
        with pytest.raises(UsageError, match="continuations must be at least 1"):
            continue_(model, TAKE, 0)
        with pytest.raises(UsageError, match="bars must be at least 1"):
            continue_(model, TAKE, bars=0)
        with pytest.raises(DataError, match=r"sequence has no notes\. Choose another"):
            continue_(model, NoteSequence())
        # Models of labels read the part in 4/4, which is not where this one ends.
        changing = tiny.groove(1, bars=8)
        changing.time_signatures.add(time=4 * BAR, numerator=3, denominator=4)
        with pytest.raises(DataError, match="Cut out the part in 4/4"):
            read_ending(changing, DrumsConverter(bars=2))


def _from_bar(sequence, bar):
    part = NoteSequence()
    part.CopyFrom(sequence)
    del part.notes[:]
    for note in sequence.notes:
        at = note.start_time - bar * BAR
        if -STEP / 2 <= at < 4 * BAR - STEP / 2:
            copy = part.notes.add()
            copy.CopyFrom(note)
            copy.start_time, copy.end_time = at, note.end_time - bar * BAR
    return part
