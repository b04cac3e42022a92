"""``groovekit generate``: music from a trained model, as MIDI files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from groovekit.cli.options import (
    backend_option,
    device_option,
    echo_json,
    json_option,
    note,
    obsolete_options,
    option,
    precision_option,
    seed_option,
    use_backend,
)
from groovekit.cli.progress import Progress
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.converters.base import Converter
    from groovekit.generation import TrainedModel
    from groovekit.generation_files import Excerpt
    from groovekit.model_files import ModelFiles
    from groovekit.notes import NoteSequence

SAMPLE, INTERPOLATE, RECONSTRUCT = "sample", "interpolate", "reconstruct"
_NUM_OUTPUTS = 5


@click.command("generate")
@click.option(
    "--mode",
    type=click.Choice([SAMPLE, INTERPOLATE, RECONSTRUCT]),
    default=SAMPLE,
    help="New music; the way from one input to another; or the model's versions of "
    "the inputs.",
)
@click.option(
    "--config",
    metavar="NAME",
    default=None,
    show_default="that of the model",
    help="Config of the model; alone, it stands for the preset of this name.",
)
@click.option(
    "--num-outputs",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default=f"{_NUM_OUTPUTS}; 1 of each input to reconstruct",
    help="Files to make, the ends of an interpolation included; of reconstructions, "
    "for each input.",
)
@click.option("--run-dir", metavar="DIR", default=None, help="Model: a run folder.")
@click.option(
    "--preset",
    metavar="NAME",
    default=None,
    show_default="groovae_4bar",
    help="Model: one that is ready to play (groovekit presets list), or its folder.",
)
@option(
    "--checkpoint",
    aliases=("--checkpoint-file",),
    metavar="FILE",
    default=None,
    help="Model: weights (model.weights.h5) or a checkpoint (step-....npz) of a run.",
)
@click.option(
    "--output-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default="generated",
    help="Folder for the MIDI files.",
)
@click.option(
    "--temperature",
    metavar="T",
    type=click.FloatRange(min=0),
    default=0.5,
    help="Randomness of the decoder: 1 as learnt, 0 the most probable.",
)
@seed_option
@click.option(
    "--input",
    "inputs",
    metavar="FILE",
    multiple=True,
    help="MIDI file: two to interpolate, one or more to reconstruct, one with the "
    "hits for a model that plays given hits. Repeat the option for each.",
)
@click.option("--input-midi-1", metavar="FILE", default=None, help="The first input.")
@click.option("--input-midi-2", metavar="FILE", default=None, help="The second input.")
@click.option(
    "--window",
    metavar="K",
    type=click.IntRange(min=1),
    default=1,
    help="Which window of an input to use.",
)
@click.option(
    "--bars",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="as trained",
    help="Length of the outputs.",
)
@click.option(
    "--chords",
    metavar="TEXT",
    default=None,
    show_default="those of the input, else none",
    help='Chords to play over, for models that take some: "C Am F G7".',
)
@click.option(
    "--bpm",
    metavar="Q",
    type=click.FloatRange(4, 1000),
    default=None,
    show_default="that of the input, else 120",
    help="Tempo of the outputs in quarter notes a minute.",
)
@click.option(
    "--kit",
    metavar="NAME|FILE",
    default=None,
    show_default="the one the model was trained with",
    help="Kit map to read inputs with.",
)
@click.option(
    "--output-kit",
    metavar="NAME|FILE",
    default=None,
    show_default="general_midi, unless the config says otherwise",
    help="Kit map to write outputs with.",
)
@click.option(
    "--max-batch-size",
    metavar="N",
    type=click.IntRange(min=1),
    default=256,
    help="Windows to compute at once; less takes less memory.",
)
@backend_option
@device_option
@precision_option
@json_option
@obsolete_options("--log")
def command(
    mode: str,
    config: str | None,
    num_outputs: int | None,
    run_dir: str | None,
    preset: str | None,
    checkpoint: str | None,
    output_dir: Path,
    temperature: float,
    seed: int | None,
    inputs: tuple[str, ...],
    input_midi_1: str | None,
    input_midi_2: str | None,
    window: int,
    bars: int | None,
    chords: str | None,
    bpm: float | None,
    kit: str | None,
    output_kit: str | None,
    max_batch_size: int,
    backend: str | None,
    device: str | None,
    precision: str,
    as_json: bool,
) -> None:
    """Make MIDI files with a trained model.

    Samples are new music. An interpolation goes from one input to another, a
    reconstruction is the model's version of an input; both start from the
    posterior mean and are played at the --temperature. The same --seed gives the
    same music. The model comes from one of --run-dir, --preset and --checkpoint;
    existing files stay (a number is added to the name).
    """
    paths = _input_paths(mode, inputs, input_midi_1, input_midi_2)
    count = _count(mode, num_outputs)
    from groovekit.converters.chords import parse_chords
    from groovekit.generation_files import check_output_folder, with_options
    from groovekit.model_files import find_model
    from groovekit.runtimes import choose
    from groovekit.seeding import draw_seed

    asked_for_keras = bool(
        backend
        or os.environ.get("KERAS_BACKEND")
        or device == "gpu"
        or precision != "float32"
    )
    # Before anything that a plug-in might import Keras with.
    use_backend(backend, device)
    files = find_model(
        run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )
    # For their checks alone: inputs are read as long as the model was trained on.
    asked = files.config.converter
    if not asked.tiles:
        asked = with_options(asked, bars=bars)
    figures = parse_chords(chords) if chords is not None else ()
    if figures:
        asked.chord_controls(figures)
    converter = with_options(files.config.converter, kit=kit, output_kit=output_kit)
    excerpts = _read_inputs(mode, files, converter, paths, window, chords=chords)
    output_dir = output_dir.expanduser()
    check_output_folder(output_dir)
    drawn, seed = seed is None, draw_seed() if seed is None else seed
    note(
        f"{files.config.name} ({files.kind} {files.source}), seed {seed}"
        + (" (drawn)." if drawn else ".")
    )
    runtime: Literal["numpy", "keras"] = "keras"
    if not asked_for_keras:
        windows = count * max(1, len(paths) if mode == RECONSTRUCT else 1)
        if asked.tiles:
            windows *= bars or max(1, len(figures))
        runtime = choose(files.config, windows, steps=asked.steps)
    model = _load(
        files,
        runtime,
        backend=backend,
        device=device,
        kit=kit,
        output_kit=output_kit,
        precision=precision,
        max_batch_size=max_batch_size,
    )
    sequences = _generate(
        model,
        mode,
        excerpts,
        count,
        temperature=temperature,
        bars=bars,
        chords=chords,
        qpm=bpm,
        seed=seed,
    )
    written = _write(sequences, output_dir, files.config.name, mode)
    if not as_json:
        for path in written:
            click.echo(path)
        return
    sources: list[list[str]] = [list(paths)] * len(written)
    if mode == RECONSTRUCT:
        sources = [[path] for path in paths for _ in range(count)]
    echo_json(
        {
            "mode": mode,
            "config": files.config.name,
            "model": {"kind": files.kind, "source": files.source},
            "runtime": runtime,
            "seed": seed,
            "temperature": temperature,
            "window": window,
            "chords": chords,
            "kit": getattr(converter, "kit", None),
            "output_kit": getattr(converter, "output_kit", None),
            "files": [
                {
                    "path": str(path),
                    "inputs": used,
                    "qpm": round(sequence.tempos[0].qpm, 4),
                    "notes": len(sequence.notes),
                    "seconds": round(sequence.total_time, 4),
                }
                for path, sequence, used in zip(
                    written, sequences, sources, strict=True
                )
            ],
        }
    )


# Options ------------------------------------------------------------------------


def _input_paths(
    mode: str, inputs: tuple[str, ...], first: str | None, second: str | None
) -> tuple[str, ...]:
    """The inputs, however they are given, as many as the mode takes."""
    if inputs and (first or second):
        raise UsageError(
            "Give inputs either with --input or with --input-midi-1 and "
            "--input-midi-2, not both."
        )
    if second and not first:
        raise UsageError("--input-midi-2 goes with --input-midi-1.")
    paths = inputs or tuple(path for path in (first, second) if path)
    if mode == INTERPOLATE and len(paths) != 2:
        raise UsageError(
            f"--mode interpolate takes two inputs, got {len(paths)}: --input A "
            "--input B."
        )
    if mode == RECONSTRUCT and not paths:
        raise UsageError("--mode reconstruct takes at least one input: --input FILE.")
    if mode == SAMPLE and len(paths) > 1:
        raise UsageError(
            f"--mode sample takes no input (or one with the hits to play), got "
            f"{len(paths)}. Did you mean --mode interpolate or reconstruct?"
        )
    return paths


def _count(mode: str, num_outputs: int | None) -> int:
    if mode == INTERPOLATE and num_outputs == 1:
        raise UsageError(
            "--mode interpolate makes at least 2 outputs, its ends; got "
            "--num-outputs 1."
        )
    if num_outputs is None:
        return 1 if mode == RECONSTRUCT else _NUM_OUTPUTS
    return num_outputs


# Inputs -------------------------------------------------------------------------


def _read_inputs(
    mode: str,
    files: ModelFiles,
    converter: Converter,
    paths: tuple[str, ...],
    window: int,
    *,
    chords: str | None,
) -> list[Excerpt]:
    """Reads the inputs and says what became of them."""
    from groovekit.generation_files import needs_controls, read_excerpt, takes_chords

    name, over_chords = files.config.name, takes_chords(converter)
    needed = (
        converter.control_depth > 0
        and converter.default_controls(1, converter.steps) is None
        and chords is None
    )
    if mode == SAMPLE and needed and not paths:
        raise UsageError(needs_controls(converter, name))
    if mode == SAMPLE and over_chords and chords is None:
        note('No --chords given (e.g. --chords "C Am F G"): playing over no chord.')
    if mode == SAMPLE and paths and (over_chords or not needed):
        raise UsageError(
            f"A model of the config {name} samples without an input. Leave --input "
            "out, or use --mode reconstruct."
        )
    excerpts = [read_excerpt(path, converter, window=window) for path in paths]
    kits = [getattr(converter, field, None) for field in ("kit", "output_kit")]
    if all(kits):
        reading = f"Reading with the kit map {kits[0]}, writing with {kits[1]}"
        unmapped = sum(item.counts.unmapped for item in excerpts)
        notes = sum(item.counts.notes for item in excerpts)
        note(
            f"{reading}; {unmapped} of {notes} notes had no class."
            if excerpts
            else f"Writing with the kit map {kits[1]}."
        )
    for path, item in zip(paths, excerpts, strict=True):
        if item.windows > 1:
            note(
                f"{path} has {item.windows} windows: using number {item.window} "
                "(--window K for another)."
            )
    return excerpts


# Work ---------------------------------------------------------------------------


def _load(
    files: ModelFiles,
    runtime: Literal["numpy", "keras"],
    *,
    backend: str | None,
    device: str | None,
    **options: Any,
) -> TrainedModel:
    if runtime == "keras":
        from groovekit.cli.start import start_keras

        start_keras(backend, device)
    from groovekit.generation import TrainedModel

    return TrainedModel.load(files, runtime=runtime, **options)


def _generate(
    model: TrainedModel,
    mode: str,
    excerpts: list[Excerpt],
    count: int,
    **options: Any,
) -> list[NoteSequence]:
    with Progress(None, "Generating", unit="windows") as progress:

        def update(done: int, total: int) -> None:
            progress.total = total
            progress.update(done)

        model.progress = update
        if mode == SAMPLE:
            return model.sample(count, controls=excerpts or None, **options)
        if mode == INTERPOLATE:
            return model.interpolate(excerpts[0], excerpts[1], count, **options)
        return model.reconstruct(excerpts, count, **options)


def _write(
    sequences: list[NoteSequence], folder: Path, config: str, mode: str
) -> list[Path]:
    from groovekit.generation_files import output_names
    from groovekit.io.midi import write_midi

    stamp = time.strftime("%Y-%m-%d_%H%M%S")
    names = output_names(config, mode, stamp, len(sequences))
    written = []
    with Progress(len(sequences), "Writing", unit="files") as progress:
        for name, sequence in zip(names, sequences, strict=True):
            written.append(write_midi(sequence, folder / name))
            progress.advance()
            if not sequence.notes:
                progress.message(f"{written[-1]} is silent: it has no notes.")
    return written
