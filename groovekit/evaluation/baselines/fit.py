"""Which baselines make sense for what is to be predicted."""

from __future__ import annotations

import numpy as np

from groovekit.evaluation.baselines.bar_by_bar import BarByBar
from groovekit.evaluation.baselines.bars import Bars
from groovekit.evaluation.baselines.base import Baseline
from groovekit.evaluation.baselines.cell_medians import CellMedians
from groovekit.evaluation.baselines.constant_velocity import ConstantVelocity
from groovekit.evaluation.baselines.frequent_bar import FrequentPattern
from groovekit.evaluation.baselines.humaniser import Humaniser
from groovekit.evaluation.baselines.jitter import Jitter
from groovekit.evaluation.baselines.nearest_bars import NearestBar, NearestBars
from groovekit.evaluation.baselines.nearest_groove import NearestGroove
from groovekit.evaluation.baselines.neighbours import Neighbours
from groovekit.evaluation.baselines.ridge import Ridge
from groovekit.evaluation.baselines.silence import Silence
from groovekit.evaluation.baselines.voting_bars import VotingBars
from groovekit.evaluation.hit_cells import Cells
from groovekit.evaluation.metrics import Drums


def fit_baselines(
    train: Drums, inputs: Drums, owners: np.ndarray | None = None
) -> list[Baseline]:
    """All baselines that make sense for the data, fitted.

    Args:
      train: training windows as they were played, which begin with a bar.
      inputs: the same windows as a model gets to see them.
      owners: ``(windows,)``: the performance that each window is of; each is one of
        its own by default.

    Returns:
      Silence, the most frequent bar, the nearest groove, and the nearest bar, bar by
      bar; where the input does not tell the hits, votes of grooves and bars with
      similar inputs and ridge regression; where windows have velocities and offsets,
      those that are given the hits.

    Raises:
      DataError: training windows without any hit.
    """
    owners = np.arange(len(train)) if owners is None else owners
    dynamics = train.velocities is not None and train.offsets is not None
    cells = Cells.fit(train) if dynamics else None
    medians = None if cells is None else CellMedians.fit(cells)
    seen = Bars.of(train, inputs, owners)
    found: list[Baseline] = [
        Silence(),
        FrequentPattern.fit(train),
        NearestGroove(inputs.hits, train),
        BarByBar(seen, dynamics=dynamics),
    ]
    if (inputs.hits != train.hits).any():
        found += [
            Neighbours.fit(train, inputs, owners, medians),
            VotingBars.fit(seen, medians),
            Ridge.fit(train, inputs, medians),
        ]
    if cells is None or medians is None:
        return found
    assert train.velocities is not None
    assert train.offsets is not None
    velocities, offsets = train.velocities[train.hits], train.offsets[train.hits]
    played = Bars.of(train, train, owners)
    return [
        *found,
        ConstantVelocity(float(np.median(velocities))),
        medians,
        NearestBar(played, medians),
        NearestBars(played, medians),
        Jitter(
            float(velocities.mean()),
            float(velocities.std()),
            float(np.sqrt(np.square(offsets).mean())),
        ),
        Humaniser.fit(train, cells),
    ]
