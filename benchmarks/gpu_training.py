"""How near does training on a GPU come to PyTorch written by hand?

Two models, for each batch size: ``groovae_4bar`` (teacher forcing) against layers of
``torch.nn.LSTM``, and ``cat-drums_2bar_small`` (scheduled sampling) against a loop in a
CUDA graph. Both sides have the same weights, the script makes sure that they compute
the same losses, and they take steps turn about in one process, copying each batch to
the device. The share of the peak counts the products of a step (three for each weight,
sequence step and window) against one large product. Batches a second of the input
pipeline alone stand beside steps a second. Worse would be: more than 1.10 (groove) or
1.25 (drums) times the reference's time at batch 512, or a pipeline slower than steps.

    KERAS_BACKEND=torch python benchmarks/gpu_training.py --batch-size 64 512 4096
    KERAS_BACKEND=jax   python benchmarks/gpu_training.py --batch-size 64 512 4096
    python benchmarks/gpu_training.py --device cpu --tiny --batch-size 8

The last line shows on any machine that the script is right. Matrix products may use
TensorFloat-32 on both sides, as cuDNN's LSTM does unless told otherwise.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from groovekit.configs.base import ModelConfig
    from groovekit.data.examples import Examples

TINY = {"enc_rnn_size": [12], "dec_rnn_size": [8, 8], "z_size": 6}
# A training step at which half of the drums' inputs are the model's own samples.
STEP = 6908


def windows(config: ModelConfig, count: int) -> Examples:
    """Examples of random drumming, repeated until there are ``count``."""
    from groovekit.converters.base import Windows
    from groovekit.data.examples import Examples
    from groovekit.io.notes import NoteSequence

    rng = np.random.default_rng(0)
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.tempos.add(qpm=120.0)
    sequence.time_signatures.add(numerator=4, denominator=4)
    for start in range(16 * 64):
        for pitch in rng.choice([36, 38, 42, 46, 49], rng.integers(3), replace=False):
            moment = max(start + rng.normal(0, 0.1), 0.0) / 8
            sequence.notes.add(
                pitch=int(pitch),
                velocity=int(rng.integers(1, 128)),
                start_time=moment,
                end_time=moment + 0.1,
                is_drum=True,
            )
    sequence.total_time = 128.0
    found = Examples.from_sequences([("random", sequence)], config.converter)
    times = -(-count // found.windows_per_epoch)
    arrays = {
        name: np.concatenate([array] * times)
        for name, array in found.stored.arrays.items()
    }
    return Examples(
        stored=Windows(arrays, found.stored.counts),
        groups=np.arange(times + 1) * len(found),
        ids=[f"random-{number}" for number in range(times)],
        report=found.report,
        converter=config.converter,
        fingerprint="",
    )


class Pair:
    """Our training step and the reference's, on the same weights and batch."""

    def __init__(self, config: ModelConfig, batch_size: int, device: str) -> None:
        import torch
        from gpu_reference import Drums, Groove, graphed

        from groovekit.models import backend
        from groovekit.models.builder import build_model, build_optimizer

        self.config = config
        self.examples = windows(config, 2 * batch_size)
        self.batch_size = batch_size
        batch = next(self.batches())
        self.batch = batch
        self.model = build_model(config, seed=1)
        self.scheduled = self.model.objective.scheduled
        kind = Drums if self.scheduled else Groove
        self.reference = kind(config, self.model).to(device)
        self.device = device
        update = backend.train_step(
            self.model, build_optimizer(config, self.model), self.model.training_loss
        )
        self.check()

        def ours() -> Any:
            return update(
                batch.inputs, batch.outputs, None, None, np.asarray(STEP, np.float32)
            )["loss"]

        parameters = list(self.reference.parameters())
        on_gpu = device != "cpu"
        adam = torch.optim.Adam(
            parameters, 1e-3, eps=1e-8, fused=on_gpu or None, capturable=on_gpu
        )
        static = [torch.from_numpy(a).to(device) for a in (batch.inputs, batch.outputs)]
        if self.scheduled:
            static[1] = static[1].long()
        size, steps = batch.outputs.shape[:2]
        z_size = config.latent.z_size

        def step() -> Any:
            adam.zero_grad(set_to_none=True)
            noise = [torch.randn(size, z_size, device=device)]
            if self.scheduled:
                noise.append(torch.rand(steps, size, device=device) < 0.5)
                noise.append(torch.rand(steps, size, 1, device=device))
            r_loss, cost = self.reference(*static, *noise)
            loss = r_loss + self.reference.beta * cost
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            adam.step()
            return loss.detach()

        self.reference.train()
        run = graphed(step, device) if self.scheduled else step
        hosts = [torch.from_numpy(a) for a in (batch.inputs, batch.outputs)]

        def theirs() -> Any:
            for tensor, host in zip(static, hosts, strict=True):
                tensor.copy_(host)
            return run()

        self.steps: dict[str, Callable[[], Any]] = {"by hand": theirs, "ours": ours}

    def batches(self) -> Any:
        """The input pipeline, as training uses it."""
        return self.examples.batches(self.batch_size, seed=1, repeat=True, labels=True)

    def check(self) -> None:
        """Makes sure that both give the same losses, without dropout."""
        import torch

        from groovekit.models import backend

        count = min(self.batch_size, 16)
        inputs, outputs = self.batch.inputs[:count], self.batch.outputs[:count]
        rng = np.random.default_rng(0)
        epsilon = rng.standard_normal((count, self.model.z_size), np.float32)
        noise = [epsilon]
        uniforms = None
        if self.scheduled:
            uniforms = rng.random((outputs.shape[1], count, 1), np.float32)
            noise += [np.ones(uniforms.shape[:2], bool), uniforms]
            outputs = outputs.astype(np.int64)
        allow_tf32(False)
        # Outside training, scheduled sampling runs freely.
        function = backend.inference(
            self.model,
            lambda *tensors: [
                self.model.losses_of(
                    *tensors[:2],
                    None,
                    None,
                    step=None,
                    epsilon=tensors[2],
                    uniforms=None if uniforms is None else tensors[3],
                )[name]
                for name in ("r_loss", "kl_cost")
            ],
        )
        given = [inputs, self.batch.outputs[:count], epsilon]
        given += [] if uniforms is None else [uniforms.transpose(1, 0, 2)]
        ours = [float(backend.to_numpy(part).mean()) for part in function(*given)]
        self.reference.eval()
        with torch.no_grad():
            tensors = (torch.from_numpy(a) for a in (inputs, outputs, *noise))
            theirs = self.reference(*(tensor.to(self.device) for tensor in tensors))
        allow_tf32(True)
        np.testing.assert_allclose(ours, [float(part) for part in theirs], rtol=1e-4)


