"""Numbers about each window, whose distributions can be compared.

Every feature takes :class:`Drums` and gives an array ``(windows,)``, NaN where a
window has nothing to measure. Windows begin with a bar.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from groovekit.converters.grid.drums import (
    CLOSED_HAT,
    CRASH,
    OPEN_HAT,
    SNARE,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    TOMS,
    Drums,
    by_bar,
    flat,
    required,
)
from groovekit.errors import DataError
from groovekit.evaluation.metrics.strokes import GHOST

#: Classes of the nine-class kit maps by register: kick; snare and toms; hi-hats
#: and cymbals.
STREAMS = ((0,), (1, 4, 5, 6), (2, 3, 7, 8))
#: Percentiles between which the velocities of :func:`velocity_range` lie.
RANGE = (5.0, 95.0)


def density(drums: Drums) -> np.ndarray:
    """Busier: hits a step, of all drums together (0 to the number of classes).

    The note density of symbolic drum descriptors (Gomez-Marin, Jorda and Herrera,
    "Drum rhythm spaces: From polyphonic similarity to generative maps", Journal of
    New Music Research 49, 2020), for each step.
    """
    return np.asarray(drums.hits.sum(axis=(1, 2)) / drums.hits.shape[1])


def syncopation(
    drums: Drums,
    *,
    streams: Sequence[Sequence[int]] = STREAMS,
    steps_per_bar: int | None = None,
    steps_per_quarter: int | None = None,
) -> np.ndarray:
    """Off the beat: syncopation a bar, summed over three registers.

    The measure is Longuet-Higgins and Lee's. A hit on a weak position that is followed
    by silence on a stronger one counts the difference of their metric weights, the
    silence's strongest position being taken (Longuet-Higgins and Lee, "The Rhythmic
    Interpretation of Monophonic Music", Music Perception 1, 1984). As the measure is
    for one voice, drums are taken in three streams (low, middle, high), as Gomez-Marin,
    Jorda and Herrera (2020) do, and added up. Weights are those of
    :func:`metric_weights`. A silence is not followed beyond the window. On grids finer
    than sixteenths hits belong to the nearest sixteenth: a stroke a little before the
    beat is no syncopation.

    Args:
      drums: windows.
      streams: classes of each stream; those that the drums do not have are left
        out.
      steps_per_bar: grid; that of the drums by default.
      steps_per_quarter: grid; that of the drums by default.

    Returns:
      At least 0, for each bar of a window on average.
    """
    grid, per_bar = drums.hits, steps_per_bar or drums.steps_per_bar
    per_quarter = steps_per_quarter or drums.steps_per_quarter
    if per_quarter > STEPS_PER_QUARTER:
        window, place, _, drum = _sixteenths(drums, per_quarter)
        windows, steps, classes = grid.shape
        grid = np.zeros((windows, _in_sixteenths(steps, per_quarter), classes), bool)
        grid[window, place, drum] = True
        per_bar = _in_sixteenths(per_bar, per_quarter)
        per_quarter = STEPS_PER_QUARTER
    windows, steps, classes = grid.shape
    weights = metric_weights(per_bar, per_quarter)[np.arange(steps) % per_bar]
    hits = np.stack(
        [
            grid[:, :, [drum for drum in stream if drum < classes]].any(axis=2)
            for stream in streams
        ],
        axis=-1,
    )
    total = np.zeros(windows)
    # The strongest silent position between a step and the stream's next hit.
    strongest = np.full((windows, len(streams)), -np.inf)
    for step in reversed(range(steps)):
        hit = hits[:, step]
        gain = np.maximum(strongest - weights[step], 0.0)
        total += np.where(hit, gain, 0.0).sum(axis=1)
        strongest = np.where(hit, -np.inf, np.maximum(strongest, weights[step]))
    return np.asarray(total / (steps / per_bar))


def metric_weights(
    steps_per_bar: int = STEPS_PER_BAR, steps_per_quarter: int = STEPS_PER_QUARTER
) -> np.ndarray:
    """``(steps_per_bar,)``: how strong each position is, 0 (first beat) to -4.

    0 on the first beat, -1 in the middle of a bar of an even number of quarters,
    -2 on other quarters, -3 on eighths, -4 elsewhere (Longuet-Higgins and Lee,
    1984).
    """
    position = np.arange(steps_per_bar)
    weights = np.full(steps_per_bar, -4.0)
    if steps_per_quarter % 2 == 0:
        weights[position % (steps_per_quarter // 2) == 0] = -3.0
    weights[position % steps_per_quarter == 0] = -2.0
    if steps_per_bar % (2 * steps_per_quarter) == 0:
        weights[steps_per_bar // 2] = -1.0
    weights[0] = 0.0
    return weights


def swing(drums: Drums) -> np.ndarray:
    """Swing: length of a quarter's first eighth relative to its second.

    The swing ratio (beat-upbeat ratio) of Friberg and Sundstrom, "Swing Ratios and
    Ensemble Timing in Jazz Performance: Evidence for a Common Rhythmic Pattern",
    Music Perception 19, 2002: 1 for even eighths, 2 for triplets. A quarter counts
    if it has a hit on the beat and an upbeat: its third sixteenth, or else an
    *early* fourth one without a second one (a triplet's last third is nearest to
    the fourth sixteenth; on the grid that would be a dotted rhythm). Onsets are the
    means over the hits of a sixteenth; the quarter's length is taken as even. On
    other grids than sixteenths each hit belongs to the nearest sixteenth.

    Args:
      drums: windows, with offsets.

    Returns:
      Means over each window's quarters, above 0; NaN without such quarters.
    """
    required(drums, "offsets")
    windows, steps, _ = drums.hits.shape
    window, place, lateness, _ = _sixteenths(drums, drums.steps_per_quarter)
    quarters = steps // drums.steps_per_quarter
    used = place < quarters * STEPS_PER_QUARTER
    shape = (windows, quarters, STEPS_PER_QUARTER)
    cell = (window * quarters * STEPS_PER_QUARTER + place)[used]
    size = windows * quarters * STEPS_PER_QUARTER
    counts = np.bincount(cell, minlength=size)
    total = np.bincount(cell, lateness[used], minlength=size)
    hit = (counts > 0).reshape(shape)
    late = (total / np.maximum(counts, 1)).reshape(shape)
    third = hit[..., 2]
    fourth = hit[..., 3] & ~hit[..., 1] & ~third & (late[..., 3] < 0)
    upbeat = np.where(third, 2.0 + late[..., 2], 3.0 + late[..., 3])
    first = upbeat - late[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(
            hit[..., 0] & (third | fourth), first / (STEPS_PER_QUARTER - first), np.nan
        )
    return _means(ratios)


def loudness(drums: Drums) -> np.ndarray:
    """Louder: mean velocity of the hits, MIDI units.

    Dynamics as played, of all drums alike; NaN in silence.
    """
    return _means(_at_hits(drums, "velocities"))


def velocity_range(drums: Drums) -> np.ndarray:
    """More dynamic: how far apart loud and soft hits are, MIDI units.

    The 95th less the 5th percentile (linearly interpolated) in place of the loudest and
    softest hit, which one stray hit decides; the range is the dynamic range of
    performance studies, in the only unit that MIDI has.
    """
    velocities, hits = flat(required(drums, "velocities")), flat(drums.hits)
    # What is silent goes to the end.
    ordered = np.sort(np.where(hits, velocities, np.inf), axis=1)
    counts = hits.sum(axis=1)
    last = np.maximum(counts - 1, 0)
    found = []
    for percentile in RANGE:
        place = last * percentile / 100
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, last)
        rows = np.arange(len(drums))
        low = np.where(counts > 0, ordered[rows, below], np.nan)
        high = np.where(counts > 0, ordered[rows, above], np.nan)
        found.append(low + (high - low) * (place - below))
    return np.asarray(found[1] - found[0])


def laid_back(drums: Drums) -> np.ndarray:
    """Laid back: mean lateness of the hits in steps (-0.5 to 0.5).

    Positive when late: playing behind the beat, measured as the mean asynchrony with
    the metronome (Kilchenmann and Senn, "Microtiming in Swing and Funk affects the
    body movement behavior of music expert listeners", Frontiers in Psychology 6,
    2015), which the Groove MIDI Dataset's drummers played to.
    """
    return -_means(_at_hits(drums, "offsets")) / 2


def open_hat_share(
    drums: Drums, *, open_hat: int = OPEN_HAT, closed_hat: int = CLOSED_HAT
) -> np.ndarray:
    """Open hi-hats: share of the hi-hat hits that are open (0 to 1).

    A definition of our own, by the classes of groovekit's nine-class kit maps.

    Args:
      drums: windows.
      open_hat: class of the open hi-hat.
      closed_hat: class of the closed one.

    Raises:
      DataError: the drums have no such classes.
    """
    classes = drums.hits.shape[2]
    if max(open_hat, closed_hat) >= classes:
        raise DataError(
            f"Expected drums with the classes {closed_hat} and {open_hat} (closed and "
            f"open hi-hat), got {classes} classes: there are no hi-hats to measure."
        )
    opened = drums.hits[:, :, open_hat].sum(axis=1)
    total = opened + drums.hits[:, :, closed_hat].sum(axis=1)
    return np.where(total > 0, opened / np.maximum(total, 1), np.nan)


def ghost_notes(drums: Drums, *, snare: int = SNARE) -> np.ndarray:
    """Ghost notes: share of the snare's hits with velocities below 40 (0 to 1).

    The bound is :data:`~groovekit.evaluation.metrics.strokes.GHOST`; the velocities
    are rounded, as MIDI files are. 0 where the snare is not played: there are none.

    Args:
      drums: windows, with velocities.
      snare: its class.

    Raises:
      DataError: the drums have no such class, or no velocities.
    """
    velocities = required(drums, "velocities")
    if snare >= drums.hits.shape[2]:
        raise DataError(
            f"Expected drums with the class {snare} (snare), got "
            f"{drums.hits.shape[2]} classes: there is no snare to measure."
        )
    hits = drums.hits[:, :, snare]
    soft = hits & (np.rint(velocities[:, :, snare]) < GHOST)
    return np.asarray(soft.sum(axis=1) / np.maximum(hits.sum(axis=1), 1))


def fills(
    drums: Drums, *, drums_of_fills: Sequence[int] = (*TOMS, CRASH)
) -> np.ndarray:
    """Fills: tom and crash hits of the last bar beyond the others' (at least 0).

    A definition of our own: a fill closes a phrase, and shows as hits of drums that
    the bars before it leave alone. A beat on the toms throughout is none, so the mean
    over the other bars is taken off; what the other bars have more of is none either,
    so there is nothing below 0.

    Args:
      drums: windows of two bars and more.
      drums_of_fills: classes that count.

    Raises:
      DataError: windows of less than two bars, or drums without such classes.
    """
    _, steps, classes = drums.hits.shape
    bars = steps // drums.steps_per_bar
    if bars < 2 or max(drums_of_fills) >= classes:
        raise DataError(
            "Expected windows of at least two bars with toms and a crash (classes "
            f"{list(drums_of_fills)}), got {steps} steps in bars of "
            f"{drums.steps_per_bar} and {classes} classes: there are no fills to "
            "measure."
        )
    counts = by_bar(drums)[..., list(drums_of_fills)].sum(axis=(2, 3))
    return np.asarray(np.maximum(counts[:, -1] - counts[:, :-1].mean(axis=1), 0.0))


def window_features(
    drums: Drums, *, steps_per_bar: int | None = None
) -> dict[str, np.ndarray]:
    """Describes each window by numbers whose distributions can be compared.

    Args:
      drums: windows that begin with a bar.
      steps_per_bar: grid; that of the drums by default.

    Returns:
      Arrays ``(windows,)``, NaN where a window has nothing to measure:
      ``hits_per_bar``; ``drums_used`` (classes hit at least once); with
      velocities ``velocity_mean`` and ``velocity_sd`` (MIDI units); with offsets
      ``microtiming_mean`` and ``microtiming_sd`` (steps, positive when early).
    """
    hits = drums.hits
    counts = hits.sum(axis=(1, 2))
    features = {
        "hits_per_bar": counts / hits.shape[1] * (steps_per_bar or drums.steps_per_bar),
        "drums_used": hits.any(axis=1).sum(axis=1).astype(np.float64),
    }
    for name, array in (
        ("velocity", drums.velocities),
        ("microtiming", None if drums.offsets is None else drums.offsets / 2),
    ):
        if array is None:
            continue
        number = np.where(counts > 0, counts, np.nan)
        mean = (array * hits).sum(axis=(1, 2)) / number
        square = (np.square(array - mean[:, None, None]) * hits).sum(axis=(1, 2))
        features[f"{name}_mean"] = mean
        features[f"{name}_sd"] = np.sqrt(square / number)
    return features


def _sixteenths(
    drums: Drums, per_quarter: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each hit's window, nearest sixteenth, lateness in sixteenths, and class.

    Of those whose nearest sixteenth lies in the window. On a grid of sixteenths it
    is the step itself.
    """
    window, step, drum = np.nonzero(drums.hits)
    late = np.zeros(len(step))
    if drums.offsets is not None:
        late = -drums.offsets[window, step, drum] / 2
    onset = (step + late) * (STEPS_PER_QUARTER / per_quarter)
    place = step
    if per_quarter != STEPS_PER_QUARTER:
        place = np.floor(onset + 0.5).astype(np.int64)
    end = _in_sixteenths(drums.hits.shape[1], per_quarter)
    inside = (place >= 0) & (place < end)
    window, place, drum = window[inside], place[inside], drum[inside]
    return window, place, onset[inside] - place, drum


def _in_sixteenths(steps: int, per_quarter: int) -> int:
    """How many sixteenths so many steps are."""
    return -(-steps * STEPS_PER_QUARTER // per_quarter)


def _at_hits(drums: Drums, name: str) -> np.ndarray:
    """``(windows, cells)``: values at hits, NaN elsewhere."""
    return flat(np.where(drums.hits, required(drums, name), np.nan))


def _means(values: np.ndarray) -> np.ndarray:
    """``(windows,)``: means of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=1)
    sums = np.where(known, values, 0.0).sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
