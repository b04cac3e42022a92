"""Heads against plain NumPy: losses, metrics, and how often what is drawn."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from helpers import tiny
from keras import ops

from groovekit.errors import ConfigError
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.decoders.lstm import LSTMDecoder
from groovekit.models.heads.base import Head, Part
from groovekit.models.heads.boolean import BooleanHead
from groovekit.models.heads.categorical import CategoricalHead, MultiCategoricalHead
from groovekit.models.heads.groove import GrooveHead
from groovekit.models.heads.groove_bins import GrooveBinsHead
from groovekit.models.heads.nade import NADEHead
from groovekit.models.weights import load_model, load_weights, save_weights
from groovekit.training import checkpoints

pytestmark = pytest.mark.backends

BATCH, STEPS, DRAWS = 2, 3, 20_000
# Five standard deviations of the share of a fair coin.
TOLERANCE = 5 * 0.5 / DRAWS**0.5

LABELS = (Part("a", 3, "categorical"), Part("b", 4, "categorical"))
ROLL = tuple(Part(name, 2, "binary") for name in ("low", "high"))
GROOVE = tuple(
    Part(name, 2, kind)
    for name, kind in (
        ("hits", "binary"),
        ("velocities", "unit"),
        ("offsets", "signed"),
    )
)
BINS = (
    Part("hits", 2, "binary"),
    *(Part(f"velocity_{i}", 3, "categorical") for i in range(2)),
    *(Part(f"offset_{i}", 4, "categorical") for i in range(2)),
)


def nade():
    head = NADEHead(ROLL, hidden=5)
    layer = head.build(seed=1, dtype="float32")
    rng = np.random.default_rng(3)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 1, weight.shape).astype(np.float32))
    return head


HEADS = {
    "categorical": lambda: CategoricalHead(LABELS[:1]),
    "multi_categorical": lambda: MultiCategoricalHead(LABELS),
    "boolean": lambda: BooleanHead(ROLL),
    "groove": lambda: GrooveHead(GROOVE),
    "groove_bins": lambda: GrooveBinsHead(BINS),
    "nade": nade,
}


@pytest.fixture(params=sorted(HEADS))
def head(request):
    return HEADS[request.param]()


def numbers(x):
    return np.asarray(ops.convert_to_numpy(x))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    shifted = np.exp(x - x.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def drawn_targets(head, rng):
    """Values as the layout has them, ``(BATCH, STEPS, output_depth)``."""
    shape = (BATCH, STEPS)
    parts = []
    for part in head.layout:
        if part.kind == "categorical":
            parts.append(np.eye(part.size)[rng.integers(0, part.size, shape)])
        elif part.kind == "binary":
            parts.append(rng.integers(0, 2, (*shape, part.size)))
        else:
            low = -1 if part.kind == "signed" else 0
            parts.append(rng.uniform(low, 1, (*shape, part.size)))
    return np.concatenate(parts, -1).astype(np.float32)


def case(head, seed=0):
    rng = np.random.default_rng(seed)
    targets = drawn_targets(head, rng)
    logits = rng.normal(0, 2, (BATCH, STEPS, head.logits_depth)).astype(np.float32)
    return targets, logits


def tensors(*arrays):
    return [ops.convert_to_tensor(array) for array in arrays]


def loss(head, targets, logits):
    return numbers(head.loss(*tensors(targets, logits)))


def statistics(head, targets, logits, mask):
    sums = head.statistics(*tensors(targets, logits, mask))
    return {name: numbers(value) for name, value in sums.items()}


def sample(head, logits, *, seed=None, temperature=1.0):
    uniforms = None
    if seed is not None:
        shape = (len(logits), head.noise_depth)
        uniforms = np.random.default_rng(seed).random(shape, np.float32)
        (uniforms,) = tensors(uniforms)
    (logits,) = tensors(logits)
    return numbers(head.sample(logits, uniforms, temperature))


def frequencies(head, logits, *, temperature=1.0):
    """Means of many draws from one step's logits."""
    rows = np.repeat(logits[None].astype(np.float32), DRAWS, axis=0)
    return sample(head, rows, seed=5, temperature=temperature).mean(axis=0)


def pieces(head, values):
    """Values, or logits laid out like them, by part of the layout."""
    ends = np.cumsum([part.size for part in head.layout])[:-1]
    return zip(head.layout, np.split(values, ends, axis=-1), strict=True)


# NumPy's versions -------------------------------------------------------------------


