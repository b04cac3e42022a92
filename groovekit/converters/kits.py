"""Kit maps: which MIDI pitches are the same drum.

The tables are JSON files, the built-in ones (``kit_tables/*.json``) as well as a
user's own::

    {
      "name": "my_pads",
      "classes": [
        {"name": "kick", "pitches": [36, 35]},
        {"name": "snare", "pitches": [38]}
      ]
    }

The first pitch of a class stands for it when notes are written.

A converter's fields hold kit maps as values (:class:`KitMap`). Where one is given, a
registered name or the path of a JSON file will do: :func:`get_kit` finds it, there and
nowhere else.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from groovekit.errors import ConfigError
from groovekit.fields import FieldValue, wrong_type
from groovekit.plugins import catalogue

Unmapped = Literal["drop", "nearest", "error"]
PITCHES = 128


@dataclasses.dataclass(frozen=True)
class KitMap(FieldValue):
    """Drum classes as groups of MIDI pitches.

    Attributes:
      name: what the map is called.
      classes: for each class its pitches (0..127); the first is written.
      class_names: one distinct name a class.
      description: a line for people.
      source: what it was asked for by, a registered name or a file, for messages; no
        part of what it is.

    Raises:
      ConfigError: no classes, a class without pitches, a pitch out of range or
        in two classes, a missing or repeated class name.
    """

    name: str
    classes: tuple[tuple[int, ...], ...]
    class_names: tuple[str, ...] = ()
    description: str = ""
    source: str = dataclasses.field(default="", compare=False, repr=False)

    described: ClassVar[str] = "the name of a kit map or a JSON file"

    def __post_init__(self) -> None:
        if not self.class_names:
            names = tuple(f"class_{i}" for i in range(len(self.classes)))
            object.__setattr__(self, "class_names", names)
        where = f"kit map {self.name!r}"
        if not self.classes:
            raise ConfigError(
                f"{where}: expected at least one class, got none. "
                "List the drums under 'classes'."
            )
        if len(set(self.class_names)) != len(self.classes):
            raise ConfigError(
                f"{where}: expected {len(self.classes)} distinct class names, got "
                f"{list(self.class_names)}. Give each class one name of its own."
            )
        owner: dict[int, str] = {}
        for label, pitches in zip(self.class_names, self.classes, strict=True):
            if not pitches:
                raise ConfigError(
                    f"{where}, class {label!r}: expected at least one pitch, got "
                    "none. The first pitch is the one that is written."
                )
            for pitch in pitches:
                if isinstance(pitch, bool) or not isinstance(pitch, int):
                    raise ConfigError(
                        f"{where}, class {label!r}: expected a MIDI pitch (a whole "
                        f"number from 0 to 127), got {pitch!r}."
                    )
                if not 0 <= pitch < PITCHES:
                    raise ConfigError(
                        f"{where}, class {label!r}: expected MIDI pitches from 0 to "
                        f"127, got {pitch}."
                    )
                if pitch in owner:
                    raise ConfigError(
                        f"{where}: expected each pitch once, got {pitch} in "
                        f"{owner[pitch]!r} and in {label!r}. Remove it from one."
                    )
                owner[pitch] = label

    def __len__(self) -> int:
        return len(self.classes)

    def __str__(self) -> str:
        return self.source or self.name

    @functools.cached_property
    def table(self) -> np.ndarray:
        """``(128,)`` int16: the class of each pitch, -1 for none."""
        table = np.full(PITCHES, -1, np.int16)
        for index, pitches in enumerate(self.classes):
            table[list(pitches)] = index
        table.flags.writeable = False
        return table

    @functools.cached_property
    def nearest_table(self) -> np.ndarray:
        """``(128,)`` int16: the class of the nearest known pitch (ties: lower)."""
        known = np.flatnonzero(self.table >= 0)
        distance = np.abs(np.arange(PITCHES)[:, None] - known[None, :])
        table: np.ndarray = self.table[known[np.argmin(distance, axis=1)]]
        table.flags.writeable = False
        return table

    @functools.cached_property
    def representatives(self) -> np.ndarray:
        """``(classes,)`` int16: the pitch that is written for each class."""
        return np.array([pitches[0] for pitches in self.classes], np.int16)

    def class_of(self, pitches: Any, *, nearest: bool = False) -> np.ndarray:
        """The class of each pitch.

        Args:
          pitches: array of MIDI pitches (0..127).
          nearest: give unknown pitches the class of the nearest known one.

        Returns:
          int16 of the same shape; -1 where the map does not know the pitch.
        """
        pitches = np.asarray(pitches)
        table = self.nearest_table if nearest else self.table
        found: np.ndarray = table[np.clip(pitches, 0, PITCHES - 1)]
        outside = (pitches < 0) | (pitches >= PITCHES)
        if outside.any():
            found[outside] = -1
        return found

    def to_dict(self) -> dict[str, Any]:
        """The map as its JSON file holds it."""
        return {
            "name": self.name,
            "description": self.description,
            "classes": [
                {"name": name, "pitches": list(pitches)}
                for name, pitches in zip(self.class_names, self.classes, strict=True)
            ],
        }

    @classmethod
    def from_dict(cls, data: Any, *, where: str = "kit map") -> KitMap:
        """Checks and reads what a JSON file holds.

        Args:
          data: the parsed file.
          where: file or name for messages.

        Raises:
          ConfigError: anything missing, unknown or of the wrong type.
        """
        if not isinstance(data, Mapping):
            raise ConfigError(
                f"{where}: expected an object with 'name' and 'classes', got "
                f"{type(data).__name__}."
            )
        unknown = sorted(set(data) - {"name", "description", "classes"})
        if unknown:
            raise ConfigError(
                f"{where}: unknown key {unknown[0]!r}. Known: name, description, "
                "classes."
            )
        name = data.get("name")
        classes = data.get("classes")
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{where}: expected 'name' as text, got {name!r}.")
        if not isinstance(classes, list):
            raise ConfigError(
                f"{where}: expected 'classes' as a list, got {type(classes).__name__}."
            )
        for index, entry in enumerate(classes):
            if (
                not isinstance(entry, Mapping)
                or set(entry) != {"name", "pitches"}
                or not isinstance(entry["name"], str)
                or not isinstance(entry["pitches"], list)
            ):
                raise ConfigError(
                    f"{where}: expected classes[{index}] to be like "
                    '{"name": "kick", "pitches": [36, 35]}, got '
                    f"{json.dumps(entry)}."
                )
        return cls(
            name=name,
            classes=tuple(tuple(entry["pitches"]) for entry in classes),
            class_names=tuple(entry["name"] for entry in classes),
            description=str(data.get("description", "")),
        )

    @classmethod
    def from_value(cls, value: Any, path: str) -> KitMap:
        """Makes one of a name, a path or what :meth:`to_dict` gives.

        Raises:
          UnknownNameError: no such name.
          ConfigError: neither, or the file is missing or wrong.
        """
        if isinstance(value, KitMap | str | Path):
            return get_kit(value)
        if isinstance(value, Mapping):
            return cls.from_dict(value, where=path)
        raise wrong_type(value, cls, path)

    def to_value(self) -> Any:
        """The name of a map of groovekit's own, of others all of :meth:`to_dict`."""
        own = self.name in _BUILTINS and self == _BUILTINS[self.name]()
        return self.name if own else self.to_dict()

    @classmethod
    def from_file(cls, path: str | Path) -> KitMap:
        """Reads a JSON file.

        Raises:
          ConfigError: the file is missing, not JSON or not a kit map.
        """
        path = Path(path).expanduser()
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"Cannot read kit map {path}: {error.strerror or error}. Expected "
                "the name of a kit map or a JSON file."
            ) from error
        except ValueError as error:
            raise ConfigError(f"Kit map {path} is not JSON: {error}.") from error
        found = cls.from_dict(data, where=f"kit map {path}")
        return dataclasses.replace(found, source=str(path))


