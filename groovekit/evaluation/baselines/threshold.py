"""From which probability on a hit is a hit."""

from __future__ import annotations

import numpy as np

_STEPS = 101


def best_threshold(scores: np.ndarray, hits: np.ndarray) -> float:
    """The threshold with the best F1, of 101 between the lowest and the highest score.

    Args:
      scores: of cells, the higher the surer.
      hits: bool, same shape.
    """
    scores, hits = np.ravel(scores), np.ravel(hits)
    candidates = np.linspace(scores.min(), scores.max(), _STEPS)
    order = np.sort(scores)
    true = np.sort(scores[hits])
    # How many, of all and of the hits, lie above.
    found = len(order) - np.searchsorted(order, candidates, side="right")
    right = len(true) - np.searchsorted(true, candidates, side="right")
    f1 = 2 * right / np.maximum(found + len(true), 1)
    return float(candidates[f1.argmax()])
