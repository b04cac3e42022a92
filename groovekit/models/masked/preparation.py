"""From batches of whole performances to what a masked model is trained on."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from groovekit.configs.masked import MaskedConfig
from groovekit.io.groove_table import STYLES
from groovekit.models.masked.bins import Bins
from groovekit.models.masked.features import features
from groovekit.models.masked.known import Known
from groovekit.models.masked.masking import Performances, hide, varied
from groovekit.models.masked.targets import targets
from groovekit.models.protocols import Batch


@dataclasses.dataclass(frozen=True)
class Hiding:
    """Makes inputs and targets of a batch of the groove converter's windows.

    Args:
      config: of the model.
    """

    config: MaskedConfig

    def __call__(self, tensors: Any, rng: np.random.Generator) -> Any:
        """Cuts, varies and hides.

        Args:
          tensors: ``groovekit.converters.base.Tensors``: whole windows, tempo and
            style as controls.
          rng: of all draws.

        Returns:
          :func:`~groovekit.models.masked.features.features` as inputs,
          :func:`~groovekit.models.masked.targets.targets` as outputs, and no controls;
          all windows of the batch are of one length.
        """
        config, converter = self.config, self.config.converter
        bar = converter.grid.steps_per_bar
        tensors = self._cut(tensors, rng)
        performances = varied(performances_of(tensors), config.masking, rng)
        known = self.hide(performances, rng)
        bins = Bins(config.network.velocity_bins, config.network.offset_bins)
        inputs = features(known, steps_per_bar=bar, styles=len(STYLES))
        outputs = targets(performances, known, bins, steps_per_bar=bar)
        return dataclasses.replace(
            tensors, inputs=inputs, outputs=outputs, controls=None
        )

    def hide(self, performances: Performances, rng: np.random.Generator) -> Known:
        """What is left to see of performances: NaN stands for what is hidden."""
        steps_per_bar = self.config.converter.grid.steps_per_bar
        return hide(performances, self.config.masking, rng, steps_per_bar=steps_per_bar)

    def _cut(self, tensors: Any, rng: np.random.Generator) -> Any:
        """The windows whole, as halves or as quarters, if these are whole bars."""
        masking, bars = self.config.masking, self.config.converter.bars
        case = rng.random()
        parts = 1 if case < masking.whole else 2
        parts = 4 if case >= masking.whole + masking.half else parts
        while bars % parts:
            parts //= 2
        steps = tensors.outputs.shape[1] // parts
        outputs, controls = (
            array.reshape(-1, steps, array.shape[-1])
            for array in (tensors.outputs, tensors.controls)
        )
        lengths = np.full(len(outputs), steps, np.int32)
        return dataclasses.replace(
            tensors, inputs=outputs, outputs=outputs, controls=controls, lengths=lengths
        )


def performances_of(tensors: Batch) -> Performances:
    """The groove converter's windows, with context as controls, as performances."""
    assert tensors.controls is not None
    hits, velocities, offsets = np.split(tensors.outputs, 3, axis=-1)
    tempos, styles = np.moveaxis(tensors.controls[:, 0], -1, 0)
    return Performances(hits > 0.5, velocities, offsets, tempos, styles.astype(int))
