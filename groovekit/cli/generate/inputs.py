"""What ``groovekit generate`` reads, before a model is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from groovekit.cli.generate import modes
from groovekit.cli.output import note
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.converters.base import Converter, Counts
    from groovekit.generation.inputs import Excerpt
    from groovekit.io.notes import NoteSequence


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The inputs of a mode.

    Attributes:
      paths: as they were given.
      excerpts: one window of each, for modes that take windows.
      sequences: whole performances, for modes that take those.
      windows: how many windows go through the model for one output of each.
      counts: what happened to the notes of each.
    """

    paths: tuple[str, ...] = ()
    excerpts: Sequence[Excerpt] = ()
    sequences: Sequence[NoteSequence] = ()
    windows: int = 1
    counts: Sequence[Counts] = ()


def read_inputs(
    mode: str,
    converter: Converter,
    paths: tuple[str, ...],
    *,
    config: str,
    window: int = 1,
    chords: str | None = None,
    translate: bool = False,
) -> Inputs:
    """Reads the inputs and says what became of them.

    Args:
      mode: its name.
      converter: of the model.
      paths: of MIDI files.
      config: name of the model's config, for messages.
      window: which window of each, from 1.
      chords: given instead of those of the inputs.
      translate: whether outputs that keep the input's notes get other pitches.

    Raises:
      DataError: inputs that cannot be read, or that the model cannot take.
      UsageError: a model of another kind, or that wants inputs or none.
    """
    if mode in modes.TAKES:
        inputs = _read_takes(mode, converter, paths, config=config)
    elif mode == modes.CONTINUE:
        inputs = _read_whole(converter, paths)
    else:
        inputs = _read_windows(
            mode, converter, paths, config=config, window=window, chords=chords
        )
    kept = mode in modes.KEEPING and not translate
    _tell(mode, converter, inputs, kept=kept)
    return inputs


def _read_windows(
    mode: str,
    converter: Converter,
    paths: tuple[str, ...],
    *,
    config: str,
    window: int,
    chords: str | None,
) -> Inputs:
    from groovekit.generation.controls import needs_controls
    from groovekit.generation.inputs import read_excerpt

    over_chords = converter.takes_chords
    needed = (
        converter.control_depth > 0
        and converter.default_controls(1, converter.steps) is None
        and chords is None
    )
    if mode == modes.SAMPLE and needed and not paths:
        raise UsageError(needs_controls(converter, config))
    if mode == modes.SAMPLE and over_chords and chords is None:
        note('No --chords given (e.g. --chords "C Am F G"): playing over no chord.')
    if mode == modes.SAMPLE and paths and (over_chords or not needed):
        raise UsageError(
            f"A model of the config {config} samples without an input. Leave --input "
            "out, or use --mode reconstruct."
        )
    excerpts = [read_excerpt(path, converter, window=window) for path in paths]
    for path, item in zip(paths, excerpts, strict=True):
        if item.windows > 1:
            note(
                f"{path} has {item.windows} windows: using number {item.window} "
                "(--window K for another)."
            )
    counts = [item.counts for item in excerpts]
    return Inputs(paths, excerpts, windows=max(1, len(paths)), counts=counts)


def _read_takes(
    mode: str, converter: Converter, paths: tuple[str, ...], *, config: str
) -> Inputs:
    from groovekit.generation.takes import read_take
    from groovekit.generation.tasks.add import check_add
    from groovekit.generation.tasks.drumify import check_drumify

    if mode == modes.ADD:
        check_add(converter, config)
    if mode == modes.DRUMIFY:
        check_drumify(converter, config)
    sequences = [_read(path) for path in paths]
    takes = [
        read_take(sequence, converter, taps=mode == modes.DRUMIFY, name=path)
        for path, sequence in zip(paths, sequences, strict=True)
    ]
    return Inputs(
        paths,
        sequences=sequences,
        windows=sum(len(take.starts) for take in takes),
        counts=[take.counts for take in takes],
    )


def _read_whole(converter: Converter, paths: tuple[str, ...]) -> Inputs:
    """Performances to continue."""
    from groovekit.generation.tasks.walks import read_ending

    sequences = [_read(path) for path in paths]
    found = [read_ending(sequence, converter) for sequence in sequences]
    windows = sum(len(ending.windows) for ending in found)
    counts = [ending.counts for ending in found]
    return Inputs(paths, sequences=sequences, windows=windows, counts=counts)


def _read(path: str) -> NoteSequence:
    from pathlib import Path

    from groovekit.io.midi.files import read_midi

    sequence = read_midi(Path(path).expanduser(), name=path)
    # For messages.
    sequence.filename = path
    return sequence


def _tell(mode: str, converter: Converter, inputs: Inputs, *, kept: bool) -> None:
    kits = [getattr(converter, field, None) for field in ("kit", "output_kit")]
    if not all(kits):
        return
    if not inputs.paths:
        note(f"Writing with the kit map {kits[1]}.")
        return
    unmapped = sum(counts.unmapped for counts in inputs.counts)
    notes = sum(counts.notes for counts in inputs.counts)
    text = f"{unmapped} of {notes} notes had no class"
    if mode == modes.DRUMIFY:
        # Taps have no pitch.
        taps = notes - sum(counts.ignored for counts in inputs.counts)
        note(f"Reading {taps} of {notes} notes as taps, writing with {kits[1]}.")
    elif kept:
        drums = notes - sum(counts.ignored for counts in inputs.counts)
        text = f"{unmapped} of {drums} drum notes had no class"
        note(f"Reading with the kit map {kits[0]}; {text}. All keep their pitches.")
    else:
        note(f"Reading with the kit map {kits[0]}, writing with {kits[1]}; {text}.")
