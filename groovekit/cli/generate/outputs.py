"""The files that ``groovekit generate`` writes."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groovekit.cli.output import note
from groovekit.cli.progress import Progress

if TYPE_CHECKING:
    from groovekit.io.midi.document import MidiDocument
    from groovekit.io.notes import NoteSequence

# A line of a picture is readable up to so many bars.
_BARS_PER_LINE = 8


def write(
    sequences: list[NoteSequence],
    folder: Path,
    config: str,
    mode: str,
    *,
    documents: Sequence[MidiDocument] | None = None,
    plot: str | None = None,
    audio: bool = False,
) -> list[dict[str, Any]]:
    """Writes MIDI files and what is wanted beside them.

    Args:
      sequences: the music.
      folder: where to.
      config: name of the config.
      mode: name of the mode.
      documents: for each sequence the file that it is written into; None to write all
        of it anew.
      plot: ``"png"`` or ``"svg"`` for a piano roll beside each file.
      audio: whether to write a WAV file beside each.

    Returns:
      For each file ``path``, and ``plot`` and ``audio`` where they are wanted.
    """
    from groovekit.io.midi.files import write_midi

    stamp = time.strftime("%Y-%m-%d_%H%M%S")
    names = output_names(config, mode, stamp, len(sequences))
    rows: list[dict[str, Any]] = []
    with Progress(len(sequences), "Writing", unit="files") as progress:
        for index, (name, sequence) in enumerate(zip(names, sequences, strict=True)):
            if documents is None:
                path = write_midi(sequence, folder / name)
            else:
                path = documents[index].write(sequence, folder / name)
            row = {"path": str(path)}
            if plot is not None:
                row["plot"] = _plot(sequence, path.with_suffix(f".{plot}"))
            if audio:
                row["audio"] = _render(sequence, path.with_suffix(".wav"))
            rows.append(row)
            progress.advance()
            if not sequence.notes:
                note(f"{path} is silent: it has no notes.")
    return rows


def _plot(sequence: NoteSequence, path: Path) -> str:
    from groovekit.io.pictures import MAX_LINES, length_bars, plot_sequence

    bars, most = length_bars(sequence), MAX_LINES * _BARS_PER_LINE
    drawn = plot_sequence(
        sequence,
        path,
        title=path.stem,
        bars=min(bars, most),
        bars_per_line=_BARS_PER_LINE,
    )
    if bars > most:
        note(
            f"{drawn} shows the first {most} of {bars} bars: groovekit plot draws the "
            "others."
        )
    return str(drawn)


def _render(sequence: NoteSequence, path: Path) -> str:
    from groovekit.io.sound.rendering import SAMPLE_RATE, render
    from groovekit.io.sound.wav import write_wav

    return str(write_wav(path, render(sequence), SAMPLE_RATE))


def output_names(config: str, mode: str, stamp: str, count: int) -> list[str]:
    """File names as the original's: config, mode, date, number and total.

    Args:
      config: name of the config.
      mode: e.g. ``"sample"``.
      stamp: date and time, e.g. ``"2026-11-21_010203"``.
      count: how many.
    """
    # A config read from a run folder may be called anything.
    config = re.sub(r"[^\w.-]", "_", config)
    return [f"{config}_{mode}_{stamp}-{i:03d}-of-{count:03d}.mid" for i in range(count)]
