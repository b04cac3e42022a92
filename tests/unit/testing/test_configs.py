"""Each check of a config fails where it should, and says why."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from helpers import tiny

import groovekit as gk
from groovekit.models.encoders.bidirectional import BidirectionalLSTMEncoder
from groovekit.models.heads.groove import GrooveHead
from groovekit.plugins import catalogue
from groovekit.testing import ConformanceError, check_config

CONFIG = "groovae_2bar_humanize"


def small(**parts):
    """A config of tiny sizes with another encoder or head."""
    config = tiny.config(CONFIG, **{"dec_rnn_size": [5], "converter.bars": 1})
    encoder = dataclasses.replace(
        config.encoder, kind=parts.get("encoder", config.encoder.kind)
    )
    decoder = dataclasses.replace(
        config.decoder, head=parts.get("head", config.decoder.head)
    )
    return config.replace(encoder=encoder, decoder=decoder)


@pytest.mark.slow
def test_a_good_config_passes_by_name_too():
    catalogue.register_config("my.small")(small)
    check_config("my.small", [tiny.groove(1)])
    with pytest.raises(gk.GroovekitError, match="Unknown config"):
        check_config("my.smaller")


# Configs that each do one thing wrong -------------------------------------------------


class NotANumber(GrooveHead):
    def loss(self, targets, logits):
        return super().loss(targets, logits) * float("nan")


class Detached(GrooveHead):
    def loss(self, targets, logits):
        return super().loss(targets, logits * 0.0)


class Loud(GrooveHead):
    def sample(self, logits, uniforms, temperature):
        return super().sample(logits, uniforms, temperature) * 2


class Shallow(GrooveHead):
    def sample(self, logits, uniforms, temperature):
        raise NotImplementedError("sampling")


class OtherLayout(GrooveHead):
    def __init__(self, layout):
        raise gk.GroovekitError("The head needs another layout.")


class RandomStart(BidirectionalLSTMEncoder):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{**kwargs, "seed": next(FLIPS)})


FLIPS = iter(range(1, 10**9))

HEADS = {
    NotANumber: r"one training step to succeed, got TrainingError",
    Detached: r"change the weights of every layer, got no change in ",
    Loud: r"samples of 'hits' \(binary\) to be 0 or 1, got values from 0 to 2",
    Shallow: r"loading the run folder to succeed, got NotImplementedError: sampling",
    OtherLayout: r"building the model to succeed, got GroovekitError: The head needs",
}


@pytest.mark.parametrize(
    ("head", "message"),
    [pytest.param(*item, id=item[0].__name__) for item in HEADS.items()],
)
def test_a_broken_head_is_found_out(head, message):
    catalogue.register_head("my.head")(head)
    with pytest.raises(ConformanceError, match=message) as error:
        check_config(small(head="my.head"), fresh_process=False)
    assert str(error.value).startswith("Expected ")
    assert str(error.value).endswith(".")


def test_the_same_seed_has_to_give_the_same_weights():
    catalogue.register_encoder("my.encoder")(RandomStart)
    with pytest.raises(ConformanceError, match=r"the same first weights of .*derive"):
        check_config(small(encoder="my.encoder"), fresh_process=False)


def test_samples_have_to_follow_the_seed(monkeypatch):
    from groovekit.generation.trained_model import TrainedModel

    drawn = iter(np.random.default_rng(1).integers(0, 2, (9, 6, 16, 27)) * 1.0)
    plain = TrainedModel.decode_to_tensors

    def decode(self, z, *, temperature, **options):
        outputs = plain(self, z, temperature=temperature, **options)
        return outputs if temperature == 0 else next(drawn)[: len(z)]

    monkeypatch.setattr(TrainedModel, "decode_to_tensors", decode)
    with pytest.raises(ConformanceError, match="the same seed to give the same out"):
        check_config(small(), fresh_process=False)


def test_the_converter_is_checked_too():
    config = small()
    with pytest.raises(ConformanceError, match="sequences of the kind"):
        check_config(config, [gk.NoteSequence()])


def test_json_has_to_give_the_config_back(monkeypatch):
    plain = gk.ModelConfig.to_dict
    monkeypatch.setattr(
        gk.ModelConfig, "to_dict", lambda self: {**plain(self), "description": "other"}
    )
    with pytest.raises(ConformanceError, match="come back from JSON as it was"):
        check_config(small(), fresh_process=False)


# In another process -------------------------------------------------------------------


def test_what_only_decorators_know_is_missed_there():
    @catalogue.register_head("my.head")
    class Head(GrooveHead):
        pass

    with pytest.raises(
        ConformanceError,
        match=r"fresh process, got .*'my\.head' is not installed.*entry",
    ):
        check_config(small(head="my.head"))


@pytest.mark.slow
def test_what_is_not_saved_is_missed_there(fake_package):
    source = """
        import os
        from groovekit.plugins import catalogue as plugins
        from groovekit.models.encoders.bidirectional import BidirectionalLSTMEncoder

        class Encoder(BidirectionalLSTMEncoder):
            def call(self, x, lengths=None, *, training=False):
                learnt = float(os.getpid() % 100 + 1)
                return super().call(x, lengths, training=training) * learnt
    """
    points = {"groovekit.encoders": {"swing.encoder": "swing_kit:Encoder"}}
    fake_package("swing-kit", "0.3", points, source)
    with pytest.raises(ConformanceError, match=r"the mean of a reloaded model.*saved"):
        check_config(small(encoder="swing.encoder"))
