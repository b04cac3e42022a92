"""Checks of a config: its model is built, trained a step, saved, reloaded and played.

Keras, and with it the backend, is imported when :func:`check_config` runs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from groovekit.configs.base import Config, get_config
from groovekit.converters.base import Tensors
from groovekit.io.notes import NoteSequence
from groovekit.models.installed import prepare_keras
from groovekit.testing.checks import calling, expect, same_arrays
from groovekit.testing.converters import check_converter
from groovekit.testing.sequences import example_sequences

if TYPE_CHECKING:
    from groovekit.generation.partial import Filled, Filler, Partial
    from groovekit.generation.player import Player
    from groovekit.generation.trained_model import TrainedModel

_SEED = 20_25
_TENSORS = "inputs.npz"
_NUMBERS = "numbers.npz"
_AGAIN = "again.npz"
_RUN = "run"
# Windows that go through the reloaded model.
_SOME = 2
# Two processes on one machine may still share out a sum among threads differently.
_RELATIVE, _ABSOLUTE = 1e-4, 1e-5


def check_config(
    config: Config | str,
    sequences: Sequence[NoteSequence] | None = None,
    *,
    round_trip: bool = True,
    fresh_process: bool = True,
) -> None:
    """Checks that a config makes a model that works.

    Its way through JSON; its converter (:func:`check_converter`); that the same seed
    gives the same weights; one training step with a finite loss that changes every
    weight; that the run folder loads, in a process of its own too, with equal numbers;
    and generation. Give it a config of small sizes (``config.with_overrides(...)``):
    what is checked does not depend on them.

    Args:
      config: the config, or its registered name.
      sequences: music that the converter can read; by default
        :func:`groovekit.testing.example_sequences`.
      round_trip: see :func:`check_converter`.
      fresh_process: whether to load the model in another process too. That finds
        plug-ins by their entry points, so their package has to be installed; say
        False in a notebook, where decorators are all there is.

    Raises:
      ConformanceError: the first check that fails.
      UsageError: no backend is installed.
    """
    prepare_keras(what="checking a config")
    with tempfile.TemporaryDirectory(prefix="groovekit-check-") as folder:
        check_and_save(config, Path(folder), sequences, round_trip=round_trip)
        if fresh_process:
            check_reloading([Path(folder)])


def check_and_save(
    config: Config | str,
    folder: Path,
    sequences: Sequence[NoteSequence] | None = None,
    *,
    round_trip: bool = True,
) -> None:
    """All of :func:`check_config` but the other process.

    Args:
      config: the config, or its registered name.
      folder: where the run and what it computed are left for
        :func:`check_reloading`.
      sequences: see :func:`check_config`.
      round_trip: see :func:`check_config`.
    """
    if isinstance(config, str):
        config = get_config(config)
    music = list(example_sequences() if sequences is None else sequences)
    _check_json(config)
    check_converter(config.converter, music, round_trip=round_trip)
    tensors = _train(config, music, folder / _RUN)
    arrays = {
        name: array[:_SOME]
        for name, array in vars(tensors).items()
        if isinstance(array, np.ndarray)
    }
    np.savez(folder / _TENSORS, **arrays)  # type: ignore[arg-type]  # its stubs mean another argument
    with calling("loading the run folder"):
        model, numbers = _numbers(folder)
    np.savez(folder / _NUMBERS, **numbers)  # type: ignore[arg-type]  # the same
    if "encode" in model.abilities:
        _check_playing(model, numbers["mean"], arrays.get("controls"))
    elif "sample" in model.abilities:
        _check_sampling(model)
    if "fill" in model.abilities:
        _check_filling(model, tensors)


def _check_json(config: Config) -> None:
    with calling("the config to JSON and back", "Keep options plain values."):
        again = Config.from_dict(json.loads(json.dumps(config.to_dict())))
    expect(
        again == config,
        "the config to come back from JSON as it was",
        f"{again!r} instead of {config!r}",
        "Write sequences of options as tuples.",
    )


# Training -----------------------------------------------------------------------------


def _train(config: Config, music: Sequence[NoteSequence], run: Path) -> Tensors:
    """Trains one step into a run folder; returns a batch of tensors."""
    from groovekit.data.examples import Examples
    from groovekit.data.prepared import Prepared
    from groovekit.models.builder import build_model
    from groovekit.training.settings import TrainSettings
    from groovekit.training.trainer import Trainer

    named = [(s.id or str(number), s) for number, s in enumerate(music)]
    examples = Examples.from_sequences(named, config.converter)
    losses: list[float] = []
    with calling("building the model", "Correct the parts that the config names."):
        trainer = Trainer(
            config,
            Prepared(examples, None, "none"),
            run,
            TrainSettings(steps=1, seed=_SEED),
        )
        again = build_model(config, seed=trainer.seed)

    before = _weights(trainer.model)
    for (path, first), (_, second) in zip(before, _weights(again), strict=True):
        expect(
            same_arrays(first, second),
            f"the same seed to give the same first weights of {path}",
            "different ones",
            "Give every initialiser a seed derived from the argument seed "
            "(groovekit.seeding.derive).",
        )
    with calling("one training step"):
        trainer.fit(lambda _, scalars: losses.append(scalars["loss"]))
    expect(
        len(losses) == 1 and bool(np.isfinite(losses).all()),
        "one training step with a finite loss",
        str(losses),
        "Check logarithms and divisions in the head's loss.",
    )
    still = _unchanged_layers(before, _weights(trainer.model))
    expect(
        not still,
        "one training step to change the weights of every layer",
        f"no change in {', '.join(still[:5])}",
        "Use each weight in the loss, through operations that have a gradient.",
    )
    batch: Tensors = next(iter(examples.batches(_SOME)))
    return batch


def _weights(model: Any) -> list[tuple[str, np.ndarray]]:
    """Paths and copies of what is trained. Paths need not differ."""
    from groovekit.models import backend

    # On some backends the array is the variable's own memory.
    return [(v.path, np.array(backend.to_numpy(v))) for v in model.trainable_variables]


def _unchanged_layers(
    before: Sequence[tuple[str, np.ndarray]], after: Sequence[tuple[str, np.ndarray]]
) -> list[str]:
    """Layers none of whose weights has changed.

    Not weights: the kernel of a layer that is fed with zeros rightly stays.
    """
    layers: list[tuple[str, dict[str, bool]]] = []
    for (path, first), (_, second) in zip(before, after, strict=True):
        layer, _, leaf = path.rpartition("/")
        if not layers or layers[-1][0] != layer or leaf in layers[-1][1]:
            layers.append((layer, {}))
        layers[-1][1][leaf] = not np.array_equal(first, second)
    return [layer for layer, changed in layers if not any(changed.values())]


# Loading ------------------------------------------------------------------------------


def _numbers(folder: Path) -> tuple[Any, dict[str, np.ndarray]]:
    """What plays the model saved in a folder, and what it computes of one seed.

    Posteriors and greedy outputs of models that encode, what those that fill expect,
    notes of those that do nothing but sample.
    """
    from groovekit.generation.players import load_player

    model: Any = load_player(folder / _RUN)
    with np.load(folder / _TENSORS) as file:
        tensors = Tensors(**{"controls": None, **file})
    if "fill" in model.abilities:
        made = model.fill(_half_known(tensors), expected=True, seed=_SEED)[0]
        return model, vars(made)
    if "encode" not in model.abilities:
        return model, _notes(model.sample(_SOME, temperature=1.0, seed=_SEED))
    encoding = model.encode(tensors, seed=_SEED)
    outputs = model.decode_to_tensors(
        encoding.mean, temperature=0.0, controls=tensors.controls
    )
    numbers = {"mean": encoding.mean, "stddev": encoding.stddev, "outputs": outputs}
    return model, numbers


def _half_known(tensors: Tensors) -> Partial:
    """A groove of whose second half nothing is known."""
    from groovekit.generation.partial import Partial

    parts = [part.copy() for part in np.split(tensors.outputs[0], 3, axis=-1)]
    for part in parts:
        part[len(part) // 2 :] = np.nan
    hits, velocities, offsets = parts
    return Partial(hits, velocities, offsets)


def _reload(folders: Iterable[str]) -> None:
    """What the other process does."""
    for folder in map(Path, folders):
        _, numbers = _numbers(folder)
        np.savez(folder / _AGAIN, **numbers)  # type: ignore[arg-type]  # as above


def check_reloading(folders: Sequence[Path]) -> None:
    """Loads what :func:`check_and_save` left, all in one fresh process.

    Args:
      folders: one a config.

    Raises:
      ConformanceError: a model that does not load there, or computes something else.
    """
    from groovekit.models import backend

    call = f"{_reload.__name__}(sys.argv[1:])"
    code = f"import sys; from {__name__} import {_reload.__name__}; {call}"
    environment = {
        **os.environ,
        "KERAS_BACKEND": backend.name(),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    done = subprocess.run(  # noqa: S603 - this interpreter and code of ours
        [sys.executable, "-c", code, *map(str, folders)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    expect(
        done.returncode == 0,
        "the run folder to load in a fresh process",
        lines[-1].rstrip("."),
        "There, plug-ins are found by the entry points of installed packages: install "
        "the package and name all of its parts in setup.cfg.",
    )
    for folder in folders:
        with np.load(folder / _NUMBERS) as here, np.load(folder / _AGAIN) as there:
            for name in here.files:
                same = here[name].shape == there[name].shape and np.allclose(
                    here[name], there[name], rtol=_RELATIVE, atol=_ABSOLUTE
                )
                expect(
                    same,
                    f"the {name} of a reloaded model to be the same in a fresh process",
                    "other numbers",
                    "Keep all that was learnt in Keras variables, which are saved, "
                    "and everything else in the config.",
                )


# Playing ------------------------------------------------------------------------------


def _check_playing(
    model: TrainedModel, mean: np.ndarray, controls: np.ndarray | None
) -> None:
    with calling("drawing outputs from latent vectors"):
        first, second = (
            model.decode_to_tensors(
                mean, temperature=1.0, controls=controls, seed=_SEED
            )
            for _ in range(2)
        )
    depth = model.converter.output_depth
    expect(
        first.shape == (len(mean), model.converter.steps, depth)
        and bool(np.isfinite(first).all()),
        f"finite outputs of depth {depth}, which is the layout's",
        f"shape {first.shape}",
        "Let the head's sample give its output_depth numbers a step.",
    )
    expect(
        same_arrays(first, second),
        "the same seed to give the same outputs",
        "different ones",
        "Let the head's sample take its randomness from uniforms only.",
    )
    _check_samples(model, first)
    with calling("generation"):
        played = model.decode(mean, temperature=1.0, controls=controls, seed=_SEED)
        needs_music = model.converter.control_depth > 0 and (
            model.converter.default_controls(1, model.converter.steps) is None
        )
        if not needs_music:
            played += model.sample(2, temperature=1.0, seed=_SEED)
    expected = len(mean) + (0 if needs_music else 2)
    expect(
        len(played) == expected and all(isinstance(s, NoteSequence) for s in played),
        f"generation to give {expected} NoteSequences",
        str(len(played)),
        "Let the converter's decode give one for each window.",
    )


def _check_sampling(model: Player) -> None:
    with calling("sampling"):
        first, second = (
            model.sample(_SOME, temperature=1.0, seed=_SEED) for _ in range(2)
        )
    expect(
        len(first) == _SOME and all(isinstance(s, NoteSequence) for s in first),
        f"sampling to give {_SOME} NoteSequences",
        str(len(first)),
        "Let sample give as many as it is asked for.",
    )
    expect(
        first == second,
        "the same seed to give the same music",
        "different music",
        "Draw all that is drawn from groovekit.seeding.generator of the seed.",
    )


def _notes(sequences: Sequence[NoteSequence]) -> dict[str, np.ndarray]:
    """Pitches, velocities and onsets of sequences, one after another."""
    notes = [note for sequence in sequences for note in sequence.notes]
    return {
        name: np.array([getattr(note, name) for note in notes], np.float64)
        for name in ("pitch", "velocity", "start_time")
    }


def _check_filling(model: Filler, tensors: Tensors) -> None:
    partial = _half_known(tensors)
    with calling("filling"):
        first, second = (model.fill(partial, 2, seed=_SEED) for _ in range(2))
    expect(
        len(first) == 2
        and all(
            same_arrays(one, again)
            for versions in zip(first, second, strict=True)
            for one, again in zip(*map(_arrays, versions), strict=True)
        ),
        "the same seed to give the same two versions",
        "different ones",
        "Draw all that is drawn from a generator of the seed and the version.",
    )
    known = ~np.isnan(partial.hits)
    expect(
        all(
            same_arrays(np.asarray(ours, np.float32)[known], given[known])
            for made in first
            for ours, given in zip(
                _arrays(made),
                (partial.hits, partial.velocities, partial.offsets),
                strict=True,
            )
        ),
        "all that is known to come back to the byte",
        "something else",
        "Make what is filled with groovekit.generation.partial.Filled.of.",
    )


def _arrays(made: Filled) -> tuple[np.ndarray, ...]:
    return made.hits, made.velocities, made.offsets


def _check_samples(model: TrainedModel, outputs: np.ndarray) -> None:
    start = 0
    for part in model.converter.layout:
        values = outputs[..., start : start + part.size]
        start += part.size
        ok, wanted = {
            "binary": (np.isin(values, (0, 1)).all(), "0 or 1"),
            "unit": (((values >= 0) & (values <= 1)).all(), "from 0 to 1"),
            "signed": ((np.abs(values) <= 1).all(), "from -1 to 1"),
            "categorical": (np.isin(values.sum(axis=-1), (0, 1)).all(), "one-hot"),
        }[part.kind]
        expect(
            bool(ok),
            f"the head's samples of {part.name!r} ({part.kind}) to be {wanted}",
            f"values from {values.min():g} to {values.max():g}",
            "Sample what the converter's layout declares.",
        )
