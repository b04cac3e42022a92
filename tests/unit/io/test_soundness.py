"""Records that hold what cannot be are named and skipped, the rest is used."""

from __future__ import annotations

import math

import pytest
from helpers import tiny

from groovekit.configs.base import get_config
from groovekit.data.datasets import load_examples
from groovekit.data.settings import DataSettings
from groovekit.errors import DataError
from groovekit.io.soundness import fault_of
from groovekit.io.sources import iter_sequences
from groovekit.io.tfrecord.records import write_records


def set_note(field, value):
    def change(sequence):
        setattr(sequence.notes[3], field, value)

    return change


def set_tempo(value):
    def change(sequence):
        sequence.tempos[0].qpm = value

    return change


def set_time_signature(numerator, denominator):
    def change(sequence):
        sequence.time_signatures[0].numerator = numerator
        sequence.time_signatures[0].denominator = denominator

    return change


def set_length(sequence):
    sequence.total_time = math.inf


FAULTS = [
    (set_note("start_time", math.nan), "a note's start is nan seconds"),
    (set_note("end_time", math.inf), "a note's end is inf seconds"),
    (set_note("start_time", 1e12), "a note's start is 1e+12 seconds"),
    (set_note("pitch", 400), "a pitch is 400; expected 0 to 127"),
    (set_note("pitch", -1), "a pitch is -1; expected 0 to 127"),
    (set_note("velocity", 128), "a velocity is 128; expected 0 to 127"),
    (set_note("program", 400), "a program is 400; expected 0 to 127"),
    (set_tempo(math.inf), "a tempo is inf quarter notes a minute"),
    (set_tempo(0.0), "a tempo is 0 quarter notes a minute"),
    (set_tempo(-120.0), "a tempo is -120 quarter notes a minute"),
    (set_tempo(math.nan), "a tempo is nan quarter notes a minute"),
    (set_time_signature(0, 4), "a time signature is 0/4"),
    (set_time_signature(4, -4), "a time signature is 4/-4"),
    (set_length, "its length is inf seconds"),
]


@pytest.mark.parametrize(("change", "reason"), FAULTS)
def test_faults_have_reasons(change, reason):
    sequence = tiny.groove(1)
    assert fault_of(sequence) == ""
    change(sequence)
    assert fault_of(sequence) == reason


def test_notes_before_time_zero_are_for_converters():
    sequence = tiny.groove(1)
    sequence.notes[0].start_time = -0.01
    assert fault_of(sequence) == ""


def test_records_with_faults_are_named_and_skipped(tmp_path):
    path = tmp_path / "some.tfrecord"
    with write_records(path) as writer:
        for number in range(4):
            sequence = tiny.groove(number)
            if number == 2:
                sequence.notes[0].program = 400
            writer.write(sequence.SerializeToString())
    seen = []
    found = list(iter_sequences(path, on_error=lambda *error: seen.append(error)))
    assert [item.id for item in found] == [f"/id/test/{n}" for n in (0, 1, 3)]
    name = "some.tfrecord, record 2 (/id/test/2)"
    assert seen == [(name, "a program is 400; expected 0 to 127")]
    with pytest.raises(DataError, match=r"record 2 .*a program is 400"):
        list(iter_sequences(path))
    # At conversion, never in training.
    converter = get_config("groovae_2bar_humanize").converter
    examples = load_examples(path, converter, settings=DataSettings(cache=False))
    assert examples.sequences == 3
    assert name in examples.report.table()
