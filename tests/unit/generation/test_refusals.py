"""What is said of music that a model cannot take."""

from __future__ import annotations

import dataclasses

import pytest
from helpers import tiny
from helpers.performances import rich

from groovekit.converters.base import Reason
from groovekit.converters.groove import GrooveConverter
from groovekit.generation.refusals import check_time_signature, refusal
from groovekit.io.notes import NoteSequence

TWO = GrooveConverter(bars=2)


def in_metre(*metres):
    groove = tiny.groove(1, bars=8)
    del groove.time_signatures[:]
    for index, (numerator, denominator) in enumerate(metres):
        groove.time_signatures.add(
            time=4.0 * index, numerator=numerator, denominator=denominator
        )
    return groove


def with_pitches(offset, *, is_drum):
    groove = tiny.groove(1, bars=8)
    for note in groove.notes:
        note.pitch, note.is_drum = note.pitch + offset, is_drum
    return groove


@pytest.mark.parametrize(
    ("sequence", "reason", "parts"),
    [
        (NoteSequence(), Reason.EMPTY, ("x has no notes", "groovekit inspect")),
        (
            with_pitches(24, is_drum=False),
            Reason.NO_DRUMS,
            (
                "neither a channel nor a name says drums",
                "`drum_track`",
                "`drumify()`",
                "groovekit inspect",
            ),
        ),
        (
            with_pitches(64, is_drum=True),
            Reason.NO_MAPPED_PITCHES,
            (
                "kit roland_td11 lacks",
                "of pitch 106",
                "of pitch 100",
                "`kit`, groovekit kits list",
            ),
        ),
        (
            in_metre((3, 4)),
            Reason.TIME_SIGNATURE,
            (
                "x has bars of 3 quarter notes (time signature 3/4), the model takes "
                "bars of 4",
                "`time_signature=3/4`",
                "what takes any: continue or",
            ),
        ),
        (
            in_metre((4, 4), (6, 8)),
            Reason.TIME_SIGNATURE_CHANGE,
            (
                "bars of 3 quarter notes (time signature 4/4, 6/8)",
                "Cut out the part in 4/4.",
            ),
        ),
        (
            in_metre((4, 4), (2, 2)),
            Reason.TIME_SIGNATURE_CHANGE,
            (
                "changes its time signature (from 4/4 to 2/2). Cut out a part in one "
                "time signature.",
            ),
        ),
        (
            in_metre((7, 32)),
            Reason.TIME_SIGNATURE,
            ("No model takes 7/32: bars are whole steps",),
        ),
        (
            rich(),
            Reason.TEMPO_CHANGE,
            (
                "from 120 to 80 quarter notes a minute",
                "continue or, with models of grooves, humanize, drumify, add, fill or "
                "groove",
            ),
        ),
        (
            tiny.groove(1, bars=1),
            Reason.TOO_SHORT,
            ("1 of 2 bars", "takes any length: continue or"),
        ),
    ],
)
def test_what_came_what_fits_and_what_to_do(sequence, reason, parts):
    found = dataclasses.replace(TWO, changes="refuse").extract(sequence)
    assert found.reason is reason
    message = str(refusal(found, sequence, TWO, name="x"))
    for part in parts:
        assert part in message


def test_metres_of_the_models_length():
    check_time_signature(in_metre((4, 4), (2, 2), (8, 8)), TWO, name="x")
    three = GrooveConverter(bars=2, time_signature=(3, 4))
    check_time_signature(in_metre((3, 4), (6, 8)), three, name="x")
