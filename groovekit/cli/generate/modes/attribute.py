"""Inputs with more or less of an attribute."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from groovekit.cli.generate.inputs import Excerpts, read_excerpts
from groovekit.cli.generate.mode import EACH, Mode, Request
from groovekit.cli.generate.options import AMOUNT, ATTRIBUTE, CODED
from groovekit.errors import UsageError

if TYPE_CHECKING:
    from groovekit.generation.attributes import Directions
    from groovekit.generation.player import Player
    from groovekit.io.notes import NoteSequence


@dataclasses.dataclass(frozen=True)
class _Shifted(Excerpts):
    """One window of each input, and where to move it."""

    directions: Directions | None = None


def _strengths(options: Mapping[str, Any]) -> dict[str, float]:
    """Strengths by name, out of ``name=value``.

    Raises:
      UsageError: none, another form, a strength that is not finite, or one attribute
        twice.
    """
    if not options["attribute"]:
        raise UsageError(
            "--mode attribute takes at least one attribute: --attribute density=+1.5."
        )
    strengths: dict[str, float] = {}
    for text in options["attribute"]:
        name, _, value = text.partition("=")
        try:
            strength = float(value)
        except ValueError:
            raise UsageError(
                f"--attribute takes a name and a number, such as density=+1.5; got "
                f"{text!r}."
            ) from None
        if not math.isfinite(strength):
            raise UsageError(
                f"--attribute {name.strip()} takes a finite strength, got {strength}."
            )
        if name.strip() in strengths:
            raise UsageError(f"--attribute {name.strip()} is given twice.")
        strengths[name.strip()] = strength
    return strengths


def _read(request: Request) -> _Shifted:
    from groovekit.generation.attributes import load_directions

    directions = load_directions(request.files.folder)
    # For its errors, which come before anything else is read.
    config: Any = request.files.config
    directions.shift(_strengths(request.options), z_size=config.latent.z_size)
    read = read_excerpts(request)
    return _Shifted(
        read.counts,
        read.windows,
        read.steps,
        read.sequences,
        excerpts=read.excerpts,
        directions=directions,
    )


def _make(player: Player, inputs: _Shifted, request: Request) -> list[NoteSequence]:
    from groovekit.generation.tasks.editing import finish
    from groovekit.generation.tasks.shift import shift

    options = request.options
    made = shift(
        player,
        [item for item in inputs.excerpts for _ in range(request.count)],
        _strengths(options),
        amount=options["amount"],
        directions=inputs.directions,
        bars=options["bars"],
        **request.playing,
    )
    return [finish(piece, swing=options["swing"]) for piece in made]


MODE = Mode(
    name="attribute",
    help="inputs with more or less of an --attribute",
    preset="par-groove_4bar",
    arity=EACH,
    read=_read,
    make=_make,
    options=(*CODED, ATTRIBUTE, AMOUNT),
    check=_strengths,
)
