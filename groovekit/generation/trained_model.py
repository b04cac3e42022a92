"""Playing a trained model: sampling, encoding, interpolating, reconstructing.

All random numbers are drawn by NumPy on the host, window after window: a seed
gives the same music on every backend, however many windows are made at once.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from groovekit.configs.base import Config, ModelConfig
from groovekit.configs.presets import ModelFiles, locate
from groovekit.converters.base import Tensors
from groovekit.converters.grid.selection import Instruments
from groovekit.converters.harmony.chords import Chords, parse_chords
from groovekit.converters.options import with_options
from groovekit.errors import UsageError
from groovekit.generation.controls import complete_controls
from groovekit.generation.inputs import Music, excerpts_of, loops_of, to_tensors
from groovekit.generation.latent_vectors import Encoding
from groovekit.generation.sections import cut_back, one_after_another, plan
from groovekit.generation.tasks.add import add
from groovekit.generation.tasks.continue_ import continue_
from groovekit.generation.tasks.drumify import drumify
from groovekit.generation.tasks.grid import grid
from groovekit.generation.tasks.groove import groove
from groovekit.generation.tasks.humanize import humanize
from groovekit.generation.tasks.interpolate import interpolate
from groovekit.generation.tasks.reconstruct import reconstruct
from groovekit.generation.tasks.sample_long import sample_long
from groovekit.generation.tasks.shift import shift
from groovekit.generation.tasks.vary import vary
from groovekit.io.notes import NoteSequence
from groovekit.io.tempo import DEFAULT_QPM
from groovekit.models.family import Ability
from groovekit.models.feed import Vectors
from groovekit.models.protocols import Model
from groovekit.models.runtimes.base import Progress
from groovekit.models.runtimes.choice import Runtime, Runtimes
from groovekit.seeding import generator, one_seed

#: Windows that go through the model at once, unless told otherwise.
MAX_BATCH_SIZE = 256


class TrainedModel:
    """A trained model with everything needed to make music with it.

    Where a method takes ``seed`` and ``rng``, give one or none; with none a seed
    is drawn. Window ``i`` of a call depends on the seed and ``i`` alone: asking
    for more windows, or computing fewer of them at once, changes none (but for
    rounding in the last digits).

    Temperatures are at least 0: 1 draws from the model's distribution, less from
    a sharper one, and 0 takes the most probable values (which needs no seed).
    Tempos are in quarter notes a minute; without one the input's is kept.

    ``chords`` are for models that play over chords: symbols in order, spread
    evenly over the length. Where windows of one bar follow each other (multitrack
    models), each chord has a window of its own, and ``bars`` repeats the chords.
    Without any these models play as over no chord.

    Args:
      config: of the model; its converter reads and writes the notes.
      model: a :class:`groovekit.models.music_vae.MusicVAE` of this config.
      max_batch_size: windows that go through the model at once.

    Attributes:
      abilities: what it can do, see :class:`.Player`.
      progress: called as ``progress(done, total)`` when windows are decoded.
    """

    abilities: frozenset[Ability] = frozenset({"sample", "encode"})

    def __init__(
        self, config: ModelConfig, model: Model, *, max_batch_size: int = MAX_BATCH_SIZE
    ) -> None:
        self._set(
            config,
            Runtimes(
                config,
                None,
                runtime="keras",
                max_batch_size=max_batch_size,
                model=model,
            ),
        )

    def _set(self, config: Config, runtimes: Runtimes) -> None:
        assert isinstance(config, ModelConfig)
        self.config = config
        self.converter = config.converter
        self.progress: Progress | None = None
        self._runtimes = runtimes

    @property
    def z_size(self) -> int:
        """Dimensions of the latent vectors."""
        return self.config.latent.z_size

    @property
    def folder(self) -> Path | None:
        """The run or preset folder that it was loaded from; None if from none."""
        return self._runtimes.folder

    @property
    def model(self) -> Model:
        """The Keras model; loads it, and Keras, where NumPy has computed so far."""
        return self._runtimes.model

    @classmethod
    def load(
        cls,
        source: str | Path | ModelFiles,
        *,
        kit: str | None = None,
        output_kit: str | None = None,
        instruments: Instruments | None = None,
        precision: str = "float32",
        max_batch_size: int = MAX_BATCH_SIZE,
        runtime: Runtime = "auto",
    ) -> TrainedModel:
        """Loads a preset, a run folder or a checkpoint of one.

        Args:
          source: a preset's name, or the path of a run folder, of weights
            (``model.safetensors``) or of a checkpoint (``step-...npz``).
          kit: kit map to read notes with instead of the model's own.
          output_kit: kit map to write notes with.
          instruments: which notes are read as drums instead of the model's own way:
            ``"auto"`` those that are found, ``"drums"`` those that are marked.
          precision: ``float32``, ``bfloat16`` or ``float16``, of the computation.
          max_batch_size: windows that go through the model at once.
          runtime: ``keras``; ``numpy``, which starts at once and knows no GPU;
            or ``auto`` for NumPy in calls of some hundreds of windows
            of models that it knows, unless ``KERAS_BACKEND`` or ``precision`` ask
            for Keras. The music is the same but for rounding.

        Raises:
          UnknownNameError: no such preset or kit map.
          RunFolderError: nothing usable there, or damaged weights.
          UsageError: options out of range, or without effect.
        """
        files = source if isinstance(source, ModelFiles) else locate(source)
        converter = with_options(
            files.config.converter,
            kit=kit,
            output_kit=output_kit,
            instruments=instruments,
        )
        config = files.config.replace(converter=converter)
        if not isinstance(config, ModelConfig):
            raise UsageError(
                f"{cls.__name__} plays models with latent vectors, but {config.name} "
                f"is of the family {config.FAMILY}: `groovekit.load_player` loads any."
            )
        runtimes = Runtimes(
            config,
            files,
            runtime=runtime,
            precision=precision,
            max_batch_size=max_batch_size,
        )
        loaded = cls.__new__(cls)
        loaded._set(config, runtimes)
        return loaded

    # Making music --------------------------------------------------------------

    def sample(
        self,
        count: int = 1,
        *,
        temperature: float | None = None,
        bars: int | None = None,
        controls: Music | None = None,
        chords: Chords | None = None,
        qpm: float | None = None,
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[NoteSequence]:
        """Makes new music from latent vectors of the prior.

        Args:
          count: how many sequences, at least 1.
          temperature: of the decoder, see the class; the model's own by default.
          bars: length; the model's by default.
          controls: for a model that plays given hits: music with these hits (one
            window for all or one each), or the array of the controls.
          chords: for a model that plays over chords, see the class.
          qpm: tempo; that of ``controls`` or 120 by default.
          seed: of everything random.
          rng: instead of ``seed``.

        Raises:
          UsageError: numbers out of range; controls missing or not wanted.
        """
        if count < 1:
            raise UsageError(f"The number of samples must be at least 1, got {count}.")
        seed = one_seed(seed, rng)
        z = self.draw(count, seed=seed)
        if controls is not None:
            controls = excerpts_of(controls, self.converter)
        given, tempos = self._given_controls(controls)
        if len(tempos) == 1:
            tempos = tempos * count
        made = self.decode(
            z,
            temperature=temperature,
            bars=bars,
            controls=given,
            chords=chords,
            qpm=tempos or None if qpm is None else qpm,
            vectors="prior",
            seed=seed,
        )
        if controls is None or bars is not None:
            return made
        loops = loops_of(controls, len(tempos))
        if len(loops) == 1:
            loops = loops * count
        return cut_back(made, loops or [None] * count, self.converter)

    def draw(
        self,
        count: int,
        *,
        length: int | None = None,
        relatedness: float = 0.0,
        seed: int,
    ) -> np.ndarray:
        """Draws latent vectors of new music from the model's prior.

        Args:
          count: how many walks.
          length: latent vectors of each; None for single ones, which are other draws
            than walks of one.
          relatedness: correlation of a walk's neighbours, 0 to 1.
          seed: of all draws. Neither more walks nor longer ones change any beginning.

        Returns:
          ``(count, z_size)`` or ``(count * length, z_size)`` float32, walk after walk.
        """
        prior = self._runtimes.any().prior
        if length is None:
            return prior.draw(count, seed=seed)
        walks = prior.walks(
            count, length, seed=seed, relatedness=relatedness, spread=1.0
        )
        return walks.reshape(count * length, -1)

    def encode(
        self,
        music: Music,
        *,
        window: int | None = None,
        controls: np.ndarray | None = None,
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> Encoding:
        """The posterior of each sequence.

        Args:
          music: sequences (of each, one window is taken) or tensors.
          window: which window of each sequence, from 1; the fullest by
        default.
          controls: ``(batch, steps, control_depth)``, for bare arrays of a model
            with controls.
          seed: of the latent vectors drawn from the posterior.
          rng: instead of ``seed``.

        Raises:
          DataError: a sequence without such a window; says why.
          UsageError: arrays of another shape.
        """
        tensors, _ = self.to_tensors(music, window=window, controls=controls)
        mean, stddev = self._posterior(tensors)
        noise = generator(one_seed(seed, rng), "encoder")
        drawn = noise.standard_normal(mean.shape, np.float32)
        return Encoding(mean, stddev, mean + stddev * drawn)

    def decode(
        self,
        z: np.ndarray,
        *,
        temperature: float | None = None,
        bars: int | None = None,
        controls: np.ndarray | None = None,
        chords: Chords | None = None,
        qpm: float | Sequence[float] | None = None,
        vectors: Vectors = "mean",
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> list[NoteSequence]:
        """Music from latent vectors.

        Args:
          z: ``(batch, z_size)``.
          temperature: of the decoder, see the class; the model's own by default.
          bars: length; the model's by default.
          controls: ``(batch or 1, steps, control_depth)`` for a model with some.
          chords: instead of ``controls``, see the class.
          qpm: tempo, one for all or one each; 120 by default.
          vectors: what the latent vectors are.
          seed: of what the decoder draws.
          rng: instead of ``seed``.

        Raises:
          UsageError: latent vectors, controls or chords of another kind, numbers
            out of range.
        """
        z = np.asarray(z)
        converter, sections = plan(
            self.converter,
            bars,
            step_multiple=self._runtimes.any().step_multiple,
            name=self.config.name,
            whole_windows=self._runtimes.any().whole_windows,
        )
        if chords is not None:
            if controls is not None:
                raise UsageError("Give controls or chords, not both.")
            figures = parse_chords(chords)
            if converter.tiles:
                # One window after another, and through the chords again.
                count = sections if bars is not None else len(figures)
                figures = tuple(figures[i % len(figures)] for i in range(count))
            controls = converter.chord_controls(figures)
            sections = len(controls)
            controls = np.tile(controls, (len(z), 1, 1))
        elif controls is not None and len(controls) == len(z):
            controls = np.repeat(controls, sections, axis=0)
        rows = np.repeat(z, sections, axis=0)
        tensors = self.decode_to_tensors(
            rows,
            temperature=temperature,
            steps=converter.steps,
            controls=controls,
            vectors=vectors,
            seed=seed,
            rng=rng,
        )
        given = self._controls(controls, len(rows), converter.steps)
        made: list[NoteSequence] = []
        stop = 0
        # At once as far as the tempo stays.
        for tempo, run in itertools.groupby(_tempos(qpm, len(z))):
            start, stop = stop, stop + sections * len(list(run))
            own = slice(start, stop)
            parts = converter.decode(
                tensors[own], None if given is None else given[own], qpm=tempo
            )
            if sections > 1:
                seconds = converter.window_seconds(tempo)
                parts = [
                    one_after_another(parts[first : first + sections], seconds)
                    for first in range(0, len(parts), sections)
                ]
            made += parts
        return made

    def decode_to_tensors(
        self,
        z: np.ndarray,
        *,
        temperature: float | None = None,
        steps: int | None = None,
        controls: np.ndarray | None = None,
        forced: np.ndarray | None = None,
        vectors: Vectors = "mean",
        seed: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> np.ndarray:
        """Outputs from latent vectors, as the converter's ``decode`` takes them.

        Args:
          z: ``(batch, z_size)``.
          temperature: of the decoder, see the class; the model's own by default.
          steps: length; the model's by default.
          controls: ``(batch or 1, steps, control_depth)`` for a model with some.
          forced: hits to play: ``(batch, steps, hits)``, shaped as the hits of the
            output, 1 for a hit, 0 for none, NaN where the model decides. The
            decoder sees them as its own.
          vectors: what the latent vectors are.
          seed: of what the decoder draws.
          rng: instead of ``seed``.

        Returns:
          ``(batch, steps, output_depth)`` float32.

        Raises:
          UsageError: latent vectors, controls or hits of another shape, numbers
            out of range, or a model whose hits cannot be forced.
        """
        z, z_size = np.asarray(z, np.float32), self.config.latent.z_size
        if z.ndim != 2 or z.shape[1] != z_size or not np.isfinite(z).all():
            raise UsageError(
                f"Latent vectors are finite numbers of shape (batch, {z_size}), got "
                f"shape {z.shape}."
            )
        if temperature is None:
            temperature = self.config.decoder.temperature
        if not 0 <= temperature < math.inf:
            raise UsageError(
                f"The temperature must be at least 0 and finite, got {temperature}."
            )
        steps = self.converter.steps if steps is None else steps
        model = self._runtimes.for_job(len(z), steps=steps)
        unit = model.step_multiple
        if steps < 1 or steps % unit:
            what = "at least 1" if unit == 1 else f"a multiple of {unit}"
            raise UsageError(f"steps must be {what}, got {steps}.")
        controls = self._controls(controls, len(z), steps)
        if forced is not None:
            if not model.forceable or self.converter.layout[0].name != "hits":
                raise UsageError(
                    f"The head {self.config.decoder.head} of {self.config.name} does "
                    "not draw hits: none can be forced. Choose a groove or drum model."
                )
            forced = self._forced(forced, len(z), steps)
        return model.decode(
            z,
            steps,
            temperature=temperature,
            controls=controls,
            rng=generator(one_seed(seed, rng), "decoder"),
            forced=forced,
            vectors=vectors,
            progress=self.progress,
        )

    # What else it can do: the functions of groovekit.generation.tasks as methods.
    interpolate = interpolate
    reconstruct = reconstruct
    humanize = humanize
    drumify = drumify
    add = add
    groove = groove
    vary = vary
    grid = grid
    shift = shift
    sample_long = sample_long
    continue_ = continue_

    # Inputs --------------------------------------------------------------------

    def to_tensors(
        self,
        music: Music,
        *,
        window: int | None = None,
        controls: np.ndarray | None = None,
    ) -> tuple[Tensors, list[float]]:
        """Windows of music as the model takes them, and the tempo of each.

        Args:
          music: sequences (of each, one window is taken) or tensors.
          window: which window of each sequence, from 1; the fullest by
        default.
          controls: for bare arrays, see :meth:`encode`.

        Raises:
          DataError: a sequence without such a window; says why.
          UsageError: arrays of another shape.
        """
        tensors, tempos = to_tensors(music, self.converter, window=window)
        if isinstance(music, np.ndarray):
            batch, steps = tensors.inputs.shape[:2]
            controls = self._controls(controls, batch, steps)
            tensors = dataclasses.replace(tensors, controls=controls)
        return tensors, tempos

    def _posterior(self, tensors: Tensors) -> tuple[np.ndarray, np.ndarray]:
        lengths = None if self.converter.fixed_length else tensors.lengths
        inputs = tensors.inputs
        model = self._runtimes.for_job(len(inputs), steps=inputs.shape[1])
        return model.encode(inputs, tensors.controls, lengths)

    def _given_controls(
        self, music: Music | None
    ) -> tuple[np.ndarray | None, list[float]]:
        if music is None or isinstance(music, np.ndarray):
            return music, []
        tensors, tempos = self.to_tensors(music)
        if tensors.controls is None:
            raise UsageError(
                f"The config {self.config.name} has no controls: sampling takes no "
                "input."
            )
        return tensors.controls, tempos

    def _forced(self, forced: np.ndarray, batch: int, steps: int) -> np.ndarray:
        shape = (batch, steps, self.converter.layout[0].size)
        if np.shape(forced) != shape:
            raise UsageError(f"Expected hits of shape {shape}, got {np.shape(forced)}.")
        return np.asarray(forced, np.float32)

    def _controls(
        self, given: np.ndarray | None, batch: int, steps: int
    ) -> np.ndarray | None:
        name = self.config.name
        return complete_controls(given, self.converter, batch, steps, name=name)


def _tempos(qpm: float | Sequence[float] | None, count: int) -> list[float]:
    if qpm is None:
        qpm = DEFAULT_QPM
    tempos = [float(qpm)] * count if isinstance(qpm, int | float) else list(qpm)
    if len(tempos) != count:
        raise UsageError(
            f"Expected one tempo for all or {count}, one each; got {len(tempos)}."
        )
    for tempo in tempos:
        if not 0 < tempo < math.inf:
            raise UsageError(f"Tempos are positive numbers, got {tempo}.")
    return tempos
