"""Files of many kinds: how many notes are read, and which of them are drums."""

from __future__ import annotations

import pytest
from helpers.drum_files import drum_files

from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.midi.files import parse_midi

FILES = list(drum_files())


def test_they_are_made_of_the_same_bytes_each_time():
    assert [file.data for file in drum_files()] == [file.data for file in FILES]
    assert len({file.name for file in FILES}) == len(FILES) >= 140


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_notes_and_drums(file):
    sequences = parse_midi(file.data).sequences
    notes = sum(len(sequence.notes) for sequence in sequences)
    drums = sum(int(drum_tracks(sequence).is_drum.sum()) for sequence in sequences)
    assert notes == file.hits + file.melodic
    assert drums == file.hits
