"""The hits of one input with the feel of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Takes, read_takes
from groovekit.cli.generate.mode import Arity, Mode, Request
from groovekit.cli.generate.options import MANNER, PLAYED, check_played

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.groove import groove

    options = request.options
    hits, feel = inputs.sequences
    return groove(
        player,
        hits,
        feel,
        request.count,
        amount=options["amount"],
        timing=not options["velocity_only"],
        velocity=not options["timing_only"],
        swing=options["swing"],
        translate=request.translate,
        **request.playing,
        **inputs.manner,
    )


MODE = Mode(
    name="groove",
    help="the hits of the first input with the feel of the second",
    preset="mask-groove",
    arity=Arity("two inputs (the hits, the feel)", 2, 2),
    read=read_takes,
    make=_make,
    options=(*PLAYED, *MANNER),
    check=check_played,
    edits=True,
    needs=frozenset({"encode", "fill"}),
)
