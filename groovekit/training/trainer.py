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
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from groovekit.configs.base import Config
from groovekit.configs.metadata import make_metadata
from groovekit.configs.run_folder import RunFolder
from groovekit.data.prepared import Prepared
from groovekit.errors import (
    RunFolderError,
    TrainingError,
    TrainingInterruptedError,
    UsageError,
)
from groovekit.models import backend
from groovekit.models.builder import build_model
from groovekit.models.callbacks import Callbacks
from groovekit.models.family import family_of
from groovekit.models.optimizer import averaged
from groovekit.models.weights import load_weights, save_weights
from groovekit.seeding import generator
from groovekit.training import checkpoints, runs
from groovekit.training import estimate as preflight
from groovekit.training.init_from import load_initial_weights
from groovekit.training.ownership import owned
from groovekit.training.settings import DTYPES, TrainSettings
from groovekit.training.signals import EXIT_CODES, StopRequest, stop_requests
from groovekit.training.summaries import EventWriter
from groovekit.training.validation import StoppedError, Validator, arguments
from groovekit.training.words import evaluation_in_words

_LOG = logging.getLogger("groovekit")

# Steps between two points of the training curves.
LOG_EVERY = 10
# ... and at most this long, where steps are slow.
_LOG_SECONDS = 5.0

Progress = Callable[[int, dict[str, float]], None]


@dataclasses.dataclass(frozen=True)
class TrainResult:
    """What a stretch of training came to.

    Attributes:
      run: the run folder.
      step: steps done in all.
      scores: of the last evaluation; empty without one.
      best_step: step of the best weights.
      best: their loss on the evaluation examples; None without evaluation.
      stopped_early: whether patience ran out, or a callback ended training.
    """

    run: RunFolder
    step: int
    scores: dict[str, float]
    best_step: int
    best: float | None
    stopped_early: bool


