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
import operator
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from groovekit.configs.base import ModelConfig
from groovekit.configs.metadata import make_metadata
from groovekit.configs.parts import DecoderConfig
from groovekit.configs.presets import resolve_preset
from groovekit.configs.run_folder import RunFolder
from groovekit.data.prepared import Prepared
from groovekit.errors import (
    RunFolderError,
    TrainingError,
    TrainingInterruptedError,
    UsageError,
)
from groovekit.io.files import write_file
from groovekit.models import backend
from groovekit.models.builder import build_model, build_optimizer
from groovekit.models.optimizer import averaged
from groovekit.models.weights import load_model, load_weights
from groovekit.seeding import draw_seed
from groovekit.training import checkpoints
from groovekit.training import estimate as preflight
from groovekit.training.summaries import EventWriter
from groovekit.training.validation import Validator, arguments

if TYPE_CHECKING:
    from types import FrameType

    from groovekit.data.examples import Examples

_LOG = logging.getLogger("groovekit")

DTYPES = {
    "float32": "float32",
    "bfloat16": "mixed_bfloat16",
    "float16": "mixed_float16",
}
# Steps between two points of the training curves.
LOG_EVERY = 10
# ... and at most this long, where steps are slow.
_LOG_SECONDS = 5.0
# A step at which every schedule of beta has come to its end.
_LATE_STEP = 2**31 - 1
_EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

Progress = Callable[[int, dict[str, float]], None]


