"""Where new notes go in a MIDI file."""

from __future__ import annotations

import numpy as np

from groovekit.errors import DataError
from groovekit.io.drum_tracks import drum_tracks
from groovekit.io.midi.events import NOTE_OFF, SYSEX, MidiEvents
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence


class Places:
    """Places of new notes.

    They go where their instrument is. Where there is none, drums go where drums are,
    and others to notes of their program, or to a channel that is not used. They are
    written into tracks that have notes already.

    Args:
      sequence: that was read.
      links: of its notes.
      events: of the file.
      tracks: of the sequence.
    """

    def __init__(
        self,
        sequence: NoteSequence,
        links: np.ndarray,
        events: MidiEvents,
        tracks: range,
    ) -> None:
        channels = (events.status[links[:, 1]] & 0x0F).tolist()
        places = list(zip(links[:, 0].tolist(), channels, strict=True))
        is_drum = drum_tracks(sequence).is_drum.tolist()
        # The place of the first note with these.
        self._of_number: dict[tuple[bool, int, int], tuple[int, int]] = {}
        self._of_drums: dict[int, tuple[int, int]] = {}
        self._of_kind: dict[tuple[bool, int], tuple[int, int]] = {}
        for note, drum, place in zip(sequence.notes, is_drum, places, strict=True):
            number = note.is_drum, note.instrument, note.program
            self._of_number.setdefault(number, place)
            if drum:
                self._of_drums.setdefault(note.instrument, place)
            self._of_kind.setdefault((drum, -1 if drum else note.program), place)
        self._track = places[0][0] if places else tracks[0]
        status = events.status[
            events.tracks[tracks[0]].rows.start : events.tracks[tracks[-1]].rows.stop
        ]
        used = status[(status >= NOTE_OFF) & (status < SYSEX)] & 0x0F
        self._free = [
            channel
            for channel in range(16)
            if channel != DRUM_CHANNEL and channel not in set(used.tolist())
        ]

    def of(self, note: NoteSequence.Note) -> tuple[int, int, int | None]:
        """Track and channel of a note, and a program that is to be set before it.

        Raises:
          DataError: no channel is left.
        """
        kind = (note.is_drum, -1 if note.is_drum else note.program)
        place = self._of_number.get((note.is_drum, note.instrument, note.program))
        if place is None and note.is_drum:
            place = self._of_drums.get(note.instrument)
        place = place or self._of_kind.get(kind)
        if place is not None:
            return *place, None
        if note.is_drum:
            place, change = (self._track, DRUM_CHANNEL), None
        elif self._free:
            place, change = (self._track, self._free.pop(0)), note.program
        else:
            raise DataError(
                f"Cannot add an instrument (program {note.program}) to the file: it "
                "uses all 16 channels."
            )
        self._of_kind[kind] = place
        return *place, change
