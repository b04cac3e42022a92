"""What a masked model is to say of the cells that it is not shown, as one array.

Channels of a step, D drum classes each: hits (0 or 1), whether they are hidden; bins of
velocities, whether they are to be told; the same of offsets; then what each source of
histograms gives the right velocity bin, and the right offset bin (source by source; -1
where a source knows nothing).
"""

from __future__ import annotations

import numpy as np

from groovekit.models.masked.bins import Bins
from groovekit.models.masked.histograms import (
    OFFSET_WIDTHS,
    SOURCES,
    VELOCITY_WIDTHS,
    Histograms,
)
from groovekit.models.masked.known import Known
from groovekit.models.masked.masking import Performances


def depth(classes: int) -> int:
    """Channels of a step."""
    return (6 + 2 * len(SOURCES)) * classes


def targets(
    performances: Performances, known: Known, bins: Bins, *, steps_per_bar: int
) -> np.ndarray:
    """``(batch, steps, depth(classes))`` float32: see above."""
    parts = [performances.hits, np.isnan(known.hits)]
    given = []
    for values, shown, count, widths, to_bins in (
        (
            performances.velocities,
            known.velocities,
            bins.velocities,
            VELOCITY_WIDTHS,
            bins.of_velocities,
        ),
        (
            performances.offsets,
            known.offsets,
            bins.offsets,
            OFFSET_WIDTHS,
            bins.of_offsets,
        ),
    ):
        there = ~np.isnan(shown)
        right = to_bins(values)
        parts += [right, performances.hits & ~there]
        histograms = Histograms.of(
            to_bins(shown),
            there,
            count=count,
            widths=widths,
            steps_per_bar=steps_per_bar,
        )
        given += list(np.moveaxis(histograms.at(right), -1, 0))
    return np.concatenate([*parts, *given], axis=-1).astype(np.float32)
