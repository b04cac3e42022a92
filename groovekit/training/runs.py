"""The run folder of a training: found, refused or made."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from groovekit.configs.presets import resolve_preset
from groovekit.configs.run_folder import RunFolder
from groovekit.data.prepared import Prepared
from groovekit.errors import RunFolderError, UsageError
from groovekit.io.files import UNFINISHED, unwritable
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


def put_aside(run: RunFolder) -> None:
    """Moves the run that is in a folder, if any, out of the way; other files stay.

    Raises:
      WriteError: it cannot be moved.
    """
    if RunFolder.is_run(run.path):
        try:
            _move(_parts(run), _aside(run))
        except OSError as error:
            raise unwritable(run.path, error) from error


def drop_replaced(run: RunFolder) -> None:
    """Removes the run that was put aside, if any: the new one can go on by itself."""
    shutil.rmtree(_aside(run), ignore_errors=True)


def tidy(run: RunFolder) -> None:
    """Mends what a training left that was killed; nobody may train there.

    Half-written files go. A run that was put aside comes back, unless what was to
    replace it can go on.

    Raises:
      WriteError: files cannot be moved.
    """
    for folder in (run.path, run.checkpoints):
        for path in folder.glob(f"{UNFINISHED}*"):
            path.unlink(missing_ok=True)
    aside = RunFolder(_aside(run))
    if not aside.path.is_dir():
        return
    if not (RunFolder.is_run(run.path) and checkpoints.listing(run.checkpoints)):
        try:
            # Where its config lies aside, all of the old run does; what lies in its
            # place is the new one's.
            if RunFolder.is_run(aside.path):
                _remove(_parts(run))
            _move(reversed(_parts(aside)), run.path)
        except OSError as error:
            raise unwritable(run.path, error) from error
    drop_replaced(run)


def _aside(run: RunFolder) -> Path:
    return run.path / ".replaced"


def _parts(run: RunFolder) -> tuple[Path, ...]:
    """What a run folder holds.

    Checkpoints are the first to go and the last to come back, the config the other way
    round: so a run that can go on is whole, whenever the process is killed.
    """
    return (
        run.checkpoints,
        run.logs,
        run.weights_path,
        run.old_weights_path,
        run.metadata_path,
        run.config_path,
    )


def _move(parts: Iterable[Path], target: Path) -> None:
    target.mkdir(exist_ok=True)
    for part in parts:
        if part.exists():
            part.replace(target / part.name)


def _remove(parts: Iterable[Path]) -> None:
    for part in parts:
        if part.is_dir():
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)


def is_replaced(run: RunFolder) -> bool:
    """Whether a run was put aside that has not been replaced for good."""
    return _aside(run).is_dir()


def note_finished(run: RunFolder, step: int) -> None:
    """Notes in the metadata that training ended at a step, with all that follows it.

    Raises:
      WriteError: they cannot be written.
    """
    run.write_metadata({**run.read_metadata(), "finished": step})


def is_finished(run: RunFolder, step: int) -> bool:
    """Whether training ended at a step, with all that follows it."""
    return run.read_metadata().get("finished") == step


def describe_data(data: Prepared, start: str | Path | None = None) -> dict[str, Any]:
    """What a run's metadata say of the examples.

    Args:
      data: the examples.
      start: run or preset that the weights came from; what it was trained on, this one
        has seen, too.
    """
    train, evaluation = data.train, data.evaluation
    seen = set(train.performances)
    if start is not None:
        before = RunFolder.open(resolve_preset(str(start))).read_metadata()
        seen |= set(before.get("data", {}).get("performances", ()))
    return {
        "examples": Path(data.source).name or data.source,
        "fingerprint": train.fingerprint,
        "performances": sorted(seen),
        "windows": len(train),
        "windows_per_epoch": train.windows_per_epoch,
        "sequences": train.sequences,
        "notes_read": train.report.counts.notes,
        "evaluation_windows": (
            0 if evaluation is None else evaluation.windows_per_epoch
        ),
    }
