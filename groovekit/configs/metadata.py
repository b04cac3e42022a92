"""What a run notes about itself: versions, plug-ins, seed, data."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from groovekit.configs.base import Config
from groovekit.converters.options import WithKits
from groovekit.errors import UnknownNameError
from groovekit.plugins import catalogue
from groovekit.plugins.registry import Registry

# Raise it when an entry is renamed, removed or changes its meaning.
METADATA_VERSION = 1
# Packages whose versions a run notes, where they are installed.
_PACKAGES = ("keras", "numpy", "note-seq", "tensorflow", "jax", "torch")


def make_metadata(
    config: Config,
    *,
    backend: str,
    seed: int,
    parameters: int,
    data: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What a run notes about itself.

    Args:
      config: the model.
      backend: the Keras backend's name.
      seed: of everything random.
      parameters: number of the model's parameters.
      data: about the examples: ``fingerprint``, ``examples``, ``windows``, counts.
      more: further JSON-like values.
    """
    return {
        "schema_version": METADATA_VERSION,
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
        "backend": backend,
        "seed": seed,
        "parameters": parameters,
        "data": dict(data or {}),
        "plugins": used_plugins(config),
        **more,
    }


def _versions() -> dict[str, str]:
    # The package itself may be a checkout, of which no installer knows.
    package = sys.modules["groovekit"]
    versions = {
        "groovekit": str(package.__version__),
        "python": platform.python_version(),
    }
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return versions


def used_plugins(config: Config) -> list[dict[str, Any]]:
    """The names from other packages that a config uses.

    Returns:
      Tables with ``kind``, ``name``, ``package`` and ``version``.
    """
    used = named_parts(config.parts_to_dict(), catalogue.kit_maps.names())
    if isinstance(config.converter, WithKits):
        kits = (config.converter.kit, config.converter.output_kit)
        used += [(catalogue.kit_maps, str(kit)) for kit in kits]
    tables = []
    for registry, name in used:
        with contextlib.suppress(UnknownNameError):
            entry = registry.describe(name)
            if not entry.builtin:
                table = {
                    "kind": registry.kind,
                    "name": name,
                    "package": entry.package,
                    "version": entry.version,
                }
                if table not in tables:
                    tables.append(table)
    return tables


def named_parts(
    table: Mapping[str, Any], kits: Iterable[str]
) -> list[tuple[Registry[Any], str]]:
    """Registries with the names that a config, as its JSON holds it, takes from them.

    Args:
      table: the config; parts that are missing or wrong are passed over.
      kits: names of kit maps: any text of a converter may be one, as in schema 1.
    """
    places = (
        (catalogue.converters, "converter", "name"),
        (catalogue.encoders, "encoder", "kind"),
        (catalogue.encoders, "encoder", "core"),
        (catalogue.decoders, "decoder", "kind"),
        (catalogue.decoders, "decoder", "core"),
        (catalogue.heads, "decoder", "head"),
    )
    found: list[tuple[Registry[Any], Any]] = []
    for registry, part, key in places:
        fields = table.get(part)
        if isinstance(fields, Mapping):
            found.append((registry, fields.get(key)))
    converter = table.get("converter")
    if isinstance(converter, Mapping):
        known = set(kits)
        found += [
            (catalogue.kit_maps, value)
            for key, value in sorted(converter.items())
            if key != "name" and isinstance(value, str) and value in known
        ]
    return [(registry, name) for registry, name in found if isinstance(name, str)]


def packages_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Package and version by registered name, from a run's metadata."""
    found = {}
    for table in metadata.get("plugins", ()):
        if isinstance(table, Mapping) and "name" in table:
            words = [table.get("package"), table.get("version")]
            found[str(table["name"])] = " ".join(str(w) for w in words if w)
    return found