@dataclasses.dataclass(frozen=True)
class TrainSettings:
    """How long to train and what to keep; the rest is the config's.

    Attributes:
      steps: step to stop at, counted from the start of the run, however often it
        was resumed.
      patience: stop after this many evaluations without a better one; None never.
      eval_every: steps between evaluations.
      eval_batches: evaluate on this many batches only; None for all.
      checkpoint_minutes: minutes between checkpoints.
      keep: checkpoints to keep; 0 for all.
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
        if self.overwrite and self.resume:
            raise UsageError("`overwrite=True` goes with `resume=False`.")
        for name, least in (("steps", 1), ("eval_every", 1), ("keep", 0)):
            value = getattr(self, name)
            if value < least:
                raise UsageError(f"{name} must be at least {least}, got {value}.")
        if self.precision not in DTYPES:
            raise UsageError(
                f"precision must be one of {', '.join(DTYPES)}, got {self.precision!r}."
            )


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a stretch of training came to.

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
    """Training in a run folder, from where it stopped.

    Args:
      config: the model.
      data: from :func:`groovekit.prepare`.
      run_dir: the run folder, new or to be resumed.
      settings: see :class:`TrainSettings`.

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
    ) -> None:
        self.config = config
        self.data = data
        self.settings = settings
        self.state = _State()
        run_dir = Path(run_dir)
        self._resumed = settings.resume and _has_begun(run_dir)
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
                f"{given}. Leave `seed` out, or train into another folder (`run_dir`)."
            )
        return int(noted)

    def _open(self, run_dir: Path) -> RunFolder:
        run = RunFolder.open(run_dir)
        run.check_same(self.config, self.data.train.fingerprint)
        path = checkpoints.newest(run.checkpoints)
        if path is None:
            raise RunFolderError(
                f"No checkpoint in {run.checkpoints} can be read. Start anew with "
                "`resume=False` `overwrite=True`, or in another folder (`run_dir`)."
            )
        table = checkpoints.load(path, self.model, self.optimizer)
        self.state = _State(**table)
        _LOG.info("Resuming %s at step %d.", run_dir, self.state.step)
        return run

    def _prepared(self, run_dir: Path) -> RunFolder:
        """A run folder that is not written before training starts."""
        used = RunFolder.is_run(run_dir) and not self.settings.overwrite
        if used and (_has_begun(run_dir) or not self.settings.resume):
            raise RunFolderError(
                f"{run_dir} already holds a run. Leave out `resume=False` to go on "
                "with it, add `overwrite=True` to replace it, or choose another folder "
                "(`run_dir`)."
            )
        self._initialize()
        return RunFolder(run_dir)

    def _initialize(self) -> None:
        source = self.settings.init_from
        if source is None:
            return
        other = RunFolder.open(resolve_preset(source))
        weights, theirs = other.require_weights(), other.read_config()
        # Keras reads what has a place and passes over the rest of a file.
        for part in ("encoder", "decoder", "latent.z_size"):
            a, b = (operator.attrgetter(part)(c) for c in (theirs, self.config))
            if _sized(a) != _sized(b):
                raise RunFolderError(
                    f"Cannot start {self.config.name} from {source}, whose {part} is "
                    f"{a}, not {b}: sizes must be equal (groovekit configs show)."
                )
        try:
            load_weights(self.model, weights)
        except RunFolderError as error:
            raise RunFolderError(
                f"Cannot start {self.config.name} from {source}, which takes a model "
                f"of the same sizes (groovekit configs show): {error}"
            ) from error

    def _create(self) -> None:
        if self._resumed:
            return
        if RunFolder.is_run(self.run.path):
            # The new one's examples and config are known to be good by now.
            self.run.config_path.unlink()
            for path in checkpoints.listing(self.run.checkpoints):
                path.unlink()
            self.run.weights_path.unlink(missing_ok=True)
            shutil.rmtree(self.run.logs, ignore_errors=True)
        report = self.data.train.report
        evaluation = self.data.evaluation
        data = {
            "examples": Path(self.data.source).name or self.data.source,
            "fingerprint": self.data.train.fingerprint,
            "windows": len(self.data.train),
            "windows_per_epoch": self.data.train.windows_per_epoch,
            "sequences": self.data.train.sequences,
            "notes_read": report.counts.notes,
            "evaluation_windows": (
                0 if evaluation is None else evaluation.windows_per_epoch
            ),
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
            self.config,
            self.batch_size,
            on_cpu=not backend.uses_gpu(),
            model=self.model,
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
        self._stop_signal = None
        self._create()
        self._resumed = True
        with (
            self._catching_signals(),
            backend.explaining_memory(self._memory_advice()),
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
            augmentation=self.config.augmentation,
        )
        pending: list[Any] = []
        saved_at = logged_at = time.monotonic()
        stopped_early = False
        while state.step < settings.steps and not stopped_early:
            tensors = arguments(next(batches), fixed_length=converter.fixed_length)
            pending.append(update(*tensors, np.asarray(state.step, np.float32)))
            state.step += 1
            last = state.step == settings.steps
            due = state.step % settings.eval_every == 0
            stopping = self._stop_signal is not None
            slow = time.monotonic() - logged_at > _LOG_SECONDS
            if state.step % LOG_EVERY == 0 or last or due or stopping or slow:
                self._log(pending, train_log, progress)
                pending.clear()
                logged_at = time.monotonic()
            if (due or last) and self._validator is not None and not stopping:
                self._evaluate(eval_log)
                stopping = self._stop_signal is not None
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
            name: np.sum([row[name] for row in rows], axis=0)
            for name in rows[0]
            if name.startswith("sum/")
        }
        scalars |= self.model.metrics_of(sums, by_segment=False)
        rate = self.optimizer.learning_rate
        scalars["learning_rate"] = float(backend.to_numpy(rate))
        writer.scalars(scalars, self.state.step)
        writer.flush()
        if progress is not None:
            progress(self.state.step, scalars)

    def _evaluate(self, writer: EventWriter) -> None:
        assert self._validator is not None
        state = self.state
        with averaged(self.model, self.optimizer):
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
        if not math.isfinite(objective):
            self._raise_not_a_number()
        if objective < state.best:
            state.best, state.best_step, state.worse = objective, state.step, 0
            self._save_weights()
            if not checkpoints.listing(self.run.checkpoints):
                # Weights never lie there without something to go on from.
                self._save()
        else:
            state.worse += 1

    def _save_weights(self) -> None:
        # Keras goes by the suffix, which the temporary name beside must keep.
        with averaged(self.model, self.optimizer):
            write_file(self.run.weights_path, self.model.save_weights, durable=True)

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

    def _memory_advice(self) -> str:
        text = _too_large(self.batch_size)
        if self._resumed:
            text += (
                f" A run keeps its batch size: add `init_from={str(self.run.path)!r}` "
                "and another `run_dir` to go on from its weights."
            )
        return text

    def _raise_interrupted(self) -> None:
        number = signal.Signals(self._stop_signal or signal.SIGINT)
        raise TrainingInterruptedError(
            f"Stopped by {number.name} at step {self.state.step}; everything is saved "
            f"in {self.run.path}. The same command goes on from here"
            + ("." if self.settings.resume else ", without `resume=False`."),
            _EXIT_CODES[number],
        )

    def _raise_not_a_number(self) -> None:
        path = checkpoints.newest(self.run.checkpoints)
        if path is None:
            good = "No checkpoint was written yet."
        else:
            good = (
                f"The last good checkpoint is {path.name}; the same command goes on "
                f"from it, and `init_from={str(self.run.path)!r}` with another "
                "`run_dir` takes its best weights to other settings."
            )
        raise TrainingError(
            f"The loss is not a number any more at step {self.state.step}. {good} "
            "Usual causes: a learning rate that is too high (try "
            '`with_overrides("learning_rate=0.0003")`), gradients that are not clipped '
            '(grad_clip=1.0), or `precision="float16"` (try bfloat16 or float32).'
        )


