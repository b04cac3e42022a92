"""The original's models: its weights and numbers, loaded into ours."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from groovekit.config import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import Slice
from groovekit.models.builder import build_model

GOLDEN = Path(__file__).parents[1] / "golden" / "models"


def load(name):
    """Arrays and facts of one model of the original."""
    arrays = dict(np.load(GOLDEN / f"{name}.npz"))
    return arrays, json.loads((GOLDEN / f"{name}.json").read_text())


def _layout(kind, depth):
    if kind == "categorical":
        return (Slice("labels", depth, "categorical"),)
    third = depth // 3
    kinds = {"hits": "binary", "velocities": "unit", "offsets": "signed"}
    return tuple(Slice(n, third, k) for n, k in kinds.items())


def build(name, *, encoder="bidirectional_lstm", dtype="float32", **options):
    """Our model of the same sizes, with the original's weights."""
    arrays, facts = load(name)
    hparams = facts["hparams"]
    groove = "groovae" in name
    names = {field.name for field in dataclasses.fields(TrainingConfig)}
    config = SimpleNamespace(
        encoder=EncoderConfig(
            rnn_size=tuple(hparams["enc_rnn_size"]),
            kind=encoder,
            residual=hparams["residual_encoder"],
            options=options,
        ),
        decoder=DecoderConfig(
            rnn_size=tuple(hparams["dec_rnn_size"]),
            residual=hparams["residual_decoder"],
            head="groove" if groove else "categorical",
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
    )
    model = build_model(config, dtype=dtype)
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


def _stack(stack, prefix, arrays, group, forget_bias, one_cell):
    for n, (lstm, projection) in enumerate(
        zip(stack.lstms, stack.projections, strict=True)
    ):
        path = f"{prefix}/multi_rnn_cell/cell_{0 if one_cell else n}/"
        if projection is not None:
            path += "input_projection_wrapper/"
            yield projection.kernel, arrays.get(f"{group}/{path}kernel")
            yield projection.bias, arrays.get(f"{group}/{path}bias")
        kernel = arrays.get(f"{group}/{path}lstm_cell/kernel")
        parts = (None, None) if kernel is None else _from_tf1_kernel(kernel, lstm.units)
        yield lstm.cell.kernel, parts[0]
        yield lstm.cell.recurrent_kernel, parts[1]
        bias = arrays.get(f"{group}/{path}lstm_cell/bias")
        if bias is not None:
            bias = _from_tf1_bias(bias, forget_bias=forget_bias)
        yield lstm.cell.bias, bias


def variables(model, arrays, group="var"):
    """Pairs of our variables and the original's arrays of one group.

    Gradients and changes of weights lack the constant forget bias.
    """
    forget = 1.0 if group == "var" else 0.0
    pairs = []
    encoder = model.encoder
    if hasattr(encoder, "layers_fw"):
        for n in range(len(encoder.sizes)):
            for direction, stack in (
                ("fw", encoder.layers_fw[n]),
                ("bw", encoder.layers_bw[n]),
            ):
                prefix = f"encoder/cell_{n}/bidirectional_rnn/{direction}"
                pairs += _stack(stack, prefix, arrays, group, forget, True)
    else:
        pairs += _stack(encoder.stack, "encoder", arrays, group, forget, False)
    pairs += _stack(model.decoder.stack, "decoder", arrays, group, forget, False)
    for layer, path in (
        (model.latent_layer.mean, "encoder/mu"),
        (model.latent_layer.stddev, "encoder/sigma"),
        (model.decoder.to_state, "decoder/z_to_initial_state"),
        (model.decoder.output_layer, "decoder/output_projection"),
    ):
        pairs.append((layer.kernel, arrays.get(f"{group}/{path}/kernel")))
        pairs.append((layer.bias, arrays.get(f"{group}/{path}/bias")))
    return [(ours, theirs) for ours, theirs in pairs if theirs is not None]
