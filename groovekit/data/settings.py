"""Which examples to use, and how they are read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from groovekit.errors import UsageError
from groovekit.fields import check_fields
from groovekit.io.splits import check_split


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Which examples to use, and how they are read.

    Attributes:
      split: ``train``, ``validation``, ``test`` or ``all``, of sources that have
        splits; None for ``train`` in :func:`~groovekit.prepare`, for ``all``
        in :func:`~groovekit.load_examples`.
      eval_examples: other examples to evaluate on.
      eval_fraction: share of the windows to hold out, in [0, 1); 0 for no
        evaluation. None for the validation split, where there is one, or else
        one tenth.
      cache: use the on-disk cache. Without it the windows are held in memory.
      verify_cache: compare contents, not only size and time of the files.
      workers: processes that read music files, at least 1.
      drum_track: the track that is drums in each sequence, and no other: its name, its
        number, or its channel (``"ch16"``) where the examples are MIDI files. None to
        find them (:mod:`groovekit.io.drum_tracks`).

    Raises:
      ConfigError: a value of another type.
      DataError: no such split.
      UsageError: values out of range, or that contradict each other.
    """

    split: str | None = None
    eval_examples: str | Path | None = None
    eval_fraction: float | None = None
    cache: bool = True
    verify_cache: bool = False
    workers: int = 1
    drum_track: str | None = None

    def __post_init__(self) -> None:
        check_fields(self, "DataSettings")
        check_split(self.split)
        if self.eval_fraction is not None and not 0 <= self.eval_fraction < 1:
            raise UsageError(
                f"The share to evaluate on lies in [0, 1), got {self.eval_fraction}."
            )
        if self.eval_examples is not None and self.eval_fraction:
            raise UsageError(
                "Give either examples to evaluate on or the share to hold out, not"
                " both."
            )
        if self.workers < 1:
            raise UsageError(f"workers must be at least 1, got {self.workers}.")
