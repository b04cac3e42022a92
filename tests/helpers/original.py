"""The original's models: its weights and numbers, loaded into ours."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import Slice
from groovekit.models.builder import build_vae

GOLDEN = Path(__file__).parents[1] / "golden" / "models"
# Every config of the original and seven models for what no config uses.
MODELS = sorted(path.stem for path in GOLDEN.glob("*.npz"))
UNIDIRECTIONAL = "x_mel_unidirectional"


def load(name):
    """Arrays and facts of one model of the original."""
    arrays = dict(np.load(GOLDEN / f"{name}.npz"))
    return arrays, json.loads((GOLDEN / f"{name}.json").read_text())


def _layout(head, depth):
    if head == "categorical":
        return (Slice("labels", depth, "categorical"),)
    if head == "nade":
        return (Slice("roll", depth, "binary"),)
    if head == "multi_categorical":
        assert depth == 90 + 90 + 512
        sizes = {"melody": 90, "bass": 90, "drums": 512}
        return tuple(Slice(n, size, "categorical") for n, size in sizes.items())
    third = depth // 3
    kinds = {"hits": "binary", "velocities": "unit", "offsets": "signed"}
    return tuple(Slice(n, third, k) for n, k in kinds.items())


def _hierarchy(name):
    """Fields of encoder and decoder for the models that have levels."""
    if name == "x_mel_hierdec_autoregressive":
        return {}, {"level_lengths": (2, 4, 4), "autoregressive": (0, 1)}
    if name == "x_mel_hier_reencoder":
        levels = {"level_lengths": (4, 8), "autoregressive": (0,), "reencode": True}
        return {"level_lengths": (8, 4)}, levels
    if "multiperf" in name:
        return {"level_lengths": (64, 8)}, {"level_lengths": (8, 64)}
    if name.startswith("hier"):
        encoder = {} if name.startswith("hierdec") else {"level_lengths": (16, 16)}
        core = {"core": "split_lstm"} if "trio" in name else {}
        return encoder, {"level_lengths": (16, 16), **core}
    return {}, {}


def build(name, *, dtype="float32", **options):
    """Our model of the same sizes, with the original's weights."""
    arrays, facts = load(name)
    hparams = facts["hparams"]
    names = {field.name for field in dataclasses.fields(TrainingConfig)}
    encoder_levels, decoder_levels = _hierarchy(name)
    head, head_options = "categorical", ()
    if "groovae" in name:
        head = "groove"
    elif "nade" in name:
        head = "nade"
        head_options = (("hidden", hparams["nade_num_hidden"]),)
    elif "trio" in name:
        head = "multi_categorical"
    encoder = "bidirectional_lstm"
    if "unidirectional" in name:
        encoder = "lstm"
    elif encoder_levels:
        encoder = "hierarchical_lstm"
    control_rnn_size = ()
    if "control_preprocessing" in name:
        control_rnn_size = tuple(hparams["control_preprocessing_rnn_size"])
    config = SimpleNamespace(
        encoder=EncoderConfig(
            rnn_size=tuple(hparams["enc_rnn_size"]),
            kind=encoder,
            residual=hparams["residual_encoder"],
            options=tuple(options.items()),
            **encoder_levels,
        ),
        decoder=DecoderConfig(
            rnn_size=tuple(hparams["dec_rnn_size"]),
            kind="hierarchical_lstm" if decoder_levels else "lstm",
            residual=hparams["residual_decoder"],
            head=head,
            head_options=head_options,
            control_rnn_size=control_rnn_size,
            **decoder_levels,
        ),
        latent=LatentConfig(
            **{k: hparams[k] for k in ("z_size", "free_bits", "max_beta", "beta_rate")}
        ),
        training=TrainingConfig(**{k: hparams[k] for k in hparams if k in names}),
    )
    depth = arrays["in/outputs"].shape[-1]
    # The shapes are those of the arrays, whatever converter made them.
    config.converter = SimpleNamespace(
        layout=_layout(config.decoder.head, depth),
        input_depth=arrays["in/inputs"].shape[-1],
        control_depth=arrays["in/controls"].shape[-1],
        output_depth=depth,
        steps=arrays["in/outputs"].shape[1],
    )
    model = build_vae(config, dtype=dtype)
    for ours, theirs in variables(model, arrays):
        ours.assign(theirs)
    return model, config, arrays, facts


def _from_tf1_kernel(kernel, units):
    """Columns i, j, f, o to i, f, c, o; rows split into input and hidden."""
    i, j, f, o = np.split(kernel, 4, axis=1)
    kernel = np.concatenate([i, f, j, o], axis=1)
    return kernel[:-units], kernel[-units:]


def _from_tf1_bias(bias, *, forget_bias=1.0):
    i, j, f, o = np.split(bias, 4)
    return np.concatenate([i, f + forget_bias, j, o])


