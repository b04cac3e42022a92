"""TensorBoard event files without TensorFlow."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from groovekit.io.files import make_parent, unwritable
from groovekit.io.tfrecord.records import RecordWriter
from groovekit.io.tfrecord.wire import (
    field_bytes,
    field_double,
    field_float,
    field_varint,
)

# Field numbers of TensorFlow's event.proto and summary.proto.
_WALL_TIME, _STEP, _FILE_VERSION, _SUMMARY = 1, 2, 3, 5
_VALUE = 1
_TAG, _SIMPLE_VALUE = 1, 2


class EventWriter:
    """Appends scalars to a new event file; a context manager.

    Args:
      folder: made when missing; each writer adds a file of its own, so that a
        resumed run continues the curves.

    Raises:
      WriteError: the folder cannot be written.
    """

    def __init__(self, folder: str | Path) -> None:
        now = time.time()
        # TensorBoard finds files by "tfevents" and reads them in this order.
        name = f"events.out.tfevents.{int(now):010d}.{socket.gethostname()}"
        stem = f"{name}.{os.getpid()}"
        folder = Path(folder)
        number = 0
        while (path := folder / f"{stem}.{number}").exists():
            number += 1
        make_parent(path)
        try:
            self._file = path.open("xb")
        except OSError as error:
            raise unwritable(path, error) from error
        self.path = path
        self._writer = RecordWriter(self._file)
        version = field_bytes(_FILE_VERSION, b"brain.Event:2")
        self._writer.write(field_double(_WALL_TIME, now) + version)
        self._writer.flush()

    def scalars(
        self,
        values: dict[str, float],
        step: int,
        *,
        wall_time: float | None = None,
    ) -> None:
        """Appends one point to several curves, as one event.

        Args:
          values: by the curve's name (``"losses/kl_bits"``); stored as float32,
            may be NaN.
          step: training step, 0 or more.
          wall_time: seconds since 1970; now by default.
        """
        now = time.time() if wall_time is None else wall_time
        summary = b"".join(
            field_bytes(
                _VALUE,
                field_bytes(_TAG, tag.encode())
                + field_float(_SIMPLE_VALUE, float(value)),
            )
            for tag, value in values.items()
        )
        with self._named_errors():
            self._writer.write(
                field_double(_WALL_TIME, now)
                + field_varint(_STEP, int(step))
                + field_bytes(_SUMMARY, summary)
            )

    def flush(self) -> None:
        """Makes what was written visible to TensorBoard."""
        with self._named_errors():
            self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the file; may be called twice."""
        with self._named_errors():
            self._file.close()

    @contextlib.contextmanager
    def _named_errors(self) -> Iterator[None]:
        """A disk that is full says so by the file's name."""
        try:
            yield
        except OSError as error:
            raise unwritable(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
