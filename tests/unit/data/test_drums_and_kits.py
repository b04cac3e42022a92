"""Which track of the examples is drums, and with which kit map they are read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from groovekit.converters.groove import GrooveConverter
from groovekit.data.datasets import load_examples
from groovekit.data.report import ExampleReport
from groovekit.data.settings import DataSettings
from groovekit.errors import DataError

CASES = Path(__file__).parents[2] / "data" / "midi_cases"
SONG = CASES / "64_drums_on_ch1_song.mid"
TWO = GrooveConverter(bars=2)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "songs"
    path.mkdir()
    for name in ("30_kick35.mid", "49_octave_up_c3.mid", SONG.name):
        (path / name).write_bytes((CASES / name).read_bytes())
    return path


@pytest.mark.parametrize("cache", [False, True])
def test_kit_maps_are_counted_by_file(folder, cache):
    for _ in range(2):
        report = load_examples(folder, TWO, settings=DataSettings(cache=cache)).report
        assert report.kits == {
            "general_midi": 1,
            "general_midi_up_2": 1,
            "roland_td11": 1,
        }
        assert report.counts.unmapped == 0
        assert ExampleReport.from_dict(report.to_dict()) == report


@pytest.mark.parametrize("cache", [False, True])
def test_the_track_that_is_asked_for(cache):
    found = load_examples(SONG, TWO, settings=DataSettings(cache=cache))
    assert (found.report.counts.kept, found.report.counts.ignored) == (48, 16)
    asked = [
        load_examples(SONG, TWO, settings=DataSettings(cache=cache, drum_track=track))
        for track in ("Drum Kit", "ch1", "2")
    ]
    for examples in asked:
        assert examples.fingerprint == found.fingerprint
        assert examples.converter == TWO
    bass = load_examples(SONG, TWO, settings=DataSettings(cache=cache, drum_track="1"))
    assert bass.report.counts.ignored == 48
    assert bass.fingerprint != found.fingerprint
    assert not np.array_equal(bass.stored.arrays["hits"], found.stored.arrays["hits"])


def test_files_without_the_track_are_named(folder):
    examples = load_examples(
        folder, TWO, settings=DataSettings(cache=False, drum_track="Bass")
    )
    assert examples.report.unreadable_files == 2
    assert "no track 'Bass'" in examples.report.unreadable[0][1]
    with pytest.raises(DataError, match="no track 'Violin'"):
        load_examples(
            SONG, TWO, settings=DataSettings(cache=False, drum_track="Violin")
        )
