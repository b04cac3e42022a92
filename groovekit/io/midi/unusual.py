"""The thorough way to read MIDI: any file that mido and pretty_midi can make sense of.

note_seq reads MIDI through these two libraries. The same is done here, in the same
order, so that each file gives the sequence that note_seq gives, or is refused for the
same reason; tests compare.
"""

from __future__ import annotations

import functools
import io
from typing import Any

from groovekit.io.notes import NoteSequence

#: Ticks that a file may last: pretty_midi makes an array of this many doubles (and two
#: temporary ones).
MAX_TICKS = 2**25


class RefusedError(Exception):
    """A file that would parse into nonsense."""


# The name is part of the reason that people see.
class MIDIConversionError(Exception):
    """A file that holds what a note sequence cannot."""


def read_any(data: bytes) -> NoteSequence:
    """Reads a MIDI file; warns of what the libraries find odd.

    Args:
      data: contents of the file.

    Raises:
      RefusedError: no tracks, timed in frames, or too long.
      MIDIConversionError: a time signature that is out of all range.
      Exception: whatever a corrupt byte leads the libraries to (EOFError, KeyError,
        IndexError, ...).
    """
    mido, pretty_midi = _libraries()
    file = mido.MidiFile(file=io.BytesIO(data))
    if not file.tracks:
        raise RefusedError("the MIDI file holds no tracks")
    if file.ticks_per_beat <= 0:
        raise RefusedError(
            f"its time division is {file.ticks_per_beat}; expected ticks a quarter "
            "(files timed in SMPTE frames are not supported)"
        )
    ticks = max(sum(event.time for event in track) for track in file.tracks)
    if ticks > MAX_TICKS:
        raise RefusedError(
            f"its last event is at tick {ticks}, beyond {MAX_TICKS}: likely corrupt"
        )
    return _sequence(pretty_midi.PrettyMIDI(mido_object=file))


@functools.cache
def _libraries() -> tuple[Any, Any]:
    import mido
    import pretty_midi

    # Ours is the limit that counts.
    module = pretty_midi.pretty_midi
    module.MAX_TICK = max(module.MAX_TICK, MAX_TICKS + 1)
    return mido, pretty_midi


def _sequence(midi: Any) -> NoteSequence:
    """A ``pretty_midi.PrettyMIDI`` as a sequence, events in note_seq's order."""
    sequence = NoteSequence(ticks_per_quarter=midi.resolution)
    source = sequence.source_info
    source.parser = source.PRETTY_MIDI
    source.encoding_type = source.MIDI
    for change in midi.time_signature_changes:
        signature = sequence.time_signatures.add(
            time=change.time, numerator=change.numerator
        )
        try:
            signature.denominator = change.denominator
        except ValueError as error:
            raise MIDIConversionError(
                f"Invalid time signature denominator {change.denominator}"
            ) from error
    for change in midi.key_signature_changes:
        minor, key = divmod(change.key_number, 12)
        sequence.key_signatures.add(time=change.time, key=key, mode=minor)
    for time, qpm in zip(*midi.get_tempo_changes(), strict=True):
        sequence.tempos.add(time=time, qpm=qpm)
    for number, instrument in enumerate(midi.instruments):
        if instrument.name:
            sequence.instrument_infos.add(name=instrument.name, instrument=number)
        about: dict[str, Any] = {
            "instrument": number,
            "program": instrument.program,
            "is_drum": instrument.is_drum,
        }
        for note in instrument.notes:
            sequence.total_time = max(sequence.total_time, note.end)
            sequence.notes.add(
                pitch=note.pitch,
                velocity=note.velocity,
                start_time=note.start,
                end_time=note.end,
                **about,
            )
        for bend in instrument.pitch_bends:
            sequence.pitch_bends.add(time=bend.time, bend=bend.pitch, **about)
        for control in instrument.control_changes:
            sequence.control_changes.add(
                time=control.time,
                control_number=control.number,
                control_value=control.value,
                **about,
            )
    return sequence
