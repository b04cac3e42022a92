"""``groovekit generate``: music from a trained model, as MIDI files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from groovekit.cli.generate import modes
from groovekit.cli.generate.inputs import Inputs, read_inputs
from groovekit.cli.generate.outputs import check_renderings, make, write
from groovekit.cli.options import (
    FiniteRange,
    backend_option,
    device_option,
    json_option,
    model_options,
    obsolete_options,
    precision_option,
    seed_option,
)
from groovekit.cli.output import echo_json, note
from groovekit.cli.start import use_any_backend, use_backend
from groovekit.errors import RunFolderError

if TYPE_CHECKING:
    from groovekit.configs.presets import ModelFiles
    from groovekit.converters.base import Converter
    from groovekit.generation.attributes import Directions
    from groovekit.generation.trained_model import TrainedModel

_EPILOG = f"""\b
Modes, and the preset that each plays when no model is named:
{modes.describe_modes()}
"""


@click.command("generate", epilog=_EPILOG)
@click.option(
    "--mode",
    type=click.Choice(list(modes.MODES)),
    default=modes.SAMPLE,
    help="What to make, see below.",
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
    show_default="5, or 9 for a grid; 1 where each input has its own outputs",
    help="Files to make, the ends of an interpolation included; for each input "
    "where a mode takes any number of them.",
)
@model_options(preset="that of the mode, see below")
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
    type=FiniteRange(min=0),
    default=0.5,
    help="Randomness of the decoder (to humanize and groove, of the code): 1 as "
    "learnt, 0 the most probable.",
)
@seed_option
@click.option(
    "--input",
    "inputs",
    metavar="FILE",
    multiple=True,
    help="MIDI file; repeat the option for each. Two or four to interpolate, two "
    "for a groove (the hits, the feel), one with the hits to sample from a model "
    "that plays given hits.",
)
@click.option("--input-midi-1", metavar="FILE", default=None, help="The first input.")
@click.option("--input-midi-2", metavar="FILE", default=None, help="The second input.")
@click.option(
    "--window",
    metavar="K",
    type=click.IntRange(min=1),
    default=1,
    help="Which window of an input to use, in modes that take one.",
)
@click.option(
    "--bars",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="as trained",
    help="Length of the outputs; to continue, what is added.",
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
    type=FiniteRange(4, 1000),
    default=None,
    show_default="that of the input, else 120",
    help="Tempo of the outputs in quarter notes a minute; later changes of a whole "
    "performance keep their proportion.",
)
@click.option(
    "--distance",
    metavar="D",
    type=FiniteRange(min=0),
    default=1.0,
    help="vary: how far, in posterior standard deviations.",
)
@click.option(
    "--attribute",
    metavar="NAME=X",
    multiple=True,
    help="attribute: how much more (+1.5) or less (-1) of it, in standard deviations "
    "of the grooves that it was fitted to. Repeat the option for each.",
)
@click.option(
    "--amount",
    metavar="A",
    type=FiniteRange(0, 1),
    default=1.0,
    help="humanize, groove, attribute: how far to go from the input.",
)
@click.option(
    "--timing-only", is_flag=True, help="humanize, groove: leave velocities alone."
)
@click.option(
    "--velocity-only", is_flag=True, help="humanize, groove: leave the timing alone."
)
@click.option(
    "--keep-onsets",
    is_flag=True,
    help="drumify: the kit plays at the taps and nowhere else.",
)
@click.option(
    "--swing",
    metavar="S",
    type=FiniteRange(0, 1),
    default=0.0,
    help="Off-beat eighths of the drums later: 1 makes triplets.",
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
@click.option(
    "--plot",
    metavar="png|svg",
    is_flag=False,
    flag_value="png",
    type=click.Choice(["png", "svg"]),
    default=None,
    help="Draw a piano roll beside each file.",
)
@click.option("--audio", is_flag=True, help="Play each file into a WAV beside it.")
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
    plot: str | None,
    audio: bool,
    backend: str | None,
    device: str | None,
    precision: str,
    as_json: bool,
    **special: Any,
) -> None:
    """Make MIDI files with a trained model.

    What is made of inputs starts from the posterior mean and is played at the
    --temperature. To humanize, drumify, add and groove, performances may have any
    length and changes of tempo; what is not touched stays as it is. The same --seed
    gives the same music. The model comes from one of --run-dir, --preset and
    --checkpoint; existing files stay (a number is added to the name).
    """
    context = click.get_current_context()
    given = [
        name
        for name in context.params
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    modes.check_options(mode, given)
    paths = modes.input_paths(mode, inputs, input_midi_1, input_midi_2)
    count = modes.output_count(mode, num_outputs, len(paths))
    strengths = modes.attributes_of(special["attribute"])
    from groovekit.converters.harmony.chords import parse_chords
    from groovekit.converters.options import with_options
    from groovekit.io.files import output_folder
    from groovekit.io.tempo import tempo_of
    from groovekit.seeding import draw_seed

    check_renderings(plot=plot, audio=audio)
    asked_for_keras = bool(
        backend
        or os.environ.get("KERAS_BACKEND")
        or device == "gpu"
        or precision != "float32"
    )
    # Before anything that a plug-in might import Keras with.
    if asked_for_keras:
        use_backend(backend, device, "what was asked for")
    else:
        use_any_backend(device)
    files = _find(
        mode, run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )
    directions = _directions(files, strengths) if mode == modes.ATTRIBUTE else None
    # For their checks alone: inputs are read as long as the model was trained on.
    asked = files.config.converter
    if not asked.tiles and mode != modes.CONTINUE:
        asked = with_options(asked, bars=bars)
    figures = parse_chords(chords) if chords is not None else ()
    if figures:
        asked.chord_controls(figures)
    converter = with_options(files.config.converter, kit=kit, output_kit=output_kit)
    read = read_inputs(
        mode,
        converter,
        paths,
        config=files.config.name,
        window=window,
        chords=chords,
        translate=output_kit is not None,
    )
    output_dir = output_dir.expanduser()
    drawn, seed = seed is None, draw_seed() if seed is None else seed
    with output_folder(output_dir):
        note(
            f"{files.config.name} ({files.kind} {files.source}), seed {seed}"
            + (" (drawn)." if drawn else ".")
        )
        runtime: Literal["numpy", "keras"] = "keras"
        if not asked_for_keras:
            runtime = _choose(
                files, asked, mode, read, count, bars=bars, figures=len(figures)
            )
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
        sequences = make(
            model,
            mode,
            read,
            count,
            temperature=temperature,
            bars=bars,
            chords=chords,
            bpm=bpm,
            translate=output_kit is not None,
            seed=seed,
            directions=directions,
            **special,
        )
        rows = write(
            sequences, output_dir, files.config.name, mode, plot=plot, audio=audio
        )
    if not as_json:
        for row in rows:
            for path in row.values():
                click.echo(path)
        return
    sources: list[list[str]] = [list(paths)] * len(rows)
    if modes.MODES[mode].each:
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
            "options": {
                name: value
                for name, value in {"bars": bars, "bpm": bpm, **special}.items()
                if name == "bpm" or name in modes.MODES[mode].options
            },
            "notes": sum(counts.notes for counts in read.counts),
            "unmapped": sum(counts.unmapped for counts in read.counts),
            "files": [
                {
                    **row,
                    "inputs": used,
                    "qpm": round(tempo_of(sequence), 4),
                    "notes": len(sequence.notes),
                    "seconds": round(sequence.total_time, 4),
                }
                for row, sequence, used in zip(rows, sequences, sources, strict=True)
            ],
        }
    )


# Work ---------------------------------------------------------------------------


def _find(
    mode: str,
    *,
    run_dir: str | None,
    preset: str | None,
    checkpoint: str | None,
    config: str | None,
) -> ModelFiles:
    """The model that was named, or the mode's preset."""
    from groovekit.configs.presets import find_model
    from groovekit.plugins import catalogue

    own = modes.MODES[mode].preset
    if (
        not any((run_dir, preset, checkpoint, config))
        and own != modes.MODES[modes.SAMPLE].preset
    ):
        if own not in catalogue.presets.names():
            raise RunFolderError(
                f"--mode {mode} plays with the preset {own}, which is not installed. "
                "Name another model: --preset NAME (groovekit presets list), or "
                "--run-dir DIR of a training of your own (groovekit train --config "
                f"{own} ...)."
            )
        preset = own
    return find_model(
        run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )


def _directions(files: ModelFiles, strengths: dict[str, float]) -> Directions:
    """A model's attributes, whose errors come before it is loaded."""
    from groovekit.generation.attributes import load_directions

    directions = load_directions(files.folder)
    directions.shift(strengths, z_size=files.config.latent.z_size)
    return directions


def _choose(
    files: ModelFiles,
    converter: Converter,
    mode: str,
    read: Inputs,
    count: int,
    *,
    bars: int | None,
    figures: int,
) -> Literal["numpy", "keras"]:
    """What should compute, by how many windows there are."""
    from groovekit.models.runtimes.choice import choose

    windows = count
    if modes.MODES[mode].each or mode == modes.GROOVE:
        windows *= read.windows
    if mode == modes.CONTINUE:
        own = files.config.converter.window_bars
        windows += count * len(read.paths) * -(-(bars or own) // own)
    elif converter.tiles:
        windows *= bars or max(1, figures)
    return choose(files.config, windows, steps=converter.steps)


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

        start_keras(backend, device, f"the model {files.config.name}")
    from groovekit.generation.trained_model import TrainedModel

    return TrainedModel.load(files, runtime=runtime, **options)