@dataclasses.dataclass
class _State:
    """What changes while training; saved with each checkpoint.

    Attributes:
      step: steps done.
      best: the least loss on the evaluation examples.
      best_step: its step.
      worse: evaluations since then.
      scores: of the last evaluation.
      evaluated: its step.
      judged_by: what losses depend on but the weights; they compare where it is equal.
    """

    step: int = 0
    best: float = math.inf
    best_step: int = 0
    worse: int = 0
    scores: dict[str, float] = dataclasses.field(default_factory=dict)
    evaluated: int = -1
    judged_by: dict[str, Any] = dataclasses.field(default_factory=dict)


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
        config: Config,
        data: Prepared,
        run_dir: str | Path,
        settings: TrainSettings,
    ) -> None:
        self.config = config
        self.data = data
        self.settings = settings
        #: Step to stop at.
        self.steps = config.training.steps if settings.steps is None else settings.steps
        self.run = RunFolder(Path(run_dir))
        # Folders without checkpoints hold nothing to mend, perhaps a preset.
        used = self.run.checkpoints.is_dir() or runs.is_replaced(self.run)
        with owned(self.run.path) if used else contextlib.nullcontext():
            if used:
                runs.tidy(self.run)
            self._set_up()

    def _set_up(self) -> None:
        config, data, settings = self.config, self.data, self.settings
        self._resumed = settings.resume and runs.has_begun(self.run)
        self.seed = runs.choose_seed(self.run, settings.seed, resumed=self._resumed)
        self.family = family_of(config)
        self.model = build_model(
            config, seed=self.seed, dtype=DTYPES[settings.precision]
        )
        # Schedules that end do so where training does.
        whole = config.with_overrides({"training.steps": self.steps})
        self.optimizer = self.family.optimizer(whole, self.model)
        self._preparation = self.family.preparation(config)
        self.state = self._restored() if self._resumed else self._initial()
        self._found = checkpoints.listing(self.run.checkpoints)
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
                preparation=self._preparation,
            )

    def _restored(self) -> _State:
        self.run.check_same(self.config, self.data.train.fingerprint)
        path = runs.newest_checkpoint(self.run)
        state = _State(**checkpoints.load(path, self.model, self.optimizer))
        _LOG.info("Resuming %s at step %d.", self.run.path, state.step)
        now = self._judged_by()
        before = state.judged_by or now
        changed = [name for name in now if now[name] != before.get(name)]
        if changed:
            _LOG.info(
                "Losses do not compare with those so far (another %s): best weights "
                "and patience count anew.",
                ", another ".join(changed),
            )
            state.best, state.worse = math.inf, 0
        state.judged_by = now
        return state

    def _judged_by(self) -> dict[str, Any]:
        evaluation = self.data.evaluation
        return {
            "evaluation set": None if evaluation is None else evaluation.fingerprint,
            "eval_batches": self.settings.eval_batches,
            "precision": self.settings.precision,
        }

    def _initial(self) -> _State:
        """The state of a new run, whose folder is not written before it trains."""
        settings = self.settings
        runs.check_free(self.run, resume=settings.resume, overwrite=settings.overwrite)
        if settings.init_from is not None:
            load_initial_weights(self.model, self.config, settings.init_from)
        return _State(judged_by=self._judged_by())

    def _begin(self, scalars: Mapping[str, Any] | None) -> None:
        """Makes the folder of a new run, with something to go on from.

        Not before a step is done: what it replaces is lost only to a run that works.

        Args:
          scalars: of the first step; None where there are no steps to do.
        """
        if scalars is not None and not math.isfinite(
            float(backend.to_numpy(scalars["loss"]))
        ):
            self._raise_not_a_number()
        runs.put_aside(self.run)
        init_from = self.settings.init_from
        metadata = make_metadata(
            self.config,
            backend=backend.name(),
            seed=self.seed,
            parameters=self.model.count_params(),
            data=runs.describe_data(self.data, init_from),
            precision=self.settings.precision,
            init_from=None if init_from is None else str(init_from),
        )
        RunFolder.create(self.run.path, self.config, metadata)
        self._resumed = True
        self._save()
        runs.drop_replaced(self.run)
        self._open_logs()

    def _open_logs(self) -> None:
        self._train_log, self._eval_log = (
            self._logs.enter_context(EventWriter(self.run.logs / name))
            for name in ("train", "eval")
        )

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
        return max(self.steps - self.state.step, 0)

    # Training ------------------------------------------------------------------

    def fit(
        self, progress: Progress | None = None, *, callbacks: Sequence[Any] = ()
    ) -> TrainResult:
        """Trains until the last step, patience's end, a callback's word or a signal.

        Args:
          progress: called as ``progress(step, scalars)`` every few steps.
          callbacks: of Keras's. What lies between two evaluations is an epoch to them;
            at its end the model has the weights that were evaluated, and the logs hold
            the scores (``val_...``), ``val_loss`` being what the best weights have
            least of. Each step waits for its figures where there are callbacks.

        Raises:
          TrainingInterruptedError: SIGINT, SIGTERM or SIGHUP came; everything is
            saved.
          RunFolderError: another training has the folder.
          TrainingError: the loss is not a number any more.
          OutOfMemoryError: a batch does not fit.
        """
        with owned(self.run.path):
            if checkpoints.listing(self.run.checkpoints) != self._found:
                raise RunFolderError(
                    f"The run in {self.run.path} went on in another process. "
                    "Do the same again to go on from where it is now."
                )
            return self._fit(progress, callbacks)

    def _fit(self, progress: Progress | None, callbacks: Sequence[Any]) -> TrainResult:
        state = self.state
        over = not self.remaining or self._out_of_patience
        if self._resumed and over and runs.is_finished(self.run, state.step):
            why = "its patience ended" if self._out_of_patience else "that is all"
            _LOG.info(
                "Nothing to do: the run is at step %d of %d; %s.",
                state.step,
                self.steps,
                why,
            )
            return self._result(stopped_early=self._out_of_patience)
        advice = self._memory_advice()
        if not self._resumed:
            self._start()
        with (
            stop_requests() as stop,
            backend.explaining_memory(advice),
            contextlib.ExitStack() as self._logs,
        ):
            if self._resumed:
                self._open_logs()
            elif not self.remaining:
                self._begin(None)
            result = self._loop(progress, self._callbacks(callbacks), stop)
            self._finish()
            return result

    def _finish(self) -> None:
        """Fits what gradients do not, for the best weights, and notes the end."""
        self._fit_rest()
        runs.note_finished(self.run, self.state.step)

    def _fit_rest(self) -> None:
        if self.family.has_rest(self.model):
            load_weights(self.model, self.run.require_weights())
            self.family.finish(
                self.model,
                self.config,
                self.data.train,
                self.data.evaluation,
                seed=self.seed,
            )
            save_weights(self.model, self.run.weights_path)

    def _callbacks(self, callbacks: Sequence[Any]) -> Callbacks:
        steps = self.settings.eval_every
        return Callbacks(
            callbacks,
            self.model,
            self.optimizer,
            steps=steps,
            epochs=-(-self.steps // steps),
        )

    def _start(self) -> None:
        """Gives a new model what the data say at once.

        Raises:
          UsageError: no steps are to be trained, and there is no model without.
        """
        train, settings = self.data.train, self.settings
        started = settings.init_from is not None or self.family.start(
            self.model, self.config, train, seed=self.seed
        )
        if not self.remaining and not started:
            raise UsageError(
                f"`steps=0` is for configs that start from the data, such as "
                f"par-groove_4bar; {self.config.name} starts from random weights. Give "
                "at least 1."
            )

    def _loop(
        self,
        progress: Progress | None,
        callbacks: Callbacks,
        stop: StopRequest,
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
        callbacks.train_begin()
        if self._owes_evaluation:
            # A signal, or worse, came in between.
            self._evaluate(stop)
            self._save()
        stopped_early = self._out_of_patience
        while state.step < self.steps and not stopped_early:
            batch = next(batches)
            if self._preparation is not None:
                rng = generator(self.seed, "preparation", state.step)
                batch = self._preparation(batch, rng)
            tensors = arguments(batch, fixed_length=converter.fixed_length)
            callbacks.batch_begin(state.step)
            pending.append(update(*tensors, np.asarray(state.step, np.float32)))
            callbacks.batch_end(state.step, pending[-1])
            state.step += 1
            if not self._resumed:
                self._begin(pending[-1])
            last = state.step == self.steps or callbacks.stopped
            due = state.step % settings.eval_every == 0
            stopping = stop.signal
            slow = time.monotonic() - logged_at > _LOG_SECONDS
            if state.step % LOG_EVERY == 0 or last or due or stopping or slow:
                self._log(pending, progress)
                pending.clear()
                logged_at = time.monotonic()
            if (due or last) and self._validator is not None and stopping is None:
                self._evaluate(stop)
                stopping = stop.signal
                stopped_early = self._out_of_patience
            if (due or last) and stopping is None:
                callbacks.epoch_end(
                    state.step, {} if self._validator is None else state.scores
                )
                stopped_early = stopped_early or callbacks.stopped
            minutes = (time.monotonic() - saved_at) / 60
            if (
                last
                or stopping
                or stopped_early
                or (not pending and minutes >= settings.checkpoint_minutes)
            ):
                self._save()
                saved_at = time.monotonic()
            if stopping is not None:
                # Until it goes on, the run is played as it is.
                self._fit_rest()
                raise TrainingInterruptedError(
                    f"Stopped by {stopping.name} at step {state.step}; everything is"
                    f" saved in {self.run.path}. The same command goes on from here"
                    + ("." if settings.resume else ", without `resume=False`."),
                    EXIT_CODES[stopping],
                )
        callbacks.train_end()
        return self._result(stopped_early=stopped_early)

    @property
    def _out_of_patience(self) -> bool:
        patience = self.settings.patience
        return patience is not None and self.state.worse >= patience

    @property
    def _owes_evaluation(self) -> bool:
        """Whether an evaluation is due that has not been done."""
        state = self.state
        due = state.step and state.step % self.settings.eval_every == 0
        return (
            self._validator is not None
            and state.evaluated != state.step
            and bool(due or state.step == self.steps)
        )

    def _log(self, pending: list[Any], progress: Progress | None) -> None:
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
        self._train_log.scalars(scalars, self.state.step)
        self._train_log.flush()
        if progress is not None:
            progress(self.state.step, scalars)

    def _evaluate(self, stop: StopRequest) -> None:
        """Evaluates, unless a signal comes in between."""
        assert self._validator is not None
        state = self.state
        try:
            with averaged(self.model, self.optimizer):
                scores = self._validator(state.step, stopping=stop.is_set)
        except StoppedError:
            return
        state.scores, state.evaluated = scores, state.step
        self._eval_log.scalars(scores, state.step)
        self._eval_log.flush()
        objective = self.model.objective_of(state.scores)
        _LOG.info("Step %d: %s", state.step, evaluation_in_words(state.scores))
        if not math.isfinite(objective):
            self._raise_not_a_number()
        if objective < state.best:
            state.best, state.best_step, state.worse = objective, state.step, 0
            self._save_weights()
        else:
            state.worse += 1

    def _save_weights(self) -> None:
        with averaged(self.model, self.optimizer):
            save_weights(self.model, self.run.weights_path)
        # Those that an earlier version wrote are not the best any more.
        self.run.old_weights_path.unlink(missing_ok=True)

    def _save(self) -> None:
        if self._validator is None:
            self.state.best_step = self.state.step
        # First: weights never lie there without something to go on from.
        checkpoints.save(
            self.run.checkpoints,
            self.state.step,
            self.model,
            self.optimizer,
            dataclasses.asdict(self.state),
            keep=self.settings.keep,
        )
        if self._validator is None or self.run.weights is None:
            self._save_weights()

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

    # What went wrong -----------------------------------------------------------

    def _memory_advice(self) -> str:
        text = preflight.too_large(self.batch_size)
        if self._resumed:
            text += (
                f" A run keeps its batch size: add `init_from={str(self.run.path)!r}` "
                "and another `run_dir` to go on from its weights."
            )
        return text

    def _raise_not_a_number(self) -> None:
        path = checkpoints.newest(self.run.checkpoints) if self._resumed else None
        if path is None:
            good = "No checkpoint was written yet."
        else:
            good = (
                f"The last good checkpoint is {path.name}. Going on from it with the "
                f"same settings leads here again: `init_from={str(self.run.path)!r}` "
                "with another `run_dir` takes the best weights to other settings."
            )
        raise TrainingError(
            f"The loss is not a number any more at step {self.state.step}. {good} "
            "Usual causes: a learning rate that is too high (try "
            '`with_overrides("learning_rate=0.0003")`), gradients that are not clipped '
            '(grad_clip=1.0), or `precision="float16"` (try bfloat16 or float32).'
        )


def train(
    config: Config,
    data: Prepared,
    run_dir: str | Path,
    *,
    settings: TrainSettings | None = None,
    progress: Progress | None = None,
    callbacks: Sequence[Any] = (),
) -> TrainResult:
    """Trains a config's model; see :class:`Trainer`.

    Args:
      config: the model.
      data: from :func:`groovekit.prepare`.
      run_dir: the run folder, new or to be resumed.
      settings: how long, what to keep; default :class:`TrainSettings`.
      progress: called as ``progress(step, scalars)`` every few steps.
      callbacks: of Keras's; see :meth:`Trainer.fit`.
    """
    trainer = Trainer(config, data, run_dir, settings or TrainSettings())
    return trainer.fit(progress, callbacks=callbacks)
