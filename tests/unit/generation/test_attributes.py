"""Attributes: files, functions, and directions that do what they say."""

from __future__ import annotations

import dataclasses
import importlib
import json
import shutil
import sys
import types
import weakref

import numpy as np
import pytest

from groovekit.configs.run_folder import RunFolder
from groovekit.converters.base import Tensors
from groovekit.converters.groove import GrooveConverter
from groovekit.data.datasets import load_examples
from groovekit.data.examples import Examples
from groovekit.data.settings import DataSettings
from groovekit.errors import (
    DataError,
    PluginLoadError,
    RunFolderError,
    UnknownNameError,
    UsageError,
)
from groovekit.evaluation import attribute_fitting
from groovekit.evaluation.attribute_fitting import fit, measure
from groovekit.evaluation.metrics import density, swing
from groovekit.generation import attributes
from groovekit.generation.attributes import (
    Direction,
    Directions,
    find_functions,
    functions_of,
    stored_name,
)
from groovekit.generation.tasks.sample_long import sample_long
from groovekit.generation.tasks.shift import shift
from groovekit.generation.trained_model import TrainedModel
from groovekit.plugins import catalogue


def loudness(drums):
    """Mean velocity of the hits."""
    return (drums.velocities * drums.hits).sum(axis=(1, 2)) / drums.hits.sum(
        axis=(1, 2)
    )


class Machine:
    """A model of one bar: more hits along one axis, louder ones along another.

    Hits are at the first steps; the axes are no coordinates of the code, of which
    some dimensions mean nothing.
    """

    converter = GrooveConverter(bars=1)
    config = types.SimpleNamespace(name="machine")
    folder = None
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0][:2]

    def encode(self, batch, seed):
        del seed
        return types.SimpleNamespace(mean=batch.inputs)

    def decode_to_tensors(self, z, *, temperature, controls, seed):
        assert (temperature, controls, seed) == (0, None, 0)
        return self.play(z)

    def play(self, z):
        more, louder = self.axes @ z.T
        tensors = np.zeros((len(z), 16, 27))
        number = np.clip(np.round(8 + 2 * more), 1, 16)
        tensors[:, :, 0] = np.arange(16) < number[:, None]
        tensors[:, :, 9] = np.clip(0.5 + 0.05 * louder, 0.01, 1)[:, None]
        return tensors

    def examples(self, count, *, together=0.0, seed=1):
        """Windows of codes of which the axes are correlated."""
        z = np.random.default_rng(seed).normal(size=(count, 6))
        more, louder = self.axes @ z.T
        z += np.outer(together * (more - louder), self.axes[1])
        batch = Tensors(z, self.play(z), None, np.full(count, 16))
        return types.SimpleNamespace(batches=lambda _: [batch])


BOTH = {"density": density, "loudness": loudness}