def nade_logits(head, targets, logits):
    """A loop over the outputs, as in the papers."""
    encoder = numbers(head.layer.encoder)
    decoder = numbers(head.layer.decoder)
    bias = logits[..., head.hidden :]
    conditional = np.zeros(targets.shape)
    for unit in range(targets.shape[-1]):
        seen = targets[..., :unit] @ encoder[:unit]
        hidden = sigmoid(logits[..., : head.hidden] + seen)
        conditional[..., unit] = bias[..., unit] + hidden @ decoder[unit]
    return conditional


def expected_loss(head, targets, logits):
    if isinstance(head, NADEHead):
        logits = nade_logits(head, targets, logits)
    total = 0.0
    for (part, target), (_, logit) in zip(
        pieces(head, targets), pieces(head, logits), strict=True
    ):
        if part.kind == "categorical":
            losses = -target * np.log(softmax(logit))
        elif part.kind == "binary":
            chance = sigmoid(logit)
            losses = -np.log(np.where(target > 0, chance, 1 - chance))
        elif part.kind == "unit":
            losses = (target - sigmoid(logit)) ** 2
        else:
            losses = (target - np.tanh(logit)) ** 2
        total = total + losses.sum(-1)
    return total


def test_loss(head):
    targets, logits = case(head)
    found = loss(head, targets, logits)
    assert found.shape == (BATCH, STEPS)
    np.testing.assert_allclose(found, expected_loss(head, targets, logits), rtol=1e-4)


def test_labels_instead_of_one_hot():
    head = CategoricalHead(LABELS[:1])
    targets, logits = case(head)
    labels = targets.argmax(-1).astype(np.int32)
    np.testing.assert_allclose(loss(head, labels, logits), loss(head, targets, logits))
    mask = np.ones((BATCH, STEPS), np.float32)
    first, second = (statistics(head, t, logits, mask) for t in (targets, labels))
    for name, value in first.items():
        np.testing.assert_array_equal(value, second[name])
    np.testing.assert_array_equal(numbers(head.one_hot(labels)), targets)


def test_losses_stay_finite(head):
    """However wrong and sure the model is."""
    targets, logits = case(head)
    assert np.isfinite(loss(head, targets, 1e4 * logits)).all()


# Sampling ---------------------------------------------------------------------------


@pytest.mark.backends
@pytest.mark.parametrize("name", ["boolean", "groove", "groove_bins", "nade"])
def test_forceable_heads_hit_where_their_first_numbers_say_so(name):
    head = HEADS[name]()
    hits = head.layout[0].size
    rng = np.random.default_rng(4)
    logits = rng.normal(scale=5, size=(50, head.logits_depth)).astype(np.float32)
    uniforms = rng.random((50, head.noise_depth), np.float32)
    wanted = rng.random((50, hits)) < 0.5
    uniforms[:, :hits] = np.where(wanted, -1.0, 2.0)
    logits, uniforms = map(ops.convert_to_tensor, (logits, uniforms))
    drawn = numbers(head.sample(logits, uniforms, 0.1))
    assert head.forceable
    np.testing.assert_array_equal(drawn[:, :hits], wanted)


@pytest.mark.parametrize("temperature", [1.0, 0.6])
@pytest.mark.parametrize(
    "name", ["categorical", "multi_categorical", "boolean", "groove", "groove_bins"]
)
def test_frequencies_of_what_is_drawn(name, temperature):
    head = HEADS[name]()
    logits = case(head)[1][0, 0]
    found = frequencies(head, logits, temperature=temperature)
    for (part, ours), (_, own) in zip(
        pieces(head, found), pieces(head, logits.astype(np.float64)), strict=True
    ):
        expected = {
            "categorical": lambda own=own: softmax(own / temperature),
            "binary": lambda own=own: sigmoid(own / temperature),
            "unit": lambda own=own: sigmoid(own),
            "signed": lambda own=own: np.tanh(own),
        }[part.kind]()
        np.testing.assert_allclose(ours, expected, atol=TOLERANCE)


def test_outputs_of_a_step_are_drawn_apart():
    """Not from one number: that would tie what shall be independent."""
    for name in ("multi_categorical", "boolean", "groove_bins"):
        head = HEADS[name]()
        rows = np.zeros((DRAWS, head.logits_depth), np.float32)
        drawn = sample(head, rows, seed=1)
        covariance = np.cov(drawn.T)
        bounds = np.cumsum([0] + [p.size for p in head.layout])
        for i, j in itertools.combinations(range(len(head.layout)), 2):
            block = covariance[bounds[i] : bounds[i + 1], bounds[j] : bounds[j + 1]]
            assert np.abs(block).max() < TOLERANCE, name


