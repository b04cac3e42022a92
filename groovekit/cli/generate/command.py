"""``groovekit generate``: music from a trained model, as MIDI files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from groovekit.cli.generate.mode import (
    Inputs,
    Mode,
    Request,
    check_abilities,
    check_options,
    default_temperature,
    describe_modes,
    find_mode,
    mode_names,
)
from groovekit.cli.generate.options import SHARED
from groovekit.cli.generate.outputs import write
from groovekit.cli.options import (
    backend_option,
    device_option,
    drum_track_option,
    json_option,
    kit_option,
    model_options,
    obsolete_options,
    option,
    precision_option,
    seed_option,
)
from groovekit.cli.output import echo_json, note, told_remarks
from groovekit.cli.progress import Progress
from groovekit.cli.spelling import hyphens
from groovekit.cli.start import use_any_backend, use_backend
from groovekit.cli.types import CONFIG, FOLDER, FiniteRange, PathOf
from groovekit.errors import RunFolderError, UsageError
from groovekit.plugins import catalogue

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from groovekit.configs.presets import ModelFiles
    from groovekit.converters.base import Converter
    from groovekit.converters.grid.selection import Instruments
    from groovekit.generation.player import Player
    from groovekit.io.midi.document import MidiDocument
    from groovekit.io.notes import NoteSequence

_DEFAULT_MODE = "sample"
#: Where a context's ``meta`` keeps the options that a plug-in's mode brings.
_OPTIONS = "groovekit.generate.options"

_MIDI = PathOf("file", as_text=True)


class _ModeName(click.ParamType):  # type: ignore[type-arg]  # click 8.2 has no type
    """A mode's name; those of plug-ins are looked up when they are needed.

    Unlike :class:`click.Choice`, it shows names as they are registered: the group
    makes hyphens of underscores.
    """

    name = "mode"

    @property
    def choices(self) -> list[str]:
        """All of them."""
        return mode_names()

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The mode that is called so, with hyphens or underscores."""
        if value in catalogue.modes.own_names():
            return str(value)
        found = _mode_called(value)
        if found is None:
            names = ", ".join(map(repr, self.choices))
            self.fail(f"{value!r} is not one of {names}.", param, ctx)
        return str(found)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """All of them, for the help."""
        del param, ctx
        return f"[{'|'.join(self.choices)}]"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """All that begin so."""
        return click.Choice(self.choices).shell_complete(ctx, param, incomplete)


def _mode_called(name: str) -> str | None:
    by_spelling = {hyphens(known): known for known in mode_names()}
    return by_spelling.get(hyphens(name))


