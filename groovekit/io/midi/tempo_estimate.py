"""The tempo of notes whose file does not tell any."""

from __future__ import annotations

import numpy as np

from groovekit.io.tempo import DEFAULT_QPM

_SLOWEST, _FASTEST = 60.0, 200.0
# How much less likely a tempo is that lies an octave from the usual one.
_OCTAVES = 0.4
_FEWEST_ONSETS = 8
# How well sixteenths have to fit: notes of a machine do, played ones hardly. Of those
# every second estimate would be wrong.
_LEAST_FIT = 0.9
# What is looked at first: over more seconds, tempos would have to lie closer.
_FIRST_SECONDS = 30.0
_FIRST_ONSETS = 256


def estimate_qpm(onsets: np.ndarray) -> float | None:
    """The tempo whose quarters, eighths and sixteenths the notes of a machine lie on.

    Args:
      onsets: ``(notes,)`` seconds, in any order.

    Returns:
      Quarters a minute, about 60 to 200, to two places; None where no tempo fits, or
      there are too few onsets.
    """
    onsets = np.unique(onsets)
    if len(onsets) < _FEWEST_ONSETS:
        return None
    onsets = onsets - onsets[0]
    first = onsets[:_FIRST_ONSETS]
    first = first[first <= _FIRST_SECONDS]
    # Neighbours part by an eighth of a sixteenth in that time.
    step = 60.0 / (32.0 * max(float(first[-1]), 1.0))
    tempos = np.arange(_SLOWEST, _FASTEST, step)
    turns = np.exp(2j * np.pi / 60.0 * np.outer(tempos, first))
    quarters, eighths, sixteenths = (
        np.abs((turns**level).mean(axis=1)) for level in (1, 2, 4)
    )
    octaves = np.log2(tempos / DEFAULT_QPM) / _OCTAVES
    score = (sixteenths + 0.7 * eighths + 0.3 * quarters) * np.exp(
        -0.5 * octaves * octaves
    )
    score[sixteenths < _LEAST_FIT] = 0.0
    best = int(np.argmax(score))
    if not score[best]:
        return None
    qpm = float(tempos[best])
    for seen in (first, onsets):
        steps = np.round(seen * qpm / 15.0)
        if steps[-1]:
            qpm = 15.0 / float(np.polyfit(steps, seen, 1)[0])
    return round(qpm, 2)
