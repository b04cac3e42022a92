"""Data sets of TensorFlow Datasets, by name or from a folder that it prepared.

Names (``tfds:groove/4bar-midionly``) need the package; a folder is read without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from groovekit.errors import DataError, NoExamplesError, install_command
from groovekit.io.tfrecord import wire
from groovekit.io.tfrecord.records import read_records

PREFIX = "tfds:"
_TABLE = "dataset_info.json"


@dataclasses.dataclass(frozen=True)
class Example:
    """One example of a data set.

    Attributes:
      features: by name.
      where: data set or file and number, for messages.
      split: ``train``, ``validation`` or ``test``, where it is known.
    """

    features: dict[str, Any]
    where: str
    split: str | None


def is_prepared(folder: Path) -> bool:
    """Whether TensorFlow Datasets prepared a folder."""
    return folder.is_dir() and (folder / _TABLE).is_file()


def prepared_files(folder: Path, split: str | None) -> tuple[Path, ...]:
    """The TFRecord files of a prepared folder, sorted.

    Args:
      folder: see :func:`is_prepared`.
      split: of this split only; None or ``all`` for all.

    Raises:
      NoExamplesError: there are none.
    """
    found = sorted(folder.glob("*.tfrecord*"))
    if split not in (None, "all"):
        found = [path for path in found if _split_of(path) == split]
    if not found:
        wanted = f" of the split {split!r}" if split else ""
        raise NoExamplesError(
            f"{folder}: a folder of TensorFlow Datasets without TFRecord files"
            f"{wanted}. Prepare the data set again."
        )
    return tuple(found)


def _split_of(path: Path) -> str | None:
    # "groove-train.tfrecord-00000-of-00001"
    return path.name.split(".tfrecord")[0].rpartition("-")[2] or None


def read_prepared(paths: Iterable[Path]) -> Iterator[Example]:
    """The examples of prepared files.

    Raises:
      DataError: a record is no ``tf.Example``.
    """
    for path in paths:
        for index, record in enumerate(read_records(path)):
            where = f"{path}, record {index}"
            try:
                features = wire.example_bytes(record)
            except (ValueError, UnicodeDecodeError) as error:
                raise DataError(f"{where}: not a tf.Example: {error}.") from error
            yield Example(dict(features), where, _split_of(path))


def read_named(name: str, split: str | None) -> Iterator[Example]:
    """The examples of a data set, which is downloaded and prepared where it is not.

    Args:
      name: e.g. ``"groove/4bar-midionly"``.
      split: one of its splits; None or ``all`` for all, by name.

    Raises:
      DataError: TensorFlow Datasets is missing, or cannot prepare it.
      NoExamplesError: it has no such split.
    """
    builder = _builder(name)
    available = sorted(builder.info.splits)
    wanted = available if split in (None, "all") else [split]
    for part in wanted:
        if part not in available:
            raise NoExamplesError(
                f"tfds:{name} has no split {part!r}; it has {', '.join(available)}."
            )
        data = builder.as_dataset(split=part, shuffle_files=False)
        for index, features in enumerate(data.as_numpy_iterator()):
            yield Example(features, f"tfds:{name}, {part} {index}", part)


def _builder(name: str) -> Any:
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise DataError(
            f"tfds:{name} needs TensorFlow Datasets: {install_command('tfds')}. "
            "Or give the Groove MIDI Dataset's folder."
        ) from error
    try:
        builder = tfds.builder(name)
        builder.download_and_prepare()
    # Unknown names, no network, checksums: TFDS has no common type for them.
    except Exception as error:
        text = " ".join(str(error).split())[:300]
        raise DataError(f"tfds:{name} cannot be prepared: {text}") from error
    return builder