def _too_large(batch_size: int) -> str:
    return (
        f"A batch of {batch_size} windows does not fit into memory. "
        f"Try `batch_size={max(1, batch_size // 2)}`."
    )


def _sized(part: Any) -> Any:
    """A part of a config without what leaves its weights' shapes as they are."""
    if isinstance(part, DecoderConfig):
        # Weights of the losses; other outputs do not load.
        return dataclasses.replace(part, head_options=())
    return part


def _has_begun(run_dir: Path) -> bool:
    """Whether a folder holds a run with something to go on from, or a preset."""
    run = RunFolder(run_dir)
    if not RunFolder.is_run(run_dir):
        return False
    if checkpoints.listing(run.checkpoints):
        return True
    if not run.weights_path.is_file():
        return False
    # Presets look like this, and runs whose checkpoints somebody deleted.
    raise RunFolderError(
        f"{run_dir} holds a trained model without checkpoints, which cannot go on. "
        f"Start another run from it: `init_from={str(run_dir)!r}` `run_dir='NEW'`."
    )


def evaluate_run(
    run: RunFolder,
    examples: Examples,
    *,
    batch_size: int | None = None,
    max_batches: int | None = None,
) -> tuple[int, int, dict[str, float]]:
    """Scores a run's newest checkpoint and logs the scores with the run.

    Args:
      run: with a checkpoint or weights.
      examples: what to evaluate on.
      batch_size: windows a batch; the config's by default.
      max_batches: evaluate on the first batches only; None for all.

    Returns:
      The checkpoint's step, the number of windows evaluated, and scores under the
      original's names.

    Raises:
      RunFolderError: there is nothing to evaluate yet.
    """
    config = run.read_config()
    seed = int(run.read_metadata().get("seed", 0))
    model = build_model(config, seed=seed)
    path = checkpoints.newest(run.checkpoints)
    if path is None:
        load_weights(model, run.require_weights())
        step = 0
    else:
        load_model(path, model)
        step = checkpoints.step_of(path)
    batch_size = batch_size or config.training.batch_size
    validator = Validator(
        model, examples, batch_size=batch_size, seed=seed, max_batches=max_batches
    )
    with backend.explaining_memory(_too_large(batch_size)):
        scores = validator(step or _LATE_STEP)
    with EventWriter(run.logs / "eval") as log:
        log.scalars(scores, step)
    return step, validator.windows, scores


def train(
    config: ModelConfig,
    data: Prepared,
    run_dir: str | Path,
    *,
    settings: TrainSettings | None = None,
    progress: Progress | None = None,
) -> TrainResult:
    """Trains a config's model; see :class:`Trainer`.

    Args:
      config: the model.
      data: from :func:`groovekit.prepare`.
      run_dir: the run folder, new or to be resumed.
      settings: how long, what to keep; default :class:`TrainSettings`.
      progress: called as ``progress(step, scalars)`` every few steps.
    """
    trainer = Trainer(config, data, run_dir, settings or TrainSettings())
    return trainer.fit(progress)