def test_samples_are_what_targets_are(head):
    logits = case(head)[1][:, 0]
    for drawn in (sample(head, logits), sample(head, logits, seed=1)):
        assert drawn.shape == (BATCH, head.output_depth)
        assert drawn.dtype == np.float32
        for part, values in pieces(head, drawn):
            if part.kind == "categorical":
                assert (values.sum(-1) == 1).all()
            if part.kind in ("categorical", "binary"):
                assert set(np.unique(values)) <= {0.0, 1.0}


def test_greedy_choices(head):
    logits = case(head)[1].reshape(-1, head.logits_depth)
    found = sample(head, logits)
    if isinstance(head, NADEHead):
        logits = nade_logits(head, found, logits)
    for (part, ours), (_, own) in zip(
        pieces(head, found), pieces(head, logits), strict=True
    ):
        if part.kind == "categorical":
            np.testing.assert_array_equal(ours, np.eye(part.size)[own.argmax(-1)])
        elif part.kind == "binary":
            np.testing.assert_array_equal(ours, own > 0)
        else:
            expected = sigmoid(own) if part.kind == "unit" else np.tanh(own)
            np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_cold_draws_are_greedy(head):
    logits = case(head)[1].reshape(-1, head.logits_depth)
    np.testing.assert_allclose(
        sample(head, logits, seed=1, temperature=1e-3), sample(head, logits), atol=1e-6
    )


def test_extreme_numbers_draw_possible_labels():
    """The ends of [0, 1) must not pick what has no probability."""
    head = CategoricalHead((Part("a", 4, "categorical"),))
    logits = np.array([[-200, 0, 0, -200]] * 2, np.float32)
    uniforms = np.array([[0], [np.nextafter(np.float32(1), np.float32(0))]], np.float32)
    drawn = numbers(head.sample(*tensors(logits, uniforms), 1.0))
    assert drawn.argmax(-1).tolist() == [1, 2]


# NADE -------------------------------------------------------------------------------

PATTERNS = np.array(list(itertools.product([0, 1], repeat=4)), np.float32)


def pattern_probabilities(head, logits):
    rows = np.repeat(logits[None, None], len(PATTERNS), axis=1)
    return np.exp(-loss(head, PATTERNS[None], rows)[0])


def test_probabilities_of_all_patterns_sum_to_one():
    head = nade()
    for seed in range(3):
        logits = case(head, seed)[1][0, 0]
        found = pattern_probabilities(head, logits)
        assert found.sum() == pytest.approx(1, abs=1e-4)
        # Not what independent outputs would do.
        assert found.max() > 0.1


@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_patterns_are_drawn_as_often_as_is_probable(temperature):
    head = nade()
    logits = case(head)[1][0, 0]
    rows = np.repeat(logits[None], DRAWS, axis=0)
    drawn = sample(head, rows, seed=5, temperature=temperature)
    number = (drawn @ (2 ** np.arange(4)[::-1])).astype(int)
    found = np.bincount(number, minlength=len(PATTERNS)) / DRAWS
    repeated = np.repeat(logits[None], len(PATTERNS), axis=0)
    chance = sigmoid(nade_logits(head, PATTERNS, repeated) / temperature)
    expected = np.where(PATTERNS > 0, chance, 1 - chance).prod(-1)
    np.testing.assert_allclose(found, expected, atol=TOLERANCE)
    if temperature == 1:
        np.testing.assert_allclose(
            expected, pattern_probabilities(head, logits), atol=1e-5
        )


def test_the_order_of_a_nades_outputs_counts():
    """An output does not see those after it."""
    head = nade()
    targets, logits = case(head)
    changed = targets.copy()
    changed[..., 2] = 1 - changed[..., 2]
    before, after = (
        numbers(head.conditional_logits(*tensors(t, logits)))
        for t in (targets, changed)
    )
    np.testing.assert_allclose(before[..., :3], after[..., :3], atol=1e-6)
    assert (np.abs(before[..., 3] - after[..., 3]) > 1e-4).all()


def test_weights_of_a_nade_are_saved_and_loaded(tmp_path):
    config = tiny.config("nade-drums_2bar_reduced", nade_num_hidden=3)
    models = [build_model(config, seed=seed) for seed in (1, 2, 3)]
    path = tmp_path / "model.safetensors"
    save_weights(models[0], path)
    load_weights(models[1], path)
    optimizer = build_optimizer(config, models[0])
    saved = checkpoints.save(tmp_path, 1, models[0], optimizer, {"step": 1}, keep=1)
    load_model(saved, models[2])
    layers = [model.decoder.head_layer for model in models]
    for name in ("encoder", "decoder"):
        first, *others = (numbers(getattr(layer, name)) for layer in layers)
        assert first.shape == (9, 3)
        for other in others:
            np.testing.assert_array_equal(first, other)
    # They are the model's own: trained, and used by the head.
    variables = {id(variable) for variable in models[0].trainable_variables}
    assert {id(weight) for weight in layers[0].weights} <= variables
    assert models[0].head.layer is layers[0]