@functools.cache
def _builtin(name: str) -> KitMap:
    text = resources.files(__package__).joinpath("kit_tables", f"{name}.json")
    return KitMap.from_dict(json.loads(text.read_text(encoding="utf-8")), where=name)


def general_midi() -> KitMap:
    """General MIDI percussion reduced to nine classes."""
    return _builtin("general_midi")


def roland_td11() -> KitMap:
    """The Roland TD-11's pads in nine classes (the Groove MIDI Dataset's kit)."""
    return _builtin("roland_td11")


def full_61() -> KitMap:
    """61 classes: each General MIDI percussion pitch (27 to 87) by itself."""
    return _builtin("full_61")


# Of other makers and programs; their files say what is known of each.
general_midi_up_1 = functools.partial(_builtin, "general_midi_up_1")
general_midi_up_2 = functools.partial(_builtin, "general_midi_up_2")
general_midi_down_1 = functools.partial(_builtin, "general_midi_down_1")
roland_v_drums = functools.partial(_builtin, "roland_v_drums")
superior_drummer = functools.partial(_builtin, "superior_drummer")
addictive_drums = functools.partial(_builtin, "addictive_drums")
bfd = functools.partial(_builtin, "bfd")
ssd = functools.partial(_builtin, "ssd")
modo_drum = functools.partial(_builtin, "modo_drum")
avl_drumkits = functools.partial(_builtin, "avl_drumkits")
hydrogen = functools.partial(_builtin, "hydrogen")

_BUILTINS: Mapping[str, Callable[[], KitMap]] = {
    "general_midi": general_midi,
    "roland_td11": roland_td11,
    "roland_v_drums": roland_v_drums,
    "superior_drummer": superior_drummer,
    "addictive_drums": addictive_drums,
    "bfd": bfd,
    "ssd": ssd,
    "modo_drum": modo_drum,
    "avl_drumkits": avl_drumkits,
    "hydrogen": hydrogen,
    "general_midi_up_1": general_midi_up_1,
    "general_midi_up_2": general_midi_up_2,
    "general_midi_down_1": general_midi_down_1,
    "full_61": full_61,
}


def shipped_kits() -> tuple[KitMap, ...]:
    """Groovekit's own kit maps, the most usual first."""
    return tuple(make() for make in _BUILTINS.values())


def get_kit(name: str | Path | KitMap) -> KitMap:
    """The kit map of a registered name or of a JSON file.

    Args:
      name: a registered name, or a path; a kit map is given back.

    Raises:
      UnknownNameError: no such name.
      ConfigError: the file is missing or wrong.
      PluginLoadError: a plug-in's kit map cannot be made.
    """
    if isinstance(name, KitMap):
        return name
    if name in _BUILTINS:
        return _BUILTINS[str(name)]()
    if isinstance(name, Path) or name.endswith(".json"):
        return KitMap.from_file(name)
    if name not in catalogue.kit_maps.names() and Path(name).expanduser().is_file():
        return KitMap.from_file(name)
    found: KitMap = catalogue.produce(catalogue.kit_maps, name)
    return dataclasses.replace(found, source=name)