class TestFitting:
    def test_directions_of_a_model_that_is_known(self):
        machine = Machine()
        found = fit(machine, machine.examples(2000), BOTH)
        assert found.config == "machine"
        assert found.names == ["density", "loudness"]
        first, second = found.attributes
        # Two hits of sixteen steps, and a twentieth of 127, are a standard deviation.
        assert first.mean == pytest.approx(0.5, abs=0.01)
        assert first.sd == pytest.approx(2 / 16, rel=0.05)
        assert second.sd == pytest.approx(0.05 * 127, rel=0.05)
        assert first.r2 > 0.95
        assert second.r2 > 0.99
        for direction, axis in zip(found.attributes, machine.axes, strict=True):
            np.testing.assert_allclose(direction.vector, axis, atol=0.08)

    def test_others_stay_where_recordings_have_them_together(self):
        """Louder grooves are denser here, but one can be had without the other."""
        machine = Machine()
        examples = machine.examples(2000, together=0.8)
        _, drums = _values(machine, examples)
        assert np.corrcoef(drums.T)[0, 1] > 0.8
        found = fit(machine, examples, BOTH)
        effects = measure(machine, found, machine.examples(300, seed=9), BOTH)
        assert effects.monotone == [True, True]
        np.testing.assert_allclose(np.diag(effects.slopes), 1.0, atol=0.1)
        assert np.abs(effects.slopes[[0, 1], [1, 0]]).max() < 0.1

    def test_no_unit_leaves_the_codes(self):
        """What the model hardly plays is not had by going far beyond them."""

        class Flat(Machine):
            def decode_to_tensors(self, z, **options):
                tensors = super().decode_to_tensors(z, **options)
                tensors[:, :, 9] = 0.5 + 0.2 * (tensors[:, :, 9] - 0.5)
                return tensors

        machine = Flat()
        examples = machine.examples(2000)
        found = fit(machine, examples, BOTH)
        (batch,) = examples.batches(1)
        vectors = np.stack([each.vector for each in found.attributes], axis=1)
        lengths = attribute_fitting._lengths(vectors, batch.inputs)
        # A full unit would take five standard deviations.
        assert lengths == pytest.approx([1.0, 2.5], abs=0.1)
        effects = measure(machine, found, machine.examples(300, seed=9), BOTH)
        assert effects.monotone == [True, True]
        assert np.diag(effects.slopes) == pytest.approx([1.0, 0.5], abs=0.1)

    def test_effects_of_what_is_drawn(self):
        machine = Machine()
        found = fit(machine, machine.examples(2000), BOTH)

        class Drawing(Machine):
            def decode_to_tensors(self, z, *, temperature, controls, seed):
                assert temperature == 1.0
                tensors = self.play(z)
                noise = np.random.default_rng(seed).normal(size=(len(z), 16))
                tensors[:, :, 9] = np.clip(tensors[:, :, 9] + 0.05 * noise, 0.01, 1)
                return tensors

        drawn = measure(
            Drawing(), found, machine.examples(300, seed=9), BOTH, temperature=1.0
        )
        assert drawn.monotone == [True, True]
        np.testing.assert_allclose(drawn.slopes, np.eye(2), atol=0.1)

    def test_windows_without_a_value(self):
        def gaps(drums):
            values = density(drums)
            return np.where(np.arange(len(values)) % 3 == 0, np.nan, values)

        machine = Machine()
        found = fit(machine, machine.examples(2000), {"gaps": gaps})
        np.testing.assert_allclose(
            found.attributes[0].vector, machine.axes[0], atol=0.1
        )

    def test_no_more_than_a_batch_is_held(self, monkeypatch):
        machine = Machine()
        whole = machine.examples(500)
        (tensors,) = whole.batches(1)
        alive, decoded, seen = [], [], []

        def batches(_):
            for start in range(0, 500, 50):
                rows = slice(start, start + 50)
                outputs = tensors.outputs[rows].copy()
                alive.append(weakref.ref(outputs))
                yield Tensors(tensors.inputs[rows], outputs, None, np.full(50, 16))
                # The last one is in the caller's hands still.
                del outputs
                assert sum(ref() is not None for ref in alive) <= 1

        def play(z):
            decoded.append(len(z))
            return Machine.play(machine, z)

        monkeypatch.setattr(attribute_fitting, "_BATCH", 64)
        monkeypatch.setattr(machine, "play", play, raising=False)
        examples = types.SimpleNamespace(batches=batches)
        found = fit(machine, examples, BOTH, progress=lambda *given: seen.append(given))
        # All windows, and in each round 256 of them either way for two attributes.
        assert max(decoded) == 64
        total = 500 + attribute_fitting._ROUNDS * 4 * 256
        assert sum(decoded) == total
        assert seen[0] == (64, total)
        assert seen[-1] == (total, total)
        for ours, theirs in zip(
            found.attributes, fit(machine, whole, BOTH).attributes, strict=True
        ):
            np.testing.assert_allclose(ours.vector, theirs.vector, atol=1e-6)
            assert (ours.mean, ours.sd) == (theirs.mean, theirs.sd)
        effects = measure(
            machine, found, examples, BOTH, progress=lambda *given: seen.append(given)
        )
        assert effects.windows == 500
        assert seen[-1] == (5000, 5000)

    def test_mistakes(self):
        machine = Machine()
        examples = machine.examples(50)
        cases = {
            "shape": (lambda drums: np.zeros((len(drums), 2)), "one number a window"),
            "nowhere": (lambda drums: np.full(len(drums), np.nan), "in 0 windows"),
            "constant": (lambda drums: np.ones(len(drums)), "the same in all windows"),
        }
        for name, (function, message) in cases.items():
            with pytest.raises(DataError, match=f"attribute {name} .*{message}"):
                fit(machine, examples, {name: function})
        with pytest.raises(UsageError, match="at least one attribute"):
            fit(machine, examples, {})
        with pytest.raises(DataError, match=r"some hundreds of windows, got none"):
            fit(machine, types.SimpleNamespace(batches=lambda _: []), BOTH)
        with pytest.raises(DataError, match=r"some hundreds of windows .* got 3"):
            fit(machine, machine.examples(3), BOTH)
        with pytest.raises(UsageError, match="rising strengths"):
            measure(machine, None, examples, BOTH, strengths=(1, 1))


