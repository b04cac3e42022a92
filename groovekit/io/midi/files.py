"""MIDI files to note sequences and back.

Reading gives what note_seq gives, so that what groovekit sees is what the original
saw: files that hold nothing unusual are read by :mod:`groovekit.io.midi.scan`, about
twelve times faster and equal to the last bit, all others by
:mod:`groovekit.io.midi.unusual`, through mido and pretty_midi. Around it stand the
checks that keep a corrupt file from taking all memory, and reasons that a person can
read.

Writing is groovekit's own: positions are computed with the tempo as MIDI can
hold it (whole microseconds a quarter), so that times come back to a tick even
at the end of a long file.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from groovekit.errors import DataError
from groovekit.io.files import write_new
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.midi.scan import UnusualError, read_plain
from groovekit.io.midi.unusual import MAX_TICKS, RefusedError, read_any
from groovekit.io.notes import NoteSequence

_LOG = logging.getLogger("groovekit")

#: Larger files are not MIDI in practice, and parsing takes 50 times the size.
MAX_FILE_BYTES = 64 * 2**20


def read_midi(source: str | Path | bytes, *, name: str = "") -> NoteSequence:
    """Reads a MIDI file as note_seq does.

    Args:
      source: a path, or the contents of a file.
      name: how to call the file in messages (default: the path).

    Returns:
      A sequence in seconds: notes, tempos, time signatures, keys, controls. ``id``,
      ``filename`` and ``collection_name`` are left empty. It may have no notes.
      What the parser found odd, such as a tempo outside the first track (which
      does not count), is logged.

    Raises:
      DataError: the file cannot be read or is not a MIDI file; the message
        gives the name and the reason.
    """
    if isinstance(source, bytes):
        data = source
    else:
        name = name or str(source)
        data = read_file(Path(source), name)
    sequence, remarks = parse_midi(data, name=name)
    for remark in remarks:
        _LOG.info("%s: %s", name or "MIDI data", remark)
    return sequence


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


def parse_midi(data: bytes, *, name: str = "") -> tuple[NoteSequence, list[str]]:
    """Like :func:`read_midi` for contents, with the remarks of the parser.

    Args:
      data: contents of a MIDI file.
      name: how to call the file in messages.

    Returns:
      The sequence, and remarks such as a tempo found outside the first track.

    Raises:
      DataError: as :func:`read_midi`.
    """
    reason = _refuse(data)
    if reason:
        raise DataError(_message(name, reason))
    try:
        return read_plain(data, max_ticks=MAX_TICKS), []
    except UnusualError as unusual:
        _LOG.debug("%s: read the thorough way: %s", name or "MIDI data", unusual)
    return _parse_any(data, name=name)


def _parse_any(data: bytes, *, name: str) -> tuple[NoteSequence, list[str]]:
    """Like :func:`parse_midi`, for any file that is not refused at once."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            sequence = read_any(data)
        except RefusedError as error:
            raise DataError(_message(name, str(error))) from error
        # mido and pretty_midi let through whatever a corrupt byte leads to
        # (KeyError, IndexError, TypeError, ...): all of it means one thing.
        except Exception as error:
            raise DataError(_message(name, _reason(error))) from error
    remarks = sorted({" ".join(str(w.message).split()) for w in caught})
    return sequence, remarks


def _message(name: str, reason: str) -> str:
    return f"{name}: {reason}" if name else reason[0].upper() + reason[1:]


def _refuse(data: bytes) -> str:
    if not data:
        return "the file is empty"
    if not data.startswith(b"MThd"):
        return "not a MIDI file (it does not begin with MThd)"
    if len(data) > MAX_FILE_BYTES:
        return too_large(len(data))
    return ""


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, EOFError):
        return "the MIDI data end in the middle of an event (truncated or corrupt)"
    if isinstance(error, MemoryError):
        return "the MIDI data need more memory than there is (likely corrupt)"
    if isinstance(error, ZeroDivisionError):
        return "corrupt MIDI data: a tempo or time division of zero"
    if isinstance(error, OSError) and text:
        return f"corrupt MIDI data: {text}"
    kind = type(error).__name__
    return f"corrupt MIDI data ({kind}: {text})" if text else f"corrupt data ({kind})"


def write_midi(sequence: NoteSequence, path: str | Path) -> Path:
    """Writes a note sequence as a MIDI file of type 1.

    Tempos, time signatures, keys, notes, controls and pitch bends are written; drums go
    to channel 10. What MIDI cannot hold is bent to what it can: times before 0
    become 0, velocities lie in 1..127 (a velocity of 0 would end the note), a
    note lasts a tick at least and ends where the next one of its pitch begins.

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
