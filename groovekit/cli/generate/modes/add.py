"""An input with more instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import Takes, play_takes, read_takes
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import DRUMS, MANNER

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _read(request: Request) -> Takes:
    from groovekit.generation.tasks.add import check_add

    if not request.fills:
        check_add(request.converter, request.files.config.name)
    return read_takes(request)


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.add import add

    return play_takes(
        add,
        player,
        inputs,
        request,
        drums=request.options["drums"],
        translate=request.translate,
    )


MODE = Mode(
    name="add",
    help="an input with more instruments, --drums",
    preset="mask-groove",
    arity=EACH,
    read=_read,
    make=_make,
    options=(DRUMS, *MANNER),
    edits=True,
    needs=frozenset({"encode", "fill"}),
)
