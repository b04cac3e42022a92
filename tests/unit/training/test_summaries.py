from __future__ import annotations

import math

import pytest

from groovekit.errors import WriteError
from groovekit.io.tfrecord import wire
from groovekit.io.tfrecord.records import read_records
from groovekit.training.summaries import EventWriter


def test_events_are_records_with_the_fields_of_tensorflow(tmp_path):
    with EventWriter(tmp_path / "logs") as writer:
        writer.scalars({"losses/kl": 1.5}, 300, wall_time=2.0)
        path = writer.path
    assert path.name.startswith("events.out.tfevents.")
    first, second = read_records(path)
    assert (3, b"brain.Event:2") in wire.fields(first)
    fields = dict(wire.fields(second))
    assert fields[1] == b"\0\0\0\0\0\0\0@"
    assert fields[2] == 300
    value = dict(wire.fields(dict(wire.fields(fields[5]))[1]))
    assert value == {1: b"losses/kl", 2: b"\0\0\xc0?"}


def test_tensorboard_reads_the_curves(tmp_path):
    loader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_file_loader",
        reason="tensorboard is not installed",
    )
    with EventWriter(tmp_path) as writer:
        writer.scalars({"loss": 2.5, "beta": 0.1}, 1)
        writer.scalars({"loss": math.inf}, 2**40)
        writer.scalars({"loss": 1e300}, 3)
    events = list(loader.EventFileLoader(str(writer.path)).Load())
    points = [
        (event.step, value.tag, value.tensor.float_val[0])
        for event in events
        for value in event.summary.value
    ]
    assert points == [
        (1, "loss", 2.5),
        (1, "beta", pytest.approx(0.1)),
        (2**40, "loss", math.inf),
        (3, "loss", math.inf),
    ]


def test_each_writer_has_a_file_of_its_own(tmp_path):
    with EventWriter(tmp_path) as first, EventWriter(tmp_path) as second:
        second.scalars({"x": 1}, 1)
        second.flush()
        assert len(list(read_records(second.path))) == 2
    assert first.path != second.path


def test_an_unwritable_folder_is_a_plain_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="Cannot write"):
        EventWriter(tmp_path / "file")


def test_wire_refuses_what_is_no_message():
    for data in (b"\x0a\x05abc", b"\xff" * 12, b"\x0b", b"\x80"):
        with pytest.raises(ValueError, match="protobuf"):
            list(wire.fields(data))