def _values(machine, examples):
    (batch,) = examples.batches(1)
    return batch, attribute_fitting._encoded(machine, examples, BOTH)[2]


class TestMonotone:
    def effects(self, *levels):
        cube = np.array([[[x] for x in levels]])
        return attribute_fitting.Effects(("a",), (-1.0, 0.0, 1.0), 3, cube)

    def test_rising_and_floors(self):
        assert self.effects(-1.0, 0.0, 2.0).monotone == [True]
        assert self.effects(-1.0, 0.0, 2.0).slopes.tolist() == [[1.5]]
        # Nothing is less than none at all.
        assert self.effects(-0.5, -0.5, 2.0).monotone == [True]
        assert self.effects(-0.5, -0.7, 2.0).monotone == [False]
        assert self.effects(0.0, 1.0, 0.5).monotone == [False]
        assert self.effects(0.0, 0.0, 0.0).monotone == [False]


# The shipped preset -----------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return TrainedModel.load("groovae_4bar", runtime="numpy")


def check(model, examples):
    """Attributes follow their strength more than others do; see the docs' table."""
    directions = attributes.load_directions(model.folder)
    effects = measure(model, directions, examples, strengths=(-2.0, 0.0, 2.0))
    assert effects.monotone == [True] * 6, effects.levels
    own = np.diag(effects.slopes)
    others = np.abs(effects.slopes - np.diag(own)).max(axis=1)
    assert own.min() > 0.2, effects.slopes
    assert (own > others).all(), effects.slopes


def test_attributes_of_validation_grooves(model, groove_dir):
    examples = load_examples(
        groove_dir, model.converter, settings=DataSettings(split="validation")
    )
    numbers = np.linspace(0, len(examples) - 1, 20).astype(int)
    tensors = model.converter.expand(examples.take(numbers))
    check(model, types.SimpleNamespace(batches=lambda _: [tensors]))


def test_attributes_of_the_parallel_preset():
    """Each rises, and moves the others by no more than 0.24 a unit."""
    model = TrainedModel.load("par-groove_4bar", runtime="numpy")
    directions = attributes.load_directions(model.folder)
    grooves = model.sample(64, seed=1)
    examples = Examples.from_sequences(
        [(str(i), groove) for i, groove in enumerate(grooves)], model.converter
    )
    effects = measure(model, directions, examples, strengths=(-2.0, 0.0, 2.0))
    assert all(effects.monotone), effects.levels
    own = np.diag(effects.slopes)
    others = np.abs(effects.slopes - np.diag(own)).max(axis=1)
    assert own.min() > 0.3, effects.slopes
    assert others.max() < 0.24, effects.slopes


