"""Configs of the masked family: what is known stays, the rest is filled in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from groovekit import fields as values
from groovekit.configs.base import Config
from groovekit.configs.parts import NotNegative, Sizes, TrainingConfig
from groovekit.converters.groove import GrooveConverter
from groovekit.errors import ConfigError
from groovekit.fields import AtLeast, Within, require

_SIZE = AtLeast(1, "an integer of at least 1")
_SHARE = Within(0, 1, "a share from 0 to 1")


@dataclasses.dataclass(frozen=True)
class NetworkConfig:
    """The network: residual dilated convolutions over the steps.

    Attributes:
      channels: width; a multiple of 4.
      dilations: of each block's convolution of width 3, in steps.
      dropout: share of each block's outputs that fall in training, in [0, 1).
      velocity_bins: in which velocities are predicted; a divisor of 128.
      offset_bins: in which offsets are predicted; odd.
    """

    channels: Annotated[int, _SIZE] = 112
    dilations: Sizes = (1, 2, 4, 16, 8, 16, 32, 1)
    dropout: Annotated[float, Within(0, 1, "a share in [0, 1)", "high")] = 0.1
    velocity_bins: Annotated[int, _SIZE] = 32
    offset_bins: Annotated[int, _SIZE] = 33

    def __post_init__(self) -> None:
        values.check_fields(self, "network")
        require(
            self.channels % 4 == 0, "network.channels", "a multiple of 4", self.channels
        )
        require(len(self.dilations) > 0, "network.dilations", "at least one", [])
        require(
            128 % self.velocity_bins == 0,
            "network.velocity_bins",
            "a divisor of 128",
            self.velocity_bins,
        )
        require(
            self.offset_bins % 2 == 1 and self.offset_bins > 1,
            "network.offset_bins",
            "an odd number of at least 3",
            self.offset_bins,
        )


@dataclasses.dataclass(frozen=True)
class MaskingConfig:
    """What is hidden in training; the first five are weights of tasks.

    Attributes:
      humanise: all hits known, some or all dynamics hidden.
      taps: nothing but a tapped rhythm known.
      add: one to three drums hidden.
      bars: a bar, or all bars after one, hidden.
      cells: cells hidden at random.
      no_dynamics: share of ``humanise`` in which no dynamics at all are known.
      whole: share of batches whose windows stay as long as the converter's.
      half: share of batches that are cut into halves; the rest is cut into quarters.
      varied: share of the windows whose dynamics are varied.
      louder: spread of the factor on the logarithm of their velocities, and a third
        of it of that on velocities.
      later: spread of what is added to their offsets.
      hit_weight: weight of the hits' loss against those of velocities and offsets.
    """

    humanise: NotNegative = 6.0
    taps: NotNegative = 2.0
    add: NotNegative = 2.5
    bars: NotNegative = 1.0
    cells: NotNegative = 1.0
    no_dynamics: Annotated[float, _SHARE] = 0.5
    whole: Annotated[float, _SHARE] = 0.6
    half: Annotated[float, _SHARE] = 0.25
    varied: Annotated[float, _SHARE] = 0.5
    louder: NotNegative = 0.12
    later: NotNegative = 0.03
    hit_weight: NotNegative = 2.5

    def __post_init__(self) -> None:
        values.check_fields(self, "masking")
        require(sum(self.weights) > 0, "masking", "a task of a weight above 0", 0)
        require(
            self.whole + self.half <= 1,
            "masking.half",
            "at most what `masking.whole` leaves of 1",
            self.half,
        )

    @property
    def weights(self) -> tuple[float, ...]:
        """Of the five tasks, in order."""
        return (self.humanise, self.taps, self.add, self.bars, self.cells)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedConfig(Config):
    """A masked model of grooves.

    Attributes:
      network: the network.
      masking: what is hidden in training.

    Raises:
      ConfigError: another converter than one of grooves whose inputs are its outputs,
        with ``context_as_controls`` and no other controls.
    """

    FAMILY: ClassVar[str] = "masked"
    FAMILY_PARTS: ClassVar[Mapping[str, type]] = {
        "network": NetworkConfig,
        "masking": MaskingConfig,
    }

    converter: GrooveConverter
    network: NetworkConfig = dataclasses.field(default_factory=NetworkConfig)
    masking: MaskingConfig = dataclasses.field(default_factory=MaskingConfig)

    def __post_init__(self) -> None:
        super().__post_init__()
        converter = self.converter
        if (
            not isinstance(converter, GrooveConverter)
            or converter.velocity_bins
            or converter.control_depth != 2
            or not converter.context_as_controls
        ):
            raise ConfigError(
                "The masked family takes the converter groove with velocities and "
                "offsets as numbers, context_as_controls=true and no other controls; "
                f"got {converter!r}."
            )

    @classmethod
    def upgrade(cls, table: Mapping[str, Any], version: int) -> dict[str, Any]:
        """Up to schema 2 the schedule of the learning rate had a part of its own."""
        own: Any = table.get(cls.FAMILY)
        training: Any = table.get("training", {})
        tables = all(isinstance(part, Mapping) for part in (own, training))
        if version > 2 or not tables or "annealing" not in own:
            return dict(table)
        own = dict(own)
        annealing = values.from_table(_Annealing, own.pop("annealing"), "annealing")
        schedule = {
            "rate_schedule": "cosine",
            "warmup_steps": annealing.warmup,
            "steps": annealing.steps,
            "weight_decay": annealing.weight_decay,
        }
        return {**table, cls.FAMILY: own, "training": {**training, **schedule}}


@dataclasses.dataclass(frozen=True)
class _Annealing:
    """What stood in configs of schema 2 for four fields of ``training``."""

    warmup: int = 80
    steps: int = 5000
    weight_decay: float = 0.05


def mask_groove() -> MaskedConfig:
    """Fills what is unknown of drumming of any length."""
    return MaskedConfig(
        name="mask-groove",
        converter=GrooveConverter(bars=8, hop_bars=1, context_as_controls=True),
        training=TrainingConfig(
            batch_size=16,
            steps=5000,
            learning_rate=3e-3,
            min_learning_rate=0.0,
            rate_schedule="cosine",
            warmup_steps=80,
            weight_decay=0.05,
            average=0.996,
            grad_clip=1.0,
        ),
        description=(
            "Drumming of any length: velocities, timing, drums or bars that are not"
            " known."
        ),
    )
