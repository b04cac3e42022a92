"""What a model expects of its decoder: three ways of running.

:meth:`Decoder.teacher_forced` (all steps at once), :meth:`Decoder.scheduled` (a
loop that sometimes feeds back its own samples) and :meth:`Decoder.generate` (a
loop that always does). Decoders are Keras layers, built from flat arguments and
registered by name (``groovekit.plugins.catalogue.decoders``).
"""

from __future__ import annotations

import abc
from typing import Any, NamedTuple

import keras

from groovekit.models.heads.base import Head
from groovekit.models.lstm import State

Tensor = Any


class Decoder(keras.layers.Layer, abc.ABC):
    """What a model expects of its decoder.

    Attributes:
      head: what the outputs mean; gives the depths of inputs and logits.
      segments: parts of equal length that metrics are also given for.
      step_multiple: sequences of a multiple of so many steps can be generated.
    """

    head: Head
    segments: int = 1
    step_multiple: int = 1

    @abc.abstractmethod
    def teacher_forced(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """Logits of all steps, each given the true outputs before it.

        Args:
          z: ``(batch, z_size)``.
          targets: ``(batch, steps, output_depth)``, or labels ``(batch, steps)``.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: ``(batch,)`` or ``(batch, segments)``: steps in use; None for all.
          training: whether to drop inputs.

        Returns:
          ``(batch, steps, logits_depth)``.
        """

    @abc.abstractmethod
    def scheduled(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        use_sample: Tensor,
        uniforms: Tensor | None,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """Logits of all steps, where some inputs are the decoder's own samples.

        Args:
          z: ``(batch, z_size)``.
          targets: ``(batch, steps, output_depth)``, or labels ``(batch, steps)``.
          controls: ``(batch, steps, control_depth)`` or None.
          use_sample: ``(steps, batch)`` booleans: whether the step's own sample
            is the next step's input.
          uniforms: ``(steps, batch, head.noise_depth)`` for sampling at
            temperature 1, or None for greedy choices.
          lengths: see :meth:`teacher_forced`.
          training: whether to drop inputs.

        Returns:
          ``(batch, steps, logits_depth)``.
        """

    @abc.abstractmethod
    def generate(
        self,
        z: Tensor,
        steps: int,
        *,
        uniforms: Tensor | None = None,
        temperature: Tensor = 1.0,
        controls: Tensor | None = None,
    ) -> Tensor:
        """Samples sequences, each step given the samples before it.

        Args:
          z: ``(batch, z_size)``.
          steps: how many, a Python integer.
          uniforms: ``(steps, batch, head.noise_depth)`` in [0, 1), or None for
            greedy choices.
          temperature: scalar; logits are divided by it.
          controls: ``(batch, steps, control_depth)`` or None.

        Returns:
          ``(batch, steps, output_depth)`` float32.
        """


class Segment(NamedTuple):
    """What a core decoder made of one stretch of steps.

    Attributes:
      outputs: logits, or samples where it ran freely: ``(batch, steps, depth)``.
      state: (hidden, cell) of each layer after the last step in use; None
        unless asked for.
      fed: what stood for the outputs as input of the next step each, targets or
        samples: ``(batch, steps, output_depth)``; None unless asked for.
    """

    outputs: Tensor
    state: State | None = None
    fed: Tensor | None = None


class CoreDecoder(Decoder):
    """A decoder that can also run one segment of a hierarchical decoder."""

    @property
    @abc.abstractmethod
    def state_depth(self) -> int:
        """Numbers in the whole state."""

    @abc.abstractmethod
    def segment(
        self,
        z: Tensor,
        steps: int,
        *,
        start: Tensor | None = None,
        targets: Tensor | None = None,
        use_sample: Tensor | None = None,
        uniforms: Tensor | None = None,
        temperature: Tensor = 1.0,
        controls: Tensor | None = None,
        lengths: Tensor | None = None,
        training: bool = False,
        keep_state: bool = False,
        keep_fed: bool = False,
    ) -> Segment:
        """Runs teacher-forced (targets), scheduled (and ``use_sample``) or freely.

        Args:
          z: ``(batch, z_size)``.
          steps: how many, a Python integer.
          start: ``(batch, output_depth)``: what the first step sees; zeros if None.
          targets: see :meth:`Decoder.teacher_forced`; None runs freely.
          use_sample: see :meth:`Decoder.scheduled`.
          uniforms: see :meth:`Decoder.generate`.
          temperature: of samples.
          controls: ``(batch, steps, control_depth)`` or None.
          lengths: ``(batch,)``: the state stays as it is after these steps.
          training: whether to drop inputs.
          keep_state: whether to give the last state.
          keep_fed: whether to give what was fed.
        """

    def teacher_forced(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """See :meth:`Decoder.teacher_forced`."""
        return self.segment(
            z,
            targets.shape[1],
            targets=targets,
            controls=controls,
            lengths=lengths,
            training=training,
        ).outputs

    def scheduled(
        self,
        z: Tensor,
        targets: Tensor,
        controls: Tensor | None = None,
        *,
        use_sample: Tensor,
        uniforms: Tensor | None,
        lengths: Tensor | None = None,
        training: bool = False,
    ) -> Tensor:
        """See :meth:`Decoder.scheduled`."""
        return self.segment(
            z,
            targets.shape[1],
            targets=targets,
            use_sample=use_sample,
            uniforms=uniforms,
            controls=controls,
            lengths=lengths,
            training=training,
        ).outputs

    def generate(
        self,
        z: Tensor,
        steps: int,
        *,
        uniforms: Tensor | None = None,
        temperature: Tensor = 1.0,
        controls: Tensor | None = None,
    ) -> Tensor:
        """See :meth:`Decoder.generate`."""
        return self.segment(
            z, steps, uniforms=uniforms, temperature=temperature, controls=controls
        ).outputs
