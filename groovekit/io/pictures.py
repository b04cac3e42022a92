"""Pictures of grooves: drum piano rolls with velocities and microtiming.

Needs matplotlib (``pip install groovekit[plot]``), which is imported when a
picture is drawn.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from groovekit.errors import DataError, GroovekitError, UsageError, install_command
from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.files import write_file, write_new
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM, TempoMap

SUFFIXES = (".png", ".svg")
STEPS_PER_QUARTER = 4
#: More than that is not readable on one line.
MAX_BARS = 32
#: Lines of one picture.
MAX_LINES = 24

# Sizes in inches.
_ROW, _GAP, _HEAD, _FOOT, _LEFT, _RIGHT = 0.25, 0.62, 0.42, 0.5, 1.25, 0.9
_STEP = 0.145
_MIN_WIDTH, _MAX_WIDTH = 6.5, 24.0
# How much of a step a note covers, in width, and of a row, in height.
_NOTE_WIDTH, _NOTE_HEIGHT = 0.72, 0.74

_INK, _SOFT, _PAPER = "#1d2430", "#69717f", "#ffffff"
_BAND, _STEP_LINE, _BEAT_LINE, _BAR_LINE = "#f3f4f8", "#d9dde6", "#aab2c0", "#4a5262"
# Quiet to loud: light to dark in one direction, so that it also works in grey.
_SHADES = ("#fcd9b0", "#f6a15f", "#dd5b4a", "#a12a5e", "#4b1560")

# Pitches of other instruments than drums are numbered from here.
_OTHERS = 128
# General MIDI percussion in a few letters, for drawings without a kit map.
_PITCH_NAMES = {
    35: "kick 2",
    36: "kick",
    37: "side stick",
    38: "snare",
    39: "clap",
    40: "snare 2",
    41: "floor tom 2",
    42: "closed hi-hat",
    43: "floor tom",
    44: "pedal hi-hat",
    45: "low tom",
    46: "open hi-hat",
    47: "mid tom 2",
    48: "mid tom",
    49: "crash",
    50: "high tom",
    51: "ride",
    52: "china",
    53: "ride bell",
    54: "tambourine",
    55: "splash",
    56: "cowbell",
    57: "crash 2",
    59: "ride 2",
}


class Kit(Protocol):
    """What a drawing needs of a kit map (:class:`groovekit.converters.kits.KitMap`)."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """A name for each row, the lowest first."""

    def class_of(self, pitches: Any) -> np.ndarray:
        """The row of each pitch, -1 for none."""


@dataclasses.dataclass(frozen=True)
class _Roll:
    """Notes of one groove as they are drawn.

    Attributes:
      quarters: ``(notes,)`` onsets in quarter notes.
      rows: ``(notes,)`` rows.
      velocities: ``(notes,)`` MIDI velocities.
      first_bar: number of the first bar that is drawn, from 1.
      bars: bars to draw.
      quarters_per_bar: length of a bar.
      qpm: first tempo.
      time_signature: as text.
      title: above it.
    """

    quarters: np.ndarray
    rows: np.ndarray
    velocities: np.ndarray
    first_bar: int
    bars: int
    quarters_per_bar: float
    qpm: float
    time_signature: str
    title: str


def plot_sequence(
    sequences: NoteSequence | Sequence[NoteSequence],
    path: str | Path,
    *,
    title: str | Sequence[str] = "",
    kit: Kit | None = None,
    first_bar: int = 1,
    bars: int | None = None,
    bars_per_line: int | None = None,
    overwrite: bool = False,
) -> Path:
    """Draws one groove, or several below each other, as drum piano rolls.

    Each drum has a row and each note begins exactly where it is played: its
    distance from the grid of sixteenths is its microtiming. The darker a note, the
    louder. Thin lines are sixteenths, stronger ones beats, dark ones bars.

    Args:
      sequences: in seconds, with their tempo and time signature (default 120 and 4/4).
        Bars are those of the first time signature.
      path: where to; ``.png`` or ``.svg``. A number is added to a name that is
        taken, unless ``overwrite``.
      title: of the picture, or one for each groove.
      kit: which pitches share a row; pitches it does not know are left out,
        and beside drums all notes that are not. Without it, each pitch has a row,
        and other instruments theirs above the drums.
      first_bar: bar to begin with, from 1.
      bars: bars to draw of each groove; default all that there is room for.
      bars_per_line: breaks longer music into lines of so many bars, at most 32.
        Without it each groove has one line. A picture has at most 24 lines.
      overwrite: replace an existing file.

    Returns:
      The path used.

    Raises:
      UsageError: another suffix, no grooves, another number of titles.
      WriteError: the file cannot be written.
      GroovekitError: matplotlib is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(
            f"Expected a picture's name to end in {' or '.join(SUFFIXES)}, got "
            f"{path.name!r}."
        )
    if isinstance(sequences, NoteSequence):
        sequences = [sequences]
    if not sequences:
        raise UsageError("Expected at least one groove to draw, got none.")
    titles = [title] if isinstance(title, str) else list(title)
    if len(titles) not in (1, len(sequences)):
        raise UsageError(
            f"Expected one title or one a groove ({len(sequences)}), got {len(titles)}."
        )
    if bars is not None and bars < 1:
        raise UsageError(f"Expected at least one bar to draw, got {bars}.")
    if bars_per_line is not None and bars_per_line < 1:
        raise UsageError(f"Expected at least one bar a line, got {bars_per_line}.")
    if first_bar < 1:
        raise UsageError(f"Bars are counted from 1, got first_bar={first_bar}.")
    shared = titles[0] if len(titles) == 1 and len(sequences) > 1 else ""
    own = titles if len(titles) == len(sequences) else [""] * len(sequences)
    names, rolls = _rolls(sequences, kit, bars, own, first_bar, bars_per_line)
    if not rolls:
        raise UsageError(f"There is no bar {first_bar} to draw.")
    data = _draw(names, rolls, shared, suffix[1:])
    if overwrite:
        write_file(path, data)
        return path
    return write_new(path, data)