class _Generate(click.Command):
    """The command, with the options of the mode that is chosen.

    Those that a mode brings itself take the places of shared ones of the same name.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_OPTIONS] = self._own_options(args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        own = dict(ctx.meta.get(_OPTIONS, ()))
        params = [own.pop(param.name, param) for param in super().get_params(ctx)]
        *others, help_option = params
        return [*others, *own.values(), help_option]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = describe_modes()
        width = max(len(name) for name, _ in rows)
        lines = "\n".join(f"{name:{width}}  {text}" for name, text in rows)
        self.epilog = (
            "\b\nModes, and the preset that each plays when no model is named:\n"
            + lines
        )
        super().format_epilog(ctx, formatter)

    def _own_options(self, args: list[str]) -> dict[str | None, click.Parameter]:
        """Those that the mode brings and the command has not, by their names."""
        named = _named_mode(args)
        name = None if named is None else _mode_called(named)
        if name is None:
            return {}
        shared = {option.name for option in SHARED}
        taken = {param.name for param in self.params} - shared
        return {
            option.name: option
            for option in find_mode(name).options
            if option not in self.params and option.name not in taken
        }


def _named_mode(args: list[str]) -> str | None:
    """The mode that a command line names, before it is parsed."""
    found = None
    for arg, following in itertools.zip_longest(args, args[1:]):
        if arg == "--":
            break
        if arg == "--mode":
            found = following
        elif arg.startswith("--mode="):
            found = arg.partition("=")[2]
    return found


@click.command("generate", cls=_Generate)
@click.option(
    "--mode",
    "name",
    type=_ModeName(),
    default=_DEFAULT_MODE,
    help="What to make, see below.",
)
@click.option(
    "--config",
    type=CONFIG,
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
    type=FOLDER,
    default="generated",
    help="Folder for the MIDI files.",
)
@click.option(
    "--temperature",
    metavar="T",
    type=FiniteRange(min=0),
    default=None,
    show_default="0.5; 1 with models that fill",
    help="Randomness of the decoder (to humanize and groove, of the latent vector); "
    "with models that fill, of hits, velocities and timing: 1 as learnt, 0 the most "
    "probable.",
)
@seed_option
@click.option(
    "--input",
    "inputs",
    type=_MIDI,
    multiple=True,
    help="MIDI file; repeat the option for each. Two or four to interpolate, two "
    "for a groove (the hits, the feel), one with the hits to sample from a model "
    "that plays given hits.",
)
@click.option("--input-midi-1", type=_MIDI, default=None, help="The first input.")
@click.option("--input-midi-2", type=_MIDI, default=None, help="The second input.")
@kit_option(
    "--kit",
    "Kit map to read inputs with.",
    shown="the model's, or the one that knows most of the notes",
)
@kit_option(
    "--output-kit",
    "Kit map to write outputs with.",
    shown="general_midi, unless the config says otherwise",
)
@drum_track_option
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
@option(
    "--wav",
    "audio",
    aliases=("--audio",),
    is_flag=True,
    help="Play each file into a WAV file beside it.",
)
@backend_option
@device_option
@precision_option
@json_option
@obsolete_options("--log")
def command(
    name: str,
    config: str | None,
    num_outputs: int | None,
    run_dir: str | None,
    preset: str | None,
    checkpoint: str | None,
    output_dir: Path,
    temperature: float | None,
    seed: int | None,
    inputs: tuple[str, ...],
    input_midi_1: str | None,
    input_midi_2: str | None,
    bpm: float | None,
    kit: str | None,
    output_kit: str | None,
    drum_track: str | None,
    max_batch_size: int,
    plot: str | None,
    audio: bool,
    backend: str | None,
    device: str | None,
    precision: str,
    as_json: bool,
    **options: Any,
) -> None:
    """Make MIDI files with a trained model.

    What is made of inputs starts from the posterior mean and is played at the
    --temperature; models that fill know the input itself. To humanize, drumify, add,
    fill, groove and continue, performances may have any length and changes of tempo;
    what is not touched stays as it is. The same --seed gives the same music. The model
    comes from one of --run-dir, --preset and --checkpoint; existing files stay (a
    number is added to the name).
    """
    context = click.get_current_context()
    given = [
        name
        for name in context.params
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]
    mode = find_mode(name)
    check_options(mode, given)
    own = {key: value for key, value in options.items() if key in mode.option_names}
    if mode.check is not None:
        mode.check(own)
    paths = _paths(inputs, input_midi_1, input_midi_2)
    mode.arity.check(len(paths), mode=name)
    count = mode.output_count(num_outputs, len(paths))
    from groovekit.converters.options import with_options
    from groovekit.io.files import output_folder
    from groovekit.io.tempo import tempo_of
    from groovekit.models.family import family_of
    from groovekit.models.runtimes.choice import choose
    from groovekit.seeding import draw_seed

    if plot is not None:
        from groovekit.io.pictures import check_matplotlib

        check_matplotlib()
    given_keras = bool(backend or device == "gpu" or precision != "float32")
    asked_for_keras = given_keras or bool(os.environ.get("KERAS_BACKEND"))
    # Before anything that a plug-in might import Keras with.
    if asked_for_keras:
        use_backend(backend, device, "what was asked for")
    else:
        use_any_backend(device)
    files = _find(
        mode, run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )
    check_abilities(mode, files.config)
    if not family_of(files.config).plays_with_keras:
        if given_keras:
            raise UsageError(
                f"{files.config.name} is computed by NumPy in float32: leave "
                "--backend, --device gpu and --precision out."
            )
        # What the environment says is meant for other models.
        asked_for_keras = False
    if temperature is None:
        temperature = default_temperature(mode, files.config)
    instruments: Instruments | None = "drums" if drum_track is not None else None
    drawn, seed = seed is None, draw_seed() if seed is None else seed
    request = Request(
        files=files,
        converter=with_options(
            files.config.converter,
            kit=kit,
            output_kit=output_kit,
            instruments=instruments,
        ),
        paths=paths,
        drum_track=drum_track,
        count=count,
        outputs=count * len(paths) if mode.arity.each else count,
        options=own,
        temperature=temperature,
        bpm=bpm,
        translate=output_kit is not None,
        seed=seed,
    )
    read = mode.read(request)
    output_dir = output_dir.expanduser()
    with output_folder(output_dir):
        note(
            f"{files.config.name} ({files.kind} {files.source}), seed {seed}"
            + (" (drawn)." if drawn else ".")
        )
        runtime: Literal["numpy", "keras"] = "keras"
        if not asked_for_keras:
            runtime = choose(files.config, read.windows, steps=read.steps)
        model = _load(
            files,
            runtime,
            backend=backend,
            device=device,
            kit=kit,
            output_kit=output_kit,
            instruments=instruments,
            precision=precision,
            max_batch_size=max_batch_size,
        )
        with Progress(None, "Generating", unit="windows") as progress:
            model.progress = progress.follow
            sequences = mode.make(model, read, request)
        rows = write(
            sequences,
            output_dir,
            files.config.name,
            name,
            documents=_documents(mode, read, len(sequences)),
            plot=plot,
            audio=audio,
        )
    if not as_json:
        for row in rows:
            for path in row.values():
                click.echo(path)
        return
    sources: list[list[str]] = [list(paths)] * len(rows)
    if mode.arity.each:
        sources = [[path] for path in paths for _ in range(count)]
    echo_json(
        {
            "mode": name,
            "config": files.config.name,
            "model": {"kind": files.kind, "source": files.source},
            "runtime": runtime,
            "seed": seed,
            "temperature": temperature,
            "window": read.window,
            "chords": options["chords"],
            **_kits(request.converter),
            "remarks": told_remarks(),
            "read": [_read_as(request, music) for music in read.sequences],
            "options": {
                key: value
                for key, value in {"bpm": bpm, **own}.items()
                if key not in ("window", "chords")
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


def _paths(
    inputs: tuple[str, ...], first: str | None, second: str | None
) -> tuple[str, ...]:
    """The inputs, however they are given.

    Raises:
      UsageError: they are given in both ways.
    """
    if inputs and (first or second):
        raise UsageError(
            "Give inputs either with --input or with --input-midi-1 and "
            "--input-midi-2, not both."
        )
    if second and not first:
        raise UsageError("--input-midi-2 goes with --input-midi-1.")
    return inputs or tuple(path for path in (first, second) if path)


def _find(
    mode: Mode[Any],
    *,
    run_dir: str | None,
    preset: str | None,
    checkpoint: str | None,
    config: str | None,
) -> ModelFiles:
    """The model that was named, or the mode's preset."""
    from groovekit.configs.presets import find_model

    own = mode.preset
    if (
        not any((run_dir, preset, checkpoint, config))
        and own != find_mode(_DEFAULT_MODE).preset
    ):
        if own not in catalogue.presets.names():
            raise RunFolderError(
                f"--mode {mode.name} plays with the preset {own}, which is not "
                "installed. Name another model: --preset NAME (groovekit presets "
                "list), or --run-dir DIR of a training of your own (groovekit train "
                f"--config {own} ...)."
            )
        preset = own
    return find_model(
        run_dir=run_dir, preset=preset, checkpoint=checkpoint, config=config
    )


