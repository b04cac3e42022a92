"""How a model is evaluated."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a model is evaluated.

    Attributes:
      seed: of samples, baselines that draw, bootstraps and latent vectors of losses.
      teacher_forcing: predict each step from the true steps before it, instead of
        from the model's own.
      samples: windows to sample from the prior; 0 for none.
      temperature: of the samples.
    """

    seed: int = 0
    teacher_forcing: bool = False
    samples: int = 200
    temperature: float = 1.0
