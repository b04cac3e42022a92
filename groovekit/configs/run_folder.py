"""Run folders and preset folders: self-describing, written atomically.

A run folder holds ``config.json``, ``metadata.json``, ``model.safetensors`` (the
best weights; ``model.weights.h5`` in older ones), ``checkpoints/`` (to resume) and
``logs/`` (TensorBoard). A preset folder is one without the last two and with a
``CARD.md``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from groovekit.configs.base import (
    Config,
    check_schema,
    missing_plugin,
    parts_of,
)
from groovekit.configs.metadata import METADATA_VERSION, named_parts, packages_of
from groovekit.converters.base import Converter
from groovekit.converters.kits import KitMap
from groovekit.converters.options import WithKits
from groovekit.errors import (
    ConfigError,
    RunFolderError,
    UnknownNameError,
)
from groovekit.io.files import unwritable, write_json

# Where runs of schema 1 have copies of the user's kit maps.
_KITS = "kits"


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
        cls, path: str | Path, config: Config, metadata: Mapping[str, Any]
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

    def write_config(self, config: Config) -> None:
        """Writes the config, and with it all that the model needs.

        Raises:
          WriteError: the folder cannot be written.
        """
        write_json(self.config_path, config.to_dict())

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

    def read_config(self) -> Config:
        """The model's config.

        Raises:
          RunFolderError: unreadable, of a newer schema, of a missing plug-in, or
            without a kit map that belongs to it.
        """
        table = self._read_json(self.config_path)
        if table.get("schema_version") == 1:
            self._locate_kits(table.get("converter"))
        packages = {}
        with contextlib.suppress(RunFolderError):
            packages = packages_of(self.read_metadata())
        try:
            # A converter's is missed when it is made; the others' not before the
            # model is built, where nobody knows the packages.
            for registry, name in named_parts(parts_of(table), packages):
                if "." in name and name not in registry.names():
                    error = UnknownNameError(name)
                    raise missing_plugin(registry.kind, name, packages, error)
            return Config.from_dict(table, packages=packages)
        except ConfigError as error:
            raise RunFolderError(f"{self.config_path}: {error}") from error

    def _locate_kits(self, fields: Any) -> None:
        """Turns names of schema 1 for files in the folder into paths, in place."""
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
            check_schema(table.get("schema_version", 1), "this file", METADATA_VERSION)
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

    def check_same(self, config: Config, fingerprint: str | None = None) -> None:
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


def differences(old: Config, new: Config) -> list[str]:
    """Lines such as ``latent.z_size: 256, now 128`` for fields that differ.

    Descriptions, which change nothing, are left out.
    """
    tables = old.parts_to_dict(), new.parts_to_dict()
    _compare_kits(old.converter, new.converter, *(t["converter"] for t in tables))
    before, after = map(_flatten, tables)
    missing = object()
    lines = []
    for path in sorted(before.keys() | after.keys()):
        a, b = before.get(path, missing), after.get(path, missing)
        if a != b and path.rpartition(".")[2] != "description":
            texts = ["none" if v is missing else json.dumps(v) for v in (a, b)]
            lines.append(f"{path}: {texts[0]}, now {texts[1]}")
    return lines


def _compare_kits(
    old: Converter, new: Converter, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Puts names in place of kit maps; all of them, where the names are equal."""
    if isinstance(old, WithKits) and isinstance(new, WithKits):
        for field in ("kit", "output_kit"):
            kits: tuple[KitMap, KitMap] = getattr(old, field), getattr(new, field)
            if kits[0].name == kits[1].name:
                before[field], after[field] = (kit.to_dict() for kit in kits)
            else:
                before[field], after[field] = (kit.name for kit in kits)


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
