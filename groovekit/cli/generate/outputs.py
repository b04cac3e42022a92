"""What ``groovekit generate`` makes and writes."""

from __future__ import annotations

import importlib.util
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from groovekit.cli.generate import modes
from groovekit.cli.generate.inputs import Inputs
from groovekit.cli.output import note
from groovekit.cli.progress import Progress
from groovekit.errors import GroovekitError

if TYPE_CHECKING:
    from groovekit.generation.trained_model import TrainedModel
    from groovekit.io.notes import NoteSequence

# A line of a picture is readable up to so many bars.
_BARS_PER_LINE = 8
_SWUNG_AS_NOTES = (
    modes.SAMPLE,
    modes.INTERPOLATE,
    modes.RECONSTRUCT,
    modes.VARY,
    modes.ATTRIBUTE,
)


def make(
    model: TrainedModel, mode: str, inputs: Inputs, count: int, **given: Any
) -> list[NoteSequence]:
    """Makes the music of a mode.

    Args:
      model: the trained model.
      mode: its name.
      inputs: what was read.
      count: outputs, or outputs of each input.
      **given: options of the command by the names of its parameters; those that the
        mode has not are passed over.
    """
    with Progress(None, "Generating", unit="windows") as progress:
        model.progress = progress.follow
        sequences = _make(model, mode, inputs, count, **given)
    if mode in _SWUNG_AS_NOTES and given["swing"]:
        from groovekit.generation.tasks.editing import swung

        sequences = [swung(sequence, given["swing"]) for sequence in sequences]
    return sequences


def _make(
    model: TrainedModel, mode: str, inputs: Inputs, count: int, **given: Any
) -> list[NoteSequence]:
    common = {"temperature": given["temperature"], "seed": given["seed"]}
    tempo = {"qpm": given["bpm"]}
    if mode in modes.TAKES or mode == modes.CONTINUE:
        return _of_takes(model, mode, inputs, count, given, common)
    common |= tempo | {"bars": given["bars"]}
    excerpts = list(inputs.excerpts)
    if mode == modes.VARY:
        distance = given["distance"]
        return model.vary(excerpts[0], count, distance=distance, **common)
    if mode == modes.ATTRIBUTE:
        rows = [item for item in excerpts for _ in range(count)]
        strengths = modes.attributes_of(given["attribute"])
        common |= {"amount": given["amount"], "directions": given["directions"]}
        return model.shift(rows, strengths, **common)
    if mode == modes.INTERPOLATE and len(excerpts) > 2:
        side = modes.grid_side(count)
        return model.grid(excerpts, side, side, **common)
    if mode == modes.SAMPLE and _is_path(model, **given):
        if common["qpm"] is None:
            del common["qpm"]
        return model.sample_long(count, **common)
    common["chords"] = given["chords"]
    if mode == modes.SAMPLE:
        return model.sample(count, controls=excerpts or None, **common)
    if mode == modes.INTERPOLATE:
        return model.interpolate(excerpts[0], excerpts[1], count, **common)
    return model.reconstruct(excerpts, count, **common)


def _of_takes(
    model: TrainedModel,
    mode: str,
    inputs: Inputs,
    count: int,
    given: dict[str, Any],
    common: dict[str, Any],
) -> list[NoteSequence]:
    """Modes that take whole performances."""
    from groovekit.generation.tasks.editing import at_tempo

    sequences = list(inputs.sequences)
    if mode == modes.CONTINUE:
        made = [
            piece
            for sequence in sequences
            for piece in model.continue_(sequence, count, bars=given["bars"], **common)
        ]
        bpm = given["bpm"]
        return made if bpm is None else [at_tempo(piece, bpm) for piece in made]
    common |= {"qpm": given["bpm"]}
    if mode in modes.KEEPING:
        common |= {"translate": given["translate"]}
    if mode == modes.ADD:
        return [p for s in sequences for p in model.add(s, count, **common)]
    common |= {"swing": given["swing"]}
    if mode == modes.DRUMIFY:
        keep = given["keep_onsets"]
        return [
            piece
            for sequence in sequences
            for piece in model.drumify(sequence, count, keep_onsets=keep, **common)
        ]
    common |= {
        "amount": given["amount"],
        "timing": not given["velocity_only"],
        "velocity": not given["timing_only"],
    }
    if mode == modes.GROOVE:
        return model.groove(sequences[0], sequences[1], count, **common)
    return [p for s in sequences for p in model.humanize(s, count, **common)]


def _is_path(model: TrainedModel, **given: Any) -> bool:
    """Whether a sample is so long that it has sections that follow each other."""
    from groovekit.converters.grid_converter import GridConverter

    converter, bars = model.converter, given["bars"]
    return (
        bars is not None
        and given["chords"] is None
        and not converter.tiles
        and not converter.control_depth
        and isinstance(converter, GridConverter)
        and bars > converter.bars
    )


def write(
    sequences: list[NoteSequence],
    folder: Path,
    config: str,
    mode: str,
    *,
    plot: str | None = None,
    audio: bool = False,
) -> list[dict[str, Any]]:
    """Writes MIDI files and what is wanted beside them.

    Args:
      sequences: the music.
      folder: where to.
      config: name of the config.
      mode: name of the mode.
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
        for name, sequence in zip(names, sequences, strict=True):
            path = write_midi(sequence, folder / name)
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


def check_renderings(*, plot: str | None, audio: bool) -> None:
    """Finds out before the work whether pictures and sound can be made.

    Raises:
      GroovekitError: a library is missing; says which extra brings it.
    """
    if plot is not None and importlib.util.find_spec("matplotlib") is None:
        raise GroovekitError(
            "--plot needs matplotlib, which is not installed: pip install "
            "'groovekit[plot]'."
        )
    if audio:
        from groovekit.io.notes import NoteSequence
        from groovekit.io.sound import render

        # A moment of silence finds the synthesizer.
        render(NoteSequence())


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
    from groovekit.io.sound import SAMPLE_RATE, render, write_wav

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
