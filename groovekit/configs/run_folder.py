"""Run folders and preset folders: self-describing, written atomically.

A run folder holds ``config.json``, ``metadata.json``, ``model.safetensors`` (the
best weights; ``model.weights.h5`` in older ones), ``kits/`` (copies of the user's kit
maps that the config names), ``checkpoints/`` (to resume) and ``logs/`` (TensorBoard).
A preset folder is one without the last two and with a ``CARD.md``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groovekit.configs.base import (
    ModelConfig,
    check_schema,
    missing_plugin,
)
from groovekit.configs.metadata import _named_parts, _packages
from groovekit.errors import (
    ConfigError,
    RunFolderError,
    UnknownNameError,
)
from groovekit.fields import to_table
from groovekit.io.files import unwritable, write_file, write_json
from groovekit.plugins import catalogue

if TYPE_CHECKING:
    from groovekit.converters.base import Converter

# Where the copies of the user's kit maps lie in a run folder.
_KITS = "kits"


# Writing ------------------------------------------------------------------------


# Folders ------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class RunFolder:
    """A folder with a model and all that is needed to use it.

    Attributes:
      path: the folder.
    """

    path: Path

    @property
    def config_path(self) -> Path:
        """Where the config lies."""
        return self.path / "config.json"

    @property
    def metadata_path(self) -> Path:
        """Where versions, seed and data are noted."""
        return self.path / "metadata.json"

    @property
    def weights_path(self) -> Path:
        """Where the best weights are written."""
        return self.path / "model.safetensors"

    @property
    def old_weights_path(self) -> Path:
        """Where earlier versions wrote them."""
        return self.path / "model.weights.h5"

    @property
    def weights(self) -> Path | None:
        """The best weights; None where there are none yet."""
        paths = (self.weights_path, self.old_weights_path)
        return next((path for path in paths if path.is_file()), None)

    @property
    def checkpoints(self) -> Path:
        """Folder of what is needed to resume."""
        return self.path / "checkpoints"

    @property
    def logs(self) -> Path:
        """Folder of the TensorBoard event files."""
        return self.path / "logs"

    @classmethod
    def is_run(cls, path: str | Path) -> bool:
        """Whether a folder holds a run or preset."""
        return (Path(path) / "config.json").is_file()

    @classmethod
    def create(
        cls, path: str | Path, config: ModelConfig, metadata: Mapping[str, Any]
    ) -> RunFolder:
        """Makes a run folder, with its config and metadata.

        Args:
          path: a folder without a run; other files in it stay.
          config: the model.
          metadata: see :func:`make_metadata`.

        Raises:
          RunFolderError: there is a run already.
          WriteError: the folder cannot be written.
        """
        run = cls(Path(path))
        if cls.is_run(path):
            raise RunFolderError(
                f"{path} already holds a run. Choose another folder (`run_dir`),"
                " resume the run, or allow it to be replaced (`overwrite=True`)."
            )
        try:
            run.checkpoints.mkdir(parents=True, exist_ok=True)
            run.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(run.path, error) from error
        run.write_metadata(metadata)
        # Last: with it the folder is a run.
        run.write_config(config)
        return run

    def write_config(self, config: ModelConfig) -> None:
        """Writes the config, and copies of the kit map files that it names.

        The folder then holds all that the model needs: it can be moved, and the
        user's own files may change.

        Raises:
          RunFolderError: a kit map cannot be read.
          WriteError: the folder cannot be written.
        """
        table = config.to_dict()
        copies: dict[str, bytes] = {}
        for field, path in named_files(config.converter).items():
            try:
                content = path.read_bytes()
            except OSError as error:
                reason = error.strerror or str(error)
                raise RunFolderError(f"Cannot read {path}: {reason}.") from error
            name = _free_name(path.stem, content, copies)
            copies[name] = content
            table["converter"][field] = f"{_KITS}/{name}"
        for name, content in copies.items():
            write_file(self.path / _KITS / name, content, durable=True)
        write_json(self.config_path, table)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run or preset folder.

        Raises:
          RunFolderError: there is none.
        """
        path = Path(path)
        if not path.is_dir():
            raise RunFolderError(
                f"There is no run folder {path}. Train into it first, or give"
                " another one (`run_dir`)."
            )
        if not cls.is_run(path):
            checkpoint = any(path.glob("*.index")) or (path / "checkpoint").is_file()
            hint = (
                " It looks like a folder of TensorFlow checkpoints, which groovekit"
                " cannot read yet."
                if checkpoint
                else ""
            )
            raise RunFolderError(
                f"{path} is not a run folder: it has no config.json.{hint}"
            )
        return cls(path)

    def read_config(self) -> ModelConfig:
        """The model's config; kit maps in the folder are named by their full path.

        Raises:
          RunFolderError: unreadable, of a newer schema, of a missing plug-in, or
            without a kit map that belongs to it.
        """
        table = self._read_json(self.config_path)
        self._locate_kits(table.get("converter"))
        packages = {}
        with contextlib.suppress(RunFolderError):
            packages = _packages(self.read_metadata())
        try:
            # A converter's is missed when it is made; the others' not before the
            # model is built, where nobody knows the packages.
            for registry, name in _named_parts(table, packages):
                if "." in name and name not in registry.names():
                    error = UnknownNameError(name)
                    raise missing_plugin(registry.kind, name, packages, error)
            return ModelConfig.from_dict(table, packages=packages)
        except ConfigError as error:
            raise RunFolderError(f"{self.config_path}: {error}") from error

    def _locate_kits(self, fields: Any) -> None:
        """Turns names of files in the folder into paths, in place."""
        if not isinstance(fields, dict):
            return
        for field, value in fields.items():
            if not isinstance(value, str) or not value.endswith(".json"):
                continue
            copy = self.path.absolute() / value
            if copy.is_file():
                fields[field] = str(copy)
            elif value.startswith(f"{_KITS}/"):
                raise RunFolderError(
                    f"{self.path} has no {value}, the kit map of its model "
                    f"(converter.{field}). Restore it from a copy of the folder."
                )

    def read_metadata(self) -> dict[str, Any]:
        """What :func:`make_metadata` noted (empty where nothing was).

        Raises:
          RunFolderError: unreadable, or of a newer schema.
        """
        if not self.metadata_path.is_file():
            return {}
        table = self._read_json(self.metadata_path)
        try:
            check_schema(table.get("schema_version", 1), "this file")
        except ConfigError as error:
            raise RunFolderError(f"{self.metadata_path}: {error}") from error
        return table

    def write_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Replaces the metadata.

        Raises:
          WriteError: the folder cannot be written.
        """
        write_json(self.metadata_path, dict(metadata))

    def _read_json(self, path: Path) -> dict[str, Any]:
        try:
            table = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            reason = error.strerror or str(error)
            raise RunFolderError(f"Cannot read {path}: {reason}.") from error
        except ValueError as error:
            raise RunFolderError(
                f"{path} is damaged (not JSON: {error}). Restore it from a copy, or"
                " train again."
            ) from error
        if not isinstance(table, dict):
            raise RunFolderError(
                f"{path} should hold a table, but holds a {type(table).__name__}."
            )
        return table

    def require_weights(self) -> Path:
        """The path of the weights.

        Raises:
          RunFolderError: there are none yet.
        """
        path = self.weights
        if path is None:
            raise RunFolderError(
                f"{self.path} has no weights ({self.weights_path.name}) yet: training"
                " stopped before its first checkpoint. Train on, or give another"
                " folder."
            )
        return path

    def check_same(self, config: ModelConfig, fingerprint: str | None = None) -> None:
        """Makes sure that resuming goes on with the same model and examples.

        Args:
          config: what is to be trained.
          fingerprint: of the examples, or None to leave them out.

        Raises:
          RunFolderError: names what differs.
        """
        found = differences(self.read_config(), config)
        if found:
            listing = "\n".join(f"  {line}" for line in found)
            raise RunFolderError(
                f"{self.path} holds a run of another config:\n{listing}\nResume it"
                " with its own settings, or train into another folder (`run_dir`)."
            )
        old = self.read_metadata().get("data", {})
        if fingerprint is None or "fingerprint" not in old:
            return
        if old["fingerprint"] != fingerprint:
            source = f" ({old['examples']})" if old.get("examples") else ""
            windows = f", {old['windows']:,} windows" if "windows" in old else ""
            raise RunFolderError(
                f"The run in {self.path} was trained on other examples{source}:"
                f" fingerprint {old['fingerprint'][:12]}{windows}, now"
                f" {fingerprint[:12]}. Resume it with the same examples, or train"
                " into another folder (`run_dir`)."
            )


def named_files(converter: Converter) -> dict[str, Path]:
    """The user's files (kit maps) that a converter names, by its fields.

    Returns:
      Files that exist: a text ending in ``.json``, or of a field ``kit`` or
      ``..._kit`` that is no registered name.
    """
    registered = set(catalogue.kit_maps.names())
    found = {}
    for field, value in to_table(converter).items():
        if not isinstance(value, str):
            continue
        is_kit = f"_{field}".endswith("_kit") and value not in registered
        path = Path(value).expanduser() if value.endswith(".json") or is_kit else None
        if path is not None and path.is_file():
            found[field] = path
    return found


def _free_name(stem: str, content: bytes, taken: Mapping[str, bytes]) -> str:
    """A name ending in ``.json`` that no other content has."""
    name, number = f"{stem}.json", 1
    while taken.get(name, content) != content:
        number += 1
        name = f"{stem}-{number}.json"
    return name


def differences(old: ModelConfig, new: ModelConfig) -> list[str]:
    """Lines such as ``latent.z_size: 256, now 128`` for fields that differ.

    Of kit maps that are files the contents are compared, wherever they lie.
    Descriptions, which change nothing, are left out.
    """
    tables = old.to_dict(), new.to_dict()
    files = named_files(old.converter), named_files(new.converter)
    for field in files[0].keys() & files[1].keys():
        contents = [_json_of(paths[field]) for paths in files]
        if None not in contents:
            for table, content in zip(tables, contents, strict=True):
                table["converter"][field] = content
    before, after = map(_flatten, tables)
    missing = object()
    lines = []
    for path in sorted(before.keys() | after.keys()):
        a, b = before.get(path, missing), after.get(path, missing)
        if a != b and path.rpartition(".")[2] != "description":
            texts = ["none" if v is missing else json.dumps(v) for v in (a, b)]
            lines.append(f"{path}: {texts[0]}, now {texts[1]}")
    return lines


def _json_of(path: Path) -> Any:
    """What a file holds; None where that cannot be said."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
            flat |= _flatten(
                {str(i): v for i, v in enumerate(value)}, f"{prefix}{key}."
            )
        elif isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


# Metadata -----------------------------------------------------------------------


# Presets ------------------------------------------------------------------------