def _load(
    files: ModelFiles,
    runtime: Literal["numpy", "keras"],
    *,
    backend: str | None,
    device: str | None,
    **options: Any,
) -> Player:
    if runtime == "keras":
        from groovekit.cli.start import start_keras

        start_keras(backend, device, f"the model {files.config.name}")
    from groovekit.generation.players import load_player

    return load_player(files, runtime=runtime, **options)


def _documents(
    mode: Mode[Any], read: Inputs, outputs: int
) -> Sequence[MidiDocument] | None:
    """The files that outputs are written into; None where they are new."""
    if not mode.edits or not read.documents:
        return None
    documents = read.documents if mode.arity.each else read.documents[:1]
    each = outputs // len(documents)
    return [document for document in documents for _ in range(each)]


def _kits(converter: Converter) -> dict[str, str | None]:
    """What its kit maps are called; none where it has none."""
    from groovekit.converters.options import WithKits

    if not isinstance(converter, WithKits):
        return {"kit": None, "output_kit": None}
    return {"kit": str(converter.kit), "output_kit": str(converter.output_kit)}


def _read_as(request: Request, sequence: NoteSequence) -> dict[str, Any]:
    """What is read of an input as drums, and how."""
    from groovekit.converters.options import kit_reading
    from groovekit.io.drum_tracks import drum_tracks

    found = kit_reading(request.converter, sequence)
    tracks = drum_tracks(sequence, by_hand=request.drum_track is not None).tracks
    return {
        "input": sequence.filename,
        "tracks": [track.to_dict() for track in tracks],
        "kit": None if found is None else str(found.kit),
        "unmapped": found.unknown if found else {},
    }


# Those that only some modes have, between the inputs and the kits.
_place = [param.name for param in command.params].index("kit")
command.params[_place:_place] = SHARED
