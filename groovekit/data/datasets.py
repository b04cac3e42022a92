"""From files to :class:`Examples`.

Note sequences are converted once, deterministically, into compact windows that
lie in the on-disk cache (see :mod:`groovekit.data.cache`) and are memory-mapped:
the second start is immediate, and memory stays flat.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.converters.base import Converter, Windows
from groovekit.converters.kits import get_kit
from groovekit.converters.options import with_options
from groovekit.data import cache as disk
from groovekit.data.conversion import Conversion, require_windows
from groovekit.data.examples import Examples
from groovekit.data.report import ExampleReport
from groovekit.data.settings import DataSettings
from groovekit.data.stores import MemoryStore
from groovekit.errors import UnknownNameError
from groovekit.fields import to_table
from groovekit.io import sources
from groovekit.plugins import catalogue

_LOG = logging.getLogger("groovekit")

# Called as progress(done, total): files (or records) read; total None if unknown.
ProgressCallback = Callable[[int, int | None], None]


def _converter_key(converter: Converter) -> dict[str, Any]:
    """What a conversion depends on besides the files."""
    try:
        name = catalogue.converters.name_of(type(converter))
    except UnknownNameError:
        # Not registered, as in a notebook: its place has to do.
        name = f"{type(converter).__module__}:{type(converter).__qualname__}"
    fields = to_table(converter)
    # Text may name a kit map or a file, of which the contents count, wherever they lie.
    registered = set(catalogue.kit_maps.names())
    for field, value in fields.items():
        if isinstance(value, str) and value in registered:
            fields[field] = get_kit(value).to_dict()
        elif isinstance(value, str) and value.endswith(".json"):
            path = Path(value).expanduser()
            fields[field] = disk.file_digest(path) if path.is_file() else value
    return {"name": name, "version": type(converter).version, "fields": fields}


def load_examples(
    examples: str | Path,
    converter: Converter,
    *,
    settings: DataSettings | None = None,
    progress: ProgressCallback | None = None,
) -> Examples:
    """Converts examples to windows, or finds them in the cache.

    Args:
      examples: a TFRecord (or glob of shards), a folder, zip or file of music, or
        ``tfds:NAME``.
      converter: makes the windows.
      settings: the split, and how to read; default :class:`DataSettings`. What to
        evaluate on is for :func:`~groovekit.prepare` to choose.
      progress: called as ``progress(done, total)`` while converting.

    Raises:
      DataError: nothing readable, or no windows; the message holds the table of
        reasons and what to try.
    """
    settings = settings or DataSettings()
    source = sources.open_source(
        examples, split=settings.split, drum_track=settings.drum_track
    )
    if settings.drum_track is not None:
        # What is asked for is marked, and nothing else is to be found.
        reading = with_options(converter, instruments="drums", trained=False)
        found = _load(examples, source, reading, settings, progress)
        return dataclasses.replace(found, converter=converter)
    return _load(examples, source, converter, settings, progress)


def _load(
    examples: str | Path,
    source: sources.Source,
    converter: Converter,
    settings: DataSettings,
    progress: ProgressCallback | None,
) -> Examples:
    """What :func:`load_examples` does, once the source is known."""
    request = _Request(str(examples), source, converter, settings.workers, progress)
    if not settings.cache:
        return _convert_in_memory(request)
    key = request.key()
    found = _from_cache(key, converter, verify=settings.verify_cache)
    if found is not None:
        return found
    # Before reading: a file that changes meanwhile is noticed afterwards.
    contents, unreadable = _digests(request.files)
    if unreadable:
        # Its time and size stay when it becomes readable, and so would the entry.
        _LOG.warning("The examples are not cached: cannot read %s.", unreadable)
        return _convert_in_memory(request)
    try:
        _convert_to_cache(key, request, contents)
    except disk.CacheUnavailableError as error:
        _LOG.warning("Working without the cache, which cannot be written: %s", error)
        return _convert_in_memory(request)
    return _from_cache(key, converter, verify=False) or _convert_in_memory(request)


@dataclasses.dataclass(frozen=True)
class _Request:
    """What is to be converted."""

    examples: str
    source: sources.Source
    converter: Converter
    workers: int
    progress: ProgressCallback | None

    @functools.cached_property
    def files(self) -> list[tuple[str, int, int]]:
        return sources.list_files(self.source)

    def changed(self) -> bool:
        """Whether files changed since the conversion began."""
        return sources.list_files(self.source) != self.files

    def key(self) -> str:
        """Name of the conversion's result in the cache."""
        parts = {
            "schema": disk.SCHEMA_VERSION,
            "converter": _converter_key(self.converter),
            "files": self.files,
            "split": self.source.split,
        }
        if self.source.drum_track is not None:
            parts["drum_track"] = self.source.drum_track
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:40]

    def run(self, conversion: Conversion) -> ExampleReport:
        """Converts everything.

        Raises:
          DataError: unreadable, or no windows.
        """
        for item in sources.iter_sequences(
            self.source,
            on_error=conversion.unreadable,
            workers=self.workers,
            progress=self.progress,
        ):
            conversion.add(item.id, item.sequence)
        # A music file holds one sequence (or fails); other files hold many.
        single = self.source.kind is sources.SourceKind.MUSIC
        report = conversion.report(files=None if single else len(self.files))
        require_windows(report, self.examples)
        return report


