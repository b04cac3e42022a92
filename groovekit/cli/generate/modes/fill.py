"""An input, some bars of which are played anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groovekit.cli.generate.inputs import Takes, play_takes, read_takes
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import DRUMS, MANNER, WHICH_BARS
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _check(options: Mapping[str, Any]) -> None:
    from groovekit.generation.bars import parse_bars

    if options["bars"] is None:
        raise UsageError("--mode fill takes the bars to play anew: --bars 5-6.")
    parse_bars(options["bars"])


def _read(request: Request) -> Takes:
    from groovekit.generation.takes import read_take
    from groovekit.generation.tasks.fill import free_cells

    read = read_takes(request)
    # For its errors, which come before a model is loaded.
    for sequence in read.sequences:
        take = read_take(sequence, request.converter)
        free_cells(take, request.options["bars"], request.options["drums"])
    return read


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.fill import fill_bars

    return play_takes(
        fill_bars,
        player,
        inputs,
        request,
        bars=request.options["bars"],
        drums=request.options["drums"],
    )


MODE = Mode(
    name="fill",
    help="an input with some --bars played anew, by all --drums or some",
    preset="mask-groove",
    arity=EACH,
    read=_read,
    make=_make,
    options=(WHICH_BARS, DRUMS, *MANNER),
    check=_check,
    edits=True,
    needs=frozenset({"fill"}),
)
