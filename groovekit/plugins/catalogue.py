"""What can be registered: one registry a kind, and a report on installed plug-ins.

groovekit's own names stand in the tables below as strings, so that importing
this module, listing names or asking for help imports none of them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from groovekit.errors import GroovekitError, PluginLoadError
from groovekit.plugins.registry import Entry, Registry, import_target

PRESETS_FOLDER = Path(__file__).parents[1] / "presets"

_CONVERTERS = {
    "drums": "groovekit.converters.drums:DrumsConverter",
    "groove": "groovekit.converters.groove:GrooveConverter",
    "melody": "groovekit.converters.melody:MelodyConverter",
    "performance": "groovekit.converters.performance:PerformanceConverter",
    "trio": "groovekit.converters.trio:TrioConverter",
}

_KIT_MAPS = {
    name: f"groovekit.converters.kits:{name}"
    for name in (
        *("addictive_drums", "avl_drumkits", "bfd", "full_61", "general_midi"),
        *("general_midi_down_1", "general_midi_up_1", "general_midi_up_2"),
        *("hydrogen", "modo_drum", "roland_td11", "roland_v_drums", "ssd"),
        "superior_drummer",
    )
}

# Configs by the module that makes them; the function's name has no hyphens.
_CONFIG_MODULES = {
    "drums": (
        "cat-drums_2bar_small",
        "cat-drums_2bar_big",
        "nade-drums_2bar_reduced",
        "nade-drums_2bar_full",
        "hierdec-drums_4bar",
        "hierdec-drums_4bar_small",
        "hierdec-drums_16bar",
        "hierdec-drums_16bar_small",
    ),
    "groove": (
        "groovae_4bar",
        "groovae_8bar",
        "groovae_2bar_humanize",
        "groovae_2bar_tap_fixed_velocity",
        "groovae_2bar_tap_fixed_velocity_note_dropout",
        "groovae_2bar_add_closed_hh",
        "groovae_2bar_hits_control_tfds",
        "hierdec-groovae_4bar",
        "hierdec-groovae_4bar_small",
    ),
    "melody": (
        "cat-mel_2bar_small",
        "cat-mel_2bar_big",
        "cat-mel_2bar_med_chords",
        "flat-mel_16bar",
        "hierdec-mel_16bar",
        "hier-mel_16bar",
    ),
    "masked": ("mask-groove",),
    "multitrack": (
        "hier-multiperf_vel_1bar_med",
        "hier-multiperf_vel_1bar_big",
        "hier-multiperf_vel_1bar_med_chords",
        "hier-multiperf_vel_1bar_big_chords",
    ),
    "parallel": (
        "par-groove_1bar",
        "par-groove_2bar",
        "par-groove_4bar",
        "par-groove_4bar_150",
        "par-groove_4bar_400",
        "par-drums_2bar",
    ),
    "trio": ("flat-trio_16bar", "hierdec-trio_16bar", "hier-trio_16bar"),
}

_CONFIGS = {
    **{
        name: f"groovekit.configs.{module}:{name.replace('-', '_')}"
        for module, names in _CONFIG_MODULES.items()
        for name in names
    },
    # The name of the original's documentation, for the config its code calls
    # "…_tfds".
    "groovae_2bar_hits_control": (
        "groovekit.configs.groove:groovae_2bar_hits_control_tfds"
    ),
}

_HEADS = {
    "boolean": "groovekit.models.heads.boolean:BooleanHead",
    "categorical": "groovekit.models.heads.categorical:CategoricalHead",
    "groove": "groovekit.models.heads.groove:GrooveHead",
    "groove_bins": "groovekit.models.heads.groove_bins:GrooveBinsHead",
    "laplace": "groovekit.models.heads.laplace:LaplaceHead",
    "multi_categorical": "groovekit.models.heads.categorical:MultiCategoricalHead",
    "nade": "groovekit.models.heads.nade:NADEHead",
}

_ENCODERS = {
    "bidirectional_lstm": (
        "groovekit.models.encoders.bidirectional:BidirectionalLSTMEncoder"
    ),
    "hierarchical_lstm": (
        "groovekit.models.encoders.hierarchical:HierarchicalLSTMEncoder"
    ),
    "lstm": "groovekit.models.encoders.lstm:LSTMEncoder",
    "parallel": "groovekit.models.encoders.parallel:ParallelEncoder",
}

_DECODERS = {
    "hierarchical_lstm": (
        "groovekit.models.decoders.hierarchical:HierarchicalLSTMDecoder"
    ),
    "lstm": "groovekit.models.decoders.lstm:LSTMDecoder",
    "parallel": "groovekit.models.decoders.parallel:ParallelDecoder",
    "split_lstm": "groovekit.models.decoders.split:SplitLSTMDecoder",
}

# The same parts in NumPy, by the same names: their shapes and sizes are known, and
# they run, without Keras.
_NUMPY_HEADS = {
    "laplace": "groovekit.models.runtimes.numpy.parallel:Laplace",
} | {
    name: f"groovekit.models.runtimes.numpy.heads:{attribute}"
    for name, attribute in {
        "boolean": "Boolean",
        "categorical": "Categorical",
        "groove": "Groove",
        "groove_bins": "GrooveBins",
        "multi_categorical": "Categorical",
        "nade": "NADE",
    }.items()
}

_NUMPY_ENCODERS = {
    "parallel": "groovekit.models.runtimes.numpy.parallel:Encoder",
} | {
    name: f"groovekit.models.runtimes.numpy.encoders:{attribute}"
    for name, attribute in {
        "bidirectional_lstm": "BidirectionalLSTM",
        "hierarchical_lstm": "HierarchicalLSTM",
        "lstm": "UnidirectionalLSTM",
    }.items()
}

_NUMPY_DECODERS = {
    "parallel": "groovekit.models.runtimes.numpy.parallel:Decoder",
} | {
    name: f"groovekit.models.runtimes.numpy.decoders:{attribute}"
    for name, attribute in {
        "hierarchical_lstm": "HierarchicalLSTMDecoder",
        "lstm": "LSTM",
        "split_lstm": "SplitLSTM",
    }.items()
}

_FAMILIES = {
    name: f"groovekit.models.families.{name}:FAMILY" for name in ("masked", "vae")
}

_ATTRIBUTES = {
    name: f"groovekit.evaluation.metrics.features:{name}"
    for name in (
        "density",
        "fills",
        "ghost_notes",
        "laid_back",
        "loudness",
        "open_hat_share",
        "swing",
        "syncopation",
        "velocity_range",
    )
}

# In the order of the help.
_MODES = {
    name: f"groovekit.cli.generate.modes.{module}:MODE"
    for name, module in {
        "sample": "sample",
        "interpolate": "interpolate",
        "reconstruct": "reconstruct",
        "vary": "vary",
        "continue": "continue_",
        "humanize": "humanize",
        "drumify": "drumify",
        "add": "add",
        "fill": "fill",
        "groove": "groove",
        "attribute": "attribute",
    }.items()
}


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


converters: Registry[type[Any]] = Registry(
    "converter", "groovekit.converters", _CONVERTERS, check=_check_converter
)
configs: Registry[Callable[[], Any]] = Registry(
    "config", "groovekit.configs", _CONFIGS, check=_check_callable
)
presets: Registry[Path | str | Callable[[], Path]] = Registry(
    "preset",
    "groovekit.presets",
    _shipped_presets(),
    load_builtin=_shipped_preset,
)
kit_maps: Registry[Any] = Registry("kit map", "groovekit.kit_maps", _KIT_MAPS)
heads: Registry[Any] = Registry(
    "head", "groovekit.heads", _HEADS, check=_check_callable
)
encoders: Registry[Any] = Registry(
    "encoder", "groovekit.encoders", _ENCODERS, check=_check_callable
)
decoders: Registry[Any] = Registry(
    "decoder", "groovekit.decoders", _DECODERS, check=_check_callable
)
numpy_heads: Registry[Any] = Registry(
    "numpy head", "groovekit.numpy_heads", _NUMPY_HEADS, check=_check_callable
)
numpy_encoders: Registry[Any] = Registry(
    "numpy encoder", "groovekit.numpy_encoders", _NUMPY_ENCODERS, check=_check_callable
)
numpy_decoders: Registry[Any] = Registry(
    "numpy decoder", "groovekit.numpy_decoders", _NUMPY_DECODERS, check=_check_callable
)
families: Registry[Any] = Registry("family", "groovekit.families", _FAMILIES)
attributes: Registry[Callable[..., Any]] = Registry(
    "attribute", "groovekit.attributes", _ATTRIBUTES, check=_check_callable
)
modes: Registry[Any] = Registry("mode", "groovekit.modes", _MODES)

REGISTRIES: tuple[Registry[Any], ...] = (
    converters,
    families,
    configs,
    presets,
    kit_maps,
    heads,
    encoders,
    decoders,
    numpy_heads,
    numpy_encoders,
    numpy_decoders,
    attributes,
    modes,
)

register_converter = converters.register
register_config = configs.register
register_preset = presets.register
register_kit_map = kit_maps.register
register_head = heads.register
register_encoder = encoders.register
register_decoder = decoders.register
register_numpy_head = numpy_heads.register
register_numpy_encoder = numpy_encoders.register
register_numpy_decoder = numpy_decoders.register
register_family = families.register
register_attribute = attributes.register
register_mode = modes.register


# What functions that are registered give, by the registry's kind. As strings: the
# classes lie in higher layers.
_PRODUCTS: dict[str, tuple[str, ...]] = {
    "config": ("groovekit.configs.base:Config",),
    "family": ("groovekit.models.family:Family",),
    "kit map": ("groovekit.converters.kits:KitMap",),
    "mode": ("groovekit.cli.generate.mode:Mode",),
    "preset": ("builtins:str", "pathlib:Path"),
}


def produce(registry: Registry[Any], name: str) -> Any:
    """What the function registered as ``name`` gives, or a registered value itself.

    Args:
      registry: of configs, families, kit maps, modes or presets.
      name: a registered name.

    Raises:
      UnknownNameError: no such name; close ones are suggested.
      PluginLoadError: a plug-in's function fails, or gives something else; names
        the package.
    """
    found = registry.get(name)
    expected = tuple(map(import_target, _PRODUCTS[registry.kind]))
    try:
        value = found() if callable(found) else found
    # Whatever a plug-in's function does is its own fault, as in importing it.
    except (Exception, SystemExit) as error:
        entry = registry.describe(name)
        if entry.builtin:
            raise
        raise PluginLoadError(
            f"{registry.kind} {name!r} comes from {entry}, which failed: "
            f"{type(error).__name__}: {error}. Correct it, or update or uninstall "
            f"{entry.package}."
        ) from error
    if not isinstance(value, expected):
        wanted = " or ".join(cls.__name__ for cls in expected)
        entry = registry.describe(name)
        raise PluginLoadError(
            f"{registry.kind} {name!r} comes from {entry} and gives "
            f"{type(value).__name__}, not {wanted}: correct what is registered "
            f"there, or update or uninstall {entry.package}."
        )
    return value


def preset_folder(name: str) -> Path:
    """Returns the folder of the shipped or plug-in preset called ``name``.

    Raises:
      UnknownNameError: no such preset; close names are suggested.
      PluginLoadError: a plug-in's preset cannot be imported or is no folder.
    """
    folder = Path(produce(presets, name))
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


def installed_plugins(
    *, check: bool = False, package: str | None = None
) -> list[Plugin]:
    """Lists what other packages add, sorted by package.

    Args:
      check: also import everything offered and call what gives configs, families,
        kit maps, modes and presets, to find what fails. Without it nothing is imported.
      package: list this one only; case, ``-``, ``_`` and ``.`` make no difference.
    """
    found: dict[tuple[str, str | None], list[Offer]] = {}
    for registry in REGISTRIES:
        for entry in registry.entries():
            if entry.builtin or not _is_called(entry.package, package):
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


def _is_called(package: str, wanted: str | None) -> bool:
    if wanted is None:
        return True
    # Installers see no difference either.
    names = (re.sub(r"[-_.]+", "-", name).lower() for name in (package, wanted))
    return next(names) == next(names)


def _load_problem(registry: Registry[Any], entry: Entry) -> str | None:
    try:
        if registry is presets:
            preset_folder(entry.name)
        elif registry.kind in _PRODUCTS:
            produce(registry, entry.name)
        else:
            registry.get(entry.name)
    except GroovekitError as error:
        return str(error)
    return None