def _convert_in_memory(request: _Request) -> Examples:
    store = MemoryStore()
    conversion = Conversion(request.converter, store)
    report = request.run(conversion)
    return Examples.from_conversion(conversion, store.finish(), report)


def _convert_to_cache(
    key: str, request: _Request, contents: list[tuple[str, str]]
) -> None:
    with disk.EntryWriter(key) as writer:
        conversion = Conversion(request.converter, writer)
        report = request.run(conversion)
        if request.changed():
            _LOG.warning("%s changed while read: it is not cached.", request.examples)
            return
        writer.commit(
            {
                "examples": request.examples,
                "split": request.source.split,
                "converter": _converter_key(request.converter),
                "contents": contents,
                "report": report.to_dict(),
                "groups": conversion.groups().tolist(),
                "ids": conversion.ids,
                "performances": conversion.performances(),
                "fingerprint": conversion.fingerprint(),
            }
        )


def _digests(
    files: Iterable[tuple[str, int, int]],
) -> tuple[list[tuple[str, str]], str]:
    """Digests of files' contents, and the first file that cannot be read, or "".

    Names of other things (``tfds:...``) have no digests.
    """
    digests, unreadable = [], ""
    for name, _, _ in files:
        path = Path(name)
        try:
            if path.is_file():
                digests.append((name, disk.file_digest(path)))
        except OSError as error:
            unreadable = unreadable or f"{name} ({error.strerror or error})"
    return digests, unreadable


def _from_cache(key: str, converter: Converter, *, verify: bool) -> Examples | None:
    entry = disk.read_entry(key)
    if entry is None:
        return None
    if verify:
        problem = entry.damaged() or _changed_file(entry.meta["contents"])
        if problem:
            _LOG.warning("The cached examples are converted again: %s.", problem)
            disk.clear([key])
            return None
    try:
        meta = entry.meta
        report = ExampleReport.from_dict(meta["report"])
        found = Examples(
            stored=Windows(entry.load(), report.counts),
            groups=np.asarray(meta["groups"], np.int64),
            ids=tuple(meta["ids"]),
            performances=tuple(meta["performances"]),
            report=report,
            converter=converter,
            fingerprint=meta["fingerprint"],
        )
        consistent = len(found.stored) == len(found) == report.windows
        if not consistent or {len(found.ids), len(found.performances)} != {
            found.sequences
        }:
            raise ValueError("its parts do not fit together")
    except (OSError, KeyError, TypeError, ValueError, IndexError) as error:
        _LOG.warning("The cache entry %s is damaged and is built again: %s", key, error)
        disk.clear([key])
        return None
    entry.touch()
    return found


def _changed_file(contents: Iterable[tuple[str, str]]) -> str:
    for path, digest in contents:
        try:
            if disk.file_digest(Path(path)) != digest:
                return f"the contents of {path} have changed"
        except OSError as error:
            return f"{path} cannot be read ({error.strerror or error})"
    return ""
