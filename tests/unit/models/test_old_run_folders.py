"""Run folders of earlier versions load, and play what they played."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groovekit.configs.presets import find_model
from groovekit.models.runtimes.choice import Runtimes

FOLDERS = Path(__file__).parents[2] / "golden" / "run_folders"
TOLERANCE = 1e-5

pytestmark = pytest.mark.backends

WEIGHTS = [
    *sorted(FOLDERS.glob("*/model.*")),
    *sorted(FOLDERS.glob("*/checkpoints/*.npz")),
]


def test_there_are_some():
    assert len(WEIGHTS) >= 5


@pytest.mark.parametrize("runtime", ["numpy", "keras"])
@pytest.mark.parametrize(
    "weights", WEIGHTS, ids=lambda path: str(path.relative_to(FOLDERS))
)
def test_an_old_file_gives_what_it_gave(weights, runtime):
    files = find_model(checkpoint=weights)
    model = Runtimes(files.config, files, runtime=runtime, max_batch_size=8).for_job(1)
    assert model.runtime == runtime
    with np.load(files.folder / "expected.npz") as expected:
        arrays = dict(expected)
    controls = arrays.get("controls")
    mean, stddev = model.encode(arrays["inputs"], controls, None)
    outputs = model.decode(
        arrays["mean"],
        arrays["outputs"].shape[1],
        temperature=1.0,
        controls=controls,
        rng=np.random.default_rng(0),
    )
    found = {"mean": mean, "stddev": stddev, "outputs": outputs}
    for name, array in found.items():
        np.testing.assert_allclose(array, arrays[name], rtol=0, atol=TOLERANCE)
    assert outputs.any()
