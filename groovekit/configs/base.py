"""Model configs: everything needed to build and train a model, as plain values.

A config is frozen, compares by value and survives JSON unchanged. It holds no
live objects but its converter, which is such a value itself.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from groovekit import fields as values
from groovekit.errors import ConfigError, UnknownNameError, suggest
from groovekit.fields import Options
from groovekit.plugins import catalogue

if TYPE_CHECKING:
    from groovekit.converters.base import Converter

# Raise it when a field is renamed, removed or changes its meaning.
SCHEMA_VERSION = 1

Schedule = Literal["constant", "exponential", "inverse_sigmoid"]
ClipMode = Literal["global_norm", "value"]


def _require(condition: bool, path: str, expected: str, value: Any) -> None:
    if not condition:
        raise ConfigError(f"{path} takes {expected}, got {value!r}.")


def _check_sizes(sizes: tuple[int, ...], path: str) -> None:
    ok = len(sizes) > 0 and all(size > 0 for size in sizes)
    _require(ok, path, "one or more sizes of at least 1", list(sizes))


def _check_levels(part: str, kind: str, lengths: tuple[int, ...]) -> None:
    if kind == "hierarchical_lstm" and not lengths:
        raise ConfigError(
            f"{part}.kind=hierarchical_lstm needs {part}.level_lengths, whose product "
            "is the steps of a window, e.g. [4,16] for four bars of sixteenths."
        )


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
    """The network that turns a window into the posterior's parameters.

    Attributes:
      rnn_size: units of each layer (of each direction, where there are two).
      kind: registered name of the encoder.
      residual: add each layer's input to its output where sizes allow.
      level_lengths: of a hierarchical encoder, from the bottom up: steps of a
        segment, segments of a group, ...; empty for others.
      core: registered name of the encoder of each level of a hierarchical one.
      options: further options of encoders from plug-ins, by name.
    """

    rnn_size: tuple[int, ...]
    kind: str = "bidirectional_lstm"
    residual: bool = False
    level_lengths: tuple[int, ...] = ()
    core: str = "bidirectional_lstm"
    options: Options = ()

    def __post_init__(self) -> None:
        values.check_fields(self, "encoder")
        _check_sizes(self.rnn_size, "encoder.rnn_size")
        _check_sizes(self.level_lengths or (1,), "encoder.level_lengths")
        _check_levels("encoder", self.kind, self.level_lengths)


@dataclasses.dataclass(frozen=True)
class DecoderConfig:
    """The network that turns a latent vector into a window.

    Attributes:
      rnn_size: units of each layer.
      kind: registered name of the decoder.
      residual: add each layer's input to its output where sizes allow.
      head: registered name of the output head: loss and sampling.
      level_lengths: of a hierarchical decoder, from the top down: segments (of
        each group), ..., steps of a segment; empty for others.
      core: registered name of the decoder of a hierarchical one's segments.
      conductor_size: units of each layer of its conductors; empty for ``rnn_size``.
      conductor_projection: width of a tanh layer behind the lowest conductor; 0 for
        none.
      autoregressive: its levels (0 is the top) whose conductor sees what came
        before it.
      reencode: whether what they see is the (hierarchical) encoder's view of it,
        not the final state of the level below.
      control_rnn_size: units of a bidirectional LSTM that controls go through on
        their way to the decoder; empty for none.
      options: further options of decoders from plug-ins, by name.
      head_options: options of the head, by name.
    """

    rnn_size: tuple[int, ...]
    kind: str = "lstm"
    residual: bool = False
    head: str = "categorical"
    level_lengths: tuple[int, ...] = ()
    core: str = "lstm"
    conductor_size: tuple[int, ...] = ()
    conductor_projection: int = 0
    autoregressive: tuple[int, ...] = ()
    reencode: bool = False
    control_rnn_size: tuple[int, ...] = ()
    options: Options = ()
    head_options: Options = ()

    def __post_init__(self) -> None:
        values.check_fields(self, "decoder")
        _check_sizes(self.rnn_size, "decoder.rnn_size")
        for name in ("level_lengths", "conductor_size", "control_rnn_size"):
            _check_sizes(getattr(self, name) or (1,), f"decoder.{name}")
        projection = self.conductor_projection
        what = "a size, or 0 for none"
        _require(projection >= 0, "decoder.conductor_projection", what, projection)
        _check_levels("decoder", self.kind, self.level_lengths)
        for name in (
            "autoregressive",
            "reencode",
            "conductor_size",
            "conductor_projection",
        ):
            if getattr(self, name) and not self.level_lengths:
                raise ConfigError(
                    f"decoder.{name} is for hierarchical decoders: give "
                    "decoder.kind=hierarchical_lstm and decoder.level_lengths, too, or "
                    "leave it out."
                )


@dataclasses.dataclass(frozen=True)
class LatentConfig:
    """The latent space and the price of using it.

    Attributes:
      z_size: dimensions of the latent vector.
      free_bits: KL divergence, in bits a sequence, that costs nothing.
      max_beta: weight of the KL cost in the end, at least 0.
      beta_rate: 0 for ``max_beta`` from the first step, else below 1: the weight
        is ``(1 - beta_rate ** step) * max_beta``.
    """

    z_size: int
    free_bits: float = 48.0
    max_beta: float = 0.2
    beta_rate: float = 0.0

    def __post_init__(self) -> None:
        values.check_fields(self, "latent")
        _require(self.z_size >= 1, "latent.z_size", "a size of at least 1", self.z_size)
        for name in ("free_bits", "max_beta"):
            value = getattr(self, name)
            _require(value >= 0, f"latent.{name}", "a number of at least 0", value)
        rate = self.beta_rate
        _require(0 <= rate <= 1, "latent.beta_rate", "a number from 0 to 1", rate)


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained.

    Attributes:
      batch_size: windows a step.
      learning_rate: Adam's rate at the start.
      min_learning_rate: what the rate decays towards.
      decay_rate: factor a step on what is above the minimum, in (0, 1].
      average: weights are judged, kept and played as a running average over the
        steps with this decay (Polyak averaging), in [0, 1): 0 for the last ones as
        they are, 0.999 for an average over about the last thousand steps.
      dropout_keep_prob: share of a recurrent layer's inputs that is kept, in (0, 1].
      sampling_schedule: how the probability of feeding the decoder its own samples
        depends on the step.
      sampling_rate: the schedule's constant ``k``: with ``constant`` the probability
        itself, in [0, 1]; with ``exponential`` in (0, 1), for ``1 - k ** step``;
        with ``inverse_sigmoid`` at least 1, for ``1 - k / (k + exp(step / k))``.
      clip_mode: clip gradients by ``global_norm`` or by ``value``.
      grad_clip: the clipping limit.
      grad_norm_clip_to_zero: a gradient with a larger norm than this is dropped
        (``global_norm`` only).
    """

    batch_size: int = 512
    learning_rate: float = 1e-3
    min_learning_rate: float = 1e-5
    decay_rate: float = 0.9999
    average: float = 0.0
    dropout_keep_prob: float = 1.0
    sampling_schedule: Schedule = "constant"
    sampling_rate: float = 0.0
    clip_mode: ClipMode = "global_norm"
    grad_clip: float = 1.0
    grad_norm_clip_to_zero: float = 10000.0

    def __post_init__(self) -> None:
        values.check_fields(self, "training")

        def check(name: str, condition: bool, expected: str) -> None:
            _require(condition, f"training.{name}", expected, getattr(self, name))

        check("batch_size", self.batch_size >= 1, "an integer of at least 1")
        check("learning_rate", self.learning_rate > 0, "a number above 0")
        check(
            "min_learning_rate",
            0 <= self.min_learning_rate <= self.learning_rate,
            f"a number from 0 to the learning rate ({self.learning_rate})",
        )
        check("decay_rate", 0 < self.decay_rate <= 1, "a number in (0, 1]")
        check("average", 0 <= self.average < 1, "a number in [0, 1)")
        keep = self.dropout_keep_prob
        check("dropout_keep_prob", 0 < keep <= 1, "a probability in (0, 1]")
        for name in ("grad_clip", "grad_norm_clip_to_zero"):
            check(name, getattr(self, name) > 0, "a number above 0")
        self._check_sampling()

    def _check_sampling(self) -> None:
        rate = self.sampling_rate
        ok, expected = {
            "constant": (0 <= rate <= 1, "a probability from 0 to 1"),
            "exponential": (0 < rate < 1, "a number between 0 and 1"),
            "inverse_sigmoid": (rate >= 1, "a number of at least 1"),
        }[self.sampling_schedule]
        expected += f" with the schedule {self.sampling_schedule!r}"
        _require(ok, "training.sampling_rate", expected, rate)


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """How training windows are varied, drawn anew for each window and epoch.

    Evaluation never sees augmented windows.

    Attributes:
      transpose: lowest and highest transposition in semitones, both inclusive, each
        from -127 to 127. Converters without pitches (drums) leave it alone.
      stretch: lowest and highest factor on times, both above 0; above 1 is slower.
        Converters whose grid follows the tempo see no difference and leave it alone.
      velocity: lowest and highest factor on velocities, which stay from 1 to 127:
        the same groove played softer or louder. Converters without velocities
        leave it alone.
      microtiming: lowest and highest factor on the distances of hits from the grid:
        the same milliseconds are another share of a step at another tempo.
        Converters without microtiming leave it alone.
    """

    transpose: tuple[int, int] = (0, 0)
    stretch: tuple[float, float] = (1.0, 1.0)
    velocity: tuple[float, float] = (1.0, 1.0)
    microtiming: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        values.check_fields(self, "augmentation")
        low, high = self.transpose
        _require(
            -127 <= low <= high <= 127,
            "augmentation.transpose",
            "the lowest and the highest of semitones from -127 to 127",
            list(self.transpose),
        )
        for name in ("stretch", "velocity", "microtiming"):
            factors = getattr(self, name)
            _require(
                0 < factors[0] <= factors[1],
                f"augmentation.{name}",
                "the lowest and the highest of factors above 0",
                list(factors),
            )

    @property
    def identity(self) -> bool:
        """Whether nothing is varied."""
        return self == AugmentationConfig()


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model: how its data look, its networks and how it is trained.

    Attributes:
      name: the registered name (or that of the config this one was made from).
      converter: turns note sequences into tensors and back.
      encoder: the encoder network.
      decoder: the decoder network with its output head.
      latent: the latent space.
      training: optimiser, batches and schedules.
      augmentation: how training windows are varied.
      description: one line for people.
    """

    name: str
    converter: Converter
    encoder: EncoderConfig
    decoder: DecoderConfig
    latent: LatentConfig
    training: TrainingConfig = TrainingConfig()
    description: str = ""
    augmentation: AugmentationConfig = AugmentationConfig()

    def __post_init__(self) -> None:
        for part, cls in PARTS.items():
            value = getattr(self, part)
            if not isinstance(value, cls):
                raise values.wrong_type(value, cls, part)
        # The abstract class lives in a higher layer: look for its methods.
        converter: Any = self.converter
        methods = ("extract", "expand", "decode")
        if not dataclasses.is_dataclass(converter) or not all(
            callable(getattr(converter, m, None)) for m in methods
        ):
            raise ConfigError(
                f"converter takes a Converter (a frozen dataclass), got {converter!r}."
            )

    def replace(self, **changes: Any) -> ModelConfig:
        """A copy with other fields, e.g. ``replace(converter=...)``."""
        unknown = changes.keys() - {f.name for f in dataclasses.fields(self)}
        if unknown:
            names = [f.name for f in dataclasses.fields(self)]
            raise ConfigError(suggest(min(unknown), names, kind="config field"))
        return dataclasses.replace(self, **changes)

    def with_overrides(self, overrides: str | Mapping[str, Any]) -> ModelConfig:
        """A copy with ``name=value`` overrides applied, all at once.

        Names are dotted (``training.batch_size``, ``converter.max_windows``) or the
        original's flat ones (``batch_size``, ``enc_rnn_size``). An option that
        shall win over others is applied by another call.

        Args:
          overrides: ``"a=1,b=[2,3]"``, or values by name, text being parsed.

        Raises:
          ConfigError: unknown names, wrong types or ranges, two values for one thing.
        """
        from groovekit.configs.overrides import apply_overrides

        return apply_overrides(self, overrides)

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-like values; :meth:`from_dict` reads them."""
        table: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "name": self.name,
            "description": self.description,
            "converter": converter_to_dict(self.converter),
        }
        for part in PARTS:
            table[part] = values.to_table(getattr(self, part))
        return table

    @classmethod
    def from_dict(
        cls, table: Mapping[str, Any], *, packages: Mapping[str, str] | None = None
    ) -> ModelConfig:
        """Makes a config from :meth:`to_dict`'s values.

        Args:
          table: JSON-like values.
          packages: for messages: which package a registered name came from when
            the config was written, e.g. ``{"swing.drums": "swing-kit 0.3"}``.

        Raises:
          ConfigError: unknown or missing keys, wrong values, a newer schema or a
            converter whose plug-in is not installed.
        """
        if not isinstance(table, Mapping):
            raise ConfigError(f"A config is a table, got {table!r}.")
        check_schema(table.get("schema_version", SCHEMA_VERSION), "this config")
        known = ["schema_version", "name", "description", "converter", *PARTS]
        for key in table:
            if key not in known:
                raise ConfigError(suggest(key, known, kind="config key"))
        for key in ("name", "converter", "encoder", "decoder", "latent"):
            if key not in table:
                raise ConfigError(f"The config has no {key!r}, which has no default.")
        return cls(
            name=values.coerce(table["name"], str, "name"),
            description=values.coerce(table.get("description", ""), str, "description"),
            converter=converter_from_dict(table["converter"], packages=packages),
            **{
                part: values.from_table(part_class, table.get(part, {}), part)
                for part, part_class in PARTS.items()
            },
        )


