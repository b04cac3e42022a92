"""From one input to another, or the surface between four."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Excerpts, read_excerpts
from groovekit.cli.generate.mode import Arity, Mode, Request
from groovekit.cli.generate.options import CHORDS, CODED
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence

_CORNERS = 4


def _count(asked: int | None, inputs: int) -> int:
    if inputs == _CORNERS:
        outputs = 9 if asked is None else asked
        side = math.isqrt(outputs)
        if side < 2 or side * side != outputs:
            raise UsageError(
                "A grid between four inputs has a square number of outputs (4, 9, 16, "
                f"...), got --num-outputs {outputs}."
            )
        return outputs
    if asked == 1:
        raise UsageError(
            "--mode interpolate makes at least 2 outputs, its ends; got "
            "--num-outputs 1."
        )
    return 5 if asked is None else asked


def _make(player: Player, inputs: Excerpts, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.editing import finish
    from groovekit.generation.tasks.grid import grid
    from groovekit.generation.tasks.interpolate import interpolate

    options, excerpts = request.options, list(inputs.excerpts)
    if len(excerpts) == _CORNERS:
        side = math.isqrt(request.count)
        made = grid(
            player,
            excerpts,
            side,
            side,
            bars=options["bars"],
            **request.playing,
        )
    else:
        start, end = excerpts
        made = interpolate(
            player,
            start,
            end,
            request.count,
            bars=options["bars"],
            chords=options["chords"],
            **request.playing,
        )
    return [finish(piece, swing=options["swing"]) for piece in made]


MODE = Mode(
    name="interpolate",
    help="the way from one input to another, or the surface between four",
    preset="par-groove_4bar",
    arity=Arity(
        "two inputs",
        2,
        _CORNERS,
        step=2,
        advice=": --input A --input B; or four, the corners of a grid.",
    ),
    read=read_excerpts,
    make=_make,
    count=_count,
    options=(*CODED, CHORDS),
)
