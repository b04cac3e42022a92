"""Numbers about drumming: how grooves are, and how far two sets of them differ.

NumPy only. Everything works on :class:`Drums`: hits, velocities and offsets of
many windows on a grid. The modules of this package:

- :mod:`~groovekit.evaluation.metrics.reconstruction` compares a window with another
  version of it cell by cell (a cell is one class at one step);
- :mod:`~groovekit.evaluation.metrics.description` and
  :mod:`~groovekit.evaluation.metrics.features` describe a set of windows and each
  window, :mod:`~groovekit.evaluation.metrics.coherence` whether bars belong together,
  :mod:`~groovekit.evaluation.metrics.strokes` how drums are struck;
- :mod:`~groovekit.evaluation.metrics.distances` compares what two sets have been
  described by, :mod:`~groovekit.evaluation.metrics.two_sample` whether they can be told
  apart, :mod:`~groovekit.evaluation.metrics.neighbours` compares hit patterns;
- :mod:`~groovekit.evaluation.metrics.bootstrap` says how sure a figure is, and
  :mod:`~groovekit.evaluation.metrics.paired` whether one predictor is better.

Units: velocities are MIDI velocities (0..127); positions are steps of the grid,
counted from the start of a bar; microtiming is *positive when early*, as in the
tensors, in steps or in milliseconds (but
:func:`~groovekit.evaluation.metrics.features.laid_back`, which is positive when late,
as its name says). Where nothing can be measured (no hit, no pair of hits), the value is
NaN.
"""

from __future__ import annotations

