"""Model configs: everything needed to build and train a model, as plain values.

A config is frozen, compares by value and survives JSON unchanged. It holds no
live objects but its converter, which is such a value itself.
"""

from __future__ import annotations

import abc
import dataclasses
import os
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from groovekit import fields as values
from groovekit.configs.overrides import apply_overrides
from groovekit.configs.parts import (
    DecoderConfig,
    EncoderConfig,
    LatentConfig,
    TrainingConfig,
)
from groovekit.converters.base import AugmentationConfig, Converter
from groovekit.converters.grid_converter import GridConverter
from groovekit.errors import ConfigError, UnknownNameError, suggest
from groovekit.plugins import catalogue

# Raise it when a field is renamed, removed or changes its meaning.
# 1: kit maps are names or files, `quarters_per_bar` stands for the time signature, and
#    the parts of the only family there is stand beside the others.
# 2: kit maps are values; a family's own parts stand beneath its name.
# 3: masked models have their schedule of the learning rate in `training`, as all have.
SCHEMA_VERSION = 3
#: The family of configs of schema 1, which do not name theirs.
FIRST_FAMILY = "vae"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Config(abc.ABC):
    """A model of any family: how its data look, what it is and how it is trained.

    A family of models (:class:`groovekit.models.family.Family`) has a subclass,
    a frozen dataclass too, with a field for each part of its own.

    Attributes:
      name: the registered name (or that of the config this one was made from).
      converter: turns note sequences into tensors and back.
      training: optimiser, batches and schedules.
      augmentation: how training windows are varied.
      description: one line for people.
    """

    #: Registered name of the family.
    FAMILY: ClassVar[str]
    #: The family's own parts: the class of each, a frozen dataclass, by its field.
    FAMILY_PARTS: ClassVar[Mapping[str, type]]

    name: str
    converter: Converter
    training: TrainingConfig = dataclasses.field(default_factory=TrainingConfig)
    description: str = ""
    augmentation: AugmentationConfig = dataclasses.field(
        default_factory=AugmentationConfig
    )

    def __post_init__(self) -> None:
        for part, cls in self.parts().items():
            value = getattr(self, part)
            if not isinstance(value, cls):
                raise values.wrong_type(value, cls, part)
        converter: Any = self.converter
        if not isinstance(converter, Converter) or not dataclasses.is_dataclass(
            converter
        ):
            raise ConfigError(
                f"converter takes a Converter (a frozen dataclass), got {converter!r}."
            )

    @classmethod
    def parts(cls) -> dict[str, type]:
        """Class of each part but the converter, by its field, in the order of files."""
        return {**cls.FAMILY_PARTS, **_COMMON_PARTS}

    @classmethod
    def upgrade(
        cls,
        table: Mapping[str, Any],
        version: int,  # noqa: ARG003 - most families have always been what they are
    ) -> dict[str, Any]:
        """A table of an earlier schema with what the family has renamed or moved.

        Args:
          table: as :meth:`to_dict` gave it, without ``schema_version``.
          version: the schema it was written in, from 2 on.
        """
        return dict(table)

    def replace(self, **changes: Any) -> Self:
        """A copy with other fields, e.g. ``replace(converter=...)``."""
        unknown = changes.keys() - {f.name for f in dataclasses.fields(self)}
        if unknown:
            names = [f.name for f in dataclasses.fields(self)]
            raise ConfigError(suggest(min(unknown), names, kind="config field"))
        return dataclasses.replace(self, **changes)

    def with_overrides(self, overrides: str | Mapping[str, Any]) -> Self:
        """A copy with ``name=value`` overrides applied, all at once.

        Names are dotted (``training.batch_size``, ``converter.max_windows``) or the
        original's flat ones (``batch_size``, ``enc_rnn_size``). An option that
        shall win over others is applied by another call.

        Args:
          overrides: ``"a=1,b=[2,3]"``, or values by name, text being parsed.

        Raises:
          ConfigError: unknown names, wrong types or ranges, two values for one thing.
        """
        return apply_overrides(self, overrides)

    def to_dict(self) -> dict[str, Any]:
        """The config as JSON-like values; :meth:`from_dict` reads them."""
        table = self.parts_to_dict()
        own = {part: table.pop(part) for part in self.FAMILY_PARTS}
        return {
            "schema_version": SCHEMA_VERSION,
            **table,
            "family": self.FAMILY,
            self.FAMILY: own,
        }

    def parts_to_dict(self) -> dict[str, Any]:
        """The config as JSON-like values by the names that overrides have for them."""
        return {
            "name": self.name,
            "description": self.description,
            "converter": converter_to_dict(self.converter),
            **{part: values.to_table(getattr(self, part)) for part in self.parts()},
        }

    @staticmethod
    def from_dict(
        table: Mapping[str, Any], *, packages: Mapping[str, str] | None = None
    ) -> Config:
        """Makes a config, of whatever family, from :meth:`to_dict`'s values.

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
        cls = config_class(table, packages)
        table = parts_of(table, packages)
        parts = cls.parts()
        known = ["name", "description", "converter", *parts]
        for key in table:
            if key not in known:
                raise ConfigError(suggest(key, known, kind="config key"))
        for key in ("name", "converter", *cls.FAMILY_PARTS):
            if key not in table:
                raise ConfigError(f"The config has no {key!r}, which has no default.")
        return cls(
            name=values.coerce(table["name"], str, "name"),
            description=values.coerce(table.get("description", ""), str, "description"),
            converter=converter_from_dict(table["converter"], packages=packages),
            **{
                part: values.from_table(part_class, table.get(part, {}), part)
                for part, part_class in parts.items()
            },
        )


# Parts of the configs of all families.
_COMMON_PARTS: dict[str, type] = {
    "training": TrainingConfig,
    "augmentation": AugmentationConfig,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ModelConfig(Config):
    """A variational autoencoder: MusicVAE, GrooVAE and others built of such parts.

    Attributes:
      encoder: the encoder network.
      decoder: the decoder network with its output head.
      latent: the latent space.
    """

    FAMILY: ClassVar[str] = "vae"
    FAMILY_PARTS: ClassVar[Mapping[str, type]] = {
        "encoder": EncoderConfig,
        "decoder": DecoderConfig,
        "latent": LatentConfig,
    }

    encoder: EncoderConfig
    decoder: DecoderConfig
    latent: LatentConfig


def config_class(
    table: Mapping[str, Any], packages: Mapping[str, str] | None = None
) -> type[Config]:
    """The class that a config of any schema is made of.

    Args:
      table: JSON-like values.
      packages: see :meth:`Config.from_dict`.

    Raises:
      ConfigError: of a family of models that is not installed.
    """
    family = table.get("family", FIRST_FAMILY)
    if not isinstance(family, str):
        raise ConfigError(f"family takes the name of one, got {family!r}.")
    try:
        cls: type[Config] = catalogue.produce(catalogue.families, family).config_class
    except UnknownNameError as error:
        if "." in family:
            raise missing_plugin("family", family, packages, error) from error
        raise ConfigError(
            f"{error} If groovekit itself has the family, it is a newer version: "
            "upgrade groovekit."
        ) from error
    return cls


def parts_of(
    table: Mapping[str, Any], packages: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a config of any schema holds, as :meth:`Config.parts_to_dict` has it.

    Args:
      table: JSON-like values.
      packages: see :meth:`Config.from_dict`.

    Raises:
      ConfigError: a newer schema, or a family of models that is not installed.
    """
    version = table.get("schema_version", SCHEMA_VERSION)
    check_schema(version, "this config")
    table = {k: v for k, v in table.items() if k != "schema_version"}
    if version == 1:
        return table
    cls = config_class(table, packages)
    table = cls.upgrade(table, version)
    family = cls.FAMILY
    own = table.get(family, {})
    if not isinstance(own, Mapping):
        raise ConfigError(f"{family} takes a table, got {own!r}.")
    for key in own:
        if key not in cls.FAMILY_PARTS:
            names = [f"{family}.{part}" for part in cls.FAMILY_PARTS]
            raise ConfigError(suggest(f"{family}.{key}", names, kind="config key"))
    for key in cls.FAMILY_PARTS:
        if key in table:
            raise ConfigError(
                f"{key} stands beneath the family's name ({family}.{key}) in schema "
                f"version {version}. Move it there."
            )
    rest = {k: v for k, v in table.items() if k not in ("family", family)}
    return {**rest, **own}


