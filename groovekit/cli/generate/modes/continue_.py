"""An input, and what might come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from groovekit.cli.generate.inputs import (
    Takes,
    read_document,
    read_manner,
    read_takes,
    tell_kits,
)
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import BARS, MANNER

if TYPE_CHECKING:
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


def _read(request: Request) -> Takes:
    from groovekit.generation.tasks.continue_ import read_ending

    converter = request.converter
    if request.fills:
        return read_takes(request)
    documents = [read_document(path, request.drum_track) for path in request.paths]
    sequences = [document.sequence for document in documents]
    endings = [read_ending(sequence, converter) for sequence in sequences]
    counts = [ending.counts for ending in endings]
    tell_kits(converter, counts, sequences)
    own = converter.window_bars
    sections = -(-(request.options["bars"] or own) // own)
    windows = request.count * sum(len(ending.windows) for ending in endings)
    windows += request.outputs * sections
    manner = read_manner(request.options)
    return Takes(counts, windows, converter.steps, sequences, documents, manner=manner)


def _make(player: Player, inputs: Takes, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.continue_ import continue_
    from groovekit.generation.tasks.editing import finish

    return [
        finish(piece, qpm=request.bpm)
        for sequence in inputs.sequences
        for piece in continue_(
            player,
            sequence,
            request.count,
            bars=request.options["bars"],
            temperature=request.temperature,
            seed=request.seed,
            **inputs.manner,
        )
    ]


MODE = Mode(
    name="continue",
    help="an input, and what might come next",
    preset="mask-groove",
    arity=EACH,
    read=_read,
    make=_make,
    options=(BARS, *MANNER),
    edits=True,
    needs=frozenset({"encode", "fill"}),
)
