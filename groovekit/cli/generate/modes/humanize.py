"""The hits of an input, played as a drummer would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Takes, read_takes
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import PLAYED, check_played

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.humanize import humanize

    options = request.options
    return [
        piece
        for sequence in inputs.sequences
        for piece in humanize(
            player,
            sequence,
            request.count,
            amount=options["amount"],
            timing=not options["velocity_only"],
            velocity=not options["timing_only"],
            swing=options["swing"],
            translate=request.translate,
            **request.playing,
        )
    ]


MODE = Mode(
    name="humanize",
    help="the hits of an input, played as a drummer would",
    preset="groovae_2bar_humanize",
    arity=EACH,
    read=read_takes,
    make=_make,
    options=PLAYED,
    check=check_played,
)
