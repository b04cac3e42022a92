"""A MIDI file to edit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from groovekit.io.files import write_new
from groovekit.io.midi.files import parse_midi, read_file
from groovekit.io.midi.patch import patch_midi
from groovekit.io.midi.sequences import ParsedMidi
from groovekit.io.notes import NoteSequence
from groovekit.io.remarks import Remark

#: Hi-hats in General MIDI, and what their edges are on Roland's modules.
HATS = frozenset({22, 26, 42, 44, 46})


@dataclasses.dataclass(frozen=True, eq=False)
class MidiDocument:
    """A MIDI file whose notes are edited, and that stays as it was otherwise.

    What a sequence cannot hold is kept: channels, banks and programs, controllers,
    aftertouch, system exclusive messages, texts, markers, names, chunks of other kinds,
    and how all of it is written. Without edits the same bytes come back::

        document = groovekit.MidiDocument.read("song.mid")
        (played,) = player.humanize(document.sequence)
        document.write(played, "played.mid")

    Notes are known by their field ``part``, which no MIDI file has: in ``sequence`` it
    counts them from 1. Those of an edited sequence that have the same number are the
    same notes, those without one are new, and what is missing goes. With a note go its
    note-off and aftertouch, and hi-hats take the pedal (control 4) with them, so that
    each has the opening that it had. Of a note without a note-off nothing is mended
    unless it moves.

    Attributes:
      sequence: of the file; of format 2 that of the first pattern with notes. Edit a
        copy.
      hats: pitches whose sound the pedal decides.
    """

    sequence: NoteSequence
    _parsed: ParsedMidi
    hats: frozenset[int] = HATS

    @classmethod
    def read(cls, source: str | Path | bytes, *, name: str = "") -> MidiDocument:
        """Reads a MIDI file.

        Args:
          source: a path, or the contents of a file.
          name: how to call the file in messages (default: the path).

        Raises:
          DataError: it cannot be read or is no MIDI file; says why.
        """
        if not isinstance(source, bytes):
            name = name or str(source)
            source = read_file(Path(source), name)
        parsed = parse_midi(source, name=name)
        sequence = NoteSequence()
        sequence.CopyFrom(parsed.first)
        for number, note in enumerate(sequence.notes, start=1):
            note.part = number
        return cls(sequence, parsed)

    @property
    def channels(self) -> dict[int, int]:
        """The MIDI channel, from 1, of each instrument of the sequence."""
        return self._parsed.channels(self._parsed.first_index)

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was mended or left out when the file was read."""
        return self._parsed.remarks

    def patched(self, sequence: NoteSequence) -> bytes:
        """The file with the notes of an edited sequence.

        Onsets, ends, velocities and pitches may change, and the tempo by a factor
        (:func:`groovekit.generation.tasks.editing.at_tempo`); other fields are not
        looked at. New drums go to the drums of the file, other new notes to those of
        their program, or to a channel that is free.

        Raises:
          DataError: times, pitches, tempos or instruments that the file cannot hold.
        """
        source = np.array([note.part - 1 for note in sequence.notes], np.int64)
        known = (source >= 0) & (source < len(self.sequence.notes))
        # Of several copies of a note, the first one is the note.
        _, first = np.unique(source, return_index=True)
        known &= np.isin(np.arange(len(source)), first)
        source = np.where(known, source, -1)
        return patch_midi(self._parsed, self.sequence, sequence, source, hats=self.hats)

    def write(self, sequence: NoteSequence, path: str | Path) -> Path:
        """Writes the file with the notes of an edited sequence.

        Args:
          sequence: see :meth:`patched`.
          path: where to; ``-2``, ``-3``, ... is added to the name when it is taken:
            nothing is overwritten.

        Returns:
          The path used.

        Raises:
          DataError: as :meth:`patched`.
          WriteError: the file cannot be written.
        """
        return write_new(Path(path), self.patched(sequence))