# Reading notes -------------------------------------------------------------------


def length_bars(sequence: NoteSequence) -> int:
    """How many bars a sequence has, as pictures count them: at least 1."""
    starts = [note.start_time for note in sequence.notes]
    quarters = TempoMap.of(sequence).quarters(np.array([*starts, sequence.total_time]))
    per_bar, _ = _time_signature(sequence)
    # A first note that is played early belongs to the first bar, an ending that
    # hangs over by a release does not open another one.
    last, end = float(quarters[:-1].max(initial=0.0)), float(quarters[-1])
    return max(math.floor(last / per_bar + 1e-6) + 1, round(end / per_bar), 1)


def _time_signature(sequence: NoteSequence) -> tuple[float, str]:
    """Quarters of a bar of the first time signature, and that as text."""
    numerator, denominator = 4, 4
    for event in sequence.time_signatures[:1]:
        if event.numerator > 0 and event.denominator > 0:
            numerator, denominator = event.numerator, event.denominator
    return numerator * 4 / denominator, f"{numerator}/{denominator}"


def _rolls(
    sequences: Sequence[NoteSequence],
    kit: Kit | None,
    bars: int | None = None,
    titles: Sequence[str] | None = None,
    first_bar: int = 1,
    bars_per_line: int | None = None,
) -> tuple[list[str], list[_Roll]]:
    """Names of the rows, and the lines of the picture."""
    pitches = [np.array([n.pitch for n in s.notes], np.int64) for s in sequences]
    if kit is None:
        # Of other instruments the pitches have rows of their own, above the drums.
        keys = [
            np.where(_drums(s), p, p + _OTHERS)
            for s, p in zip(sequences, pitches, strict=True)
        ]
        found = np.unique(np.concatenate(keys))
        names = [
            _PITCH_NAMES.get(int(key), f"pitch {key % _OTHERS}") for key in found
        ] or [""]
        rows = [np.searchsorted(found, key) for key in keys]
    else:
        names = [
            name.replace("_", " ").replace("hihat", "hi-hat")
            for name in kit.class_names
        ]
        rows = [
            np.where(_drums(s), kit.class_of(p), -1)
            for s, p in zip(sequences, pitches, strict=True)
        ]
    titles = titles or [""] * len(sequences)
    rolls: list[_Roll] = []
    for sequence, row, own in zip(sequences, rows, titles, strict=True):
        rolls += _lines(_roll(sequence, row, own, first_bar, bars), bars_per_line)
    return names, rolls[:MAX_LINES]


def _drums(sequence: NoteSequence) -> np.ndarray:
    """Which notes are drums: all of them where none says so."""
    drums = drum_tracks(sequence).is_drum
    return drums if drums.any() else ~drums


