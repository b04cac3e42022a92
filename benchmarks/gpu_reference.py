"""The models of ``gpu_training.py`` as one would write them in PyTorch by hand.

``torch.nn.LSTM`` wherever no input depends on an output, a plain loop elsewhere, and
weights taken from groovekit's models, so that both can be shown to compute the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from groovekit.configs.base import ModelConfig
from groovekit.models import backend

LOG_EPSILON = 1e-7
Losses = tuple[torch.Tensor, torch.Tensor]


class Reference(nn.Module):
    """Encoder, latent code and decoder.

    Args:
      config: with one encoder layer and decoder layers of equal size.
      model: groovekit's, whose weights are copied.
    """

    def __init__(self, config: ModelConfig, model: Any) -> None:
        super().__init__()
        (units,), sizes = config.encoder.rnn_size, config.decoder.rnn_size
        z_size, depth = config.latent.z_size, model.head.output_depth
        rate = 1.0 - config.training.dropout_keep_prob
        self.sizes, self.depth = sizes, depth
        self.free_nats = config.latent.free_bits * math.log(2.0)
        self.beta = float(backend.to_numpy(model.beta(10_000)))
        self.drop = nn.Dropout(rate)
        self.encoder = nn.LSTM(
            config.converter.input_depth, units, bidirectional=True, batch_first=True
        )
        self.mean = nn.Linear(2 * units, z_size)
        self.stddev = nn.Linear(2 * units, z_size)
        self.to_state = nn.Linear(z_size, 2 * sum(sizes))
        self.decoder = nn.LSTM(
            depth + z_size, sizes[0], len(sizes), dropout=rate, batch_first=True
        )
        self.output = nn.Linear(sizes[-1], model.head.logits_depth)
        encoder, decoder = model.encoder, model.decoder
        copy_cell(self.encoder, "l0", encoder.layers_fw[0].lstms[0].cell)
        copy_cell(self.encoder, "l0_reverse", encoder.layers_bw[0].lstms[0].cell)
        for index, lstm in enumerate(decoder.stack.lstms):
            copy_cell(self.decoder, f"l{index}", lstm.cell)
        copy_dense(self.mean, model.latent_layer.mean)
        copy_dense(self.stddev, model.latent_layer.stddev)
        copy_dense(self.to_state, decoder.to_state)
        copy_dense(self.output, decoder.output_layer)

    def code(
        self, inputs: torch.Tensor, epsilon: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """A code drawn from the posterior, and its cost."""
        _, (hidden, _) = self.encoder(self.drop(inputs))
        embedding = torch.cat([hidden[0], hidden[1]], dim=-1)
        mean, stddev = self.mean(embedding), functional.softplus(self.stddev(embedding))
        kl = 0.5 * (stddev**2 + mean**2 - 1.0 - 2.0 * stddev.log()).sum(-1)
        return mean + stddev * epsilon, (kl - self.free_nats).clamp(min=0.0)

    def first_state(self, z: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Hidden and cell states, each ``(layers, batch, units)``."""
        values = torch.tanh(self.to_state(z)).split(
            [size for size in self.sizes for _ in range(2)], dim=-1
        )
        return torch.stack(values[1::2]), torch.stack(values[0::2])


class Groove(Reference):
    """With teacher forcing: hits, velocities and offsets."""

    def forward(
        self, inputs: torch.Tensor, targets: torch.Tensor, epsilon: torch.Tensor
    ) -> Losses:
        """Means over the batch: reconstruction loss and cost of the code."""
        z, cost = self.code(inputs, epsilon)
        before = functional.pad(targets[:, :-1], (0, 0, 1, 0))
        repeated = z[:, None].expand(-1, targets.shape[1], -1)
        fed = self.drop(torch.cat([before, repeated], dim=-1))
        outputs, _ = self.decoder(fed, self.first_state(z))
        hits, velocities, offsets = self.output(outputs).chunk(3, dim=-1)
        true_hits, true_velocities, true_offsets = targets.chunk(3, dim=-1)
        hits = torch.sigmoid(hits)
        loss = -true_hits * torch.log(hits + LOG_EPSILON)
        loss = loss - (1.0 - true_hits) * torch.log(1.0 - hits + LOG_EPSILON)
        loss = loss + (true_velocities - torch.sigmoid(velocities)) ** 2
        loss = loss + (true_offsets - torch.tanh(offsets)) ** 2
        return loss.sum((1, 2)).mean(), cost.mean()


