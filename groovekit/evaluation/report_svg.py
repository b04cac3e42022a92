"""Inline SVG for reports: piano rolls, intervals and histograms.

Colours are CSS classes of the page, so that pictures follow its light or dark
scheme; each picture has a title for those who do not see it.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from groovekit.io.tempo import DEFAULT_QPM

_STEP, _ROW, _LEFT, _TOP = 9.0, 13.0, 88.0, 4.0
_STEPS_PER_QUARTER = 4
_MOST_STEPS = 128


def piano_roll(
    sequence: Any, *, title: str, rows: Sequence[tuple[str, Sequence[int]]] = ()
) -> str:
    """Notes on a grid of sixteenths: the louder the darker, begun where played.

    Args:
      sequence: a note sequence in seconds with one tempo (default 120).
      title: of the picture.
      rows: names and pitches of the rows, the lowest first; without any, a row for
        each pitch.
    """
    qpm = sequence.tempos[0].qpm if sequence.tempos else DEFAULT_QPM
    quarters = sequence.time_signatures[0].numerator if sequence.time_signatures else 4
    scale = qpm / 60 * _STEPS_PER_QUARTER
    rows = rows or [
        (str(pitch), (pitch,)) for pitch in sorted({n.pitch for n in sequence.notes})
    ]
    place = {pitch: row for row, (_, own) in enumerate(rows) for pitch in own}
    steps = min(max(1, int(np.ceil(sequence.total_time * scale - 1e-3))), _MOST_STEPS)
    width, height = _LEFT + steps * _STEP + 4, _TOP + len(rows) * _ROW + 4
    parts = [_open(width, height, title)]
    for row, (name, _) in enumerate(rows):
        y = _TOP + (len(rows) - 1 - row) * _ROW
        if row % 2 == 0:
            parts.append(_rect(_LEFT, y, steps * _STEP, _ROW, "band"))
        parts.append(_text(_LEFT - 6, y + _ROW - 3.5, name, "end"))
    for step in range(steps + 1):
        kind = "step"
        if step % _STEPS_PER_QUARTER == 0:
            kind = "bar" if step % (_STEPS_PER_QUARTER * quarters) == 0 else "beat"
        parts.append(_line(_LEFT + step * _STEP, _TOP, height - 4, kind))
    for note in sequence.notes:
        at = note.start_time * scale
        if note.pitch not in place or at >= steps:
            continue
        y = _TOP + (len(rows) - 1 - place[note.pitch]) * _ROW + 2
        shade = 0.2 + 0.8 * note.velocity / 127
        parts.append(
            f'<rect class="note" x="{_LEFT + at * _STEP:.1f}" y="{y:.1f}" '
            f'width="{_STEP * 0.7:.1f}" height="{_ROW - 4:.1f}" '
            f'fill-opacity="{shade:.2f}"/>'
        )
    parts.append("</svg>")
    return "".join(parts)


def intervals(
    rows: Sequence[tuple[str, Mapping[str, float | None]]],
    *,
    title: str,
    unit: str = "",
) -> str:
    """Figures as dots with their intervals as lines; the first row stands out.

    Args:
      rows: labels, and ``value``, ``low`` and ``high`` as numbers or None.
      title: of the picture.
      unit: of the axis.
    """
    values = [v for _, table in rows for v in table.values() if v is not None]
    # An axis has a length, even if all is 0.
    span = max([*values, 1e-6])
    step = _round_step(span / 5)
    ticks = step * np.arange(np.ceil(span / step) + 1)
    high = float(ticks[-1])
    left, wide, row_height = 200.0, 380.0, 22.0
    height = _TOP + len(rows) * row_height + 22

    def x(value: float) -> float:
        return left + value / high * wide

    parts = [_open(left + wide + 70, height, title)]
    bottom = _TOP + len(rows) * row_height
    for tick in ticks:
        parts.append(_line(x(tick), _TOP, bottom, "step"))
        parts.append(_text(x(tick), bottom + 15, f"{tick:.3g}", "middle"))
    parts.append(_text(left + wide + 24, bottom + 15, unit, "start"))
    for index, (label, table) in enumerate(rows):
        y = _TOP + (index + 0.5) * row_height
        kind = "own" if index == 0 else "other"
        parts.append(_text(left - 8, y + 4, label, "end"))
        value, first, last = (table[key] for key in ("value", "low", "high"))
        if value is None:
            parts.append(_text(left + 4, y + 4, "nothing to measure", "start"))
            continue
        if first is not None and last is not None:
            parts.append(
                f'<line class="{kind}" x1="{x(first):.1f}" x2="{x(last):.1f}" '
                f'y1="{y:.1f}" y2="{y:.1f}"/>'
            )
        parts.append(f'<circle class="{kind}" cx="{x(value):.1f}" cy="{y:.1f}" r="4"/>')
        end = max(v for v in (value, last) if v is not None)
        parts.append(_text(x(end) + 8, y + 4, f"{value:.3g}", "start"))
    parts.append("</svg>")
    return "".join(parts)


def histogram(
    edges: Sequence[float],
    sets: Mapping[str, Sequence[float]],
    *,
    title: str,
) -> str:
    """Distributions as outlines above each other, the first one filled.

    Args:
      edges: of the bins.
      sets: shares of each bin by the set's name, which becomes the outline's class.
      title: of the picture.
    """
    wide, tall = 250.0, 90.0
    high = max(max(shares) for shares in sets.values()) or 1.0
    step = wide / (len(edges) - 1)
    parts = [_open(wide + 16, tall + 24, title)]
    for number, (name, shares) in enumerate(sets.items()):
        points = [f"8,{tall:.1f}"]
        for index, share in enumerate(shares):
            y = tall - share / high * (tall - 6)
            left = 8 + index * step
            points += [f"{left:.1f},{y:.1f}", f"{left + step:.1f},{y:.1f}"]
        points.append(f"{8 + wide:.1f},{tall:.1f}")
        kind = "filled" if number == 0 else f"outline {name}"
        shape = "polygon" if number == 0 else "polyline"
        parts.append(f'<{shape} class="{kind}" points="{" ".join(points)}"/>')
    parts.append(f'<line class="beat" x1="8" x2="{8 + wide}" y1="{tall}" y2="{tall}"/>')
    parts.append(_text(8, tall + 15, f"{edges[0]:.3g}", "start"))
    parts.append(_text(8 + wide, tall + 15, f"{edges[-1]:.3g}", "end"))
    parts.append("</svg>")
    return "".join(parts)


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * n for n in (1, 2, 5, 10) if power * n >= least))


def _open(width: float, height: float, title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}"><title>{html.escape(title)}</title>'
    )


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}"/>'
    )


def _line(x: float, top: float, bottom: float, kind: str) -> str:
    return (
        f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" '
        f'y2="{bottom:.1f}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
        f"{html.escape(text)}</text>"
    )
