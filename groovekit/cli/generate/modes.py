"""The modes of ``groovekit generate``: their presets, inputs and options."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable

from groovekit.errors import UsageError

SAMPLE, INTERPOLATE, RECONSTRUCT = "sample", "interpolate", "reconstruct"
VARY, CONTINUE, ATTRIBUTE = "vary", "continue", "attribute"
HUMANIZE, DRUMIFY, ADD, GROOVE = "humanize", "drumify", "add", "groove"

#: Modes that take whole performances instead of single windows.
TAKES = (HUMANIZE, DRUMIFY, ADD, GROOVE)
#: Of these, the ones whose outputs hold the notes of the input.
KEEPING = (HUMANIZE, ADD, GROOVE)
_FOUR_BARS = "groovae_4bar"
_HUMANIZE = "groovae_2bar_humanize"
_GRID = 4
_ENDS = (2, _GRID)


@dataclasses.dataclass(frozen=True)
class Mode:
    """One mode.

    Attributes:
      help: what it makes, in a few words.
      preset: played when nothing else is asked for.
      inputs: how many it takes, for messages.
      least: inputs at least.
      most: inputs at most; None for any number.
      outputs: of each input (of all, where it takes no or several at once).
      options: those that not every mode has, by the names of parameters.
    """

    help: str
    preset: str
    inputs: str
    least: int
    most: int | None
    outputs: int = 1
    options: frozenset[str] = frozenset()

    @property
    def each(self) -> bool:
        """Whether it makes something of each input by itself."""
        return self.least == 1 and self.most is None


def _options(*names: str) -> frozenset[str]:
    return frozenset(names)


_PLAYED = _options("amount", "timing_only", "velocity_only", "swing")
_CODED = _options("window", "bars", "swing")

MODES = {
    SAMPLE: Mode(
        "new music",
        _FOUR_BARS,
        "no input (or one with the hits to play)",
        0,
        1,
        5,
        _CODED | {"chords"},
    ),
    INTERPOLATE: Mode(
        "the way from one input to another, or the surface between four",
        _FOUR_BARS,
        "two inputs",
        2,
        _GRID,
        5,
        _CODED | {"chords"},
    ),
    RECONSTRUCT: Mode(
        "the model's versions of the inputs",
        _FOUR_BARS,
        "at least one input",
        1,
        None,
        options=_CODED | {"chords"},
    ),
    VARY: Mode(
        "neighbours of an input at a --distance",
        _FOUR_BARS,
        "one input",
        1,
        1,
        5,
        _CODED | {"distance"},
    ),
    CONTINUE: Mode(
        "an input, and what might come next",
        _FOUR_BARS,
        "at least one input",
        1,
        None,
        options=_options("bars"),
    ),
    HUMANIZE: Mode(
        "the hits of an input, played as a drummer would",
        _HUMANIZE,
        "at least one input",
        1,
        None,
        options=_PLAYED,
    ),
    DRUMIFY: Mode(
        "drums for a tapped rhythm",
        "groovae_2bar_tap_fixed_velocity",
        "at least one input",
        1,
        None,
        options=_options("keep_onsets", "swing"),
    ),
    ADD: Mode(
        "an input with the instruments that it lacks",
        "groovae_2bar_add_closed_hh",
        "at least one input",
        1,
        None,
    ),
    GROOVE: Mode(
        "the hits of the first input with the feel of the second",
        _HUMANIZE,
        "two inputs (the hits, the feel)",
        2,
        2,
        options=_PLAYED,
    ),
    ATTRIBUTE: Mode(
        "inputs with more or less of an --attribute",
        _FOUR_BARS,
        "at least one input",
        1,
        None,
        options=_CODED | {"attribute", "amount"},
    ),
}


def describe_modes() -> str:
    """The modes for the command's help, a line each."""
    width = max(map(len, MODES))
    return "\n".join(
        f"{name:{width}}  {mode.help} ({mode.preset})" for name, mode in MODES.items()
    )


def input_paths(
    name: str, inputs: tuple[str, ...], first: str | None, second: str | None
) -> tuple[str, ...]:
    """The inputs, however they are given, as many as the mode takes.

    Raises:
      UsageError: another number of them.
    """
    if inputs and (first or second):
        raise UsageError(
            "Give inputs either with --input or with --input-midi-1 and "
            "--input-midi-2, not both."
        )
    if second and not first:
        raise UsageError("--input-midi-2 goes with --input-midi-1.")
    paths = inputs or tuple(path for path in (first, second) if path)
    mode, count = MODES[name], len(paths)
    fits = mode.least <= count and (mode.most is None or count <= mode.most)
    if name == INTERPOLATE:
        fits = count in _ENDS
    if not fits:
        example = " ".join(f"--input {letter}" for letter in "AB"[: mode.least])
        advice = f": {example}."
        if name == INTERPOLATE:
            advice = f": {example}; or four, the corners of a grid."
        elif name == SAMPLE:
            advice = ". Did you mean --mode interpolate or reconstruct?"
        raise UsageError(f"--mode {name} takes {mode.inputs}, got {count}{advice}")
    return paths


def output_count(name: str, num_outputs: int | None, inputs: int) -> int:
    """How many outputs to make (of each input, where the mode takes each by itself).

    Raises:
      UsageError: a number that the mode cannot make.
    """
    if name == INTERPOLATE and inputs == _GRID:
        side = grid_side(9 if num_outputs is None else num_outputs)
        return side * side
    if name == INTERPOLATE and num_outputs == 1:
        raise UsageError(
            "--mode interpolate makes at least 2 outputs, its ends; got "
            "--num-outputs 1."
        )
    return MODES[name].outputs if num_outputs is None else num_outputs


def grid_side(outputs: int) -> int:
    """Rows and columns of a grid of so many outputs.

    Raises:
      UsageError: not a square number from 4 on.
    """
    side = math.isqrt(outputs)
    if side < 2 or side * side != outputs:
        raise UsageError(
            "A grid between four inputs has a square number of outputs (4, 9, 16, "
            f"...), got --num-outputs {outputs}."
        )
    return side


def check_options(name: str, given: Iterable[str]) -> None:
    """Refuses options without effect in a mode.

    Args:
      name: of the mode.
      given: names of the parameters that the user gave.

    Raises:
      UsageError: such an option; says in which modes it has one.
    """
    special = frozenset().union(*(mode.options for mode in MODES.values()))
    given = [option for option in given if option in special]
    for option in given:
        if option not in MODES[name].options:
            users = [other for other, mode in MODES.items() if option in mode.options]
            raise UsageError(
                f"--{option.replace('_', '-')} has no effect with --mode {name}; it "
                f"belongs to --mode {', '.join(users)}."
            )
    if {"timing_only", "velocity_only"} <= set(given):
        raise UsageError("Give --timing-only or --velocity-only, not both.")
    if name == ATTRIBUTE and "attribute" not in given:
        raise UsageError(
            "--mode attribute takes at least one attribute: --attribute density=+1.5."
        )


def attributes_of(given: Iterable[str]) -> dict[str, float]:
    """Strengths by name, out of ``name=value``.

    Raises:
      UsageError: another form, a strength that is not finite, or one attribute
        twice.
    """
    strengths: dict[str, float] = {}
    for text in given:
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
