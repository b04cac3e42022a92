"""The events of a MIDI file as note sequences.

A sequence holds what note_seq's does, to the last bit and in the same order, for every
file that note_seq reads rightly. Where it loses music it is not followed: the
documentation lists the differences.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import numpy as np

from groovekit.errors import DataError
from groovekit.io.midi.events import MidiEvents, read_events
from groovekit.io.midi.instruments import Instrument, read_instruments
from groovekit.io.midi.note_rows import bend_rows, control_rows, note_rows
from groovekit.io.midi.strokes import Strokes, read_strokes
from groovekit.io.midi.tempo_estimate import estimate_qpm
from groovekit.io.midi.timing import Timing, quarter_in_frames, read_timing
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.remarks import Remark, remarks_of
from groovekit.io.tempo import DEFAULT_QPM

# Notes that begin later are taken for damage: 19 hours at 480 ticks a quarter and 120
# quarters a minute.
_MAX_TICK = 2**25
_MAX_QUARTERS = 2**16

# What is said of each kind, and what is counted.
_WORDS: dict[str, tuple[str, ...]] = {
    "patterns": (
        "format 2 with {}, each a sequence of its own; who asks for one gets the first",
        "pattern",
    ),
    "no_length": ("{} without a length: each lasts a sixteenth at most", "note"),
    "no_note_off": ("{} without a note-off: each lasts a sixteenth at most", "note"),
    "no_length_left_out": (
        "{} without a length, few among those with one, left out",
        "note",
    ),
    "too_late": ("{} so late that the file must be damaged left out", "note"),
    "meta": (
        "{} without sense passed over",
        "tempo, time signature or key",
        "tempos, time signatures or keys",
    ),
    "time_signature_twice": (
        "{} passed over for another one at the same tick",
        "time signature",
    ),
    "timing_twice": (
        "{} passed over for that of an earlier track at the same tick",
        "tempo, time signature or key",
        "tempos, time signatures or keys",
    ),
}
# A file with these that gives no notes is not worth keeping.
_DAMAGE = ("truncated", "long_delta", "cut_event", "too_late")


@dataclasses.dataclass(frozen=True, eq=False)
class ParsedMidi:
    """A MIDI file: its events, and the sequences read from them.

    Attributes:
      events: of the file.
      sequences: one; of format 2, one for each track.
      links: for each sequence ``(notes, 3)`` int64, in the order of its notes: number
        of the track, row of the note-on event in ``events``, and row of the note-off
        event that ended it, or -1. A note without a length of its own has a note-off
        event at the tick of its onset.
      end_ticks: for each sequence, the tick at which its longest track ends. Its last
        note may end before (a loop is as long as its track) or, having got a length,
        later.
      remarks: what was mended or left out.
    """

    events: MidiEvents
    sequences: tuple[NoteSequence, ...]
    links: tuple[np.ndarray, ...]
    end_ticks: tuple[int, ...]
    remarks: tuple[Remark, ...]

    @property
    def first_index(self) -> int:
        """Which sequence is the first one with notes; 0 where none has any."""
        return next((at for at, links in enumerate(self.links) if len(links)), 0)

    def on_drum_channel(self, index: int) -> bool:
        """Whether all notes of a sequence play on MIDI's channel of drums.

        Args:
          index: which sequence.
        """
        status = self.events.status[self.links[index][:, 1]]
        return bool((status & 0x0F == DRUM_CHANNEL).all())

    def channels(self, index: int) -> dict[int, int]:
        """The MIDI channel, from 1, of each instrument of a sequence.

        Args:
          index: which sequence.
        """
        of_notes = self.events.status[self.links[index][:, 1]] & 0x0F
        notes = self.sequences[index].notes
        return {
            note.instrument: channel + 1
            for note, channel in zip(notes, of_notes.tolist(), strict=True)
        }

    @property
    def first(self) -> NoteSequence:
        """The first sequence with notes, for who wants one of a file."""
        return self.sequences[self.first_index]


def read_sequences(data: bytes) -> ParsedMidi:
    """Reads a MIDI file.

    Args:
      data: contents of the file.

    Raises:
      DataError: it holds no MIDI, or is damaged so that no note is left. The message is
        a reason, without a name.
    """
    events = read_events(data)
    if events.format == 2:
        parts = [slice(at, at + 1) for at in range(len(events.tracks))]
    else:
        parts = [slice(0, len(events.tracks))]
    found: Counter[str] = Counter()
    assumed: list[Remark] = []
    read = [_read_part(events, part, found, assumed) for part in parts]
    with_notes = sum(len(links) > 0 for _, links in read)
    found["patterns"] = with_notes if with_notes > 1 else 0
    remarks = (*events.remarks, *assumed, *remarks_of(found, _WORDS))
    damage = [remark.text for remark in remarks if remark.kind in _DAMAGE]
    if damage and not any(len(links) for _, links in read):
        raise DataError(f"no notes (truncated or corrupt): {'; '.join(damage)}")
    return ParsedMidi(
        events=events,
        sequences=tuple(sequence for sequence, _ in read),
        links=tuple(links for _, links in read),
        end_ticks=tuple(
            max(track.end_tick for track in events.tracks[part]) for part in parts
        ),
        remarks=remarks,
    )


def _read_part(
    events: MidiEvents, part: slice, found: Counter[str], assumed: list[Remark]
) -> tuple[NoteSequence, np.ndarray]:
    """The sequence of some tracks, and the links of its notes.

    Args:
      events: of the file.
      part: the tracks.
      found: what was mended or left out, added to.
      assumed: remarks on tempos that the file does not tell, added to.
    """
    tracks = events.tracks[part]
    rows = slice(tracks[0].rows.start, tracks[-1].rows.stop)
    timing = read_timing(events, rows)
    strokes = read_strokes(
        events,
        rows,
        length=max(1, timing.resolution // 4),
        latest=max(_MAX_TICK, _MAX_QUARTERS * timing.resolution),
    )
    if not timing.tempos:
        timing, remark = _with_tempo(timing, strokes, events.tick_seconds)
        assumed.append(remark)
    instruments = read_instruments(events, rows, strokes)
    for kind, count in (*timing.found.items(), *strokes.found.items()):
        found[kind] += count
    notes, _ = _together([instrument.notes for instrument in instruments], instruments)
    links = np.empty((len(notes), 3), np.int64)
    links[:, 1], links[:, 2] = strokes.on[notes], strokes.off[notes]
    links[:, 0] = events.track[links[:, 1]]
    return _sequence(events, timing, strokes, instruments), links


def _with_tempo(
    timing: Timing, strokes: Strokes, tick_seconds: float
) -> tuple[Timing, Remark]:
    """The timing with the tempo that the notes have, or else the usual one."""
    qpm = estimate_qpm(timing.clock.times(strokes.start))
    how = "estimated from the notes" if qpm else "assumed"
    qpm = qpm or DEFAULT_QPM
    words = f"{{}} timed in frames, without a tempo: {qpm:g} quarters a minute {how}"
    resolution = quarter_in_frames(qpm, tick_seconds)
    return (
        dataclasses.replace(timing, tempos=[(0.0, qpm)], resolution=resolution),
        Remark("frames", 1, words, "sequence"),
    )


def _sequence(
    events: MidiEvents, timing: Timing, strokes: Strokes, instruments: list[Instrument]
) -> NoteSequence:
    """The sequence; note_seq's order of everything."""
    clock = timing.clock
    sequence = NoteSequence(ticks_per_quarter=timing.resolution)
    source = sequence.source_info
    source.parser = source.PRETTY_MIDI
    source.encoding_type = source.MIDI
    for tick, numerator, denominator in timing.time_signatures:
        sequence.time_signatures.add(
            time=clock.time(tick), numerator=numerator, denominator=denominator
        )
    for tick, key, mode in timing.keys:
        sequence.key_signatures.add(time=clock.time(tick), key=key, mode=mode)
    for seconds, qpm in timing.tempos:
        sequence.tempos.add(time=seconds, qpm=qpm)
    ends = clock.times(strokes.end)
    if len(ends):
        sequence.total_time = float(ends.max())
    starts = clock.times(strokes.start)
    for number, instrument in enumerate(instruments):
        if instrument.name:
            sequence.instrument_infos.add(name=instrument.name, instrument=number)
    notes, about = _together(
        [instrument.notes for instrument in instruments], instruments
    )
    on = strokes.on[notes]
    pitch, velocity = events.first[on], events.second[on]
    _merge(sequence, note_rows(pitch, velocity, starts[notes], ends[notes], **about))
    bends, about = _together(
        [instrument.bends for instrument in instruments], instruments
    )
    if len(bends):
        bend = (events.second[bends] << 7 | events.first[bends]) - 8192
        times = clock.times(events.tick[bends])
        _merge(sequence, bend_rows(times, bend, **about))
    controls, about = _together(
        [instrument.controls for instrument in instruments], instruments
    )
    if len(controls):
        times = clock.times(events.tick[controls])
        number, value = events.first[controls], events.second[controls]
        _merge(sequence, control_rows(times, number, value, **about))
    return sequence


def _merge(sequence: NoteSequence, rows: np.ndarray) -> None:
    """Adds rows to a sequence; in place, since there may be many."""
    sequence.MergeFromString(rows.reshape(-1).data)


def _together(
    parts: list[np.ndarray], instruments: list[Instrument]
) -> tuple[np.ndarray, dict[str, Any]]:
    """What belongs to each instrument in one column, and whose each is."""
    if len(instruments) == 1:
        (about,) = instruments
        return parts[0], {"program": about.program, "is_drum": about.is_drum}
    number = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    programs = np.array([about.program for about in instruments], np.int64)
    drums = np.array([about.is_drum for about in instruments], np.bool_)
    return np.concatenate([np.empty(0, np.int64), *parts]), {
        "instrument": number,
        "program": programs[number],
        "is_drum": drums[number],
    }
