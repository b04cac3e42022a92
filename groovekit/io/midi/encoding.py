"""A note sequence as the bytes of a MIDI file."""

from __future__ import annotations

import bisect
import io
import itertools
import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from groovekit.errors import DataError
from groovekit.io.midi.instruments import encoded
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.tempo import DEFAULT_QPM

DEFAULT_TICKS_PER_QUARTER = 480
_CHANNELS = tuple(c for c in range(16) if c != DRUM_CHANNEL)
_BANK_SELECT = (0, 32)
# The longest time between two events.
_MAX_DELTA = 2**28 - 1
_MAX_TEMPO_MICROSECONDS = 2**24 - 1
_KEYS = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_MINOR_KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B")

# Order of events at one tick: a note ends before the next one begins.
_SETUP, _CONTROL, _NOTE_OFF, _NOTE_ON = range(4)
_Event = tuple[int, int, Any]


class _Clock:
    """Seconds to ticks under a tempo map.

    Args:
      tempos: ``(seconds, qpm)``, sorted, the first at 0.
      resolution: ticks a quarter.
    """

    def __init__(self, tempos: list[tuple[float, float]], resolution: int) -> None:
        self.changes: list[tuple[int, int]] = []  # (tick, microseconds a quarter)
        self._seconds: list[float] = []
        self._ticks_per_second: list[float] = []
        for seconds, qpm in tempos:
            if not math.isfinite(qpm) or qpm <= 0:
                raise DataError(f"Cannot write a tempo of {qpm} qpm: expected above 0.")
            microseconds = round(6e7 / qpm)
            if not 1 <= microseconds <= _MAX_TEMPO_MICROSECONDS:
                raise DataError(
                    f"Cannot write a tempo of {qpm} qpm: MIDI holds 3.58 to 60,000,000."
                )
            tick = self.tick(seconds) if self.changes else 0
            # The change happens at a whole tick; later times count from there.
            start = self._start_of(tick) if self.changes else 0.0
            if self.changes and tick == self.changes[-1][0]:
                for values in (self.changes, self._seconds, self._ticks_per_second):
                    values.pop()
            self.changes.append((tick, microseconds))
            self._seconds.append(start)
            self._ticks_per_second.append(1e6 / microseconds * resolution)

    def _start_of(self, tick: int) -> float:
        last_tick = self.changes[-1][0]
        return self._seconds[-1] + (tick - last_tick) / self._ticks_per_second[-1]

    def tick(self, seconds: float) -> int:
        """The tick nearest to ``seconds``; times before 0 give 0."""
        if not math.isfinite(seconds):
            raise DataError(f"Cannot write an event at {seconds} seconds.")
        index = max(bisect.bisect_right(self._seconds, seconds) - 1, 0)
        ticks = (seconds - self._seconds[index]) * self._ticks_per_second[index]
        return max(self.changes[index][0] + round(ticks), 0)


def encode_midi(sequence: NoteSequence) -> bytes:
    """Encodes a sequence; see :func:`groovekit.io.midi.files.write_midi`.

    Args:
      sequence: in seconds.

    Returns:
      Contents of a MIDI file.

    Raises:
      DataError: pitches, tempos, time signatures or times that MIDI has not.
    """
    import mido

    resolution = sequence.ticks_per_quarter or DEFAULT_TICKS_PER_QUARTER
    if not 1 <= resolution <= 0x7FFF:
        raise DataError(f"Cannot write {resolution} ticks a quarter: 1 to 32767.")
    tempos = sorted((max(t.time, 0.0), t.qpm) for t in sequence.tempos)
    if not tempos or tempos[0][0] > 0:
        tempos.insert(0, (0.0, DEFAULT_QPM))
    clock = _Clock(tempos, resolution)
    finite = math.isfinite(sequence.total_time)
    end = clock.tick(sequence.total_time) if finite else 0
    file = mido.MidiFile(type=1, ticks_per_beat=resolution)
    file.tracks.append(_track(_timing(sequence, clock), end))
    file.tracks += [_track(events, end) for events in _instruments(sequence, clock)]
    out = io.BytesIO()
    try:
        file.save(file=out)
    except (ValueError, OverflowError) as error:
        raise DataError(f"Cannot write the sequence as MIDI: {error}") from error
    return out.getvalue()


def _track(events: Iterable[_Event], end: int) -> Any:
    """A track that ends at a tick, or with its last event, if that is later."""
    import mido

    track = mido.MidiTrack()
    now = 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    left = min(max(end - now, 0), _MAX_DELTA)
    track.append(mido.MetaMessage("end_of_track", time=left))
    return track


