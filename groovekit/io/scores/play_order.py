"""In which order the measures of a score are played, through all its repeats."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from groovekit.io.remarks import Remark

# Music repeats itself a few times; what asks for more is played so often.
_MAX_TIMES = 16


@dataclasses.dataclass
class _Signs:
    """What a measure says of the way through the score.

    Attributes:
      begins: a repeat begins with it.
      times: how often what it ends is played; 0 where it ends no repeat.
      ending: in which passes it is played; empty for all.
      is_last_ending: no further ending follows its own.
      words: classes of music21's words and signs: ``Segno``, ``DaCapoAlFine``, ...
    """

    begins: bool = False
    times: int = 0
    ending: frozenset[int] = frozenset()
    is_last_ending: bool = True
    words: set[str] = dataclasses.field(default_factory=set)

    def jump(self) -> str:
        """``DaCapo`` or ``DalSegno``, with ``AlFine`` or ``AlCoda``; or nothing."""
        return next(
            (word for word in sorted(self.words) if word.startswith(("DaCapo", "Dal"))),
            "",
        )


def play_order(parts: Sequence[Sequence[Any]]) -> tuple[list[int], list[Remark]]:
    """The measures in the order in which they sound.

    A repeat without a begin goes back to the end of the one before it. Behind a da capo
    or dal segno the last endings are played, and nothing is repeated. Signs count in
    whatever part they stand: some programs write them into the first one only.

    music21 unfolds repeats, too, but of signs that contradict each other it makes
    nothing, or more than there is room for; here there is always a way to the end.

    Args:
      parts: their measures, of music21.

    Returns:
      Numbers of measures, from 0. Where the signs leave a measure out altogether, all
      are played once, as they are written, and a remark says so.
    """
    signs = _signs(parts)
    order = _follow(signs)
    if len(set(order)) == len(signs):
        return order, []
    words = "{} with repeats that contradict each other: played once, as written"
    return list(range(len(signs))), [Remark("repeats", 1, words, "score")]


def _follow(signs: Sequence[_Signs]) -> list[int]:
    order: list[int] = []
    number = section = 0
    passed = 1
    jumped = ""
    while number < len(signs):
        here = signs[number]
        if here.begins and number != section:
            section, passed = number, 1
        if not _is_played(here, passed, after_jump=bool(jumped)):
            number += 1
            continue
        order.append(number)
        if jumped.endswith("AlFine") and "Fine" in here.words:
            break
        if jumped.endswith("AlCoda") and "Coda" in here.words:
            coda = _last(signs, "Coda")
            if coda > number:
                jumped, number = "DaCapo", coda
                continue
        if not jumped and passed < here.times:
            passed += 1
            number = section
            continue
        ends = here.times or (here.ending and here.is_last_ending)
        if ends and not (number + 1 < len(signs) and signs[number + 1].ending):
            section, passed = number + 1, 1
        if not jumped and here.jump():
            jumped = here.jump()
            number = _last(signs, "Segno") if jumped.startswith("Dal") else 0
            section = number
            continue
        number += 1
    return order


def _is_played(here: _Signs, passed: int, *, after_jump: bool) -> bool:
    if not here.ending:
        return True
    return here.is_last_ending if after_jump else passed in here.ending


def _last(signs: Sequence[_Signs], word: str) -> int:
    """The last measure with a sign; the first measure without any."""
    found = [number for number, here in enumerate(signs) if word in here.words]
    return found[-1] if found else 0


def _signs(parts: Sequence[Sequence[Any]]) -> list[_Signs]:
    signs = [_Signs() for _ in range(max(map(len, parts), default=0))]
    for measures in parts:
        for number, measure in enumerate(measures):
            if "Measure" not in measure.classes:
                continue
            for bar in (measure.leftBarline, measure.rightBarline):
                if bar is None or "Repeat" not in bar.classes:
                    continue
                if bar.direction == "start":
                    signs[number].begins = True
                else:
                    # At the left it ends the measure before.
                    ended = number - (bar is measure.leftBarline)
                    signs[max(ended, 0)].times = min(bar.times or 2, _MAX_TIMES)
            for word in measure.getElementsByClass("RepeatExpression"):
                signs[number].words.add(type(word).__name__)
        _add_endings(signs, measures)
    return signs


def _add_endings(signs: list[_Signs], measures: Sequence[Any]) -> None:
    index = {id(measure): number for number, measure in enumerate(measures)}
    for covered, passes in sorted(_brackets(measures, index)):
        for number in range(min(covered), max(covered) + 1):
            signs[number].ending = passes
        # The ending before it is not the last, and is repeated for each that follows.
        before = min(covered) - 1
        if before >= 0 and signs[before].ending:
            for number in range(before, -1, -1):
                if not signs[number].ending:
                    break
                signs[number].is_last_ending = False
                if signs[number].times:
                    signs[number].times = min(
                        max(signs[number].times, *passes), _MAX_TIMES
                    )


def _brackets(
    measures: Iterable[Any], index: dict[int, int]
) -> set[tuple[tuple[int, ...], frozenset[int]]]:
    """Measures and passes of each ending's bracket."""
    found = set()
    for measure in measures:
        for bracket in measure.getSpannerSites("RepeatBracket"):
            covered = [
                index[id(element)]
                for element in bracket.getSpannedElements()
                if id(element) in index
            ]
            passes = frozenset(number for number in bracket.numberRange if number > 0)
            if covered and passes:
                found.add((tuple(covered), passes))
    return found
