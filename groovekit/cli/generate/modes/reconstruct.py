"""The model's own versions of the inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Excerpts, read_excerpts
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import CHORDS, CODED

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _make(player: Player, inputs: Excerpts, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.editing import finish
    from groovekit.generation.tasks.reconstruct import reconstruct

    made = reconstruct(
        player,
        inputs.excerpts,
        request.count,
        bars=request.options["bars"],
        chords=request.options["chords"],
        **request.playing,
    )
    return [finish(piece, swing=request.options["swing"]) for piece in made]


MODE = Mode(
    name="reconstruct",
    help="the model's versions of the inputs",
    preset="par-groove_4bar",
    arity=EACH,
    read=read_excerpts,
    make=_make,
    options=(*CODED, CHORDS),
)
