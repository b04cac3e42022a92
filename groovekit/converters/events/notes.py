"""Notes and chords of performances' events."""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from typing import NamedTuple

import numpy as np

from groovekit.converters.events.vocabulary import MIDI_PROGRAMS, Vocabulary
from groovekit.converters.grid.notes_out import add_notes
from groovekit.converters.harmony.chords import CHORD_SYMBOL, ChordEncoding
from groovekit.io.notes import NoteSequence

# What sounds before the first velocity.
DEFAULT_VELOCITY = 100


class PlayedNote(NamedTuple):
    """A note that was read from events, in steps."""

    start: int
    end: int
    pitch: int
    velocity: int


@dataclasses.dataclass(frozen=True)
class Track:
    """What one instrument's events in one section say.

    Attributes:
      length: steps of the section.
      program: MIDI program from 0.
      is_drum: whether it plays drums.
      events: labels of the events of notes, time and velocity, none of them after
        the section's end, with which the time shifts end.
      positions: where each event stands among all of the section's labels.
      steps: when each happens, from the section's start.
    """

    length: int
    program: int
    is_drum: bool
    events: tuple[int, ...]
    positions: tuple[int, ...]
    steps: tuple[int, ...]


def read_track(labels: np.ndarray, *, steps: int, vocabulary: Vocabulary) -> Track:
    """Reads the labels of one instrument in one section.

    What follows the end is left out; of several programs the first counts. A
    shift beyond the section's end is cut, and what would follow it left out.

    Args:
      labels: ``(events,)`` integers.
      steps: length of the section.
      vocabulary: numbers of events.
    """
    ends = np.flatnonzero(labels == vocabulary.end)
    used = labels[: ends[0]] if len(ends) else labels
    programs = used[used >= vocabulary.first_program] - vocabulary.first_program
    program = int(programs[0]) if len(programs) else 0
    is_drum = program == MIDI_PROGRAMS
    events, positions, times = [], [], []
    step = 0
    for position in np.flatnonzero(used < vocabulary.first_program).tolist():
        label = int(used[position])
        if vocabulary.first_shift <= label < vocabulary.first_velocity:
            shift = min(label - vocabulary.first_shift + 1, steps - step)
            if not shift:
                break
            label = vocabulary.first_shift + shift - 1
        else:
            shift = 0
        events.append(label)
        positions.append(position)
        times.append(step)
        step += shift
        if shift and step == steps and label != int(used[position]):
            break
    return Track(
        steps,
        0 if is_drum else program,
        is_drum,
        tuple(events),
        tuple(positions),
        tuple(times),
    )


def read_tracks(
    labels: np.ndarray, *, steps: int, vocabulary: Vocabulary
) -> list[list[Track]]:
    """Reads a window.

    Args:
      labels: ``(sections, instruments, events)`` integers.
      steps: length of a section.
      vocabulary: numbers of events.

    Returns:
      For each instrument its sections.
    """
    return [
        [read_track(part, steps=steps, vocabulary=vocabulary) for part in sections]
        for sections in labels.swapaxes(0, 1)
    ]


def read_notes_of(tracks: list[Track], vocabulary: Vocabulary) -> list[PlayedNote]:
    """The notes of one instrument in successive sections.

    A note-off ends the earliest note of its pitch; one without a note, and a note
    without duration, are left out. What still sounds in the end ends there.

    Args:
      tracks: of the sections.
      vocabulary: numbers of events.

    Returns:
      Notes in the order in which they end.
    """
    sounding: defaultdict[int, deque[tuple[int, int]]] = defaultdict(deque)
    notes = []
    velocity = DEFAULT_VELOCITY
    origin = 0
    for track in tracks:
        for label, within in zip(track.events, track.steps, strict=True):
            step = origin + within
            if label < vocabulary.first_off:
                sounding[label].append((step, velocity))
            elif label < vocabulary.first_shift:
                queue = sounding[label - vocabulary.first_off]
                if queue:
                    begin, loud = queue.popleft()
                    if begin < step:
                        pitch = label - vocabulary.first_off + vocabulary.min_pitch
                        notes.append(PlayedNote(begin, step, pitch, loud))
            elif label >= vocabulary.first_velocity:
                velocity = vocabulary.velocity_of(label - vocabulary.first_velocity)
        origin += track.length
    for pitch, queue in sounding.items():
        notes += [
            PlayedNote(begin, origin, pitch + vocabulary.min_pitch, loud)
            for begin, loud in queue
            if begin < origin
        ]
    return notes


def write_notes(
    sequence: NoteSequence,
    instruments: list[list[Track]],
    vocabulary: Vocabulary,
    *,
    step_seconds: float,
) -> None:
    """Writes the notes of all instruments.

    Args:
      sequence: what they are added to.
      instruments: from :func:`read_tracks`.
      vocabulary: numbers of events.
      step_seconds: length of a step.
    """
    words = vocabulary
    for instrument, tracks in enumerate(instruments):
        notes = np.array(read_notes_of(tracks, words), np.int64).reshape(-1, 4)
        # A section without notes may claim any program.
        playing = (t for t in tracks if t.events and min(t.events) < words.first_off)
        first = next(playing, tracks[0])
        add_notes(
            sequence,
            pitch=notes[:, 2],
            velocity=notes[:, 3],
            start=notes[:, 0] * step_seconds,
            end=notes[:, 1] * step_seconds,
            instrument=instrument,
            program=first.program,
            is_drum=first.is_drum,
        )


def write_chords(
    sequence: NoteSequence,
    instruments: list[list[Track]],
    labels: np.ndarray,
    encoding: ChordEncoding,
    *,
    step_seconds: float,
) -> None:
    """Writes the chords of all events, one where they change.

    Args:
      sequence: what they are added to.
      instruments: from :func:`read_tracks`.
      labels: ``(sections, instruments, events)`` labels of chords.
      encoding: what the labels mean.
      step_seconds: length of a step.
    """
    timed = []
    for instrument, tracks in enumerate(instruments):
        for section, track in enumerate(tracks):
            for position, step in zip(track.positions, track.steps, strict=True):
                if step < track.length:
                    time = (section * track.length + step) * step_seconds
                    label = int(labels[section, instrument, position])
                    timed.append((time, encoding.decode(label)))
    previous = None
    for time, figure in sorted(timed):
        if figure != previous:
            sequence.text_annotations.add(
                time=time, text=figure, annotation_type=CHORD_SYMBOL
            )
        previous = figure