def test_a_decoder_from_its_config_has_its_nade():
    decoder = LSTMDecoder((3,), 2, NADEHead(ROLL, hidden=5), seed=4)
    again = LSTMDecoder.from_config(decoder.get_config())
    assert again.head.layer is again.head_layer
    for ours, theirs in zip(again.weights, decoder.weights, strict=True):
        np.testing.assert_array_equal(numbers(ours), numbers(theirs))


# Metrics ----------------------------------------------------------------------------


def test_statistics_leave_padding_out(head):
    targets, logits = case(head)
    mask = np.array([[1, 1, 0], [1, 0, 0]], np.float32)
    other_targets, other_logits = case(head, seed=7)
    used = mask[..., None] > 0
    changed = statistics(
        head,
        np.where(used, targets, other_targets),
        np.where(used, logits, other_logits),
        mask,
    )
    for name, value in statistics(head, targets, logits, mask).items():
        np.testing.assert_allclose(value, changed[name], rtol=1e-6, err_msg=name)


def test_statistics_add_up(head):
    targets, logits = case(head)
    mask = np.array([[1, 1, 0], [1, 1, 1]], np.float32)
    whole = statistics(head, targets, logits, mask)
    parts = [
        statistics(head, targets[i : i + 1], logits[i : i + 1], mask[i : i + 1])
        for i in range(BATCH)
    ]
    for name, value in whole.items():
        np.testing.assert_allclose(
            value, sum(part[name] for part in parts), rtol=1e-5, err_msg=name
        )
    assert np.isfinite(list(head.metrics(whole).values())).all()


def test_metrics_of_nothing_are_numbers(head):
    targets, logits = case(head)
    mask = np.zeros((BATCH, STEPS), np.float32)
    found = head.metrics(statistics(head, targets, logits, mask))
    assert found
    assert np.isfinite(list(found.values())).all()


def test_accuracy_by_label():
    head = CategoricalHead(LABELS[:1])
    true = np.array([[0, 0, 0], [1, 1, 2]])
    guess = np.array([[0, 0, 1], [1, 2, 0]])
    mask = np.array([[1, 1, 1], [1, 1, 0]], np.float32)
    eye = np.eye(3, dtype=np.float32)
    found = head.metrics(statistics(head, eye[true], eye[guess], mask))
    # Of 0: 2 of 3 are right, of 1: 1 of 2; 2 is only in the padding.
    assert found["metrics/accuracy"] == pytest.approx(3 / 5)
    assert found["metrics/mean_per_class_accuracy"] == pytest.approx(
        (2 / 3 + 1 / 2 + 0) / 3
    )
    several = MultiCategoricalHead((LABELS[0], LABELS[0]))
    found = several.metrics(
        statistics(
            several,
            np.concatenate([eye[true], eye[true]], -1),
            np.concatenate([eye[guess], eye[true]], -1),
            mask,
        )
    )
    assert found["metrics/accuracy/output_0"] == pytest.approx(3 / 5)
    assert found["metrics/accuracy/output_1"] == 1
    assert found["metrics/accuracy"] == pytest.approx(4 / 5)
    assert found["metrics/mean_per_class_accuracy/output_1"] == pytest.approx(2 / 3)


def test_accuracy_of_booleans():
    head = BooleanHead(ROLL)
    true = np.array([[[1, 0, 1, 0], [1, 1, 1, 1], [0, 0, 0, 0]]], np.float32)
    logits = np.array([[[2, -1, -3, 0.5], [1, 1, 1, 1], [1, 1, 1, 1]]], np.float32)
    mask = np.array([[1, 1, 0]], np.float32)
    found = head.metrics(statistics(head, true, logits, mask))
    assert found == {"metrics/accuracy": pytest.approx(6 / 8)}


