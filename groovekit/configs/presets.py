"""Finding a trained model: which config, and which file of weights.

Nothing here imports Keras, so that a wrong option is known before the seconds
that loading a backend takes.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Literal

from groovekit.configs import recipes
from groovekit.configs.base import Config, get_config
from groovekit.configs.run_folder import RunFolder
from groovekit.errors import RunFolderError, UnknownNameError, UsageError, suggest
from groovekit.plugins import catalogue

#: The config that is trained when nothing else is asked for.
DEFAULT_CONFIG = "par-groove_4bar"
#: The preset that is used when nothing else is asked for.
DEFAULT_PRESET = DEFAULT_CONFIG

# Of weights, now and in earlier versions, and of checkpoints of a run.
WEIGHTS_SUFFIXES = (".safetensors", ".weights.h5")
CHECKPOINT_SUFFIX = ".npz"
_SUFFIXES = (*WEIGHTS_SUFFIXES, CHECKPOINT_SUFFIX)
# The original's checkpoints: parts of one, or an archive of them.
_TF1_NAMES = re.compile(
    r"model\.ckpt.*|.*\.ckpt(-\d+)?|.*\.index|.*\.meta|.*\.data-\d+-of-\d+"
    r"|checkpoint|.*\.tar|.*\.tar\.gz|.*\.tgz"
)


@dataclasses.dataclass(frozen=True)
class ModelFiles:
    """A trained model on disk.

    Attributes:
      config: what it is.
      weights: a ``.safetensors`` or (older) ``.weights.h5`` file, or a checkpoint of
        a run.
      kind: where it was found.
      source: how the user called it.
    """

    config: Config
    weights: Path
    kind: Literal["run", "preset", "checkpoint"]
    source: str

    @property
    def folder(self) -> Path | None:
        """The run or preset folder that the weights lie in; None if in none."""
        return _folder_of(self.weights)


def find_model(
    *,
    run_dir: str | Path | None = None,
    preset: str | None = None,
    checkpoint: str | Path | None = None,
    config: str | None = None,
) -> ModelFiles:
    """Finds the model of at most one source; with none, the config's preset.

    Args:
      run_dir: a run folder.
      preset: name or folder of a preset.
      checkpoint: a file: weights, or a checkpoint of a run.
      config: name of the config that the model should be of. Needed for a
        checkpoint that does not lie in a run folder.

    Raises:
      UsageError: several sources, or one of another config than asked for.
      UnknownNameError: no such config or preset.
      RunFolderError: nothing usable there.
    """
    given = {"`run_dir`": run_dir, "`preset`": preset, "`checkpoint`": checkpoint}
    used = [source for source, value in given.items() if value is not None]
    if len(used) > 1:
        raise UsageError(
            f"The model comes from one place, got {' and '.join(used)}. Give exactly "
            f"one of {', '.join(given)}."
        )
    wanted = None if config is None else get_config(config)
    if run_dir is not None:
        run = RunFolder.open(Path(run_dir).expanduser())
        return _from_folder(run, "run", str(run_dir), wanted)
    if checkpoint is not None:
        return _from_checkpoint(Path(checkpoint).expanduser(), wanted)
    name = preset
    if name is None:
        name = DEFAULT_PRESET if config is None else _preset_of(config, wanted)
    folder = RunFolder.open(resolve_preset(name))
    return _from_folder(folder, "preset", name, wanted)


def locate(source: str | Path) -> ModelFiles:
    """Finds a model by a single word: a preset's name, a folder or a file.

    Raises:
      UnknownNameError: no preset, folder or file is called so.
      RunFolderError: nothing usable there.
    """
    path = Path(source).expanduser()
    if path.is_file():
        return find_model(checkpoint=path)
    if isinstance(source, Path):
        return find_model(run_dir=path)
    return find_model(preset=source)


def _from_folder(
    folder: RunFolder,
    kind: Literal["run", "preset"],
    source: str,
    wanted: Config | None,
) -> ModelFiles:
    config = folder.read_config()
    _check_config(config, wanted, source)
    return ModelFiles(config, folder.require_weights(), kind, source)


def _from_checkpoint(path: Path, wanted: Config | None) -> ModelFiles:
    if _is_tf1(path):
        raise RunFolderError(
            f"{path} is a TensorFlow checkpoint as the original writes them: "
            "importing those is not there yet. Give a run folder (`run_dir`), a "
            "preset (`preset`) or a groovekit checkpoint."
        )
    if path.is_dir():
        raise RunFolderError(
            f"{path} is a folder; `checkpoint` takes a file. Give a run folder with "
            "`run_dir`."
        )
    if not path.is_file():
        raise RunFolderError(f"There is no checkpoint {path}.")
    if not path.name.endswith(_SUFFIXES):
        raise RunFolderError(
            f"{path} is not a checkpoint of groovekit's: expected a file called "
            f"...{WEIGHTS_SUFFIXES[0]} or step-...{CHECKPOINT_SUFFIX}."
        )
    folder = _folder_of(path)
    if folder is not None:
        config = RunFolder(folder).read_config()
        _check_config(config, wanted, f"The run folder of {path}")
        return ModelFiles(config, path, "checkpoint", str(path))
    if wanted is None:
        raise UsageError(
            f"{path} does not lie in a run folder, so that its config is unknown: "
            "name it (`config`)."
        )
    return ModelFiles(wanted, path, "checkpoint", str(path))


def _folder_of(weights: Path) -> Path | None:
    """The run folder of a file: weights lie in it, checkpoints in a folder of it."""
    parent = weights.absolute().parent
    return next(filter(RunFolder.is_run, (parent, parent.parent)), None)


def _is_tf1(path: Path) -> bool:
    if path.is_dir():
        return not RunFolder.is_run(path) and any(path.glob("*.index"))
    name = path.name
    if name.endswith(_SUFFIXES):
        return False
    # The original's name of a checkpoint is what its files have in common.
    prefix = path.with_name(f"{name}.index").is_file()
    return prefix or _TF1_NAMES.fullmatch(name) is not None


def _check_config(config: Config, wanted: Config | None, source: str) -> None:
    if wanted is not None and wanted.name != config.name:
        raise UsageError(
            f"{source} holds a model of the config {config.name}, not "
            f"{wanted.name}: leave `config` out, or give another model."
        )


def _preset_of(config: str, wanted: Config | None) -> str:
    """The preset called like the config, whichever of its names was used."""
    names = catalogue.presets.names()
    candidates = [config] if wanted is None else [config, wanted.name]
    for name in candidates:
        if name in names:
            return name
    trained = next((name for name in candidates if name in recipes.names()), None)
    how = f"`config={config!r}`" if trained is None else f"`recipe={trained!r}`"
    raise RunFolderError(
        f"There is no trained model for the config {config} here. Train one "
        f"(groovekit train with {how}) and give it with `run_dir`. "
        + suggest(config, names, kind="preset")
    )


def resolve_preset(name: str) -> Path:
    """The folder of a preset.

    Args:
      name: a shipped preset, one of a plug-in, or a path to a folder.

    Raises:
      UnknownNameError: neither; suggests close names.
      RunFolderError: the folder holds no preset.
    """
    names = catalogue.presets.names()
    if name in names:
        return RunFolder.open(catalogue.preset_folder(name)).path
    path = Path(name).expanduser()
    if path.is_dir():
        return RunFolder.open(path).path
    if path.name != name:
        raise RunFolderError(f"There is no preset and no folder called {name}.")
    raise UnknownNameError(suggest(name, names, kind="preset"))
