"""Nothing is played."""

from __future__ import annotations

import numpy as np

from groovekit.evaluation.baselines.base import Baseline, Case
from groovekit.evaluation.metrics import Drums


class Silence(Baseline):
    """Nothing is played."""

    name, label, given = "silence", "silence", "nothing"

    def predict(self, case: Case) -> Drums:
        """Windows without hits."""
        zeros = np.zeros(case.hits.shape)
        return Drums(zeros, zeros, zeros)