def allow_tf32(allowed: bool) -> None:
    """Lets PyTorch and JAX round factors to TensorFloat-32, or not."""
    import torch

    torch.backends.cudnn.allow_tf32 = allowed
    torch.backends.cuda.matmul.allow_tf32 = allowed
    if os.environ["KERAS_BACKEND"] == "jax":
        import jax

        precision = "default" if allowed else "highest"
        jax.config.update("jax_default_matmul_precision", precision)


def peak(device: str, size: int) -> float:
    """Operations a second of one large product."""
    import torch

    a = torch.ones(size, size, device=device)
    a @ a
    synchronise(device)
    start = time.perf_counter()
    for _ in range(10):
        a @ a
    synchronise(device)
    return 10 * 2 * size**3 / (time.perf_counter() - start)


def synchronise(device: str) -> None:
    """Waits for PyTorch."""
    import torch

    if device != "cpu":
        torch.cuda.synchronize()


def compare(pair: Pair, rate: float, repeats: int) -> None:
    """Times blocks of steps, turn about, and shows the table."""
    from groovekit.models.size import network_size

    times: dict[str, list[float]] = {name: [] for name in pair.steps}
    for step in pair.steps.values():
        for _ in range(3):
            float(step())
    block = 1 if pair.device == "cpu" else 20
    for _ in range(repeats):
        for name, step in pair.steps.items():
            start = time.perf_counter()
            for _ in range(block - 1):
                step()
            loss = step()
            if loss is not None:
                float(loss)
            synchronise(pair.device)
            times[name].append((time.perf_counter() - start) / block)
    size = network_size(pair.config)
    assert size is not None
    operations = 6.0 * size.multiplications * pair.batch_size
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"{pair.config.name}, batch {pair.batch_size}:")
    for name, seconds in medians.items():
        print(
            f"  {name:>8}: {seconds * 1e3:8.2f} ms a step, "
            f"{operations / seconds / 1e12:6.2f} TFLOP/s, "
            f"{operations / seconds / rate:.1%} of the peak"
        )
    batches = pair.batches()
    next(batches)
    start = time.perf_counter()
    count = sum(1 for _ in itertools.islice(batches, 5 * repeats))
    pipeline = count / (time.perf_counter() - start)
    print(
        f"  {medians['ours'] / medians['by hand']:.2f} times the time by hand; the "
        f"pipeline gives {pipeline:.1f} batches/s for {1 / medians['ours']:.1f} steps/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--batch-size", type=int, nargs="+", default=[64, 512, 4096])
    parser.add_argument("--tiny", action="store_true", help="small layers")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "torch")
    # PyTorch needs memory as well.
    os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
    import torch

    from groovekit.configs.base import get_config
    from groovekit.models import backend

    torch.manual_seed(0)
    allow_tf32(True)
    rate = peak(options.device, 256 if options.tiny else 4096)
    name = "CPU"
    if options.device != "cpu":
        name = torch.cuda.get_device_name()
        if not backend.uses_gpu():
            raise SystemExit(f"{backend.name()} finds no GPU.")
    print(f"{name}, PyTorch {torch.__version__}, ours on {backend.name()}")
    print(f"one large product: {rate / 1e12:.2f} TFLOP/s")
    for config in ("groovae_4bar", "cat-drums_2bar_small"):
        own = get_config(config)
        if options.tiny:
            own = own.with_overrides(TINY)
        for size in options.batch_size:
            compare(Pair(own, size, options.device), rate, options.repeats)


if __name__ == "__main__":
    main()