def test_attributes_of_grooves_of_the_prior(model):
    grooves = sample_long(model, 16, bars=4, temperature=0.5, seed=1)
    examples = Examples.from_sequences(
        [(str(i), groove) for i, groove in enumerate(grooves)], model.converter
    )
    check(model, examples)


def test_more_hits_are_asked_for(model):
    grooves = sample_long(model, 6, bars=4, temperature=0, seed=2)
    counts = []
    for strength in (-2, -1, 0, 1, 2):
        made = shift(model, grooves, {"density": strength}, temperature=0, seed=0)
        counts.append(sum(len(sequence.notes) for sequence in made))
    assert counts == sorted(counts)
    assert counts[-1] > 1.5 * counts[0]


# Files and functions ----------------------------------------------------------------


def _refuse(name, package=None):
    raise AssertionError(f"imports {name}")


def ways():
    vector = np.array([0.123456789, -2.0], np.float32)
    return Directions(
        "c",
        7,
        "0af",
        (
            Direction(
                "density",
                "density",
                1.25,
                0.5,
                0.75,
                vector,
            ),
        ),
    )


class TestFiles:
    def test_round_trip(self, tmp_path):
        ways().save(tmp_path / "a.json")
        found = Directions.load(tmp_path / "a.json")
        assert (found.config, found.windows, found.weights) == ("c", 7, "0af")
        assert found.names == ["density"]
        (one,), (before,) = found.attributes, ways().attributes
        assert (one.function, one.mean, one.sd, one.r2) == (
            before.function,
            1.25,
            0.5,
            0.75,
        )
        np.testing.assert_allclose(one.vector, before.vector, rtol=1e-5)
        assert one.vector.dtype == np.float32

    def test_damaged_files(self, tmp_path):
        path = tmp_path / "a.json"
        with pytest.raises(RunFolderError, match="groovekit attributes fit"):
            Directions.load(path)
        path.write_text("{}")
        with pytest.raises(RunFolderError, match="not a file of attributes"):
            Directions.load(path)
        ways().save(path)
        content = json.loads(path.read_text())
        path.write_text(json.dumps({**content, "schema_version": 99}))
        with pytest.raises(RunFolderError, match="schema version 99"):
            Directions.load(path)
        content["attributes"]["density"]["function"] = ["os", "system"]
        path.write_text(json.dumps(content))
        with pytest.raises(RunFolderError, match="not a file of attributes"):
            Directions.load(path)

    @pytest.mark.parametrize(
        "module", ["groovekit.metrics", "groovekit.evaluation.metrics"]
    )
    def test_files_that_name_modules(self, tmp_path, module):
        """As all were written before functions were stored by their names."""
        path = tmp_path / "a.json"
        ways().save(path)
        content = json.loads(path.read_text())
        content["schema_version"] = 1
        content["attributes"]["density"]["function"] = f"{module}.features:density"
        path.write_text(json.dumps(content))
        found = Directions.load(path)
        assert [attribute.function for attribute in found.attributes] == ["density"]
        assert functions_of(found) == {"density": density}

    @pytest.mark.parametrize(
        "function",
        [
            "evil_attributes:run",
            "groovekit.metrics.features:evil_attributes:run",
            "groovekit.evaluation.metrics.features:np.os.system",
            "os:system",
        ],
    )
    @pytest.mark.parametrize("version", [1, 2])
    def test_a_file_imports_nothing(self, tmp_path, monkeypatch, function, version):
        (tmp_path / "evil_attributes.py").write_text("raise SystemExit('imported')")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(importlib, "import_module", _refuse)
        path = tmp_path / "a.json"
        ways().save(path)
        content = json.loads(path.read_text())
        content["schema_version"] = version
        content["attributes"]["density"]["function"] = function
        path.write_text(json.dumps(content))
        found = Directions.load(path)
        assert found.shift({"density": 1.0}, z_size=2).shape == (2,)
        with pytest.raises(UsageError, match="is not registered, and"):
            functions_of(found)
        with pytest.raises(UsageError, match="register it"):
            measure(Machine(), found, Machine().examples(50))
        assert "evil_attributes" not in sys.modules

    def test_models_without_attributes(self, tmp_path):
        for folder in (None, tmp_path):
            with pytest.raises(RunFolderError, match="no attributes yet"):
                attributes.load_directions(folder)

    def test_other_weights(self, model, tmp_path):
        folder = tmp_path / "r"
        shutil.copytree(model.folder, folder)
        elsewhere = tmp_path / "copy.json"
        shutil.copy(folder / "attributes.json", elsewhere)
        assert attributes.load_directions(folder).names
        assert attributes.load_directions(folder, elsewhere).names
        with RunFolder(folder).weights_path.open("ab") as file:
            file.write(b"x")
        for path in (None, elsewhere):
            with pytest.raises(RunFolderError, match="fitted to other weights"):
                attributes.load_directions(folder, path)

    def test_the_preset_has_its_attributes(self, model):
        found = attributes.load_directions(model.folder)
        # What else can be fitted came after it.
        since = {"fills", "ghost_notes", "loudness"}
        names = catalogue.attributes.names()
        assert found.names == [name for name in names if name not in since]
        assert found.windows == 15_694
        assert list(functions_of(found)) == found.names

    def test_the_parallel_preset_has_all_of_groovekits(self):
        folder = catalogue.preset_folder("par-groove_4bar")
        found = attributes.load_directions(folder)
        assert found.names == catalogue.attributes.names()
        assert found.windows == 15_694
        assert list(functions_of(found)) == found.names


