"""Which instruments of a sequence are drums, and why.

Drums are what plays on MIDI channel 10. Many files have them elsewhere: notation and
drum programs on channel 1, sequencers on whatever channel a track happens to have. So
it is decided for each instrument of a sequence by itself, by the first of these that
says something:

* the channel: notes that are marked as drums (``is_drum``);
* a bank of drum kits (bank select 120 in General MIDI 2, 127 in XG), where the notes
  are those of a kit;
* the name of its track (:mod:`groovekit.io.drum_names`). A name that may mean drums
  counts where the notes are those of a kit; beside drums on channel 10, and with a
  program that no kit has, so does one that means them for sure;
* its notes, where it is the only instrument of the sequence.

A program says nothing: those of General MIDI that are called drums (113 to 120) are
single drums with a melody. Notes of a kit are told by what is struck together, not by
their pitches alone, which a bass has as well (:func:`plays_a_kit`).

Everything that reads drums asks here, MIDI files and TFRecords alike.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from groovekit.errors import DataError
from groovekit.io.drum_names import Verdict, verdict
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.io.remarks import Remark

# Programs that General Standard and its followers have drum kits at, from 0; on other
# channels they are instruments like any other.
_KIT_PROGRAMS = frozenset({0, 8, 16, 24, 25, 26, 32, 40, 48, 49, 50, 56, 127})
_BANK_SELECT = 0
_DRUM_BANKS = frozenset({120, 127})

# Pitches of a drum kit in General MIDI, and what the hats' edges are on Roland's.
_KICKS = (35, 36)
_SNARES = (37, 38, 39, 40)
_METAL = (42, 44, 46, 49, 51, 52, 53, 55, 57, 59, 22, 26)
_TIMEKEEPERS = (42, 44, 46, 51, 53, 59, 22, 26)
_OTHERS = (41, 43, 45, 47, 48, 50, 54, 56)
# What is nearer than this (in seconds) is struck together.
_TOGETHER = 0.02


class Why(enum.Enum):
    """What says that an instrument is drums; the value is for people."""

    CHANNEL = "channel 10"
    BANK = "its bank of drum kits"
    NAME = "its name"
    NAME_AND_NOTES = "its name and its notes"
    NOTES = "its notes, those of a drum kit"
    HAND = "hand"


@dataclasses.dataclass(frozen=True)
class Track:
    """One instrument of a sequence.

    Attributes:
      number: from 1, in the order of their numbers in the sequence.
      instrument: its number in the sequence.
      name: of its track; may be empty.
      program: MIDI program of its first note, from 0.
      notes: how many it has.
      why: what says that it is drums; None where it is not.
    """

    number: int
    instrument: int
    name: str
    program: int
    notes: int
    why: Why | None

    def __str__(self) -> str:
        return f"{self.number} {self.name!r}" if self.name else str(self.number)

    def to_dict(self) -> dict[str, Any]:
        """The track for JSON."""
        return {
            "number": self.number,
            "name": self.name,
            "program": self.program,
            "notes": self.notes,
            "drums": self.why.name.lower() if self.why else None,
        }

    @property
    def said(self) -> str:
        """What says that it is drums, for people; empty where it is not."""
        return self.why.value if self.why else ""

    @property
    def called(self) -> str:
        """How to speak of it without its number, which differs from file to file."""
        return f"the track {self.name!r}" if self.name else "a track without a name"


@dataclasses.dataclass(frozen=True, eq=False)
class DrumTracks:
    """The instruments of a sequence, and which of them are drums.

    Attributes:
      tracks: all of them that have notes.
      is_drum: ``(notes,)`` bool, in the sequence's order.
    """

    tracks: tuple[Track, ...]
    is_drum: np.ndarray

    @property
    def drums(self) -> tuple[Track, ...]:
        """Those that are drums."""
        return tuple(track for track in self.tracks if track.why is not None)

    @property
    def others(self) -> tuple[Track, ...]:
        """Those that are not."""
        return tuple(track for track in self.tracks if track.why is None)

    @property
    def remarks(self) -> list[Remark]:
        """One for each instrument that is drums for another reason than its channel."""
        return [
            Remark(
                "drum_track",
                track.notes,
                f"{{}} of {track.called} taken for drums by {track.said}",
                "note",
            )
            for track in self.drums
            if track.why not in (None, Why.CHANNEL, Why.HAND)
        ]

    @property
    def remark(self) -> str:
        """What to tell people; empty where channel 10 says it all."""
        if all(track.why in (Why.CHANNEL, Why.HAND) for track in self.drums):
            return ""
        found = "; ".join(f"track {track} by {track.said}" for track in self.drums)
        left = sum(track.notes for track in self.others)
        others = len(self.others)
        what = f"{others} other tracks" if others > 1 else "another track"
        rest = f"; {left:,} notes of {what} are no drums"
        return f"the drums are {found}{rest if left else ''}"


def drum_tracks(sequence: NoteSequence, *, by_hand: bool = False) -> DrumTracks:
    """Says which instruments of a sequence are drums, and why.

    Args:
      sequence: of any source.
      by_hand: whether its drums were chosen (:func:`mark_drums`): then it is the notes
        that are marked, and no others.
    """
    notes = sequence.notes
    marked = np.fromiter([note.is_drum for note in notes], np.bool_, len(notes))
    pitch = np.fromiter([note.pitch for note in notes], np.int64, len(notes))
    start = np.fromiter([note.start_time for note in notes], np.float64, len(notes))
    names = {info.instrument: info.name.strip() for info in sequence.instrument_infos}
    banks = set() if marked.all() else _with_drum_banks(sequence)
    instruments = list(_instruments(sequence))
    named = {names.get(number, "") for number, _ in instruments}
    # A title that every track has is no name of one.
    title = len(named) == 1 < len(instruments)
    is_drum = marked.copy()
    tracks = []
    for position, (number, own) in enumerate(instruments, start=1):
        name, program = names.get(number, ""), int(notes[int(own[0])].program)
        why: Why | None = Why.HAND if by_hand else Why.CHANNEL
        if by_hand and not marked[own[0]]:
            why = None
        elif not marked[own[0]]:
            sure = program in _KIT_PROGRAMS and not title and not marked.any()
            why = _reason(
                verdict(name),
                sure=sure,
                bank=number in banks,
                only=len(instruments) == 1,
                kit=functools.partial(plays_a_kit, pitch[own], start[own]),
            )
            is_drum[own] = why is not None
        tracks.append(Track(position, number, name, program, len(own), why))
    # A lane of its own for each drum: "HH" beside "Kick" and "Snare".
    if any(track.why is Why.NAME for track in tracks):
        for position, (_, own) in enumerate(instruments):
            if _is_lane(tracks[position], pitch[own]):
                tracks[position] = dataclasses.replace(
                    tracks[position], why=Why.NAME_AND_NOTES
                )
                is_drum[own] = True
    return DrumTracks(tuple(tracks), is_drum)


def mark_drums(
    sequence: NoteSequence,
    track: str,
    *,
    channels: Mapping[int, int] | None = None,
    name: str = "",
) -> NoteSequence:
    """A copy in which one track is drums, as a person says, and nothing else is.

    Args:
      sequence: of any source.
      track: its name (capitals make no difference), its number from 1
        (:attr:`Track.number`), or its MIDI channel: ``"channel 16"``, ``"ch16"``; a
        number that no track has is one of a channel, too.
      channels: MIDI channel, from 1, of each instrument; None where they are not
        known, as in TFRecords: 10 is known from the notes.
      name: how to call the sequence in messages.

    Raises:
      DataError: there is no such track; says which there are.
    """
    tracks = drum_tracks(sequence).tracks
    chosen = _chosen(tracks, track.strip(), channels)
    if not chosen:
        found = ", ".join(f"{item} ({item.notes:,} notes)" for item in tracks)
        begin = f"{name}: no" if name else "No"
        raise DataError(
            f"{begin} track {track!r}: expected the name of one, its number, or its "
            f"channel (ch16). The tracks are {found or 'none'}."
        )
    wanted = {(item.instrument, item.why is Why.CHANNEL) for item in chosen}
    marked = NoteSequence()
    marked.CopyFrom(sequence)
    for note in marked.notes:
        note.is_drum = (note.instrument, note.is_drum) in wanted
    return marked


def with_drums_marked(sequence: NoteSequence) -> NoteSequence:
    """A sequence whose drums are all marked: itself, or a copy."""
    found = drum_tracks(sequence).is_drum.tolist()
    if found == [note.is_drum for note in sequence.notes]:
        return sequence
    marked = NoteSequence()
    marked.CopyFrom(sequence)
    for note, is_drum in zip(marked.notes, found, strict=True):
        note.is_drum = is_drum
    return marked


def plays_a_kit(pitch: np.ndarray, start: np.ndarray) -> bool:
    """Whether notes are those of a drum kit in General MIDI, going by them alone.

    A bass or a melody has pitches of the kit as well. But a kit is played with kick,
    snare and cymbals, hats or ride keep time, and they are struck together; where
    nothing is struck together, nearly all is one kick, one snare and one cymbal.

    Args:
      pitch: ``(notes,)`` MIDI pitches.
      start: ``(notes,)`` onsets in seconds, or in steps.
    """
    total = len(pitch)
    if not total:
        return False

    def share(pitches: tuple[int, ...]) -> float:
        return np.count_nonzero(np.isin(pitch, pitches)) / total

    kicks, snares, metal = share(_KICKS), share(_SNARES), share(_METAL)
    if kicks + snares + metal + share(_OTHERS) < 0.9:
        return False
    if min(kicks, snares) < 0.02 or share(_TIMEKEEPERS) < 0.15:
        return False
    order = np.argsort(start, kind="stable")
    moment = np.cumsum(np.diff(start[order], prepend=start[order[0]]) > _TOGETHER)
    struck = np.zeros((moment[-1] + 1, 128), np.bool_)
    struck[moment, np.clip(pitch[order], 0, 127)] = True
    beats = struck[:, [*_KICKS, *_SNARES]]
    cymbals = struck[:, list(_METAL)]
    together = beats.any(axis=1) & cymbals.any(axis=1)
    # Octaves, as a left hand plays them, are no drums.
    octave = np.zeros(len(struck), np.bool_)
    for low in (*_KICKS, *_SNARES):
        octave |= struck[:, low] & struck[:, low + 12]
    together &= ~octave
    if np.count_nonzero(together) >= 0.25 * np.count_nonzero(beats.any(axis=1)):
        return True
    if octave.any() or together.any() or min(kicks, snares) < 0.08 or metal < 0.25:
        return False
    most = sum(
        np.max([np.count_nonzero(pitch == one) for one in drums])
        for drums in (_KICKS, _SNARES, _METAL)
    )
    return bool(most >= 0.85 * total)


def _instruments(sequence: NoteSequence) -> Iterator[tuple[int, np.ndarray]]:
    """Numbers of the instruments and positions of their notes, in rising order."""
    found: dict[tuple[int, bool], list[int]] = {}
    for position, note in enumerate(sequence.notes):
        # A number may stand for drums and for something else: two instruments.
        found.setdefault((note.instrument, note.is_drum), []).append(position)
    for key in sorted(found):
        yield key[0], np.array(found[key])


def _with_drum_banks(sequence: NoteSequence) -> set[int]:
    """Instruments that a bank of drum kits is selected for."""
    return {
        change.instrument
        for change in sequence.control_changes
        if change.control_number == _BANK_SELECT and change.control_value in _DRUM_BANKS
    }


def _is_lane(track: Track, pitch: np.ndarray) -> bool:
    """Whether a track that may be drums by its name plays one drum and nothing else."""
    return (
        track.why is None
        and track.program in _KIT_PROGRAMS
        and verdict(track.name) is Verdict.PERHAPS
        and len(np.unique(pitch)) == 1
        and pitch[0] in (*_KICKS, *_SNARES, *_METAL, *_OTHERS)
    )


def _reason(
    said: Verdict, *, sure: bool, bank: bool, only: bool, kit: Callable[[], bool]
) -> Why | None:
    """What says that an instrument on another channel is drums.

    Args:
      said: by its name.
      sure: whether a name that means drums is enough.
      bank: whether a bank of drum kits is selected.
      only: whether there is no other instrument.
      kit: whether its notes are those of a drum kit.
    """
    if said is Verdict.DRUMS and sure:
        return Why.NAME
    named = said is not Verdict.NO
    if not (bank or named or only) or not kit():
        return None
    if bank:
        return Why.BANK
    return Why.NAME_AND_NOTES if named else Why.NOTES


def _chosen(
    tracks: tuple[Track, ...], asked: str, channels: Mapping[int, int] | None
) -> list[Track]:
    """The tracks that a name, a number or a channel stands for."""
    named = [item for item in tracks if item.name.casefold() == asked.casefold()]
    if named:
        return named
    numbered = re.fullmatch(r"(ch(annel)?)?\s*(\d+)", asked.casefold())
    if numbered is None:
        return []
    number = int(numbered[3])
    if numbered[1] is None:
        found = [item for item in tracks if item.number == number]
        # A number that no track has is that of a channel.
        if found or (channels is None and number != DRUM_CHANNEL + 1):
            return found
    if channels is None:
        if number != DRUM_CHANNEL + 1:
            raise DataError(
                f"Only MIDI files say which channel a track plays on, so {asked!r} "
                "cannot be found here: give the name of the track, or its number."
            )
        return [item for item in tracks if item.why is Why.CHANNEL]
    return [item for item in tracks if channels.get(item.instrument) == number]
