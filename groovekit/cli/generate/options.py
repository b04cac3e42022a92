"""Options of the modes of ``groovekit generate``, each of which has some of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from groovekit.cli.types import FiniteRange
from groovekit.errors import UsageError


def _option(name: str, **settings: Any) -> click.Option:
    return click.Option([name], **settings)


WINDOW = _option(
    "--window",
    metavar="K",
    type=click.IntRange(min=1),
    default=1,
    help="Which window of an input to use, in modes that take one.",
)
BARS = _option(
    "--bars",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="as trained",
    help="Length of the outputs; to continue, what is added.",
)
CHORDS = _option(
    "--chords",
    metavar="TEXT",
    default=None,
    show_default="those of the input, else none",
    help='Chords to play over, for models that take some: "C Am F G7".',
)
BPM = _option(
    "--bpm",
    metavar="Q",
    type=FiniteRange(4, 1000),
    default=None,
    show_default="that of the input, else 120",
    help="Tempo of the outputs in quarter notes a minute; later changes of a whole "
    "performance keep their proportion.",
)
DISTANCE = _option(
    "--distance",
    metavar="D",
    type=FiniteRange(min=0),
    default=1.0,
    help="vary: how far, in posterior standard deviations.",
)
ATTRIBUTE = _option(
    "--attribute",
    metavar="NAME=X",
    multiple=True,
    help="attribute: how much more (+1.5) or less (-1) of it, in standard deviations "
    "of the grooves that it was fitted to. Repeat the option for each.",
)
AMOUNT = _option(
    "--amount",
    metavar="A",
    type=FiniteRange(0, 1),
    default=1.0,
    help="humanize, groove, attribute: how far to go from the input.",
)
TIMING_ONLY = _option(
    "--timing-only", is_flag=True, help="humanize, groove: leave velocities alone."
)
VELOCITY_ONLY = _option(
    "--velocity-only", is_flag=True, help="humanize, groove: leave the timing alone."
)
KEEP_ONSETS = _option(
    "--keep-onsets",
    is_flag=True,
    help="drumify: the kit plays at the taps and nowhere else.",
)
SWING = _option(
    "--swing",
    metavar="S",
    type=FiniteRange(0, 1),
    default=0.0,
    help="Off-beat eighths of the drums later: 1 makes triplets.",
)

#: All of them in the order of the help. The tempo has an effect in every mode.
SHARED: tuple[click.Option, ...] = (
    *(WINDOW, BARS, CHORDS, BPM, DISTANCE, ATTRIBUTE, AMOUNT, TIMING_ONLY),
    *(VELOCITY_ONLY, KEEP_ONSETS, SWING),
)

#: Of modes that play one window from its latent vector.
CODED = (WINDOW, BARS, SWING)
#: Of modes that play the hits of a performance.
PLAYED = (AMOUNT, TIMING_ONLY, VELOCITY_ONLY, SWING)


def check_played(options: Mapping[str, Any]) -> None:
    """Raises a UsageError where :data:`PLAYED` options exclude each other."""
    if options["timing_only"] and options["velocity_only"]:
        raise UsageError("Give --timing-only or --velocity-only, not both.")
