"""Fields of frozen values: their types and limits, and reading them from text.

Configs and converters meet two kinds of loosely typed values: JSON (which has no
tuples and one kind of number) and text from the command line. Both end here,
against the annotation of the dataclass field they are for. An annotation may
carry limits, which hold whatever a value comes from::

    bars: Annotated[int, AtLeast(1)] = 2
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import math
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from groovekit.errors import ConfigError, suggest


class Limit(abc.ABC):
    """What the values of a field are limited to; of a list, each of them.

    Attributes:
      expected: words for the values that are allowed.
    """

    expected: str

    @abc.abstractmethod
    def allows(self, value: Any) -> bool:
        """Whether one value, which is not None, is allowed."""


@dataclasses.dataclass(frozen=True)
class AtLeast(Limit):
    """Numbers from ``low`` on.

    Attributes:
      low: the smallest.
      expected: words for them; by default "at least LOW".
    """

    low: float
    expected: str = ""

    def __post_init__(self) -> None:
        if not self.expected:
            object.__setattr__(self, "expected", f"at least {self.low:g}")

    def allows(self, value: Any) -> bool:
        """Whether the value is not below ``low``."""
        return bool(value >= self.low)


@dataclasses.dataclass(frozen=True)
class Above(Limit):
    """Numbers above ``low``.

    Attributes:
      low: the lower end, which is left out.
      expected: words for them.
    """

    low: float
    expected: str

    def allows(self, value: Any) -> bool:
        """Whether the value is above ``low``."""
        return bool(value > self.low)


@dataclasses.dataclass(frozen=True)
class Within(Limit):
    """Numbers from ``low`` to ``high``, both included but where said otherwise.

    Attributes:
      low: the lower end.
      high: the upper end.
      expected: words for them.
      open: ends that are left out: ``"low"``, ``"high"``, ``"both"`` or none.
    """

    low: float
    high: float
    expected: str
    open: typing.Literal["", "low", "high", "both"] = ""

    def allows(self, value: Any) -> bool:
        """Whether the value lies within."""
        above = value > self.low if self.open in ("low", "both") else value >= self.low
        below = (
            value < self.high if self.open in ("high", "both") else value <= self.high
        )
        return bool(above and below)


class FieldValue(abc.ABC):
    """A frozen value that JSON and text may give in forms of its own.

    Attributes:
      described: words for what :meth:`from_value` takes.
    """

    described: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def from_value(cls, value: Any, path: str) -> Self:
        """Makes one of a field's value, which may be one already.

        Args:
          value: a JSON-like or Python value, or text.
          path: dotted name for messages.

        Raises:
          GroovekitError: it stands for none.
        """

    @abc.abstractmethod
    def to_value(self) -> Any:
        """The JSON-like value that :meth:`from_value` makes it of again."""


# Options of parts from outside, which have no fields of their own here: a
# sorted tuple of (name, value), so that configs stay hashable.
Options = tuple[tuple[str, Any], ...]


@functools.cache
def field_types(cls: Any) -> dict[str, Any]:
    """Annotations of a dataclass's fields, by field name, in their order.

    Limits are left out; :func:`field_limits` has them.
    """
    hints = typing.get_type_hints(cls)
    return {f.name: hints[f.name] for f in dataclasses.fields(cls) if f.init}


@functools.cache
def field_limits(cls: Any) -> dict[str, tuple[Limit, ...]]:
    """Limits of those of a dataclass's fields that have some, by field name."""
    hints = typing.get_type_hints(cls, include_extras=True)
    found = {}
    for name in field_types(cls):
        extras = getattr(hints[name], "__metadata__", ())
        limits = tuple(extra for extra in extras if isinstance(extra, Limit))
        if limits:
            found[name] = limits
    return found


def describe_type(hint: Any) -> str:
    """Words for an annotation, e.g. ``"list of integers"``."""
    if hint is None or hint is type(None):
        return "none"
    if _has_own_forms(hint):
        return str(hint.described)
    names = {bool: "true or false", int: "an integer", float: "a number", str: "text"}
    names[Path] = "a path"
    if hint in names:
        return names[hint]
    if is_options(hint):
        return "a table of options"
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return "one of " + ", ".join(map(str, args))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(describe_type(a) for a in args)
    if origin is tuple:
        plural = {int: "integers", float: "numbers", str: "texts", bool: "booleans"}
        inner = plural.get(args[0], f"({describe_type(args[0])})") if args else "values"
        return f"a list of {inner}"
    if dataclasses.is_dataclass(hint):
        return "a table"
    return getattr(hint, "__name__", str(hint))


def is_options(hint: Any) -> bool:
    """Whether an annotation is :data:`Options`."""
    return bool(hint == Options)


def _has_own_forms(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, FieldValue)


def wrong_type(value: Any, hint: Any, path: str) -> ConfigError:
    """The error for a value of another type than ``hint``."""
    return ConfigError(
        f"{path} takes {describe_type(hint)}, got {value!r} ({type(value).__name__})."
    )