def _roll(
    sequence: NoteSequence,
    rows: np.ndarray,
    title: str,
    first_bar: int,
    bars: int | None,
) -> _Roll:
    starts = np.array([note.start_time for note in sequence.notes], np.float64)
    velocities = np.array([note.velocity for note in sequence.notes], np.int64)
    if not np.isfinite(starts).all():
        raise DataError("Expected notes at finite times to draw.")
    per_bar, time_signature = _time_signature(sequence)
    left = max(0, length_bars(sequence) - first_bar + 1)
    shown = rows >= 0
    quarters = TempoMap.of(sequence).quarters(starts)
    tempos = sorted(sequence.tempos, key=lambda tempo: tempo.time)
    return _Roll(
        quarters=quarters[shown] - (first_bar - 1) * per_bar,
        rows=rows[shown],
        velocities=velocities[shown],
        first_bar=first_bar,
        bars=left if bars is None else min(bars, left),
        quarters_per_bar=per_bar,
        qpm=tempos[0].qpm if tempos else DEFAULT_QPM,
        time_signature=time_signature,
        title=title,
    )


def _lines(roll: _Roll, bars_per_line: int | None) -> list[_Roll]:
    """The roll in lines; each shows the notes from its first bar on to its end."""
    size = min(bars_per_line or MAX_BARS, MAX_BARS)
    last = roll.bars if bars_per_line else min(roll.bars, size)
    lines = []
    # A stroke that anticipates the first beat stays with the line that it opens.
    early = roll.quarters + 0.5 / STEPS_PER_QUARTER
    for first in range(0, last, size):
        bars = min(size, last - first)
        begin, end = (bar * roll.quarters_per_bar for bar in (first, first + bars))
        own = (early >= begin) & (early < end)
        if first + roll.first_bar == 1:
            own |= roll.quarters < 0
        lines.append(
            dataclasses.replace(
                roll,
                quarters=roll.quarters[own] - begin,
                rows=roll.rows[own],
                velocities=roll.velocities[own],
                first_bar=roll.first_bar + first,
                bars=bars,
                title="" if first else roll.title,
            )
        )
    return lines


# Drawing -------------------------------------------------------------------------


