"""New music."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Excerpts, read_excerpts
from groovekit.cli.generate.mode import Arity, Mode, Request
from groovekit.cli.generate.options import CHORDS, CODED
from groovekit.cli.output import note
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _read(request: Request) -> Excerpts:
    from groovekit.generation.controls import needs_controls

    converter, config = request.converter, request.files.config.name
    over_chords, chords = converter.takes_chords, request.options["chords"]
    needed = (
        converter.control_depth > 0
        and converter.default_controls(1, converter.steps) is None
        and chords is None
    )
    if needed and not request.paths:
        raise UsageError(needs_controls(converter, config))
    if over_chords and chords is None:
        note('No --chords given (e.g. --chords "C Am F G"): playing over no chord.')
    if request.paths and (over_chords or not needed):
        raise UsageError(
            f"A model of the config {config} samples without an input. Leave --input "
            "out, or use --mode reconstruct."
        )
    return read_excerpts(request)


def _make(player: Player, inputs: Excerpts, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.editing import finish
    from groovekit.generation.tasks.sample_long import sample_long
    from groovekit.io.tempo import DEFAULT_QPM

    options = request.options
    bars, chords = options["bars"], options["chords"]
    if _has_sections(player, bars, chords):
        made = sample_long(
            player,
            request.count,
            bars=bars,
            qpm=DEFAULT_QPM if request.bpm is None else request.bpm,
            temperature=request.temperature,
            seed=request.seed,
        )
    else:
        made = player.sample(
            request.count,
            bars=bars,
            controls=inputs.excerpts or None,
            chords=chords,
            **request.playing,
        )
    return [finish(piece, swing=options["swing"]) for piece in made]


def _has_sections(player: Player, bars: int | None, chords: str | None) -> bool:
    """Whether a sample is so long that sections of it follow each other."""
    from groovekit.converters.grid_converter import GridConverter

    converter = player.converter
    return (
        bars is not None
        and chords is None
        and not converter.tiles
        and not converter.control_depth
        and isinstance(converter, GridConverter)
        and bars > converter.bars
    )


MODE = Mode(
    name="sample",
    help="new music",
    preset="par-groove_4bar",
    arity=Arity(
        "no input (or one with the hits to play)",
        0,
        1,
        advice=". Did you mean --mode interpolate or reconstruct?",
    ),
    read=_read,
    make=_make,
    outputs=5,
    options=(*CODED, CHORDS),
    needs=frozenset({"sample"}),
)