def _number(value: Any, hint: type, path: str) -> Any:
    # NumPy scalars come from computed overrides; bool is an int in Python only.
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, hint, path)
    if not math.isfinite(value):
        raise ConfigError(f"{path} takes a finite number, got {value!r}.")
    if hint is int and not float(value).is_integer():
        raise wrong_type(value, hint, path)
    return hint(value)


def coerce(value: Any, hint: Any, path: str) -> Any:
    """Checks ``value`` against an annotation and normalises it.

    Integers become floats where a float is due, lists become tuples, tables
    become dataclasses.

    Args:
      value: a JSON-like or Python value.
      hint: the annotation: bool, int, float, str, Path, None, Literal, unions, tuples,
        :class:`FieldValue`,
        dataclasses and :data:`Options`; anything else is passed through.
      path: dotted name for messages.

    Raises:
      ConfigError: wrong type; names the path, what was expected and what came.
    """
    if hint in (int, float):
        return _number(value, hint, path)
    if hint in (bool, str, Path):
        if not isinstance(value, hint):
            raise wrong_type(value, hint, path)
        return value
    if hint is None or hint is type(None):
        if value is not None:
            raise wrong_type(value, hint, path)
        return None
    if is_options(hint):
        return _options(value, path)
    if _has_own_forms(hint):
        return hint.from_value(value, path)
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        if value not in args:
            raise ConfigError(
                f"{path}: " + suggest(str(value), map(str, args), kind="value")
            )
        return value
    if origin in (typing.Union, types.UnionType):
        return _union(value, args, hint, path)
    if origin is tuple:
        return _tuple(value, args, hint, path)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        if isinstance(value, hint):
            return value
        return from_table(hint, value, path)
    return freeze(value)


def _union(value: Any, args: tuple[Any, ...], hint: Any, path: str) -> Any:
    if value is None and type(None) in args:
        return None
    errors = []
    for arg in args:
        try:
            return coerce(value, arg, path)
        except ConfigError as error:
            errors.append(error)
    # With one real alternative its own message says more.
    real = [a for a in args if a is not type(None)]
    if len(real) == 1 and dataclasses.is_dataclass(real[0]):
        raise errors[args.index(real[0])]
    raise wrong_type(value, hint, path)


