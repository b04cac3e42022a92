"""Training: fits a config's model to examples, resumably.

The training step is compiled by :mod:`groovekit.models.backend`; everything
else here runs on the host. Batch ``i`` and its randomness are functions of the
seed and ``i``, so that a resumed run sees what the uninterrupted one would
have seen.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit import checkpoints, preflight
from groovekit.config import ModelConfig
from groovekit.datasets import Prepared
from groovekit.errors import (
    GroovekitError,
    OutOfMemoryError,
    RunFolderError,
    TrainingError,
    TrainingInterruptedError,
    UsageError,
)
from groovekit.io.summaries import EventWriter
from groovekit.models import backend
from groovekit.models.builder import build_model, build_optimizer
from groovekit.runs import RunFolder, make_metadata, resolve_preset, write_atomic
from groovekit.seeding import draw_seed
from groovekit.validation import Validator, arguments

if TYPE_CHECKING:
    from types import FrameType

    from groovekit.examples import Examples

_LOG = logging.getLogger("groovekit")

DTYPES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}
# Steps between two points of the training curves.
LOG_EVERY = 10
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

Progress = Callable[[int, dict[str, float]], None]


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How long to train and what to keep; the rest is the config's.

    Attributes:
      steps: step to stop at, counted from 0 over all sessions of the run.
      patience: stop after this many evaluations without a better one; None never.
      eval_every: steps between evaluations.
      eval_batches: evaluate on this many batches only; None for all.
      checkpoint_minutes: minutes between checkpoints.
      keep: checkpoints to keep.
      seed: of everything random; None draws one.
      resume: go on where the run folder stopped.
      overwrite: with ``resume`` off, replace a run that is there.
      init_from: run folder or preset to start the weights from.
      precision: ``float32``, ``bfloat16`` or ``float16`` (weights stay float32).
    """

    steps: int = 200_000
    patience: int | None = None
    eval_every: int = 100
    eval_batches: int | None = None
    checkpoint_minutes: float = 10.0
    keep: int = 3
    seed: int | None = None
    resume: bool = True
    overwrite: bool = False
    init_from: str | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("eval_every", 1), ("keep", 1)):
            value = getattr(self, name)
            if value < least:
                raise UsageError(f"{name} must be at least {least}, got {value}.")
        if self.precision not in DTYPES:
            raise UsageError(
                f"precision must be one of {', '.join(DTYPES)}, got {self.precision!r}."
            )


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a session of training came to.

    Attributes:
      run: the run folder.
      step: steps done in all.
      scores: of the last evaluation; empty without one.
      best_step: step of the best weights.
      best: their loss on the evaluation examples; None without evaluation.
      stopped_early: whether patience ran out.
    """

    run: RunFolder
    step: int
    scores: dict[str, float]
    best_step: int
    best: float | None
    stopped_early: bool


@dataclasses.dataclass
class _State:
    """What changes while training; saved with each checkpoint."""

    step: int = 0
    best: float = math.inf
    best_step: int = 0
    worse: int = 0
    scores: dict[str, float] = dataclasses.field(default_factory=dict)


class Trainer:
    """One session of training in a run folder.

    Args:
      config: the model.
      data: from :func:`groovekit.datasets.prepare`.
      run_dir: the run folder, new or to be resumed.
      settings: see :class:`TrainSettings`.
      source: what the examples are called in the run's metadata.

    Raises:
      RunFolderError: the folder holds another run.
      UsageError: settings that contradict the run's.
    """

    def __init__(
        self,
        config: ModelConfig,
        data: Prepared,
        run_dir: str | Path,
        settings: TrainSettings,
        *,
        source: str = "",
    ) -> None:
        self.config = config
        self.data = data
        self.settings = settings
        self.state = _State()
        self._source = source
        run_dir = Path(run_dir)
        self._resumed = RunFolder.is_run(run_dir) and settings.resume
        self.seed = self._choose_seed(run_dir)
        self.model = build_model(
            config, seed=self.seed, dtype=DTYPES[settings.precision]
        )
        self.optimizer = self._optimizer()
        if self._resumed:
            self.run = self._open(run_dir)
        else:
            self.run = self._prepared(run_dir)
        batch_size = config.training.batch_size
        self.batch_size = data.train.effective_batch_size(batch_size)
        self._validator = None
        if data.evaluation is not None:
            self._validator = Validator(
                self.model,
                data.evaluation,
                batch_size=batch_size,
                seed=self.seed,
                max_batches=settings.eval_batches,
            )
        self._stop_signal: int | None = None

    def _optimizer(self) -> Any:
        optimizer = build_optimizer(self.config, self.model)
        if self.settings.precision != "float16":
            return optimizer
        import keras

        # Small gradients vanish in half precision unless the loss is scaled up.
        scaled = keras.optimizers.LossScaleOptimizer(optimizer)
        scaled.build(self.model.trainable_variables)
        return scaled

    # The run folder ------------------------------------------------------------

    def _choose_seed(self, run_dir: Path) -> int:
        given = self.settings.seed
        if not self._resumed:
            return draw_seed() if given is None else given
        noted = RunFolder.open(run_dir).read_metadata().get("seed")
        if noted is None:
            return draw_seed() if given is None else given
        if given not in (None, noted):
            raise UsageError(
                f"The run in {run_dir} has seed {noted}; it cannot go on with "
                f"{given}. Leave --seed out, or train into another folder (--run-dir)."
            )
        return int(noted)

    def _open(self, run_dir: Path) -> RunFolder:
        run = RunFolder.open(run_dir)
        run.check_same(self.config, self.data.train.fingerprint)
        path = checkpoints.newest(run.checkpoints)
        if path is None:
            _LOG.info("The run in %s has no checkpoint yet: starting anew.", run_dir)
            self._initialize()
        else:
            table = checkpoints.load(path, self.model, self.optimizer)
            self.state = _State(**table)
            _LOG.info("Resuming %s at step %d.", run_dir, self.state.step)
        return run

    def _prepared(self, run_dir: Path) -> RunFolder:
        """A run folder that is not written before training starts."""
        if RunFolder.is_run(run_dir) and not self.settings.overwrite:
            raise RunFolderError(
                f"{run_dir} already holds a run. Leave out --no-resume to go on with "
                "it, add --overwrite to replace it, or choose another folder "
                "(--run-dir)."
            )
        self._initialize()
        return RunFolder(run_dir)

    def _initialize(self) -> None:
        source = self.settings.init_from
        if source is None:
            return
        weights = RunFolder.open(resolve_preset(source)).require_weights()
        try:
            self.model.load_weights(weights)
        except (ValueError, KeyError) as error:
            raise RunFolderError(
                f"The weights of {source} do not fit {self.config.name}: a model "
                "starts from another only if all sizes are equal "
                f"(groovekit configs show). {str(error).splitlines()[0]}"
            ) from error

    def _create(self) -> None:
        if self._resumed:
            return
        if RunFolder.is_run(self.run.path):
            # The old run goes when the new one is certain to start.
            self.run.config_path.unlink()
            for path in checkpoints.listing(self.run.checkpoints):
                path.unlink()
            self.run.weights_path.unlink(missing_ok=True)
        report = self.data.train.report
        evaluation = self.data.evaluation
        data = {
            "examples": Path(self._source).name or self._source,
            "fingerprint": self.data.train.fingerprint,
            "windows": len(self.data.train),
            "windows_per_epoch": self.data.train.windows_per_epoch,
            "sequences": self.data.train.sequences,
            "notes": report.counts.notes,
            "evaluation_windows": 0 if evaluation is None else len(evaluation),
        }
        metadata = make_metadata(
            self.config,
            backend=backend.name(),
            seed=self.seed,
            parameters=self.model.count_params(),
            data=data,
            precision=self.settings.precision,
            init_from=self.settings.init_from,
        )
        RunFolder.create(self.run.path, self.config, metadata)

    # Cost ----------------------------------------------------------------------

    def estimate(self) -> preflight.Estimate:
        """Memory and time that steps will take, roughly."""
        return preflight.estimate(
            self.config, self.model, self.batch_size, measure=not backend.uses_gpu()
        )

    @property
    def remaining(self) -> int:
        """Steps still to do."""
        return max(self.settings.steps - self.state.step, 0)

    # Training ------------------------------------------------------------------

    def fit(self, progress: Progress | None = None) -> TrainResult:
        """Trains until the last step, patience's end or a signal.

        Args:
          progress: called as ``progress(step, scalars)`` every few steps.

        Raises:
          TrainingInterruptedError: SIGINT or SIGTERM came; everything is saved.
          TrainingError: the loss is not a number any more.
          OutOfMemoryError: a batch does not fit.
        """
        if not self.remaining:
            _LOG.info(
                "Nothing to do: the run is at step %d of %d.",
                self.state.step,
                self.settings.steps,
            )
            return self._result(stopped_early=False)
        self._create()
        with (
            self._catching_signals(),
            _explaining_memory(self.batch_size),
            EventWriter(self.run.logs / "train") as train_log,
            EventWriter(self.run.logs / "eval") as eval_log,
        ):
            return self._loop(progress, train_log, eval_log)

    def _loop(
        self, progress: Progress | None, train_log: EventWriter, eval_log: EventWriter
    ) -> TrainResult:
        settings, state = self.settings, self.state
        update = backend.train_step(
            self.model, self.optimizer, self.model.training_loss
        )
        converter = self.data.train.converter
        batches = self.data.train.batches(
            self.config.training.batch_size,
            seed=self.seed,
            repeat=True,
            labels=True,
            start_step=state.step,
        )
        pending: list[Any] = []
        saved_at = time.monotonic()
        stopped_early = False
        while state.step < settings.steps and not stopped_early:
            tensors = arguments(next(batches), fixed_length=converter.fixed_length)
            pending.append(update(*tensors, np.asarray(state.step, np.float32)))
            state.step += 1
            last = state.step == settings.steps
            due = state.step % settings.eval_every == 0
            stopping = self._stop_signal is not None
            if state.step % LOG_EVERY == 0 or last or due or stopping:
                self._log(pending, train_log, progress)
                pending.clear()
            if (due or last) and self._validator is not None and not stopping:
                self._evaluate(eval_log)
                stopped_early = settings.patience is not None and (
                    state.worse >= settings.patience
                )
            minutes = (time.monotonic() - saved_at) / 60
            if (
                last
                or stopping
                or stopped_early
                or (not pending and minutes >= settings.checkpoint_minutes)
            ):
                self._save()
                saved_at = time.monotonic()
            if stopping:
                self._raise_interrupted()
        return self._result(stopped_early=stopped_early)

    def _log(
        self, pending: list[Any], writer: EventWriter, progress: Progress | None
    ) -> None:
        """Writes means over the steps since the last point of the curves."""
        rows = [
            {k: backend.to_numpy(v).astype(np.float64) for k, v in row.items()}
            for row in pending
        ]
        names = [name for name in rows[0] if not name.startswith("sum/")]
        scalars = {n: float(np.mean([row[n] for row in rows])) for n in names}
        if not math.isfinite(scalars["loss"]):
            self._raise_not_a_number()
        sums = {
            name.removeprefix("sum/"): sum(row[name] for row in rows)
            for name in rows[0]
            if name.startswith("sum/")
        }
        scalars |= self.model.head.metrics(sums)
        rate = self.optimizer.learning_rate
        scalars["learning_rate"] = float(backend.to_numpy(rate))
        writer.scalars(scalars, self.state.step)
        if progress is not None:
            progress(self.state.step, scalars)

    def _evaluate(self, writer: EventWriter) -> None:
        assert self._validator is not None
        state = self.state
        state.scores = self._validator(state.step)
        writer.scalars(state.scores, state.step)
        writer.flush()
        objective = self._validator.objective(state.scores)
        _LOG.info(
            "Step %d: evaluation loss %.2f, reconstruction %.2f, KL %.1f bits",
            state.step,
            state.scores["loss"],
            state.scores["losses/r_loss"],
            state.scores["losses/kl_bits"],
        )
        if objective < state.best:
            state.best, state.best_step, state.worse = objective, state.step, 0
            self._save_weights()
        else:
            state.worse += 1

    def _save_weights(self) -> None:
        # Keras goes by the suffix, which the temporary name beside must keep.
        write_atomic(self.run.weights_path, self.model.save_weights)

    def _save(self) -> None:
        if self._validator is None:
            self.state.best_step = self.state.step
        if self._validator is None or not self.run.weights_path.is_file():
            self._save_weights()
        checkpoints.save(
            self.run.checkpoints,
            self.state.step,
            self.model,
            self.optimizer,
            dataclasses.asdict(self.state),
            keep=self.settings.keep,
        )

    def _result(self, *, stopped_early: bool) -> TrainResult:
        state = self.state
        return TrainResult(
            run=self.run,
            step=state.step,
            scores=dict(state.scores),
            best_step=state.best_step,
            best=state.best if math.isfinite(state.best) else None,
            stopped_early=stopped_early,
        )

    # Ends ----------------------------------------------------------------------

    @contextlib.contextmanager
    def _catching_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM finish the step and save; a second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.getsignal(number) for number in _EXIT_CODES}

        def stop(number: int, frame: FrameType | None) -> None:
            del frame
            self._stop_signal = number
            _LOG.info("Finishing the step and saving; once more to stop at once.")
            for other in _EXIT_CODES:
                signal.signal(other, before[other])

        for number in _EXIT_CODES:
            signal.signal(number, stop)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _raise_interrupted(self) -> None:
        number = signal.Signals(self._stop_signal or signal.SIGINT)
        raise TrainingInterruptedError(
            f"Stopped by {number.name} at step {self.state.step}; everything is saved "
            f"in {self.run.path}. The same command goes on from here.",
            _EXIT_CODES[number],
        )

    def _raise_not_a_number(self) -> None:
        path = checkpoints.newest(self.run.checkpoints)
        if path is None:
            good = "No checkpoint was written yet."
        else:
            good = (
                f"The last good checkpoint is {path.name}; the same command goes on "
                "from it."
            )
        raise TrainingError(
            f"The loss is not a number any more at step {self.state.step}. {good} "
            "Usual causes: a learning rate that is too high (try --hparams "
            "learning_rate=0.0003), gradients that are not clipped (grad_clip=1.0), "
            "or --precision float16 (try bfloat16 or float32)."
        )


@contextlib.contextmanager
def _explaining_memory(batch_size: int) -> Iterator[None]:
    try:
        yield
    except GroovekitError:
        raise
    except Exception as error:
        if not backend.is_out_of_memory(error):
            raise
        raise OutOfMemoryError(
            f"A batch of {batch_size} windows does not fit into memory. "
            f"Try --batch-size {max(1, batch_size // 2)}."
        ) from error


def evaluate_run(
    run: RunFolder, examples: Examples, *, max_batches: int | None = None
) -> tuple[int, dict[str, float]]:
    """Evaluates a run's newest checkpoint and logs the scores with the run.

    Args:
      run: with a checkpoint or weights.
      examples: what to evaluate on.
      max_batches: evaluate on the first batches only; None for all.

    Returns:
      The checkpoint's step, and scores under the original's names.

    Raises:
      RunFolderError: there is nothing to evaluate yet.
    """
    config = run.read_config()
    seed = int(run.read_metadata().get("seed", 0))
    model = build_model(config, seed=seed)
    path = checkpoints.newest(run.checkpoints)
    if path is None:
        model.load_weights(run.require_weights())
        step = 0
    else:
        checkpoints.load_model(path, model)
        step = checkpoints.step_of(path)
    batch_size = config.training.batch_size
    with _explaining_memory(batch_size):
        scores = Validator(
            model, examples, batch_size=batch_size, seed=seed, max_batches=max_batches
        )(step)
    with EventWriter(run.logs / "eval") as log:
        log.scalars(scores, step)
    return step, scores


def train(
    config: ModelConfig,
    data: Prepared,
    run_dir: str | Path,
    *,
    settings: TrainSettings | None = None,
    source: str = "",
    progress: Progress | None = None,
) -> TrainResult:
    """Trains a config's model; see :class:`Trainer`.

    Args:
      config: the model.
      data: from :func:`groovekit.datasets.prepare`.
      run_dir: the run folder, new or to be resumed.
      settings: how long, what to keep; default :class:`TrainSettings`.
      source: what the examples are called in the run's metadata.
      progress: called as ``progress(step, scalars)`` every few steps.
    """
    trainer = Trainer(config, data, run_dir, settings or TrainSettings(), source=source)
    return trainer.fit(progress)
