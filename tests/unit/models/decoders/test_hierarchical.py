"""What holds for hierarchical models whatever their weights are.

Batched calls over segments and loops over them are two ways to compute the same.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from groovekit.errors import ConfigError
from groovekit.models import backend
from groovekit.models.decoders.hierarchical import HierarchicalLSTMDecoder
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.encoders.hierarchical import HierarchicalLSTMEncoder
from groovekit.models.feed import Feed
from groovekit.models.heads.base import Part
from groovekit.models.heads.categorical import CategoricalHead, MultiCategoricalHead
from groovekit.models.segments import segment_lengths

pytestmark = pytest.mark.backends

LABELS = (Part("a", 3, "categorical"), Part("b", 4, "categorical"))
BATCH, STEPS, Z = 2, 12, 3
RNG = np.random.default_rng(1)


def one_hot(depth, *shape):
    return np.eye(depth, dtype=np.float32)[RNG.integers(0, depth, shape)]


TARGETS = np.concatenate([one_hot(3, BATCH, STEPS), one_hot(4, BATCH, STEPS)], -1)
CODES = RNG.normal(size=(BATCH, Z)).astype(np.float32)


def decoder(level_lengths, *, autoregressive=(), reencode=False, **options):
    reencoder = None
    if reencode:
        reencoder = HierarchicalLSTMEncoder(
            (4,), 7, level_lengths=level_lengths[::-1], seed=3
        )
    made = HierarchicalLSTMDecoder(
        (4, 3),
        Z,
        MultiCategoricalHead(LABELS),
        level_lengths=level_lengths,
        core="split_lstm",
        conductor_size=(5,),
        autoregressive=autoregressive,
        reencoder=reencoder,
        seed=2,
        **options,
    )
    # Larger weights than the initial ones, so that every input makes a difference.
    for variable in [*made.weights, *(reencoder.weights if reencoder else [])]:
        variable.assign(RNG.normal(0, 0.5, variable.shape).astype(np.float32))
    return made


def decoded(made, feed, steps=STEPS):
    return backend.to_numpy(made.decode(CODES, steps, feed).outputs)


def teacher_forced(made, targets, lengths=None):
    # Not compiled, as that would take most of the time; the comparisons with the
    # original's numbers are.
    return decoded(made, Feed(targets=targets, lengths=lengths))


MODES = [
    ((3, 4), (), False),
    ((3, 4), (0,), False),
    ((3, 4), (0,), True),
    ((2, 3, 2), (), False),
    ((2, 3, 2), (0,), False),
    ((2, 3, 2), (1,), False),
    ((2, 3, 2), (0, 1), False),
    ((2, 3, 2), (0, 1), True),
    ((2, 3, 2), (0,), True),
    ((2, 3, 2), (1,), True),
]


@pytest.mark.parametrize(("levels", "autoregressive", "reencode"), MODES)
def test_loops_without_samples_equal_teacher_forcing(levels, autoregressive, reencode):
    made = decoder(levels, autoregressive=autoregressive, reencode=reencode)
    never = np.zeros((BATCH, STEPS), bool)
    looped = decoded(made, Feed(targets=TARGETS, use_sample=never))
    np.testing.assert_allclose(looped, teacher_forced(made, TARGETS), atol=2e-6)


@pytest.mark.parametrize(("levels", "autoregressive", "reencode"), MODES)
def test_generating_equals_being_forced_to_what_was_generated(
    levels, autoregressive, reencode
):
    made = decoder(levels, autoregressive=autoregressive, reencode=reencode)
    generated = decoded(made, Feed())
    logits = teacher_forced(made, generated)
    for part in (slice(0, 3), slice(3, 7)):
        np.testing.assert_array_equal(
            generated[..., part].argmax(-1), logits[..., part].argmax(-1)
        )


@pytest.mark.parametrize(("levels", "autoregressive", "reencode"), MODES)
def test_what_each_segment_depends_on(levels, autoregressive, reencode):
    """A later segment sees earlier ones only through autoregressive levels."""
    made = decoder(levels, autoregressive=autoregressive, reencode=reencode)
    changed = TARGETS.copy()
    # Not the last row of the first segment, which its successor starts from.
    changed[:, 0] = np.roll(changed[:, 0], 1, axis=-1)
    before, after = teacher_forced(made, TARGETS), teacher_forced(made, changed)
    size = levels[-1]
    differs = [
        not np.allclose(before[:, s : s + size], after[:, s : s + size], atol=1e-6)
        for s in range(0, STEPS, size)
    ]
    for number, path in enumerate(
        itertools.product(*(range(length) for length in levels[:-1]))
    ):
        if number == 0:
            continue
        # Both segments hang below one part of each level above where they part.
        parting = next(level for level, place in enumerate(path) if place)
        between = range(parting, len(levels) - 1)
        expected = parting in autoregressive
        if not reencode:
            # A state says something of the first segment if all levels pass it on.
            expected = all(level in autoregressive for level in between)
        assert differs[number] == expected, path


def test_padding_inside_segments_changes_nothing_that_is_in_use():
    for autoregressive, reencode in (((), False), ((0,), False), ((0,), True)):
        made = decoder((3, 4), autoregressive=autoregressive, reencode=reencode)
        lengths = np.array([[3, 4, 2], [1, 2, 4]], np.int32)
        used = np.arange(4)[None, None] < lengths[:, :, None]
        used = used.reshape(BATCH, STEPS)
        padded = TARGETS * used[..., None]
        other = np.where(used[..., None], TARGETS, np.roll(TARGETS, 1, axis=-1))
        # The row before a segment starts it, padding or not: keep those.
        other[:, 3::4] = padded[:, 3::4]
        first = teacher_forced(made, padded, lengths)
        second = teacher_forced(made, other.astype(np.float32), lengths)
        np.testing.assert_allclose(first[used], second[used], atol=1e-6)


def test_encoder_ignores_padding_inside_segments():
    encoder = HierarchicalLSTMEncoder((4,), 3, level_lengths=(4, 3), seed=1)
    lengths = np.array([[3, 4, 2], [1, 0, 4]], np.int32)
    used = (np.arange(4)[None, None] < lengths[:, :, None]).reshape(2, 12, 1)
    x = RNG.normal(size=(2, 12, 3)).astype(np.float32)
    results = [
        backend.to_numpy(encoder(values, lengths))
        for values in (x * used, np.where(used, x, 9.0).astype(np.float32))
    ]
    np.testing.assert_allclose(results[0], results[1], atol=1e-6)
    whole, plain = (encoder(x, n) for n in (np.array([12, 12]), None))
    np.testing.assert_allclose(
        backend.to_numpy(whole), backend.to_numpy(plain), atol=1e-6
    )


def test_segment_lengths_of_full_and_empty_windows():
    lengths = backend.to_numpy(segment_lengths(np.array([12, 0]), 3))
    assert lengths.tolist() == [[4, 4, 4], [0, 0, 0]]


def test_uppermost_level_can_run_longer_or_shorter():
    made = decoder((3, 4))
    for steps in (4, 20):
        samples = decoded(made, Feed(), steps)
        assert samples.shape == (BATCH, steps, 7)
    with pytest.raises(ValueError, match="multiple of 4, got 6"):
        decoded(made, Feed(), 6)


def test_dropout_falls_on_conductors_too():
    made = decoder((3, 4), autoregressive=(0,), dropout=0.5)
    logits = decoded(made, Feed(targets=TARGETS, training=True))
    assert np.isfinite(logits).all()
    assert not np.allclose(logits, teacher_forced(made, TARGETS))


def test_projection_is_the_code_of_the_segments():
    made = decoder((3, 4), conductor_projection=6)
    assert made.core.z_size == 6
    assert teacher_forced(made, TARGETS).shape == (BATCH, STEPS, 7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"level_lengths": (12,)}, r"at least two lengths.*got \[12\]"),
        ({"level_lengths": (3, 0)}, r"lengths of at least 1, got \(3, 0\)"),
        ({"autoregressive": (1,)}, r"levels from 0 to 0, got \[1\]"),
        (
            {"reencoder": HierarchicalLSTMEncoder((2,), 3, level_lengths=(3, 4))},
            r"in reverse, got \[3, 4\]",
        ),
        (
            {
                "reencoder": HierarchicalLSTMEncoder((2,), 3, level_lengths=(4, 3)),
                "control_depth": 1,
            },
            "does not work with controls",
        ),
        ({"core": "hierarchical_lstm"}, "level_lengths"),
    ],
)
def test_parts_that_do_not_fit(options, message):
    head = CategoricalHead((Part("a", 3, "categorical"),))
    with pytest.raises((ConfigError, TypeError), match=message):
        HierarchicalLSTMDecoder((2,), 2, head, **{"level_lengths": (3, 4), **options})


def test_flat_decoder_freezes_its_state_at_each_length():
    head = CategoricalHead((Part("a", 3, "categorical"),))
    made = LSTMDecoder((4,), Z, head, seed=1)
    targets = one_hot(3, BATCH, 5)
    state = []
    for steps, lengths in ((5, np.array([3, 3])), (3, None)):
        feed = Feed(targets=targets[:, :steps], lengths=lengths, keep_state=True)
        segment = made.decode(CODES, steps, feed)
        state.append(backend.to_numpy(segment.state[0][1]))
    np.testing.assert_allclose(state[0], state[1], atol=1e-6)