def check_schema(version: Any, what: str, newest: int = SCHEMA_VERSION) -> None:
    """Raises ConfigError unless ``version`` is a schema this version reads."""
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise ConfigError(
            f"schema_version of {what} takes an integer of at least 1, got {version!r}."
        )
    if version > newest:
        raise ConfigError(
            f"{what} has schema version {version}, this groovekit reads up to"
            f" {newest}. It was written by a newer version: upgrade groovekit."
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
      packages: see :meth:`Config.from_dict`.

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
    if issubclass(cls, GridConverter) and "quarters_per_bar" in fields:
        # In place of the time signature, up to schema 1.
        quarters = values.coerce(
            fields.pop("quarters_per_bar"), int, "converter.quarters_per_bar"
        )
        fields.setdefault("time_signature", [quarters, 4])
    if issubclass(cls, GridConverter) and "changes" not in fields:
        # Whether changes of tempo were cut at or refused, before they were followed.
        fields.pop("split_on_changes", None)
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


def get_config(name: str) -> Config:
    """The config registered as ``name``, e.g. ``"groovae_4bar"``.

    Raises:
      UnknownNameError: no such config; suggests close names.
      PluginLoadError: a plug-in's function fails or does not give a config.
    """
    config: Config = catalogue.produce(catalogue.configs, name)
    return config
