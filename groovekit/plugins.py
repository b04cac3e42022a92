"""What can be registered: one registry a kind, and a report on installed plug-ins.

groovekit's own names stand in the tables below as strings, so that importing
this module, listing names or asking for help imports none of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groovekit.errors import GroovekitError, PluginLoadError
from groovekit.registry import Entry, Registry

if TYPE_CHECKING:
    from groovekit.config import ModelConfig
    from groovekit.converters.base import Converter
    from groovekit.converters.kits import KitMap

PRESETS_FOLDER = Path(__file__).parent / "presets"

_CONVERTERS = {
    "drums": "groovekit.converters.drums:DrumsConverter",
    "groove": "groovekit.converters.groove:GrooveConverter",
}

_KIT_MAPS = {
    "full_61": "groovekit.converters.kits:full_61",
    "general_midi": "groovekit.converters.kits:general_midi",
    "roland_td11": "groovekit.converters.kits:roland_td11",
}

_CONFIGS = {
    "cat-drums_2bar_small": "groovekit.configs.drums:cat_drums_2bar_small",
    "cat-drums_2bar_big": "groovekit.configs.drums:cat_drums_2bar_big",
    **{
        name: f"groovekit.configs.groove:{name}"
        for name in (
            "groovae_4bar",
            "groovae_2bar_humanize",
            "groovae_2bar_tap_fixed_velocity",
            "groovae_2bar_tap_fixed_velocity_note_dropout",
            "groovae_2bar_add_closed_hh",
            "groovae_2bar_hits_control_tfds",
        )
    },
    # The name of the original's documentation, for the config its code calls
    # "…_tfds".
    "groovae_2bar_hits_control": (
        "groovekit.configs.groove:groovae_2bar_hits_control_tfds"
    ),
}

_HEADS = {
    "categorical": "groovekit.models.heads:CategoricalHead",
    "groove": "groovekit.models.heads:GrooveHead",
}

_ENCODERS = {
    "bidirectional_lstm": "groovekit.models.encoders:BidirectionalLSTMEncoder",
    "lstm": "groovekit.models.encoders:LSTMEncoder",
}

_DECODERS = {"lstm": "groovekit.models.decoders:LSTMDecoder"}


def _shipped_presets() -> dict[str, str]:
    if not PRESETS_FOLDER.is_dir():
        return {}
    return {
        path.parent.name: str(path.parent.relative_to(PRESETS_FOLDER.parent.parent))
        for path in PRESETS_FOLDER.glob("*/config.json")
    }


def _shipped_preset(folder: str) -> Path:
    return PRESETS_FOLDER.parent.parent / folder


def _check_converter(found: Any) -> None:
    # Looking at the class itself, not at its bases, also finds a dataclass
    # decorator placed outside the registering one.
    params = getattr(found, "__dict__", {}).get("__dataclass_params__")
    if not isinstance(found, type) or params is None or not params.frozen:
        raise TypeError(
            f"a converter is a class decorated with @dataclass(frozen=True), the "
            f"registering decorator outermost. Received: {found!r}"
        )


def _check_callable(found: Any) -> None:
    if not callable(found):
        raise TypeError(f"expected a function or class. Received: {found!r}")


converters: Registry[type[Converter]] = Registry(
    "converter", "groovekit.converters", _CONVERTERS, check=_check_converter
)
configs: Registry[Callable[[], ModelConfig]] = Registry(
    "config", "groovekit.configs", _CONFIGS, check=_check_callable
)
presets: Registry[Path | str | Callable[[], Path]] = Registry(
    "preset",
    "groovekit.presets",
    _shipped_presets(),
    load_builtin=_shipped_preset,
)
kit_maps: Registry[Callable[[], KitMap] | KitMap] = Registry(
    "kit map", "groovekit.kit_maps", _KIT_MAPS
)
heads: Registry[Any] = Registry(
    "head", "groovekit.heads", _HEADS, check=_check_callable
)
encoders: Registry[Any] = Registry(
    "encoder", "groovekit.encoders", _ENCODERS, check=_check_callable
)
decoders: Registry[Any] = Registry(
    "decoder", "groovekit.decoders", _DECODERS, check=_check_callable
)

REGISTRIES: tuple[Registry[Any], ...] = (
    converters,
    configs,
    presets,
    kit_maps,
    heads,
    encoders,
    decoders,
)

register_converter = converters.register
register_config = configs.register
register_preset = presets.register
register_kit_map = kit_maps.register
register_head = heads.register
register_encoder = encoders.register
register_decoder = decoders.register


def preset_folder(name: str) -> Path:
    """Returns the folder of the shipped or plug-in preset called ``name``.

    Raises:
      UnknownNameError: no such preset; close names are suggested.
      PluginLoadError: a plug-in's preset cannot be imported or is no folder.
    """
    found = presets.get(name)
    folder = Path(found() if callable(found) else found)
    if not folder.is_dir():
        raise PluginLoadError(
            f"preset {name!r} comes from {presets.describe(name)} and should be a "
            f"folder, but {folder} is none. Reinstall the package."
        )
    return folder


@dataclasses.dataclass(frozen=True)
class Offer:
    """One name that a plug-in offers.

    Attributes:
      kind: ``"converter"``, ``"config"``, ...
      name: the registered name.
      origin: ``"module:attribute"``.
      problem: why the name cannot be used, or None.
    """

    kind: str
    name: str
    origin: str
    problem: str | None


@dataclasses.dataclass(frozen=True)
class Plugin:
    """An installed or imported package that adds names to groovekit.

    Attributes:
      package: the distribution's name; the module's for decorators alone.
      version: the distribution's version, None without one.
      offers: what it adds, by kind and name.
    """

    package: str
    version: str | None
    offers: tuple[Offer, ...]


def installed_plugins(*, check: bool = False) -> list[Plugin]:
    """Lists what other packages add, sorted by package.

    Args:
      check: also import everything offered, to find what fails. Without it
        nothing is imported.
    """
    found: dict[tuple[str, str | None], list[Offer]] = {}
    for registry in REGISTRIES:
        for entry in registry.entries():
            if entry.builtin:
                continue
            problem = entry.problem
            if check and problem is None:
                problem = _load_problem(registry, entry)
            offer = Offer(registry.kind, entry.name, entry.origin, problem)
            found.setdefault((entry.package, entry.version), []).append(offer)
    return [
        Plugin(package, version, tuple(sorted(offers, key=lambda o: (o.kind, o.name))))
        for (package, version), offers in sorted(
            found.items(), key=lambda item: (item[0][0], item[0][1] or "")
        )
    ]


def _load_problem(registry: Registry[Any], entry: Entry) -> str | None:
    try:
        registry.get(entry.name)
    except GroovekitError as error:
        return str(error)
    return None
