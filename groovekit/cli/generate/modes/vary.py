"""Neighbours of an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Excerpts, read_excerpts
from groovekit.cli.generate.mode import Arity, Mode, Request
from groovekit.cli.generate.options import CODED, DISTANCE

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _make(player: Player, inputs: Excerpts, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.editing import finish
    from groovekit.generation.tasks.vary import vary

    made = vary(
        player,
        inputs.excerpts[0],
        request.count,
        distance=request.options["distance"],
        bars=request.options["bars"],
        **request.playing,
    )
    return [finish(piece, swing=request.options["swing"]) for piece in made]


MODE = Mode(
    name="vary",
    help="neighbours of an input at a --distance",
    preset="par-groove_4bar",
    arity=Arity("one input", 1, 1),
    read=read_excerpts,
    make=_make,
    outputs=5,
    options=(*CODED, DISTANCE),
)
