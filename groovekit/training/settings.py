"""How long to train and what to keep."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from groovekit.errors import UsageError
from groovekit.fields import check_fields

#: Keras's names of what computes at each precision; weights stay float32.
DTYPES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How long to train and what to keep; the rest is the config's.

    Attributes:
      steps: step to stop at, counted from the start of the run, however often it
        was resumed; the config's (``training.steps``) by default. 0 for a model that
        starts from the data, as it starts.
      patience: stop after this many evaluations without a better one; None never.
      eval_every: steps between evaluations.
      eval_batches: evaluate on this many batches only; None for all.
      checkpoint_minutes: minutes between checkpoints.
      keep: checkpoints to keep; 0 for all.
      seed: of everything random; None draws one.
      resume: go on where the run folder stopped.
      overwrite: with ``resume`` off, replace a run that is there.
      init_from: run folder or preset to start the weights from.
      precision: ``float32``, ``bfloat16`` or ``float16`` (weights stay float32).

    Raises:
      ConfigError: a value of another type.
      UsageError: values out of range, or that contradict each other.
    """

    steps: int | None = None
    patience: int | None = None
    eval_every: int = 100
    eval_batches: int | None = None
    checkpoint_minutes: float = 10.0
    keep: int = 3
    seed: int | None = None
    resume: bool = True
    overwrite: bool = False
    init_from: str | Path | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_fields(self, "TrainSettings")
        if self.overwrite and self.resume:
            raise UsageError("`overwrite=True` goes with `resume=False`.")
        for name, least in (("steps", 0), ("eval_every", 1), ("keep", 0)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UsageError(f"{name} must be at least {least}, got {value}.")
        if self.precision not in DTYPES:
            raise UsageError(
                f"precision must be one of {', '.join(DTYPES)}, got {self.precision!r}."
            )