from groovekit.converters.grid.drums import (
    BACKBEATS as BACKBEATS,
)
from groovekit.converters.grid.drums import (
    CLOSED_HAT as CLOSED_HAT,
)
from groovekit.converters.grid.drums import (
    DOWNBEATS as DOWNBEATS,
)
from groovekit.converters.grid.drums import (
    KICK as KICK,
)
from groovekit.converters.grid.drums import (
    MAX_VELOCITY as MAX_VELOCITY,
)
from groovekit.converters.grid.drums import (
    OPEN_HAT as OPEN_HAT,
)
from groovekit.converters.grid.drums import (
    QUARTERS as QUARTERS,
)
from groovekit.converters.grid.drums import (
    QUARTERS_PER_BAR as QUARTERS_PER_BAR,
)
from groovekit.converters.grid.drums import (
    RIDE as RIDE,
)
from groovekit.converters.grid.drums import (
    SNARE as SNARE,
)
from groovekit.converters.grid.drums import (
    STEPS_PER_BAR as STEPS_PER_BAR,
)
from groovekit.converters.grid.drums import (
    STEPS_PER_QUARTER as STEPS_PER_QUARTER,
)
from groovekit.converters.grid.drums import (
    Drums as Drums,
)
from groovekit.converters.grid.drums import (
    step_milliseconds as step_milliseconds,
)
from groovekit.evaluation.metrics.bootstrap import (
    Resampling as Resampling,
)
from groovekit.evaluation.metrics.coherence import (
    adjacent_bars as adjacent_bars,
)
from groovekit.evaluation.metrics.coherence import (
    empty_bars as empty_bars,
)
from groovekit.evaluation.metrics.coherence import (
    flicker as flicker,
)
from groovekit.evaluation.metrics.coherence import (
    timekeeper_changes as timekeeper_changes,
)
from groovekit.evaluation.metrics.coherence import (
    timekeepers as timekeepers,
)
from groovekit.evaluation.metrics.description import (
    Spread as Spread,
)
from groovekit.evaluation.metrics.description import (
    class_shares as class_shares,
)
from groovekit.evaluation.metrics.description import (
    coverage_at as coverage_at,
)
from groovekit.evaluation.metrics.description import (
    distinct_share as distinct_share,
)
from groovekit.evaluation.metrics.description import (
    hits_per_bar as hits_per_bar,
)
from groovekit.evaluation.metrics.description import (
    hits_per_step as hits_per_step,
)
from groovekit.evaluation.metrics.description import (
    microtiming_ms as microtiming_ms,
)
from groovekit.evaluation.metrics.description import (
    microtiming_steps as microtiming_steps,
)
from groovekit.evaluation.metrics.description import (
    onset_histogram as onset_histogram,
)
from groovekit.evaluation.metrics.description import (
    share_at as share_at,
)
from groovekit.evaluation.metrics.description import (
    velocity_spread as velocity_spread,
)
from groovekit.evaluation.metrics.distances import (
    kolmogorov_smirnov as kolmogorov_smirnov,
)
from groovekit.evaluation.metrics.distances import (
    overlap_area as overlap_area,
)
from groovekit.evaluation.metrics.distances import (
    total_variation as total_variation,
)
from groovekit.evaluation.metrics.distances import (
    wasserstein_1 as wasserstein_1,
)
from groovekit.evaluation.metrics.distances import (
    weighted_distances as weighted_distances,
)
from groovekit.evaluation.metrics.features import (
    density as density,
)
from groovekit.evaluation.metrics.features import (
    fills as fills,
)
from groovekit.evaluation.metrics.features import (
    ghost_notes as ghost_notes,
)
from groovekit.evaluation.metrics.features import (
    laid_back as laid_back,
)
from groovekit.evaluation.metrics.features import (
    loudness as loudness,
)
from groovekit.evaluation.metrics.features import (
    metric_weights as metric_weights,
)
from groovekit.evaluation.metrics.features import (
    open_hat_share as open_hat_share,
)
from groovekit.evaluation.metrics.features import (
    swing as swing,
)
from groovekit.evaluation.metrics.features import (
    syncopation as syncopation,
)
from groovekit.evaluation.metrics.features import (
    velocity_range as velocity_range,
)
from groovekit.evaluation.metrics.features import (
    window_features as window_features,
)
from groovekit.evaluation.metrics.interval import (
    Interval as Interval,
)
from groovekit.evaluation.metrics.interval import (
    Ratio as Ratio,
)
from groovekit.evaluation.metrics.neighbours import (
    Evenness as Evenness,
)
from groovekit.evaluation.metrics.neighbours import (
    Smoothness as Smoothness,
)
from groovekit.evaluation.metrics.neighbours import (
    dice_distances as dice_distances,
)
from groovekit.evaluation.metrics.neighbours import (
    evenness as evenness,
)
from groovekit.evaluation.metrics.neighbours import (
    mean_pairwise as mean_pairwise,
)
from groovekit.evaluation.metrics.neighbours import (
    nearest as nearest,
)
from groovekit.evaluation.metrics.neighbours import (
    smoothness as smoothness,
)
from groovekit.evaluation.metrics.paired import (
    Difference as Difference,
)
from groovekit.evaluation.metrics.reconstruction import (
    Deviation as Deviation,
)
from groovekit.evaluation.metrics.reconstruction import (
    HitScores as HitScores,
)
from groovekit.evaluation.metrics.reconstruction import (
    cell_accuracy as cell_accuracy,
)
from groovekit.evaluation.metrics.reconstruction import (
    hit_scores as hit_scores,
)
from groovekit.evaluation.metrics.reconstruction import (
    timing_error as timing_error,
)
from groovekit.evaluation.metrics.reconstruction import (
    velocity_error as velocity_error,
)
from groovekit.evaluation.metrics.strokes import (
    ghost_share as ghost_share,
)
from groovekit.evaluation.metrics.strokes import (
    isolated_toms as isolated_toms,
)
from groovekit.evaluation.metrics.strokes import (
    snare_timing_sd as snare_timing_sd,
)
from groovekit.evaluation.metrics.strokes import (
    toms_by_bar as toms_by_bar,
)
from groovekit.evaluation.metrics.strokes import (
    velocity_sd as velocity_sd,
)
from groovekit.evaluation.metrics.two_sample import (
    TwoSample as TwoSample,
)
from groovekit.evaluation.metrics.two_sample import (
    energy_distance as energy_distance,
)
from groovekit.evaluation.metrics.two_sample import (
    neighbour_accuracy as neighbour_accuracy,
)
from groovekit.evaluation.metrics.two_sample import (
    two_sample as two_sample,
)
from groovekit.evaluation.metrics.two_sample import (
    two_sample_features as two_sample_features,
)