# Name of each part in a config and in its JSON form, with its class.
PARTS: dict[str, type] = {
    "encoder": EncoderConfig,
    "decoder": DecoderConfig,
    "latent": LatentConfig,
    "training": TrainingConfig,
    "augmentation": AugmentationConfig,
}


def check_schema(version: Any, what: str) -> None:
    """Raises ConfigError unless ``version`` is a schema this version reads."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ConfigError(
            f"schema_version of {what} takes an integer of at least 1, got {version!r}."
        )
    if version > SCHEMA_VERSION:
        raise ConfigError(
            f"{what} has schema version {version}, this groovekit reads up to"
            f" {SCHEMA_VERSION}. It was written by a newer version: upgrade groovekit."
        )


def converter_to_dict(converter: Converter) -> dict[str, Any]:
    """A converter as JSON-like values, its registered name under ``name``.

    Raises:
      UnknownNameError: the converter's class is not registered.
      ConfigError: it has a field that the format has no room for.
    """
    table = values.to_table(converter)
    if "name" in table:
        raise ConfigError(
            f"{type(converter).__name__} has a field 'name', which is where the"
            " registered name is written. Rename the field."
        )
    return {"name": catalogue.converters.name_of(type(converter)), **table}


def converter_from_dict(
    table: Any, *, packages: Mapping[str, str] | None = None
) -> Converter:
    """Makes a converter from :func:`converter_to_dict`'s values.

    Args:
      table: JSON-like values.
      packages: see :meth:`ModelConfig.from_dict`.

    Raises:
      ConfigError: unknown fields, wrong values or a missing plug-in.
    """
    if not isinstance(table, Mapping) or not isinstance(table.get("name"), str):
        raise ConfigError(f"converter takes a table with a 'name', got {table!r}.")
    name = table["name"]
    try:
        cls: type = catalogue.converters.get(name)
    except UnknownNameError as error:
        raise missing_plugin("converter", name, packages, error) from error
    fields = {k: v for k, v in table.items() if k != "name"}
    converter: Converter = values.from_table(cls, fields, "converter")
    return converter


def missing_plugin(
    kind: str, name: str, packages: Mapping[str, str] | None, error: UnknownNameError
) -> ConfigError:
    """Words the error for a registered name that is not there any more."""
    if "." not in name:
        return ConfigError(str(error))
    if packages and name in packages:
        hint = f"It came from the package {packages[name]}: install that."
    else:
        prefix = name.split(".", maxsplit=1)[0]
        hint = f"Install the package that offers it (its import name is {prefix!r})."
    if os.environ.get("GROOVEKIT_PLUGINS") == "0":
        hint += " Plug-ins are switched off: unset GROOVEKIT_PLUGINS."
    return ConfigError(f"The config's {kind} {name!r} is not installed. {hint}")


def get_config(name: str) -> ModelConfig:
    """The config registered as ``name``, e.g. ``"groovae_4bar"``.

    Raises:
      UnknownNameError: no such config; suggests close names.
      PluginLoadError: a plug-in's function fails or does not give a config.
    """
    config: ModelConfig = catalogue.produce(catalogue.configs, name)
    return config
