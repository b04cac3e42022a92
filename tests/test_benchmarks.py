"""The benchmark for GPUs, on the CPU with small layers: it shows its own rightness."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import keras
import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.mark.backends
def test_training_on_gpus(monkeypatch, capsys):
    if keras.backend.backend() == "tensorflow":
        pytest.skip("the script is for JAX and PyTorch")
    torch = pytest.importorskip("torch")
    # The script finds its reference models beside itself.
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setenv("KERAS_BACKEND", keras.backend.backend())
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    arguments = "--device cpu --tiny --batch-size 4 --repeats 1"
    monkeypatch.setattr(sys, "argv", ["gpu_training.py", *arguments.split()])
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    try:
        # Raises where the losses differ from those of the models written by hand.
        runpy.run_path(str(FOLDER / "gpu_training.py"), run_name="__main__")
    finally:
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before
    lines = capsys.readouterr().out.splitlines()
    assert sum("times the time by hand" in line for line in lines) == 2
