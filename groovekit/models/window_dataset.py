"""Batches of examples for ``fit`` and ``evaluate`` of Keras."""

from __future__ import annotations

from typing import Any

import keras

from groovekit.configs.base import Config, get_config
from groovekit.errors import UsageError
from groovekit.models.family import family_of
from groovekit.seeding import generator


class WindowDataset(keras.utils.PyDataset):
    """Windows and outputs of examples, a batch an item.

    An item is a pair: a dictionary of ``inputs`` (with ``controls`` and ``lengths``
    where the config has them) and the outputs, which are integer labels ``(batch,
    steps)`` where a step is one of several classes.

    With a seed the batches are those of :func:`groovekit.train`, in its order where
    ``fit`` is told ``shuffle=False``; otherwise ``fit`` changes the order of an
    epoch's batches. What an epoch's last full batch leaves over is left out.

    Args:
      examples: ``train`` or ``evaluation`` of what :func:`groovekit.prepare` gives.
      config: the model's config, or the registered name of it: says how large batches
        are and how windows are varied.
      seed: of order and variation, for training; None for one pass over the windows as
        they are, for evaluation, whose last batch may be smaller.
      batch_size: windows a batch; default: the config's.
      **kwargs: of ``keras.utils.PyDataset``.

    Raises:
      UsageError: there are no examples.
    """

    def __init__(
        self,
        examples: Any,
        config: Config | str,
        *,
        seed: int | None = None,
        batch_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if examples is None:
            raise UsageError(
                "There are no examples to make batches of: nothing was held out for "
                "evaluation. See `eval_fraction` and `eval_examples` of DataSettings."
            )
        if isinstance(config, str):
            config = get_config(config)
        self.examples = examples
        self.config = config
        self.seed = seed
        self._preparation = family_of(config).preparation(config)
        size = batch_size or config.training.batch_size
        self.batch_size = examples.effective_batch_size(size)
        # Keras says when one begins, and at odd times that one has ended.
        self._epoch = -1

    def __len__(self) -> int:
        """Batches of an epoch."""
        if self.seed is None:
            return int(self.examples.steps_per_epoch(self.batch_size))
        return int(self.examples.windows_per_epoch // self.batch_size)

    def __getitem__(self, index: int) -> tuple[dict[str, Any], Any]:
        """A batch of the epoch under way."""
        training = self.seed is not None
        step = index + (max(self._epoch, 0) * len(self) if training else 0)
        tensors = next(
            self.examples.batches(
                self.batch_size,
                seed=self.seed,
                repeat=training,
                labels=True,
                start_step=step,
                augmentation=self.config.augmentation if training else None,
            )
        )
        if self._preparation is not None:
            # As the trainer has it, and as in evaluation always the same.
            rng = generator(self.seed or 0, "preparation", step)
            tensors = self._preparation(tensors, rng)
        x = {"inputs": tensors.inputs}
        if tensors.controls is not None:
            x["controls"] = tensors.controls
        if not self.config.converter.fixed_length:
            x["lengths"] = tensors.lengths
        return x, tensors.outputs

    def on_epoch_begin(self) -> None:
        """Goes on to the next epoch."""
        self._epoch += 1
