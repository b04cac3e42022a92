"""The splits of a data set, and how records keep them."""

from __future__ import annotations

from groovekit.errors import DataError

SPLITS = ("train", "validation", "test")


def collection_with_split(collection: str, split: str | None) -> str:
    """A collection's name with which records keep their split: ``groove/train``.

    Whoever does not know of it reads the name of a part of the collection.

    Args:
      collection: the name.
      split: of the record; None for none.
    """
    return f"{collection}/{split}" if split else collection


def split_of_collection(name: str) -> str | None:
    """The split that a name of :func:`collection_with_split` holds, if any."""
    collection, _, split = name.rpartition("/")
    return split if collection and split in SPLITS else None


def check_split(split: str | None) -> None:
    """Checks the name of a split.

    Raises:
      DataError: none of train, validation, test, all.
    """
    if split is not None and split not in (*SPLITS, "all"):
        raise DataError(
            f"Unknown split {split!r}. Expected {', '.join(SPLITS)} or all."
        )