def _cell(lstm, path, arrays, group, forget_bias):
    kernel = arrays.get(f"{group}/{path}lstm_cell/kernel")
    parts = (None, None) if kernel is None else _from_tf1_kernel(kernel, lstm.units)
    yield lstm.cell.kernel, parts[0]
    yield lstm.cell.recurrent_kernel, parts[1]
    bias = arrays.get(f"{group}/{path}lstm_cell/bias")
    if bias is not None:
        bias = _from_tf1_bias(bias, forget_bias=forget_bias)
    yield lstm.cell.bias, bias


def _stack(stack, prefix, *where, one_cell=False):
    for n, (lstm, projection) in enumerate(
        zip(stack.lstms, stack.projections, strict=True)
    ):
        path = f"{prefix}/cell_{0 if one_cell else n}/"
        if projection is not None:
            path += "input_projection_wrapper/"
            yield from _dense(projection, path[:-1], *where)
        yield from _cell(lstm, path, *where)


def _dense(layer, path, arrays, group, _):
    yield layer.kernel, arrays.get(f"{group}/{path}/kernel")
    yield layer.bias, arrays.get(f"{group}/{path}/bias")


def _bidirectional(encoder, prefix, *where):
    for n in range(len(encoder.sizes)):
        for direction, stack in (
            ("fw", encoder.layers_fw[n]),
            ("bw", encoder.layers_bw[n]),
        ):
            path = f"{prefix}/cell_{n}/bidirectional_rnn/{direction}/multi_rnn_cell"
            yield from _stack(stack, path, *where, one_cell=True)


def _decoder(decoder, prefix, *where):
    yield from _stack(decoder.stack, f"{prefix}decoder/multi_rnn_cell", *where)
    yield from _dense(decoder.to_state, f"{prefix}decoder/z_to_initial_state", *where)
    yield from _dense(
        decoder.output_layer, f"{prefix}decoder/output_projection", *where
    )
    if decoder.head_layer is not None:
        arrays, group, _ = where
        for weight, name, axis in (
            (decoder.head_layer.encoder, "w_enc", 1),
            (decoder.head_layer.decoder, "w_dec_t", 2),
        ):
            values = arrays.get(f"{group}/{prefix}decoder/nade/{name}")
            yield weight, None if values is None else values.squeeze(axis)


def variables(model, arrays, group="var"):
    """Pairs of our variables and the original's arrays of one group.

    Gradients and changes of weights lack the constant forget bias.
    """
    where = (arrays, group, 1.0 if group == "var" else 0.0)
    pairs = []
    encoder, decoder = model.encoder, model.decoder
    if hasattr(encoder, "levels"):
        for n, level in enumerate(encoder.levels):
            pairs += _bidirectional(level, f"encoder/hierarchical_level_{n}", *where)
    elif hasattr(encoder, "layers_fw"):
        pairs += _bidirectional(encoder, "encoder", *where)
    else:
        pairs += _stack(encoder.stack, "encoder/multi_rnn_cell", *where)
    if model.control_layer is not None:
        pairs += _bidirectional(model.control_layer, "control_preprocessing", *where)
    pairs += _dense(model.latent_layer.mean, "encoder/mu", *where)
    pairs += _dense(model.latent_layer.stddev, "encoder/sigma", *where)
    prefix = ""
    if hasattr(decoder, "conductors"):
        for n, conductor in enumerate(decoder.conductors):
            path = f"decoder/hierarchical_level_{n}"
            pairs += _stack(conductor.stack, path, *where)
            pairs += _dense(conductor.to_state, f"{path}/initial_state", *where)
        decoder, prefix = decoder.core, "core_decoder/"
    if hasattr(decoder, "cores"):
        for n, core in enumerate(decoder.cores):
            pairs += _decoder(core, f"{prefix}core_decoder_{n}/", *where)
    else:
        pairs += _decoder(decoder, prefix, *where)
    return [(ours, theirs) for ours, theirs in pairs if theirs is not None]


def build_with_defects(name):
    """Like :func:`build`, and as wrong as the original where ours is not."""
    # In the original this encoder reads padding; ours does so only when asked to.
    options = {"read_padding": True} if name == UNIDIRECTIONAL else {}
    return build(name, **options)


def batch_of(arrays, truncated=False):
    """Inputs, outputs, controls and lengths that the original was given."""
    controls = arrays["in/controls"].astype(np.float32)
    lengths = arrays["trunc/lengths"] if truncated else arrays["in/lengths"]
    return (
        arrays["in/inputs"].astype(np.float32),
        arrays["in/outputs"].astype(np.float32),
        controls if controls.shape[-1] else None,
        lengths.astype(np.int32),
    )


def assert_met(ours, theirs, tolerance=1e-4, what=""):
    """Asserts that numbers differ by no more than a part of the largest of theirs."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape, what
    limit = tolerance * np.max(np.abs(theirs)) if theirs.size else 0
    worst = np.max(np.abs(ours - theirs)) if theirs.size else 0
    assert worst <= limit, f"{what}: off by {worst}, allowed {limit}"
