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
    default=None,
    show_default="the fullest",
    help="Which window of an input to use, in modes that take one.",
)
FROM_BAR = _option(
    "--from-bar",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default=False,
    help="The bar that the window begins with, instead of --window.",
)
BARS = _option(
    "--bars",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="as trained",
    help="Length of the outputs; to continue, what is added; to fill, the bars to play "
    "anew, such as 5-6.",
)
#: Instead of :data:`BARS`, where bars of the input are meant.
WHICH_BARS = _option(
    "--bars",
    metavar="A-B",
    default=None,
    show_default=False,
    help="Which bars to play anew: 5-6, or 4,8; counted from 1.",
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
    "of the grooves that it was fitted to; groovekit attributes list says in plain "
    "words what there is. Repeat the option for each.",
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
DRUMS = _option(
    "--drums",
    metavar="NAMES",
    default=None,
    show_default="to add, closed_hihat or what the model has learnt; to fill, all",
    help="add, fill: which drums, such as snare,toms: kick, snare, closed_hihat, "
    "open_hihat, low_tom, mid_tom, high_tom, crash, ride, or toms, hats, cymbals.",
)
LEVEL = _option(
    "--level",
    metavar="V",
    type=float,
    default=None,
    show_default=False,
    help="Models that fill: mean velocity, 1 to 127.",
)
PUSH = _option(
    "--push",
    metavar="MS",
    default=None,
    show_default=False,
    help="Models that fill: how far ahead of the beat, in milliseconds or steps: 5, "
    "-12ms (minus lays back), 0.1steps.",
)
RANGE = _option(
    "--range",
    metavar="V",
    type=float,
    default=None,
    show_default=False,
    help="Models that fill: how much velocities differ, their standard deviation.",
)
LOOSENESS = _option(
    "--looseness",
    metavar="MS",
    default=None,
    show_default=False,
    help="Models that fill: how much the timing differs, its standard deviation in "
    "milliseconds or steps.",
)
STYLE = _option(
    "--style",
    metavar="NAME",
    default=None,
    show_default=False,
    help="Models that fill: in which style, such as funk, jazz, latin or rock.",
)
LIKE = _option(
    "--like",
    metavar="FILE[:A-B]",
    default=None,
    show_default=False,
    help="Models that fill: to play like another file, or like some bars of it "
    "(song.mid:5-8); to humanize and to add, like other bars of the input (1-2), which "
    "stay as they are; to groove, like these bars of the second input.",
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
    *(WINDOW, FROM_BAR, BARS, CHORDS, BPM, DISTANCE, ATTRIBUTE, AMOUNT, TIMING_ONLY),
    *(VELOCITY_ONLY, KEEP_ONSETS, DRUMS, LEVEL, PUSH, RANGE, LOOSENESS, STYLE, LIKE),
    SWING,
)

#: Of modes that play one window from its latent vector.
CODED = (WINDOW, FROM_BAR, BARS, SWING)
#: Of modes that play the hits of a performance.
PLAYED = (AMOUNT, TIMING_ONLY, VELOCITY_ONLY, SWING)
#: Of modes that models play which fill: how it is to sound.
MANNER = (LEVEL, PUSH, RANGE, LOOSENESS, STYLE, LIKE)


def check_played(options: Mapping[str, Any]) -> None:
    """Raises a UsageError where :data:`PLAYED` options exclude each other."""
    if options["timing_only"] and options["velocity_only"]:
        raise UsageError("Give --timing-only or --velocity-only, not both.")
