"""Playing a masked model: it fills what is unknown of a performance."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from groovekit.configs.masked import MaskedConfig
from groovekit.configs.presets import CHECKPOINT_SUFFIX, ModelFiles, locate
from groovekit.converters.grid.selection import Instruments
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.generation.partial import Conditions, Filled, Partial
from groovekit.generation.tasks.add import add
from groovekit.generation.tasks.continue_ import continue_
from groovekit.generation.tasks.drumify import drumify
from groovekit.generation.tasks.fill import fill_bars
from groovekit.generation.tasks.groove import groove
from groovekit.generation.tasks.humanize import humanize
from groovekit.io.groove_table import STYLES
from groovekit.models.family import Ability, family_of
from groovekit.models.masked.bins import Bins
from groovekit.models.masked.filling import Filling
from groovekit.models.masked.known import Known
from groovekit.models.runtimes.base import Progress
from groovekit.models.runtimes.choice import Runtime
from groovekit.models.weights_file import open_weights
from groovekit.seeding import generator


class MaskedPlayer:
    """A masked model, computed by NumPy.

    Filling takes many small passes, one after another, which NumPy does as fast as any
    backend of Keras, so that nothing else has to be loaded.

    Args:
      config: of the model; its converter reads and writes the notes.
      filling: the model with its weights.
      folder: where it was loaded from.

    Attributes:
      abilities: what it can do, see :class:`.Player`.
      progress: not called: nothing is decoded.
    """

    abilities: frozenset[Ability] = frozenset({"fill"})
    z_size = 0

    def __init__(
        self, config: MaskedConfig, filling: Filling, folder: Path | None = None
    ) -> None:
        self.config = config
        self.converter = config.converter
        self.folder = folder
        self.progress: Progress | None = None
        self._filling = filling

    @classmethod
    def load(
        cls,
        source: str | Path | ModelFiles,
        *,
        kit: str | None = None,
        output_kit: str | None = None,
        instruments: Instruments | None = None,
        precision: str = "float32",
        max_batch_size: int = 1,  # noqa: ARG003 - versions are filled one by one
        runtime: Runtime = "auto",
    ) -> MaskedPlayer:
        """Loads a preset, a run folder or a checkpoint of one.

        Args:
          source: as for :meth:`groovekit.generation.trained_model.TrainedModel.load`.
          kit: kit map to read notes with instead of the model's own.
          output_kit: kit map to write notes with.
          instruments: which notes are read as drums instead of the model's own way:
            ``"auto"`` those that are found, ``"drums"`` those that are marked.
          precision: ``float32``, the only one.
          max_batch_size: has no effect.
          runtime: ``numpy`` or ``auto``, which is the same.

        Raises:
          UnknownNameError: no such preset or kit map.
          RunFolderError: nothing usable there, or damaged weights.
          UsageError: another precision or runtime, or a model of another family.
        """
        files = source if isinstance(source, ModelFiles) else locate(source)
        config = files.config
        if not isinstance(config, MaskedConfig):
            raise UsageError(
                f"{cls.__name__} plays models that fill, but {config.name} is of the "
                f"family {config.FAMILY}: `groovekit.load_player` loads any."
            )
        if runtime == "keras" or precision != "float32":
            raise UsageError(
                f"{config.name} is computed by NumPy in float32; got "
                f"`runtime={runtime!r}`, `precision={precision!r}`: leave them out."
            )
        converter = with_options(
            config.converter, kit=kit, output_kit=output_kit, instruments=instruments
        )
        config = config.replace(converter=converter)
        network: Any = family_of(config).network(config)
        weights = files.weights
        if weights.name.endswith(CHECKPOINT_SUFFIX):
            raise UsageError(
                f"{weights} is a checkpoint of training: name the run folder, whose "
                "best weights are played."
            )
        with open_weights(weights, network.shapes()) as arrays:
            network.load(arrays)
        return cls(config, filling_of(config, network), files.folder)

    def fill(
        self,
        partial: Partial,
        count: int = 1,
        *,
        temperature: float = 1.0,
        expected: bool = False,
        seed: int,
    ) -> list[Filled]:
        """See :class:`groovekit.generation.partial.Filler`."""
        classes = partial.hits.shape[1]
        if classes != self.converter.classes:
            raise UsageError(
                f"{self.config.name} fills {self.converter.classes} drum classes, got "
                f"{classes}."
            )
        if count < 1:
            raise UsageError(f"The number of versions must be at least 1, got {count}.")
        if not 0 <= temperature < math.inf:
            raise UsageError(
                f"The temperature must be at least 0 and finite, got {temperature}."
            )
        known = known_of(partial, self.converter.step_seconds(partial.qpm))
        if expected or temperature == 0:
            return [self._filled(partial, known, expected=True, seed=seed)] * count
        return [
            self._filled(
                partial, known, temperature=temperature, seed=seed, version=version
            )
            for version in range(count)
        ]

    def _filled(
        self,
        partial: Partial,
        known: Known,
        *,
        seed: int,
        version: int = 0,
        temperature: float = 1.0,
        expected: bool = False,
    ) -> Filled:
        made = self._filling.fill(
            known,
            rng=generator(seed, "fill", version),
            temperature=temperature,
            expected=expected,
        )
        silent = np.nan_to_num(made.velocities[0]), np.nan_to_num(made.offsets[0])
        return Filled.of(partial, made.hits[0], *silent)

    # What is made of it: functions of groovekit.generation.tasks as methods.
    humanize = humanize
    groove = groove
    drumify = drumify
    add = add
    continue_ = continue_
    fill_bars = fill_bars

    # Of other families ----------------------------------------------------------

    def _cannot(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002
        """What models with latent vectors do.

        Raises:
          UsageError: always.
        """
        raise UsageError(
            f"{self.config.name} fills what is missing in music that is given; it "
            "neither samples nor encodes. Choose a preset that does, such as "
            "groovae_4bar."
        )

    sample = to_tensors = encode = decode = decode_to_tensors = _cannot


def filling_of(config: MaskedConfig, network: Any) -> Filling:
    """What fills with a network of a config.

    Args:
      config: of the model.
      network: a function of features, in NumPy or not.
    """
    own, converter = config.network, config.converter
    return Filling(
        network=network,
        steps_per_bar=converter.grid.steps_per_bar,
        bins=Bins(own.velocity_bins, own.offset_bins),
        styles=len(STYLES),
        window_bars=converter.bars,
    )


def known_of(partial: Partial, step_seconds: float) -> Known:
    """A partial performance as a batch of one.

    Args:
      partial: what is known.
      step_seconds: length of a step.
    """
    steps, classes = partial.hits.shape
    known = Known.nothing(1, steps, classes)
    known.numbers[0] = _numbers(partial.conditions, partial.qpm, step_seconds)
    style = partial.conditions.style
    if style is not None:
        known.styles[0] = STYLES.index(style)
    taps = partial.taps
    if taps is not None:
        columns = (taps.hits, taps.velocities, taps.offsets)
        known.taps[0] = np.stack(columns, axis=-1)
    return dataclasses.replace(
        known,
        hits=partial.hits[None],
        velocities=partial.velocities[None],
        offsets=partial.offsets[None],
    )


def _numbers(conditions: Conditions, qpm: float, step_seconds: float) -> np.ndarray:
    """Conditions in the network's units; offsets are in halves of a step."""
    half = 1000.0 * step_seconds / 2

    def over(value: float | None, unit: float) -> float:
        return np.nan if value is None else value / unit

    return np.array(
        [
            over(conditions.level, 127.0),
            over(conditions.push, half),
            over(conditions.range, 127.0),
            over(conditions.looseness, half),
            qpm,
        ],
        np.float32,
    )