def check_matplotlib() -> None:
    """Finds out, before the work, whether pictures can be drawn.

    Raises:
      GroovekitError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise GroovekitError(
            f"Pictures need matplotlib, which is not installed: "
            f"{install_command('plot')}."
        )


def _draw(names: list[str], rolls: list[_Roll], shared: str, kind: str) -> bytes:
    check_matplotlib()
    matplotlib: Any = importlib.import_module("matplotlib")
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure

    shades = LinearSegmentedColormap.from_list("velocity", _SHADES)
    scale = Normalize(0, 127)
    steps = max(r.bars * r.quarters_per_bar * STEPS_PER_QUARTER for r in rolls)
    inner = float(np.clip(steps * _STEP, _MIN_WIDTH, _MAX_WIDTH))
    width = _LEFT + inner + _RIGHT
    row_height = _ROW * max(1.0, 9 / max(len(names), 9))
    panel = max(len(names), 3) * row_height
    top = _HEAD + (0.25 if shared else 0.0)
    height = top + len(rolls) * panel + (len(rolls) - 1) * _GAP + _FOOT

    settings = {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "svg.hashsalt": "groovekit",  # equal grooves give equal files
        "svg.fonttype": "none",
    }
    with matplotlib.rc_context(settings):
        figure = Figure(figsize=(width, height), facecolor=_PAPER)
        for number, roll in enumerate(rolls):
            bottom = height - top - panel - number * (panel + _GAP)
            axes = figure.add_axes(
                (_LEFT / width, bottom / height, inner / width, panel / height)
            )
            _panel(
                axes,
                roll,
                names,
                steps / STEPS_PER_QUARTER,
                shades(scale(roll.velocities)),
            )
            facts = f"{roll.qpm:.4g} bpm, {roll.time_signature}"
            # Further lines of a piece say only where they begin.
            follows = number and roll.first_bar > rolls[number - 1].first_bar
            _caption(axes, roll.title, "" if follows else facts)
            if number == len(rolls) - 1:
                axes.set_xlabel("bar . beat", color=_SOFT, fontsize=8, labelpad=3)
        if shared:
            figure.text(
                _LEFT / width,
                1 - 0.14 / height,
                shared,
                ha="left",
                va="top",
                fontsize=12,
                fontweight="bold",
                color=_INK,
            )
        side = figure.add_axes(
            (
                (_LEFT + inner + 0.22) / width,
                (height - top - panel) / height,
                0.12 / width,
                panel / height,
            )
        )
        bar = figure.colorbar(ScalarMappable(scale, shades), cax=side)
        bar.set_ticks([1, 32, 64, 96, 127])
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=7, length=0, colors=_SOFT, pad=3)
        bar.ax.set_title("velocity", fontsize=7, color=_SOFT, pad=5)
        target = io.BytesIO()
        # Without a date the same groove gives the same file.
        metadata = {"Date": None} if kind == "svg" else {"Software": "groovekit"}
        figure.savefig(target, format=kind, dpi=144, metadata=metadata)
    return target.getvalue()


def _caption(axes: Any, title: str, facts: str) -> None:
    style = {"xycoords": "axes fraction", "textcoords": "offset points"}
    axes.annotate(
        title,
        (0, 1),
        (0, 6),
        ha="left",
        va="bottom",
        fontsize=10,
        fontweight="bold",
        color=_INK,
        **style,
    )
    axes.annotate(
        facts, (1, 1), (0, 6), ha="right", va="bottom", fontsize=8, color=_SOFT, **style
    )


def _panel(
    axes: Any, roll: _Roll, names: list[str], quarters: float, colors: np.ndarray
) -> None:
    """Draws one groove.

    Args:
      axes: matplotlib's.
      roll: what to draw.
      names: of the rows, the lowest first.
      quarters: length of the longest groove in the picture.
      colors: ``(notes, 4)``.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    end = roll.bars * roll.quarters_per_bar
    step = 1 / STEPS_PER_QUARTER
    for row in range(0, len(names), 2):
        axes.add_patch(
            Rectangle((0, row - 0.5), end, 1, facecolor=_BAND, linewidth=0, zorder=0)
        )
    per_bar = roll.quarters_per_bar
    beats = np.arange(0, end + 1e-6)
    bars = np.arange(roll.bars + 1) * per_bar
    grid = np.arange(0, end + 1e-6, step)
    for places, color, line, order in (
        (grid, _STEP_LINE, 0.5, 1),
        (beats, _BEAT_LINE, 0.8, 1.1),
        (bars, _BAR_LINE, 1.2, 1.2),
    ):
        axes.vlines(
            places, -0.5, len(names) - 0.5, colors=color, linewidths=line, zorder=order
        )
    # Loud notes on top, so that none hides behind a quiet one.
    loudness = np.argsort(roll.velocities, kind="stable")
    notes = [
        Rectangle(
            (roll.quarters[i], roll.rows[i] - _NOTE_HEIGHT / 2),
            step * _NOTE_WIDTH,
            _NOTE_HEIGHT,
        )
        for i in loudness
    ]
    body = PatchCollection(
        notes, facecolors=colors[loudness], linewidths=0, zorder=3, clip_on=False
    )
    axes.add_collection(body)
    # The stroke itself: its distance from the grid's line is the microtiming.
    half = _NOTE_HEIGHT / 2
    axes.vlines(
        roll.quarters,
        roll.rows - half,
        roll.rows + half,
        colors=_INK,
        linewidths=1.1,
        zorder=3.1,
        clip_on=False,
    )
    axes.set_xlim(-step / 2, max(quarters, end) + step / 2)
    axes.set_ylim(-0.5, len(names) - 0.5)
    axes.set_yticks(range(len(names)), names, fontsize=8, color=_INK)
    _beat_labels(axes, roll, max(quarters, end))
    axes.tick_params(length=0, pad=4)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _beat_labels(axes: Any, roll: _Roll, quarters: float) -> None:
    """Numbers the bars, and the beats where there is room for them."""
    per_bar = roll.quarters_per_bar
    places, labels = [], []
    for bar in range(roll.bars):
        begin = bar * per_bar
        places.append(begin)
        number = roll.first_bar + bar
        labels.append(str(number))
        if quarters <= 32:
            for beat in range(1, math.ceil(per_bar)):
                places.append(begin + beat)
                labels.append(f"{number}.{beat + 1}")
    axes.set_xticks(places, labels, fontsize=7.5, color=_SOFT)
    for label in axes.get_xticklabels():
        if "." not in label.get_text():
            label.set(color=_INK, fontweight="bold", fontsize=8.5)