class Drums(Reference):
    """With scheduled sampling of one label a step."""

    def forward(
        self,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        epsilon: torch.Tensor,
        use_sample: torch.Tensor,
        uniforms: torch.Tensor,
    ) -> Losses:
        """Means over the batch: reconstruction loss and cost of the code.

        Args:
          inputs: ``(batch, steps, depth)``.
          labels: ``(batch, steps)``.
          epsilon: noise of the code.
          use_sample: ``(steps, batch)``: whether the own label is fed back.
          uniforms: ``(steps, batch, 1)``.
        """
        z, cost = self.code(inputs, epsilon)
        hidden, memory = (list(state) for state in self.first_state(z))
        weights = self.decoder
        kernel = weights.weight_ih_l0
        # The code's part once, labels looked up.
        rows = kernel[:, : self.depth].t().contiguous()
        known = z @ kernel[:, self.depth :].t() + weights.bias_ih_l0
        logits, fed = [], None
        for step in range(labels.shape[1]):
            x = known if fed is None else known + rows[fed]
            for index in range(len(self.sizes)):
                if index:
                    x = functional.linear(
                        x,
                        getattr(weights, f"weight_ih_l{index}"),
                        getattr(weights, f"bias_ih_l{index}"),
                    )
                recurrent = getattr(weights, f"weight_hh_l{index}")
                i, f, c, o = (x + hidden[index] @ recurrent.t()).chunk(4, dim=-1)
                memory[index] = torch.sigmoid(f) * memory[index] + torch.sigmoid(
                    i
                ) * torch.tanh(c)
                x = hidden[index] = torch.sigmoid(o) * torch.tanh(memory[index])
            made = self.output(x)
            logits.append(made)
            own = drawn(made.detach(), uniforms[step])
            fed = torch.where(use_sample[step], own, labels[:, step])
        loss = functional.cross_entropy(
            torch.stack(logits, 1).flatten(0, 1), labels.flatten(), reduction="sum"
        )
        return loss / len(labels), cost.mean()


def drawn(logits: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """Labels, by the inverse of the distribution function."""
    cumulative = torch.softmax(logits, -1).cumsum(-1)
    below = cumulative <= uniforms * cumulative[:, -1:]
    return below.sum(-1).clamp(max=logits.shape[-1] - 1)


def copy_cell(lstm: nn.LSTM, suffix: str, cell: Any) -> None:
    """Takes a Keras cell's weights: the same order of gates, transposed."""
    parameters = {
        "weight_ih": backend.to_numpy(cell.kernel.value).T,
        "weight_hh": backend.to_numpy(cell.recurrent_kernel.value).T,
        "bias_ih": backend.to_numpy(cell.bias.value),
    }
    for name, array in parameters.items():
        fill(getattr(lstm, f"{name}_{suffix}"), array)
    fill(getattr(lstm, f"bias_hh_{suffix}"), np.zeros(4 * cell.units, np.float32))


def copy_dense(linear: nn.Linear, layer: Any) -> None:
    """Takes a Keras dense layer's weights."""
    fill(linear.weight, backend.to_numpy(layer.kernel.value).T)
    fill(linear.bias, backend.to_numpy(layer.bias.value))


def fill(parameter: torch.Tensor, array: np.ndarray) -> None:
    """Sets a parameter."""
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.array(array)))


def graphed(step: Callable[[], Any], device: str) -> Callable[[], Any]:
    """The step as a CUDA graph; on the CPU itself."""
    if device == "cpu":
        return step
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step()
    return graph.replay
