"""MIDI files to note sequences and back.

Reading gives what note_seq gives, so that what groovekit sees is what the original
saw, for every file that note_seq reads rightly, in a twelfth of the time; where it
loses music it is not followed (:mod:`groovekit.io.midi.sequences`).

Writing is groovekit's own: positions are computed with the tempo as MIDI can
hold it (whole microseconds a quarter), so that times come back to a tick even
at the end of a long file.
"""

from __future__ import annotations

import logging
from pathlib import Path

from groovekit.errors import DataError
from groovekit.io.files import write_new
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.midi.sequences import ParsedMidi, read_sequences
from groovekit.io.notes import NoteSequence

_LOG = logging.getLogger("groovekit")

#: Larger files are not MIDI in practice, and parsing takes 50 times the size.
MAX_FILE_BYTES = 64 * 2**20


def read_midi(source: str | Path | bytes, *, name: str = "") -> NoteSequence:
    """Reads a MIDI file.

    Args:
      source: a path, or the contents of a file.
      name: how to call the file in messages (default: the path).

    Returns:
      A sequence in seconds: notes, tempos, time signatures, keys, controls. ``id``,
      ``filename`` and ``collection_name`` are left empty. It may have no notes. Of a
      file of format 2 it is the first pattern with notes. What was mended or left out
      is logged.

    Raises:
      DataError: the file cannot be read or is not a MIDI file; the message
        gives the name and the reason.
    """
    if isinstance(source, bytes):
        data = source
    else:
        name = name or str(source)
        data = read_file(Path(source), name)
    parsed = parse_midi(data, name=name)
    for remark in parsed.remarks:
        _LOG.info("%s: %s", name or "MIDI data", remark)
    return parsed.first


def read_file(path: Path, name: str) -> bytes:
    """Reads a whole file of a size that music files have.

    Raises:
      DataError: unreadable or too large.
    """
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise DataError(f"{name}: {too_large(size)}")
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{name}: cannot be opened: {reason}") from error


def too_large(size: int) -> str:
    """The reason for refusing a file of ``size`` bytes."""
    return f"is {size / 2**20:.0f} MiB; expected at most {MAX_FILE_BYTES >> 20} MiB"


def parse_midi(data: bytes, *, name: str = "") -> ParsedMidi:
    """Reads the contents of a MIDI file: events, sequences, and remarks on them.

    Args:
      data: contents of a MIDI file.
      name: how to call the file in messages.

    Raises:
      DataError: as :func:`read_midi`.
    """
    try:
        if len(data) > MAX_FILE_BYTES:
            raise DataError(too_large(len(data)))
        return read_sequences(data)
    except DataError as error:
        reason = str(error)
        if name:
            raise DataError(f"{name}: {reason}") from error
        raise DataError(reason[0].upper() + reason[1:]) from error


def write_midi(sequence: NoteSequence, path: str | Path) -> Path:
    """Writes a note sequence as a MIDI file of type 1.

    Tempos, time signatures, keys, notes, controls and pitch bends are written; drums go
    to channel 10, and what is more than 15 other instruments to further ports. Tracks
    end at the sequence's ``total_time``, or with their last event. What MIDI cannot
    hold is bent to what it can: times before 0 become 0, velocities lie in 1..127 (a
    velocity of 0 would end the note), a note lasts a tick at least and ends where the
    next one of its pitch begins.

    Args:
      sequence: in seconds; without a tempo 120 quarters a minute, without a
        time signature 4/4, without ``ticks_per_quarter`` 480.
      path: where to; ``-2``, ``-3``, ... is added to the name when it is taken:
        nothing is overwritten.

    Returns:
      The path used.

    Raises:
      DataError: the sequence has pitches, tempos or time signatures that MIDI has not.
      WriteError: the file cannot be written.
    """
    return write_new(Path(path), encode_midi(sequence))