def _timing(sequence: NoteSequence, clock: _Clock) -> list[_Event]:
    from mido import MetaMessage

    events: list[_Event] = [
        (tick, _SETUP, MetaMessage("set_tempo", tempo=microseconds))
        for tick, microseconds in clock.changes
    ]
    signatures = [
        (clock.tick(m.time), m.numerator, m.denominator)
        for m in sorted(sequence.time_signatures, key=lambda m: m.time)
    ]
    if not signatures or signatures[0][0] > 0:
        signatures.insert(0, (0, 4, 4))
    for tick, numerator, denominator in signatures:
        if not 1 <= numerator <= 255 or denominator.bit_count() != 1:
            raise DataError(
                f"Cannot write the time signature {numerator}/{denominator}: MIDI "
                "wants a numerator of 1 to 255 and a power of two below it."
            )
        message = MetaMessage(
            "time_signature", numerator=numerator, denominator=denominator
        )
        events.append((tick, _SETUP, message))
    for key in sequence.key_signatures:
        minor = key.mode == key.MINOR
        name = f"{_MINOR_KEYS[key.key % 12]}m" if minor else _KEYS[key.key % 12]
        message = MetaMessage("key_signature", key=name)
        events.append((clock.tick(key.time), _SETUP, message))
    return events


def _instruments(sequence: NoteSequence, clock: _Clock) -> Iterable[list[_Event]]:
    """One track's events for each instrument, program and kind.

    Each has a channel of its own; but drums, which share one as far as their programs
    are equal. What is more than a port has channels goes to further ports.
    """
    from mido import Message, MetaMessage

    notes: dict[tuple[int, int, bool], list[Any]] = defaultdict(list)
    others: dict[tuple[int, int, bool], list[_Event]] = defaultdict(list)

    for note in sequence.notes:
        notes[note.instrument, note.program, note.is_drum].append(note)
    for control in sequence.control_changes:
        message = Message(
            "control_change",
            control=_seven_bits(control.control_number, "control number"),
            value=_seven_bits(control.control_value, "control value"),
        )
        key = (control.instrument, control.program, control.is_drum)
        others[key].append((clock.tick(control.time), _CONTROL, message))
    for bend in sequence.pitch_bends:
        pitch = min(max(bend.bend, -8192), 8191)
        key = (bend.instrument, bend.program, bend.is_drum)
        message = Message("pitchwheel", pitch=pitch)
        others[key].append((clock.tick(bend.time), _CONTROL, message))

    names = {info.instrument: info.name for info in sequence.instrument_infos}
    places = _places(notes.keys() | others.keys())
    several = any(port for port, _ in places.values())
    for key, (port, channel) in places.items():
        instrument, program, is_drum = key
        name = names.get(instrument, "Drums" if is_drum else "")
        events: list[_Event] = []
        if name:
            # mido writes text as Latin-1.
            text = encoded(name).decode("latin-1")
            events.append((0, _SETUP, MetaMessage("track_name", name=text)))
        if several:
            events.append((0, _SETUP, MetaMessage("midi_port", port=port)))
        played = _note_events(notes[key], clock)
        first = min((tick for tick, _, _ in played), default=0)
        # A bank is chosen by the program change behind it.
        bank = [
            (tick, _SETUP, message)
            for tick, _, message in sorted(others[key], key=lambda event: event[0])
            if tick <= first and getattr(message, "control", None) in _BANK_SELECT
        ]
        events += bank
        message = Message("program_change", program=_seven_bits(program, "program"))
        events.append((bank[-1][0] if bank else 0, _SETUP, message))
        chosen = {id(message) for _, _, message in bank}
        events += [event for event in others[key] if id(event[2]) not in chosen]
        events += played
        yield [
            (tick, order, m if m.is_meta else m.copy(channel=channel))
            for tick, order, m in events
        ]


def _places(
    keys: Iterable[tuple[int, int, bool]],
) -> dict[tuple[int, int, bool], tuple[int, int]]:
    """Port and channel of each instrument, program and kind."""
    places: dict[tuple[int, int, bool], tuple[int, int]] = {}
    kits: dict[int, int] = {}
    melodic = itertools.count()
    for key in sorted(keys):
        _, program, is_drum = key
        if is_drum:
            places[key] = kits.setdefault(program, len(kits)), DRUM_CHANNEL
        else:
            port, place = divmod(next(melodic), len(_CHANNELS))
            places[key] = port, _CHANNELS[place]
    return places


def _note_events(notes: list[Any], clock: _Clock) -> list[_Event]:
    from mido import Message

    by_pitch: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for note in notes:
        start = clock.tick(note.start_time)
        # At least a tick: an end at its own start is read as no note.
        end = max(clock.tick(note.end_time), start + 1)
        velocity = min(max(note.velocity, 1), 127)
        pitch = _seven_bits(note.pitch, "pitch")
        by_pitch[pitch].append((start, end, velocity))
    events: list[_Event] = []
    for pitch, spans in by_pitch.items():
        spans.sort()
        starts = sorted({start for start, _, _ in spans})
        for start, end, velocity in spans:
            # The end of one note silences all of its pitch, so it must not lie
            # within the next.
            following = bisect.bisect_right(starts, start)
            if following < len(starts):
                end = min(end, starts[following])
            on = Message("note_on", note=pitch, velocity=velocity)
            off = Message("note_off", note=pitch, velocity=0)
            events += [(start, _NOTE_ON, on), (end, _NOTE_OFF, off)]
    return events


def _seven_bits(value: int, what: str) -> int:
    if not 0 <= value <= 127:
        raise DataError(f"Cannot write {what} {value}: MIDI holds 0 to 127.")
    return int(value)
