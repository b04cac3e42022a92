"""Drums for a tapped rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Takes, play_takes, read_takes
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import KEEP_ONSETS, MANNER, SWING

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _read(request: Request) -> Takes:
    from groovekit.generation.tasks.drumify import check_drumify

    if not request.fills:
        check_drumify(request.converter, request.files.config.name)
    return read_takes(request, taps=True, keeping=False)


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.drumify import drumify

    return play_takes(
        drumify,
        player,
        inputs,
        request,
        keep_onsets=request.options["keep_onsets"],
        swing=request.options["swing"],
    )


MODE = Mode(
    name="drumify",
    help="drums for a tapped rhythm",
    preset="mask-groove",
    arity=EACH,
    read=_read,
    make=_make,
    options=(KEEP_ONSETS, SWING, *MANNER),
    edits=True,
    needs=frozenset({"encode", "fill"}),
)