class TestFunctions:
    def test_by_name_and_by_module(self):
        found = find_functions(
            ["density"], ["groovekit.evaluation.metrics.features:swing"]
        )
        assert found == {"density": density, "swing": swing}

    def test_registered_by_a_plug_in(self):
        catalogue.register_attribute("mine.loudness")(loudness)
        assert find_functions(["mine.loudness"]) == {"mine.loudness": loudness}

    def test_ones_own_with_a_registered_name(self):
        attribute = Direction("density", f"{__name__}:loudness", 0, 1, 1, np.zeros(4))
        directions = Directions("c", 9, "", (attribute,))
        given = {"density": loudness}
        assert functions_of(directions, given) == {"density": loudness}
        with pytest.raises(UsageError, match="loudness', which is not registered"):
            functions_of(directions)
        registered = dataclasses.replace(attribute, function="density")
        directions = dataclasses.replace(directions, attributes=(registered,))
        assert functions_of(directions) == {"density": density}

    def test_how_they_are_stored(self):
        assert stored_name(density) == "density"
        assert stored_name(loudness) == f"{__name__}:loudness"
        catalogue.register_attribute("mine.loudness")(loudness)
        assert stored_name(loudness) == "mine.loudness"
        found = fit(Machine(), Machine().examples(50), {"louder": loudness})
        assert found.attributes[0].function == "mine.loudness"
        assert functions_of(found) == {"louder": loudness}

    def test_mistakes(self):
        with pytest.raises(UnknownNameError, match="Did you mean 'density'"):
            find_functions(["densitty"])
        with pytest.raises(PluginLoadError, match="cannot be imported"):
            find_functions([], ["no_such_module_at_all:f"])
        with pytest.raises(PluginLoadError, match="cannot be imported"):
            find_functions([], ["groovekit.evaluation.metrics:nothing"])
        with pytest.raises(PluginLoadError, match="module:function that takes Drums"):
            find_functions([], ["groovekit.evaluation.metrics"])
        with pytest.raises(UsageError, match="two attributes called 'density'"):
            find_functions(["density"], ["groovekit.evaluation.metrics:density"])
