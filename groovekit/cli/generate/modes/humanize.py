"""The hits of an input, played as a drummer would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Takes, read_takes, tell_own
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import MANNER, PLAYED, check_played

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.humanize import humanize

    options = request.options
    timing, velocity = not options["velocity_only"], not options["timing_only"]
    made: list[NoteSequence] = []
    for sequence in inputs.sequences:
        tell_own(player, sequence, inputs.manner, timing=timing, velocity=velocity)
        made += humanize(
            player,
            sequence,
            request.count,
            amount=options["amount"],
            timing=timing,
            velocity=velocity,
            swing=options["swing"],
            translate=request.translate,
            **request.playing,
            **inputs.manner,
        )
    return made


MODE = Mode(
    name="humanize",
    help="the hits of an input, played as a drummer would",
    preset="mask-groove",
    arity=EACH,
    read=read_takes,
    make=_make,
    options=(*PLAYED, *MANNER),
    check=check_played,
    edits=True,
    needs=frozenset({"encode", "fill"}),
)
