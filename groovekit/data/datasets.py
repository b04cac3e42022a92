"""Examples for training and evaluation: from files to :class:`Examples`.

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
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.configs.run_folder import named_files
from groovekit.converters.base import Converter, Windows
from groovekit.converters.kits import KitMap, get_kit
from groovekit.data import cache as disk
from groovekit.data.examples import Conversion, Examples, require_windows
from groovekit.data.report import ExampleReport
from groovekit.errors import (
    ConfigError,
    NoExamplesError,
    UnknownNameError,
    UsageError,
)
from groovekit.fields import to_table
from groovekit.io import sources
from groovekit.io.tempo import tempo_of
from groovekit.plugins import catalogue

__all__ = [
    "EVAL_FRACTION",
    "ExampleReport",
    "Examples",
    "Prepared",
    "hold_out",
    "load_examples",
    "prepare",
]

_LOG = logging.getLogger("groovekit")

EVAL_FRACTION = 0.1

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
    # A field may name a kit map, of which the contents count, wherever they lie.
    files = named_files(converter)
    registered = set(catalogue.kit_maps.names())
    for field, value in fields.items():
        if field in files:
            fields[field] = _file_contents(files[field])
        elif isinstance(value, str) and value in registered:
            fields[field] = get_kit(value).to_dict()
    return {"name": name, "version": type(converter).version, "fields": fields}


def _file_contents(path: Path) -> Any:
    try:
        return KitMap.from_file(path).to_dict()
    except ConfigError:
        # A plug-in's converter may name files of another kind.
        return disk.file_digest(path)


def load_examples(
    examples: str | Path,
    converter: Converter,
    *,
    split: str | None = None,
    cache: bool = True,
    verify_cache: bool = False,
    workers: int = 1,
    progress: ProgressCallback | None = None,
) -> Examples:
    """Converts examples to windows, or finds them in the cache.

    Args:
      examples: a TFRecord (or glob of shards), a folder, zip or file of music, or
        ``tfds:NAME``.
      converter: makes the windows.
      split: ``train``, ``validation``, ``test`` or ``all``, of sources that have
        splits.
      cache: use the on-disk cache. Without it the windows are held in memory.
      verify_cache: compare contents, not only size and time of the files.
      workers: processes that read music files.
      progress: called as ``progress(done, total)`` while converting.

    Raises:
      DataError: nothing readable, or no windows; the message holds the table of
        reasons and what to try.
    """
    source = sources.open_source(examples, split=split)
    request = _Request(str(examples), source, converter, workers, progress)
    if not cache:
        return _convert_in_memory(request)
    key = request.key()
    found = _from_cache(key, converter, verify=verify_cache)
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


def tempos_of(
    examples: str | Path, split: str | None, ids: Iterable[str]
) -> np.ndarray | None:
    """The first tempo of each sequence, which its windows do not keep.

    Reads the source again; what cannot be read was reported when it was converted.

    Args:
      examples: as for :func:`load_examples`.
      split: likewise.
      ids: of the sequences.

    Returns:
      ``(sequences,)`` quarter notes a minute; None if a sequence is not found.
    """
    source = sources.open_source(examples, split=split)
    found = {
        item.id: tempo_of(item.sequence)
        for item in sources.iter_sequences(source, on_error=lambda *_: None)
    }
    names = list(ids)
    if not all(name in found for name in names):
        return None
    return np.array([found[name] for name in names], np.float64)


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
    store = disk.MemoryStore()
    conversion = Conversion(request.converter, store)
    report = request.run(conversion)
    return conversion.examples(store.finish(), report)


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
            report=report,
            converter=converter,
            fingerprint=meta["fingerprint"],
        )
        consistent = len(found.stored) == len(found) == report.windows
        if not consistent or len(found.ids) != found.sequences:
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


# Training and evaluation -------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Prepared:
    """Examples for training and evaluation.

    Attributes:
      train: for training.
      evaluation: for evaluation, or None.
      note: what is evaluated on, in a sentence for people.
    """

    train: Examples
    evaluation: Examples | None
    note: str

    def __iter__(self) -> Iterator[Any]:
        """Allows ``train, evaluation, note = prepare(...)``."""
        return iter((self.train, self.evaluation, self.note))


def prepare(
    examples: str | Path,
    converter: Converter,
    *,
    split: str | None = None,
    eval_examples: str | Path | None = None,
    eval_fraction: float | None = None,
    cache: bool = True,
    verify_cache: bool = False,
    workers: int = 1,
    progress: ProgressCallback | None = None,
) -> Prepared:
    """Loads the examples to train on and those to evaluate on.

    With ``eval_examples`` those are evaluated on (of a source with splits:
    validation). Otherwise a source with splits trains on ``train`` and is
    evaluated on ``validation``; of any other one tenth of the source files is
    held out, chosen by a hash of their ids, the same for every seed.

    Args:
      examples: see :func:`load_examples`.
      converter: makes the windows.
      split: of a source with splits: train (default), validation, test or all.
      eval_examples: other examples to evaluate on.
      eval_fraction: share of source files to hold out, in [0, 1); 0 for no
        evaluation. Default one tenth, or the validation split.
      cache: see :func:`load_examples`.
      verify_cache: see :func:`load_examples`.
      workers: see :func:`load_examples`.
      progress: see :func:`load_examples`.

    Raises:
      UsageError: options that contradict each other or lie out of range.
      DataError: see :func:`load_examples`.
    """
    if eval_fraction is not None and not 0 <= eval_fraction < 1:
        raise UsageError(
            f"The share to evaluate on lies in [0, 1), got {eval_fraction}."
        )
    if eval_examples is not None and eval_fraction:
        raise UsageError(
            "Give either examples to evaluate on or the share to hold out, not both."
        )
    load = functools.partial(
        load_examples,
        converter=converter,
        cache=cache,
        verify_cache=verify_cache,
        workers=workers,
        progress=progress,
    )
    has_splits = sources.has_splits(examples)
    if has_splits and split is None:
        split = "train"
    train = load(examples, split=split)
    if eval_examples is not None:
        eval_split = "validation" if sources.has_splits(eval_examples) else None
        held_out = load(eval_examples, split=eval_split)
        of = f"the {eval_split} split of " if eval_split else ""
        return Prepared(train, held_out, f"Evaluating on {of}{eval_examples}.")
    if eval_fraction == 0:
        return Prepared(train, None, "No evaluation, as asked.")
    reason = ""
    if eval_fraction is None and has_splits and split in ("train", "test"):
        try:
            held_out = load(examples, split="validation")
        except NoExamplesError as error:
            _LOG.debug("No validation split to evaluate on: %s", error)
            reason = "The validation split gives no examples. "
        else:
            note = f"Training on the {split} split, evaluating on validation."
            return Prepared(train, held_out, note)
    prepared = hold_out(
        train, EVAL_FRACTION if eval_fraction is None else eval_fraction
    )
    return dataclasses.replace(prepared, note=reason + prepared.note)


def hold_out(examples: Examples, fraction: float) -> Prepared:
    """Holds out a share of the source files for evaluation.

    A file is held out when the SHA-1 of its id, read as a number, lies in the
    lowest ``fraction`` of its range. With two files or more there is at least one
    on either side; with one there is no evaluation.

    Args:
      examples: all of them.
      fraction: share of the files, in (0, 1).
    """
    ranks = np.array([_rank(name) for name in examples.ids])
    distinct = np.unique(ranks)
    if len(distinct) < 2:
        return Prepared(
            examples,
            None,
            "No evaluation: there is one source file only, and holding out part of it"
            " would show the model what it is tested on. Give other examples to"
            " evaluate on (`eval_examples`).",
        )
    # The bounds keep one file on each side.
    limit = min(max(fraction, np.nextafter(distinct[0], 1)), distinct[-1])
    held = ranks < limit
    train, evaluation = examples.subset(~held), examples.subset(held)
    note = (
        f"Held out {evaluation.sequences} of {examples.sequences} source files"
        f" ({len(evaluation)} of {len(examples)} windows) for evaluation."
    )
    return Prepared(train, evaluation, note)


def _rank(name: str) -> float:
    """A number in [0, 1) that depends on an id alone."""
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
