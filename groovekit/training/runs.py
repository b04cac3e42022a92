"""The run folder of a training: found, refused or made."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from groovekit.configs.run_folder import RunFolder
from groovekit.data.prepared import Prepared
from groovekit.errors import RunFolderError, UsageError
from groovekit.seeding import draw_seed
from groovekit.training import checkpoints


def has_begun(run: RunFolder) -> bool:
    """Whether a folder holds a run with something to go on from.

    Raises:
      RunFolderError: it holds a preset, or something like one.
    """
    if not RunFolder.is_run(run.path):
        return False
    if checkpoints.listing(run.checkpoints):
        return True
    if run.weights is None:
        return False
    # Presets look like this, and runs whose checkpoints somebody deleted.
    raise RunFolderError(
        f"{run.path} holds a trained model without checkpoints, which cannot go on. "
        f"Start another run from it: `init_from={str(run.path)!r}` `run_dir='NEW'`."
    )


def choose_seed(run: RunFolder, given: int | None, *, resumed: bool) -> int:
    """The seed of a run: its own where it is resumed, the one given, or a drawn one.

    Raises:
      UsageError: the run that is resumed has another seed than the one given.
    """
    noted = RunFolder.open(run.path).read_metadata().get("seed") if resumed else None
    if noted is None:
        return draw_seed() if given is None else given
    if given not in (None, noted):
        raise UsageError(
            f"The run in {run.path} has seed {noted}; it cannot go on with "
            f"{given}. Leave `seed` out, or train into another folder (`run_dir`)."
        )
    return int(noted)


def newest_checkpoint(run: RunFolder) -> Path:
    """The checkpoint that a run goes on from.

    Raises:
      RunFolderError: none can be read.
    """
    path = checkpoints.newest(run.checkpoints)
    if path is None:
        raise RunFolderError(
            f"No checkpoint in {run.checkpoints} can be read. Start anew with "
            "`resume=False` `overwrite=True`, or in another folder (`run_dir`)."
        )
    return path


def check_free(run: RunFolder, *, resume: bool, overwrite: bool) -> None:
    """Makes sure that a new run may be made in a folder.

    Args:
      run: the folder.
      resume: whether a run that is there would go on, if it had begun.
      overwrite: whether one may be replaced.

    Raises:
      RunFolderError: there is a run already.
    """
    used = RunFolder.is_run(run.path) and not overwrite
    if used and (has_begun(run) or not resume):
        raise RunFolderError(
            f"{run.path} already holds a run. Leave out `resume=False` to go on "
            "with it, add `overwrite=True` to replace it, or choose another folder "
            "(`run_dir`)."
        )


def clear(run: RunFolder) -> None:
    """Removes the run that is in a folder, if any; other files stay."""
    if not RunFolder.is_run(run.path):
        return
    run.config_path.unlink()
    for path in checkpoints.listing(run.checkpoints):
        path.unlink()
    for path in (run.weights_path, run.old_weights_path):
        path.unlink(missing_ok=True)
    shutil.rmtree(run.logs, ignore_errors=True)


def describe_data(data: Prepared) -> dict[str, Any]:
    """What a run's metadata say of the examples."""
    train, evaluation = data.train, data.evaluation
    return {
        "examples": Path(data.source).name or data.source,
        "fingerprint": train.fingerprint,
        "windows": len(train),
        "windows_per_epoch": train.windows_per_epoch,
        "sequences": train.sequences,
        "notes_read": train.report.counts.notes,
        "evaluation_windows": (
            0 if evaluation is None else evaluation.windows_per_epoch
        ),
    }