def _tuple(value: Any, args: tuple[Any, ...], hint: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise wrong_type(value, hint, path)
    if len(args) == 2 and args[1] is Ellipsis:
        hints: list[Any] = [args[0]] * len(value)
    else:
        hints = list(args)
        if len(hints) != len(value):
            raise ConfigError(
                f"{path} takes {len(hints)} values, got {len(value)}: {value!r}."
            )
    pairs = zip(value, hints, strict=True)
    return tuple(coerce(v, h, f"{path}[{i}]") for i, (v, h) in enumerate(pairs))


def _options(value: Any, path: str) -> Options:
    if isinstance(value, Mapping):
        items = list(value.items())
    elif isinstance(value, list | tuple) and all(
        isinstance(v, list | tuple) and len(v) == 2 for v in value
    ):
        items = [(v[0], v[1]) for v in value]
    else:
        raise wrong_type(value, Options, path)
    for name, _ in items:
        if not isinstance(name, str):
            raise ConfigError(f"{path} takes names that are text, got {name!r}.")
    return tuple(sorted(((k, freeze(v)) for k, v in items), key=lambda item: item[0]))


def freeze(value: Any) -> Any:
    """Turns lists into tuples, at any depth."""
    if isinstance(value, list | tuple):
        return tuple(freeze(v) for v in value)
    return value


def thaw(value: Any) -> Any:
    """Turns tuples into lists and dataclasses into tables, for JSON."""
    if isinstance(value, list | tuple):
        return [thaw(v) for v in value]
    if isinstance(value, FieldValue):
        return value.to_value()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_table(value)
    return value


def to_table(value: Any) -> dict[str, Any]:
    """A dataclass's fields as JSON-like values."""
    table: dict[str, Any] = {}
    cls: Any = type(value)
    for name, hint in field_types(cls).items():
        item = getattr(value, name)
        if is_options(hint):
            table[name] = {k: thaw(v) for k, v in item}
        else:
            table[name] = thaw(item)
    return table


def from_table(cls: Any, table: Any, path: str) -> Any:
    """Makes a dataclass from a table of its fields.

    Args:
      cls: the dataclass.
      table: JSON-like values by field name; missing fields take their defaults.
      path: dotted name of the table for messages.

    Raises:
      ConfigError: unknown or missing fields, wrong types.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"{path} takes a table, got {table!r}.")
    hints = field_types(cls)
    for key in table:
        if key not in hints:
            raise ConfigError(suggest(f"{path}.{key}", _below(path, hints), kind="key"))
    for field in dataclasses.fields(cls):
        no_default = (
            field.default is dataclasses.MISSING
            and field.default_factory is dataclasses.MISSING
        )
        if field.init and no_default and field.name not in table:
            raise ConfigError(f"{path}.{field.name} is missing and has no default.")
    return cls(**{k: coerce(v, hints[k], f"{path}.{k}") for k, v in table.items()})


def _below(path: str, names: Any) -> list[str]:
    return [f"{path}.{name}" for name in names]


def check_fields(value: Any, path: str, *, verb: str = " takes") -> None:
    """Normalises the fields of a frozen dataclass in place, and checks their limits.

    For ``__post_init__``: values that Python code passes in are held to the
    same rules as those from files.

    Args:
      value: the dataclass.
      path: how its fields' paths begin, for messages.
      verb: what stands between a path and what is expected, for messages.

    Raises:
      ConfigError: names the field by its path, what was expected and what came.
    """
    cls: Any = type(value)
    limits = field_limits(cls)
    for name, hint in field_types(cls).items():
        item = getattr(value, name)
        choices = _choices(hint)
        if choices:
            ok = item in choices
            expected = "one of " + ", ".join(map(str, choices))
            require(ok, f"{path}.{name}", expected, item, verb=verb)
        item = coerce(item, hint, f"{path}.{name}")
        for limit in limits.get(name, ()):
            each = item if isinstance(item, tuple) else (item,)
            ok = item is None or all(map(limit.allows, each))
            require(ok, f"{path}.{name}", limit.expected, thaw(item), verb=verb)
        object.__setattr__(value, name, item)


def _choices(hint: Any) -> tuple[Any, ...]:
    """The values of a Literal, None among them where it may be left out."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        literal, *rest = typing.get_args(hint)
        if rest == [type(None)] and typing.get_origin(literal) is typing.Literal:
            return (*typing.get_args(literal), None)
    return ()


# Text -----------------------------------------------------------------------

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def split_list(text: str, *, what: str) -> list[str]:
    """Splits at the commas outside of square brackets.

    Raises:
      ConfigError: brackets that do not match.
    """
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        if char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
            if depth < 0:
                break
        elif char == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    if depth != 0:
        raise ConfigError(f"{what}: brackets do not match in {text!r}.")
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def parse(text: str, hint: Any, path: str) -> Any:
    """Reads a value of a given type from text.

    Args:
      text: e.g. ``"512"``, ``"true"``, ``"[512,256]"``, ``"none"``.
      hint: the annotation, as for :func:`coerce`.
      path: dotted name for messages.

    Raises:
      ConfigError: the text is no such value.
    """
    text = text.strip()
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is bool:
        if text.lower() not in _BOOLEANS:
            raise ConfigError(f"{path} takes true or false, got {text!r}.")
        return _BOOLEANS[text.lower()]
    if hint in (int, float):
        try:
            return coerce(float(text) if hint is float else _integer(text), hint, path)
        except ValueError:
            raise ConfigError(
                f"{path} takes {describe_type(hint)}, got {text!r}."
            ) from None
    if origin in (typing.Union, types.UnionType):
        if type(None) in args and text.lower() in ("none", "null"):
            return None
        for arg in args:
            try:
                if arg is not type(None):
                    return parse(text, arg, path)
            except ConfigError:
                continue
        raise ConfigError(f"{path} takes {describe_type(hint)}, got {text!r}.")
    if _has_own_forms(hint):
        return hint.from_value(text, path)
    if origin is tuple and not is_options(hint):
        return _parse_tuple(text, args, hint, path)
    if hint is str or origin is typing.Literal:
        return coerce(_literal(text, args), hint, path)
    if dataclasses.is_dataclass(hint) or is_options(hint):
        raise ConfigError(
            f"{path} takes {describe_type(hint)}; set its parts, e.g. {path}.NAME=..."
        )
    return guess(text)


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        # "1e3" and "512.0" are whole numbers, too.
        value = float(text)
        if not math.isfinite(value) or not value.is_integer():
            raise ValueError(text) from None
        return int(value)


def _literal(text: str, args: tuple[Any, ...]) -> Any:
    return next((a for a in args if str(a) == text), text)


def _parse_tuple(
    text: str, args: tuple[Any, ...], hint: Any, path: str
) -> tuple[Any, ...]:
    if text.startswith("[") != text.endswith("]"):
        raise ConfigError(f"{path}: brackets do not match in {text!r}.")
    if text.startswith("["):
        text = text[1:-1]
    parts = split_list(text, what=path)
    hints = [args[0]] * len(parts) if Ellipsis in args else list(args)
    if len(hints) != len(parts):
        raise ConfigError(f"{path} takes {len(hints)} values, got {len(parts)}.")
    try:
        return tuple(parse(p, h, path) for p, h in zip(parts, hints, strict=True))
    except ConfigError:
        raise ConfigError(
            f"{path} takes {describe_type(hint)}, got [{text}]."
        ) from None


def guess(text: str) -> Any:
    """Reads text of unknown type: list, boolean, none, number, else text."""
    text = text.strip()
    if text.startswith("[") and text.endswith("]"):
        return tuple(guess(p) for p in split_list(text[1:-1], what="value"))
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.lower() in ("none", "null"):
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def require(
    condition: bool, path: str, expected: str, value: Any, *, verb: str = " takes"
) -> None:
    """Raises ConfigError, naming the field by its path, unless the condition holds."""
    if not condition:
        raise ConfigError(f"{path}{verb} {expected}, got {value!r}.")