def test_metrics_of_a_nade():
    head = nade()
    for weight in head.layer.weights:
        weight.assign(np.zeros(weight.shape))
    # Without weights the logits of the outputs are the last four numbers.
    true = np.array([[[1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]], np.float32)
    guess = np.array([[[1, 0, 0, 1], [1, 1, 0, 0], [0, 0, 0, 0]]], np.float32)
    logits = np.concatenate([np.zeros((1, 3, 5)), 2 * guess - 1], -1)
    mask = np.array([[1, 1, 0]], np.float32)
    sums = statistics(head, true, logits.astype(np.float32), mask)
    assert {name: float(value) for name, value in sums.items()} == {
        "steps": 2, "exact": 1, "hits": 3, "extra": 1, "missed": 1,
    }  # fmt: skip
    assert head.metrics(sums) == {
        "metrics/accuracy": 0.5,
        "metrics/precision": 0.75,
        "metrics/recall": 0.75,
    }


def test_metrics_of_grooves():
    sums = {"steps": 4, "hits_loss": 8, "velocities_loss": 2, "offsets_loss": 1}
    losses = {
        "metrics/hits_loss": 2,
        "metrics/velocities_loss": 0.5,
        "metrics/offsets_loss": 0.25,
    }
    assert GrooveHead(GROOVE).metrics(sums) == losses
    right = {"hits": 10, "velocities_right": 5, "offsets_right": 1}
    assert GrooveBinsHead(BINS).metrics({**sums, **right}) == {
        **losses,
        "metrics/velocities_accuracy": 0.5,
        "metrics/offsets_accuracy": 0.1,
    }


def test_errors_of_velocity_and_offset_are_weighted():
    head = GrooveHead(GROOVE, silent_weight=0.5, velocity_weight=10, offset_weight=4)
    targets = np.array([[[1, 0, 0.8, 0, -0.5, 0]]], np.float32)
    velocities = 10 * (0.3**2 + 0.5 * 0.5**2)
    offsets = 4 * 0.5**2
    found = loss(head, targets, np.zeros((1, 1, 6), np.float32)).sum()
    assert found == pytest.approx(2 * np.log(2) + velocities + offsets, rel=1e-5)
    assert Head.from_dict(head.to_dict()).to_dict() == head.to_dict()
    with pytest.raises(ConfigError, match="silent_weight from 0 to 1"):
        GrooveHead(GROOVE, silent_weight=2)


@pytest.mark.parametrize(
    ("silent_weight", "hit", "silent"),
    [
        (1.0, [0.8, 0.2], [0.2, 0.1]),
        (0.5, [0.5, 0.2], [0, 0]),
        (0.0, [0.2, 0.1], [0, 0]),
    ],
)
def test_forced_hits_are_as_loud_as_hits(silent_weight, hit, silent):
    head = GrooveHead(GROOVE, silent_weight=silent_weight)
    # The first class is hit with a probability of 0.25 and forced, the second is not.
    # Offsets grow by a factor of two at most.
    logits = np.array([np.log([1 / 3, 1, 0.25, 0.25]).tolist() + [np.arctanh(0.1)] * 2])
    uniforms = ops.convert_to_tensor(np.array([[-1, 2]], np.float32))
    drawn = head.sample(ops.convert_to_tensor(logits.astype("f")), uniforms, 1.0)
    expected = [1, 0, hit[0], silent[0], hit[1], silent[1]]
    np.testing.assert_allclose(numbers(drawn), [expected], rtol=1e-5)


def test_bins_count_where_there_are_hits():
    head = GrooveBinsHead(BINS)
    velocity, offset = np.eye(3), np.eye(4)

    def step(hits, velocities, offsets):
        return np.concatenate([hits, *velocity[velocities], *offset[offsets]])

    true = np.array([[step([1, 0], [0, 1], [3, 3]), step([1, 1], [2, 2], [0, 1])]])
    guess = np.array([[step([0, 0], [0, 0], [3, 0]), step([1, 1], [2, 0], [1, 0])]])
    mask = np.ones((1, 2), np.float32)
    sums = statistics(head, true.astype("f"), guess.astype("f"), mask)
    # Three hits: velocities right of the first two, offsets of the first one.
    assert (sums["hits"], sums["velocities_right"], sums["offsets_right"]) == (3, 2, 1)
    parts = [sums[f"{n}_loss"] for n in ("hits", "velocities", "offsets")]
    assert sum(parts) == pytest.approx(
        loss(head, true.astype("f"), guess.astype("f")).sum(), rel=1e-5
    )


def test_every_output_of_the_groove_converter_has_a_head():
    config = tiny.config("groovae_2bar_humanize")
    for bins, name in ((0, "groove"), (4, "groove_bins")):
        converter = dataclasses.replace(
            config.converter, velocity_bins=bins, offset_bins=bins
        )
        decoder = dataclasses.replace(config.decoder, head=name)
        built = build_model(config.replace(converter=converter, decoder=decoder))
        assert built.head.output_depth == converter.output_depth
