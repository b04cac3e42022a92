"""The kit maps of converters, and converters with other options."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

from groovekit.converters.base import Converter
from groovekit.converters.kits import KitMap, Unmapped, get_kit
from groovekit.errors import ConfigError, UsageError


def matching_kit(output_kit: str, kit: str, classes: int) -> KitMap:
    """The kit map that notes are written with.

    Args:
      output_kit: its name.
      kit: name of the one that notes are read with.
      classes: how many classes that one has.

    Raises:
      ConfigError: it has another number of classes.
    """
    found = get_kit(output_kit)
    if len(found) != classes:
        raise ConfigError(
            "Expected kit and output_kit to have the same number of classes, got "
            f"{classes} in {kit!r} and {len(found)} in {output_kit!r}. Set "
            f"`output_kit` to a kit map of {classes} classes: a name or a JSON file."
        )
    return found


@dataclasses.dataclass(frozen=True)
class WithKits:
    """Fields of converters of drums; stands before the other base class.

    Attributes:
      kit: kit map that drums are read with: a registered name or a JSON file.
      output_kit: kit map that drums are written with.
      unmapped: what happens to drum notes that ``kit`` does not know: ``"drop"``,
        ``"nearest"`` (the class of the nearest pitch) or ``"error"``.
    """

    kit: str = "general_midi"
    output_kit: str = "general_midi"
    unmapped: Unmapped = "drop"

    def _check_kit(self, kit: KitMap) -> None:
        """Raises ConfigError where the converter cannot use a kit map of this size."""

    @functools.cached_property
    def kit_map(self) -> KitMap:
        """The kit map that drums are read with."""
        kit = get_kit(self.kit)
        self._check_kit(kit)
        # Better now than after hours of training, when the first notes are written.
        matching_kit(self.output_kit, self.kit, len(kit))
        return kit

    @functools.cached_property
    def output_kit_map(self) -> KitMap:
        """The kit map that drums are written with."""
        return matching_kit(self.output_kit, self.kit, self.classes)

    @property
    def classes(self) -> int:
        """Number of drum classes."""
        return len(self.kit_map)


def with_options(
    converter: Converter,
    *,
    kit: str | None = None,
    output_kit: str | None = None,
    bars: int | None = None,
    trained: bool = True,
) -> Converter:
    """The same converter with other kits, or for another number of bars.

    Args:
      converter: of a model.
      kit: kit map to read notes with: a registered name or a JSON file.
      output_kit: kit map to write notes with.
      bars: bars of a window.
      trained: whether there is such a model, which fixes the number of drum
        classes; otherwise the two kit maps only have to agree.

    Raises:
      UsageError: an option that this kind of converter has not.
      UnknownNameError: no such kit map.
      ConfigError: a kit map of another size than the model's, or than the other.
    """
    wanted = {"kit": kit, "output_kit": output_kit, "bars": bars}
    changes: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
    fields = {field.name for field in dataclasses.fields(converter)}  # type: ignore[arg-type]  # abstract, but each is a dataclass
    for name in changes:
        if name not in fields:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} has no effect on {type(converter).__name__}, which has "
                f"no {name}: leave it out."
            )
    kits = [name for name in ("kit", "output_kit") if name in changes]
    # The number of classes, that of the kit map that was read with, is part of the
    # trained model.
    own = str(getattr(converter, "kit", None) or getattr(converter, "output_kit", ""))
    before = len(get_kit(own)) if kits else 0
    for name in kits:
        after = len(get_kit(changes[name]))
        if trained and before != after:
            option = name.replace("_", "-")
            raise ConfigError(
                f"The model has {before} drum classes ({own!r}), the kit map "
                f"{changes[name]!r} has {after}: choose another --{option}."
            )
    changed: Converter = (
        dataclasses.replace(converter, **changes) if changes else converter  # type: ignore[type-var]
    )
    if kits and {"kit", "output_kit"} <= fields:
        both: Any = changed
        matching_kit(both.output_kit, both.kit, len(get_kit(both.kit)))
    return changed
