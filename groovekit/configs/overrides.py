"""Overriding config fields by name: the original's flat names and dotted ones."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, Protocol, Self, TypeVar

from groovekit import fields as values
from groovekit.converters.base import Converter
from groovekit.errors import ConfigError, suggest

# The original's hyperparameters and where they are now.
FLAT_NAMES: dict[str, str] = {
    "batch_size": "training.batch_size",
    "beta_rate": "latent.beta_rate",
    "clip_mode": "training.clip_mode",
    "dec_rnn_size": "decoder.rnn_size",
    "decay_rate": "training.decay_rate",
    "dropout_keep_prob": "training.dropout_keep_prob",
    "enc_rnn_size": "encoder.rnn_size",
    "free_bits": "latent.free_bits",
    "grad_clip": "training.grad_clip",
    "grad_norm_clip_to_zero": "training.grad_norm_clip_to_zero",
    "learning_rate": "training.learning_rate",
    "max_beta": "latent.max_beta",
    "min_learning_rate": "training.min_learning_rate",
    "residual_decoder": "decoder.residual",
    "residual_encoder": "encoder.residual",
    "sampling_rate": "training.sampling_rate",
    "sampling_schedule": "training.sampling_schedule",
    "z_size": "latent.z_size",
}

# Those without a counterpart, with their types.
OBSOLETE_NAMES: dict[str, Any] = {
    "conditional": bool,
    "max_seq_len": int,
    "use_cudnn": bool,
}


# Another way to give the time signature of a grid.
_QUARTERS = "converter.quarters_per_bar"
_TIME_SIGNATURE = "converter.time_signature"
# Those of parts that few configs have.
_CONTROLS = "control_preprocessing_rnn_size"
_NADE = "nade_num_hidden"


@dataclasses.dataclass(frozen=True)
class Field:
    """One overridable field of a config.

    Attributes:
      path: dotted name.
      flat: the original's name, or "".
      kind: words for its type.
      value: its value in the config asked about.
    """

    path: str
    flat: str
    kind: str
    value: Any


class _Overridable(Protocol):
    """What is needed of a :class:`groovekit.configs.base.Config`, a dataclass."""

    @property
    def name(self) -> str: ...
    @property
    def converter(self) -> Converter: ...
    def replace(self, **changes: Any) -> Self: ...


_Config = TypeVar("_Config", bound=_Overridable)


def _hints(config: Any) -> dict[str, Any]:
    """Annotations by dotted path, of everything that can be overridden."""
    hints: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        cls: type = type(getattr(config, field.name))
        if dataclasses.is_dataclass(cls):
            for name, hint in values.field_types(cls).items():
                hints[f"{field.name}.{name}"] = hint
    return hints


def describe_fields(config: _Overridable) -> list[Field]:
    """Every field of ``config`` that overrides can reach, for documentation."""
    flat = {path: name for name, path in FLAT_NAMES.items()}
    return [
        Field(
            path=path,
            flat=flat.get(path, ""),
            kind=values.describe_type(hint),
            value=_get(config, path),
        )
        for path, hint in _hints(config).items()
    ]


def _get(config: _Overridable, path: str) -> Any:
    part, name = path.split(".", maxsplit=1)
    return getattr(getattr(config, part), name)


def parse_overrides(text: str) -> list[tuple[str, str]]:
    """Splits ``"a=1,b=[2,3]"`` into names and texts, in order.

    Raises:
      ConfigError: a piece is not of the form ``name=value``.
    """
    pairs = []
    for piece in values.split_list(text, what="Overrides"):
        name, equals, value = piece.partition("=")
        if not equals or not name.strip():
            raise ConfigError(
                f"Overrides take name=value, got {piece!r}. Separate several by"
                " commas and write lists as [512,256]."
            )
        pairs.append((name.strip(), value.strip()))
    return pairs


def apply_overrides(config: _Config, overrides: str | Mapping[str, Any]) -> _Config:
    """See :meth:`groovekit.configs.base.Config.with_overrides`."""
    if isinstance(overrides, str):
        pairs: list[tuple[str, Any]] = list(parse_overrides(overrides))
    else:
        pairs = list(overrides.items())
    hints = _hints(config)
    given: dict[str, tuple[str, Any]] = {}
    for name, raw in pairs:
        path, value = _resolve(config, hints, name, raw)
        if path in given and given[path][1] != value:
            other, old = given[path]
            raise ConfigError(
                f"Two values for {path}: {other}={_show(old)} and"
                f" {name}={_show(value)}. Give one of them."
            )
        given[path] = (name, value)
    changes = {p: v for p, (_, v) in given.items() if p not in OBSOLETE_NAMES}
    result = _apply(config, changes)
    for name in given.keys() & OBSOLETE_NAMES.keys():
        _check_obsolete(result, name, given[name][1])
    return result


def _show(value: Any) -> str:
    return str(values.thaw(value)).replace(" ", "")


def _read(raw: Any, hint: Any, name: str) -> Any:
    if isinstance(raw, str):
        return values.parse(raw, hint, name)
    return values.coerce(raw, hint, name)


def _resolve(
    config: _Overridable, hints: dict[str, Any], name: str, raw: Any
) -> tuple[str, Any]:
    """The dotted path that ``name`` means, and the value with its right type."""
    if name in OBSOLETE_NAMES:
        return name, _read(raw, OBSOLETE_NAMES[name], name)
    if name == _QUARTERS and _TIME_SIGNATURE in hints:
        return _TIME_SIGNATURE, (_read(raw, int, name), 4)
    path = FLAT_NAMES.get(name, name)
    if path == _TIME_SIGNATURE and isinstance(raw, str):
        # As it is written in music.
        raw = re.sub(r"^(\d+)/(\d+)$", r"[\1,\2]", raw)
    if name == _CONTROLS and "decoder.control_rnn_size" in hints:
        value = _read(raw, tuple[int, ...], name)
        path = "decoder.control_rnn_size"
        # The original's configs all have a size; few have the network.
        return path, value if _get(config, path) else ()
    if name == _NADE and "decoder.head" in hints:
        value = _read(raw, int, name)
        head = _get(config, "decoder.head")
        if head != "nade":
            raise ConfigError(
                f"{_NADE} is for configs with the head 'nade'; {config.name} has "
                f"{head!r}. Leave it out."
            )
        return "decoder.head_options.hidden", value
    if path in hints:
        return path, _read(raw, hints[path], name)
    # Options of plug-ins' parts: decoder.head_options.NAME=value.
    table, _, option = path.rpartition(".")
    if table in hints and option and values.is_options(hints[table]):
        old = dict(_get(config, table)).get(option)
        value = values.guess(raw) if isinstance(raw, str) else values.freeze(raw)
        if isinstance(old, float) and isinstance(value, int):
            value = float(value)
        return path, value
    flat = [name for name, path in FLAT_NAMES.items() if path in hints]
    names = [*flat, *OBSOLETE_NAMES, _CONTROLS, _NADE, *hints]
    raise ConfigError(suggest(name, names, kind="config field"))


def _apply(config: _Config, changes: dict[str, Any]) -> _Config:
    parts: dict[str, dict[str, Any]] = {}
    options: dict[tuple[str, str], dict[str, Any]] = {}
    for path, value in changes.items():
        part, name, *rest = path.split(".", maxsplit=2)
        if rest:
            options.setdefault((part, name), {})[rest[0]] = value
        else:
            parts.setdefault(part, {})[name] = value
    for (part, name), table in options.items():
        fields = parts.setdefault(part, {})
        merged = {**dict(fields.get(name, _get(config, f"{part}.{name}"))), **table}
        fields[name] = tuple(sorted(merged.items()))
    return config.replace(
        **{
            part: dataclasses.replace(getattr(config, part), **fields)
            for part, fields in parts.items()
        }
    )


def _check_obsolete(config: _Overridable, name: str, value: Any) -> None:
    """Accepts what changes nothing, refuses what cannot be done."""
    if name == "conditional" and not value:
        raise ConfigError(
            "conditional=false is not supported: the decoder always sees the latent"
            " vector. Leave it out."
        )
    if name == "max_seq_len" and value != config.converter.steps:
        raise ConfigError(
            f"max_seq_len={value} contradicts the converter, whose windows have"
            f" {config.converter.steps} steps. Change the converter's length instead"
            " (e.g. converter.bars)."
        )
    # use_cudnn: the fused LSTM is used wherever there is one.
