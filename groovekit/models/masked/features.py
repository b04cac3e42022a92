"""What a masked model's network sees of a partly known performance.

The same function serves training and playing. Channels of a step, in order, with D drum
classes (:func:`depth` counts them):

======================  =======  ====================================================
channels                range    what
======================  =======  ====================================================
hit known and on        0, 1     D
hit known and off       0, 1     D
velocity known          0, 1     D
velocity                -1..1    D, 2v - 1, 0 where unknown
offset known            0, 1     D
offset                  -2..2    D, 2o, 0 where unknown
taps                             tap given; tap; 2 offset; velocity given; 2v - 1
table                            8 D: of the known strokes of a drum on this step of
                                 the bar, in any bar of the window: mean velocity
                                 and offset (shrunk towards the drum's), how many of
                                 each (tanh(n / 2)), share of known cells with a hit;
                                 the drum's own means (shrunk towards all drums');
                                 whether its hits are known
all drums                        mean velocity and offset
lags                    -1..1    4 D: hits 1, 2 and 4 bars before and 1 after, 0 where
                                 unknown
conditions                       5 flags, 5 standardised numbers, a flag a style
======================  =======  ====================================================
"""

from __future__ import annotations

import numpy as np

from groovekit.models.masked.known import NUMBERS, Known, bars_of

#: Lags of hits in bars; positive ones lie before.
LAGS = (1, 2, 4, -1)
# Strokes that the drum's mean counts for in a cell's, and all drums' in the drum's.
_SHRINK = 0.5
# Middle and spread of each condition over the Groove dataset's training takes.
_MIDDLE = np.array([0.56, 0.11, 0.24, 0.36, -0.1], np.float32)
_SPREAD = np.array([0.125, 0.18, 0.05, 0.12, 0.35], np.float32)


def depth(classes: int, styles: int) -> int:
    """Channels of a step."""
    return (6 + 8 + len(LAGS)) * classes + 5 + 2 + 2 * len(NUMBERS) + styles


def features(known: Known, *, steps_per_bar: int, styles: int) -> np.ndarray:
    """The network's inputs.

    Args:
      known: what is known.
      steps_per_bar: of the grid; windows are whole bars.
      styles: how many there are.

    Returns:
      ``(batch, steps, depth(classes, styles))`` float32.
    """
    batch, steps, _ = known.hits.shape
    on, off = known.hits == 1, known.hits == 0
    has_velocity = on & ~np.isnan(known.velocities)
    has_offset = on & ~np.isnan(known.offsets)
    velocities = np.where(has_velocity, 2 * known.velocities - 1, 0)
    offsets = np.where(has_offset, 2 * known.offsets, 0)
    cells = [on, off, has_velocity, velocities, has_offset, offsets]
    whole = [_conditions(known, styles)]
    v_tables, v_all = _means(velocities, has_velocity, steps_per_bar)
    o_tables, o_all = _means(offsets, has_offset, steps_per_bar)
    hits = on.astype(np.float32) - off
    parts = [
        *cells,
        _taps(known.taps),
        *v_tables,
        *o_tables,
        *_rates(on, on | off, steps_per_bar),
        v_all,
        o_all,
        *(_shifted(hits, lag * steps_per_bar) for lag in LAGS),
        *whole,
    ]
    spread = [
        np.broadcast_to(part, (batch, steps, part.shape[-1])).astype(np.float32)
        for part in parts
    ]
    return np.concatenate(spread, axis=-1)


def _taps(taps: np.ndarray) -> np.ndarray:
    given = ~np.isnan(taps)
    tap, velocity, offset = np.moveaxis(np.nan_to_num(taps), -1, 0)
    loud = given[..., 1]
    columns = (
        given[..., 0],
        tap,
        2 * offset,
        loud,
        np.where(loud, 2 * velocity - 1, 0),
    )
    return np.stack(columns, axis=-1)


def _means(
    values: np.ndarray, known: np.ndarray, steps_per_bar: int
) -> tuple[list[np.ndarray], np.ndarray]:
    """Shrunk means of known values: of each cell of a bar, each drum, and all.

    Returns:
      The cells' means, their counts as tanh(n / 2), and the drums' means, each
      ``(batch, steps or 1, classes)``; all drums' mean ``(batch, 1, 1)``.
    """
    bars = values.shape[1] // steps_per_bar
    sums = bars_of(values, steps_per_bar).sum(1)
    counts = bars_of(known, steps_per_bar).sum(1).astype(np.float32)
    drum_sums = sums.sum(1, keepdims=True)
    drum_counts = counts.sum(1, keepdims=True)
    everything = drum_sums.sum(-1, keepdims=True) / (
        drum_counts.sum(-1, keepdims=True) + _SHRINK
    )
    drums = (drum_sums + _SHRINK * everything) / (drum_counts + _SHRINK)
    cells = (sums + _SHRINK * drums) / (counts + _SHRINK)
    tables = [np.tile(part, (1, bars, 1)) for part in (cells, np.tanh(counts / 2))]
    return [*tables, drums], everything


def _rates(
    on: np.ndarray, known: np.ndarray, steps_per_bar: int
) -> tuple[np.ndarray, np.ndarray]:
    """Share of a bar's known cells that are hit; of a drum's cells that are known."""
    bars = on.shape[1] // steps_per_bar
    hits = bars_of(on, steps_per_bar).sum(1)
    counts = bars_of(known, steps_per_bar).sum(1)
    rate = np.tile((hits + 0.1) / (counts + 1.0), (1, bars, 1))
    return rate, known.mean(1, keepdims=True)


def _shifted(values: np.ndarray, steps: int) -> np.ndarray:
    """Values so many steps before; zeros where there are none."""
    shifted = np.zeros_like(values)
    if abs(steps) < values.shape[1]:
        if steps > 0:
            shifted[:, steps:] = values[:, :-steps]
        else:
            shifted[:, :steps] = values[:, -steps:]
    return shifted


def _conditions(known: Known, styles: int) -> np.ndarray:
    numbers = known.numbers.copy()
    numbers[:, -1] = np.log2(numbers[:, -1] / 120.0)
    given = ~np.isnan(numbers)
    scaled = np.where(given, (numbers - _MIDDLE) / _SPREAD, 0)
    style = known.styles[:, None] == np.arange(styles)
    return np.concatenate([given, scaled, style], axis=-1)[:, None]
