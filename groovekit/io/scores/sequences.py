"""Scores as music21 holds them to note sequences."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from groovekit.errors import DataError
from groovekit.io.notes import NoteSequence
from groovekit.io.remarks import Remark
from groovekit.io.scores.percussion import drum_of
from groovekit.io.scores.play_order import play_order
from groovekit.io.tempo import DEFAULT_QPM

_TICKS_PER_QUARTER = 480
# A grace note is struck a sixty-fourth before what it leads to: a flam.
_GRACE_QUARTERS = 1 / 16
# Of a note in parentheses, which is a ghost note.
_GHOST = 0.5
_TIE_TOLERANCE = 1e-6

# note_seq's numbers of keys count semitones from C; those of scores count sharps.
_FIFTH = 7
_TO_RELATIVE_MAJOR = 3

# Suffixes of chord symbols as note_seq writes them, by music21's kinds of chords.
_CHORDS = {
    "major": "",
    "minor": "m",
    "augmented": "aug",
    "diminished": "dim",
    "dominant-seventh": "7",
    "major-seventh": "maj7",
    "minor-seventh": "m7",
    "minor-major-seventh": "m(maj7)",
    "diminished-seventh": "dim7",
    "half-diminished-seventh": "m7b5",
    "augmented-seventh": "aug7",
    "augmented-dominant-ninth": "aug9",
    "major-sixth": "6",
    "minor-sixth": "m6",
    "dominant-ninth": "9",
    "major-ninth": "maj9",
    "minor-ninth": "m9",
    "dominant-11th": "11",
    "major-11th": "maj11",
    "minor-11th": "m11",
    "dominant-13th": "13",
    "major-13th": "maj13",
    "minor-13th": "m13",
    "suspended-second": "sus2",
    "suspended-fourth": "sus",
    "suspended-fourth-seventh": "sus7",
    "pedal": "ped",
    "power": "5",
}
_TRIADS = {"major": "", "minor": "m", "augmented": "aug", "diminished": "dim"}

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class _Mark(Generic[T]):
    """Something that holds from a place of the score on.

    Attributes:
      measure: number of the measure, from 0.
      offset: quarters from its begin.
      value: what holds.
    """

    measure: int
    offset: float
    value: T


@dataclasses.dataclass(frozen=True)
class _Note:
    """A note as it is written.

    Attributes:
      measure: number of the measure, from 0.
      offset: quarters from its begin.
      quarters: duration; 0 for grace notes.
      pitch: MIDI number.
      velocity: 1 to 127.
      part: number of its part, from 0.
      voice: number of its voice in the part, from 0.
      is_drum: a stroke.
      tie: ``start``, ``continue``, ``stop`` or nothing.
    """

    measure: int
    offset: float
    quarters: float
    pitch: int
    velocity: int
    part: int
    voice: int
    is_drum: bool
    tie: str


@dataclasses.dataclass(frozen=True)
class Voicing:
    """How a part sounds, where the library does not say.

    Attributes:
      drums: it is drums.
      drum_map: MIDI numbers of its drums by the pitches that are written for them;
        other pitches are the number.
      program: MIDI program, 0 to 127; None for what the library says.
    """

    drums: bool = False
    drum_map: Mapping[int, int] = dataclasses.field(default_factory=dict)
    program: int | None = None


def to_sequence(
    parts: Sequence[Any], kind: str, voicings: Sequence[Voicing] = ()
) -> tuple[NoteSequence, list[Remark]]:
    """A score as it is played: repeats unfolded, ties joined, in seconds.

    Args:
      parts: of music21, at sounding pitch.
      kind: of the file.
      voicings: one for each part, where there is anything to say.

    Returns:
      Notes in order of time, tempos, time signatures, keys and chord symbols, and what
      could not be read as it is written.

    Raises:
      DataError: it has no part, or times that are not finite.
    """
    if not parts:
        raise DataError(f"not readable as {kind}: it has no part")
    measures = [list(part.getElementsByClass("Measure")) or [part] for part in parts]
    order, remarks = play_order(measures)
    if order == list(range(len(order))) and not _in_step(parts, measures):
        # Parts with bars of their own: each counts for itself.
        measures = [[part.flatten()] for part in parts]
        order = [0]
    lengths = _lengths(parts, measures)
    begins = np.concatenate([[0.0], np.cumsum([lengths[number] for number in order])])
    if not math.isfinite(begins[-1]):
        raise DataError(f"not readable as {kind}: a measure without an end")
    groups = _same_parts(parts)
    written: list[_Note] = []
    left_out = 0
    for number, part_measures in enumerate(measures):
        dynamics = [
            mark
            for other, group in enumerate(groups)
            if group == groups[number]
            for mark in _marks(measures[other], "Dynamic", lambda dynamic: dynamic)
        ]
        loudness = _Loudness(dynamics)
        voicing = voicings[number] if voicings else Voicing()
        for note in _notes(part_measures, groups[number], loudness, voicing):
            if 0 <= note.pitch <= 127:
                written.append(note)
            else:
                left_out += 1
    if left_out:
        words = "{} outside of MIDI's range left out"
        remarks.append(Remark("pitch_range", left_out, words, "note"))

    tempos = _played(
        itertools.chain.from_iterable(
            _marks(part, "MetronomeMark", _qpm) for part in measures
        ),
        order,
        begins,
    )
    clock = _Clock(tempos)
    sequence = NoteSequence(ticks_per_quarter=_TICKS_PER_QUARTER)
    info = sequence.source_info
    info.source_type = info.SCORE_BASED
    info.parser = info.MUSIC21
    for position, qpm in clock.tempos:
        sequence.tempos.add(time=clock.seconds(position), qpm=qpm)
    for position, signature in _played(
        _marks_of_first(measures, "TimeSignature", _time_signature), order, begins
    ):
        sequence.time_signatures.add(
            time=clock.seconds(position),
            numerator=signature[0],
            denominator=signature[1],
        )
    for position, (key, is_minor) in _played(
        _marks_of_first(measures, "KeySignature", _key), order, begins
    ):
        added = sequence.key_signatures.add(time=clock.seconds(position), key=key)
        added.mode = added.MINOR if is_minor else added.MAJOR
    chords = itertools.chain.from_iterable(
        _marks(part, "Harmony", _figure) for part in measures
    )
    for position, figure in _played(chords, order, begins):
        sequence.text_annotations.add(
            time=clock.seconds(position),
            text=figure,
            annotation_type=NoteSequence.TextAnnotation.CHORD_SYMBOL,
        )
    programs = _add_parts(sequence, parts, groups, voicings)
    _add_notes(sequence, _joined(written, order, begins), clock, programs)
    sequence.total_time = max(
        [clock.seconds(float(begins[-1])), *(note.end_time for note in sequence.notes)]
    )
    return sequence, remarks


# What is written -------------------------------------------------------------------


def _begins(part: Any, measures: Sequence[Any]) -> list[float]:
    """Where the measures of a part begin, in quarters."""
    if len(measures) == 1:
        return [0.0]
    return [float(part.elementOffset(measure)) for measure in measures]


def _in_step(parts: Sequence[Any], measures: Sequence[Sequence[Any]]) -> bool:
    """Whether the measures of all parts begin together."""
    begins = [
        _begins(part, part_measures)
        for part, part_measures in zip(parts, measures, strict=True)
    ]
    longest = max(begins, key=len)
    return all(longest[: len(part)] == part for part in begins)


def _lengths(parts: Sequence[Any], measures: Sequence[Sequence[Any]]) -> list[float]:
    """Quarters each measure lasts: those of the part in which it is longest."""
    lengths = [0.0] * max(len(part) for part in measures)
    for part, part_measures in zip(parts, measures, strict=True):
        begins = _begins(part, part_measures)
        ends = [*begins[1:], max(begins[-1], float(part.highestTime))]
        for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            lengths[number] = max(lengths[number], end - begin)
    return lengths


def _same_parts(parts: Sequence[Any]) -> list[int]:
    """A number for each part from 0; the staves of one part share theirs."""
    numbers: dict[str, int] = {}
    found = []
    for index, part in enumerate(parts):
        identifier = str(part.id).partition("-Staff")[0]
        name = identifier if "PartStaff" in part.classes else f"\0{index}"
        found.append(numbers.setdefault(name, len(numbers)))
    return found


def _elements(measure: Any, kind: str) -> Iterator[tuple[float, Any, int]]:
    """Elements of a class with offset in the measure and number of the voice."""
    for element in measure.getElementsByClass(kind):
        yield float(element.offset), element, 0
    for number, voice in enumerate(measure.getElementsByClass("Voice")):
        for element in voice.getElementsByClass(kind):
            yield float(voice.offset + element.offset), element, number


def _marks(
    measures: Sequence[Any], kind: str, value: Callable[[Any], T | None]
) -> Iterator[_Mark[T]]:
    for number, measure in enumerate(measures):
        for offset, element, _ in _elements(measure, kind):
            found = value(element)
            if found is not None:
                yield _Mark(number, offset, found)


def _marks_of_first(
    measures: Sequence[Sequence[Any]], kind: str, value: Callable[[Any], T | None]
) -> list[_Mark[T]]:
    """The marks of the first part that has any: the other parts repeat them."""
    for part in measures:
        found = list(_marks(part, kind, value))
        if found:
            return found
    return []


class _Loudness:
    """The dynamics of a part, to look up what holds where."""

    def __init__(self, dynamics: Iterable[_Mark[Any]]) -> None:
        marks = sorted(dynamics, key=lambda mark: (mark.measure, mark.offset))
        self._places = [(mark.measure, mark.offset) for mark in marks]
        self._values = [mark.value for mark in marks]

    def velocity(self, note: Any, measure: int, offset: float, marks: Any) -> int:
        """The velocity of a note: its own, or what dynamics and articulations say.

        Args:
          note: of music21.
          measure: number of its measure.
          offset: quarters from its begin.
          marks: the articulations of the note or of its chord.
        """
        if note.volume.velocityScalar is not None:
            scalar = note.volume.velocityScalar
        else:
            index = bisect.bisect_right(self._places, (measure, offset)) - 1
            dynamic = self._values[index] if index >= 0 else False
            scalar = note.volume.getRealized(
                useDynamicContext=dynamic, useArticulations=marks
            )
            if getattr(note, "noteheadParenthesis", False):
                scalar *= _GHOST
        return int(min(max(round(127 * scalar), 1), 127))


def _notes(
    measures: Sequence[Any],
    part: int,
    loudness: _Loudness,
    voicing: Voicing,
) -> Iterator[_Note]:
    for number, measure in enumerate(measures):
        elements = list(_elements(measure, "NotRest"))
        leads = _leads(elements)
        for offset, element, voice in elements:
            if "Harmony" in element.classes:
                continue
            is_grace = element.duration.isGrace
            members = element.notes if "ChordBase" in element.classes else (element,)
            for note in members:
                is_unpitched = "Unpitched" in note.classes
                pitch = drum_of(note) if is_unpitched else round(note.pitch.ps)
                tie = note.tie or element.tie
                yield _Note(
                    number,
                    offset - leads.get(id(element), 0) * _GRACE_QUARTERS,
                    _GRACE_QUARTERS if is_grace else float(element.quarterLength),
                    voicing.drum_map.get(pitch, pitch),
                    loudness.velocity(note, number, offset, element.articulations),
                    part,
                    voice,
                    is_unpitched or voicing.drums,
                    "" if tie is None else tie.type,
                )


def _leads(elements: Sequence[tuple[float, Any, int]]) -> dict[int, int]:
    """How many grace notes it is from each one, by its id, to what they lead to."""
    leads = {}
    count: Counter[tuple[float, int]] = Counter()
    for offset, element, voice in reversed(elements):
        if element.duration.isGrace:
            count[offset, voice] += 1
            leads[id(element)] = count[offset, voice]
    return leads


def _qpm(mark: Any) -> float | None:
    qpm = mark.getQuarterBPM()
    return float(qpm) if qpm and math.isfinite(qpm) and qpm > 0 else None


def _time_signature(signature: Any) -> tuple[int, int] | None:
    if signature.numerator is None:
        return None
    return int(signature.numerator), int(signature.denominator)


def _key(signature: Any) -> tuple[int, bool] | None:
    if signature.sharps is None:
        return None
    is_minor = getattr(signature, "mode", None) == "minor"
    shift = -_TO_RELATIVE_MAJOR if is_minor else 0
    return (signature.sharps * _FIFTH + shift) % 12, is_minor


def _figure(harmony: Any) -> str | None:
    """A chord symbol in the words of note_seq; None for what it has no words for."""
    if "NoChord" in harmony.classes:
        return "N.C."
    root = harmony.root()
    suffix = _CHORDS.get(harmony.chordKind)
    if suffix is None:
        suffix = _TRIADS.get(harmony.quality)
    if root is None or suffix is None:
        return None
    text = _spelled(root) + suffix
    text += "".join(f"({_degree(step)})" for step in harmony.chordStepModifications)
    bass = harmony.bass()
    if bass is not None and bass.name != root.name:
        text += f"/{_spelled(bass)}"
    return text


def _degree(step: Any) -> str:
    semitones = 0 if step.interval is None else round(step.interval.semitones)
    alter = "#" * semitones + "b" * -semitones
    if step.modType == "subtract":
        return f"no{step.degree}"
    if step.modType == "add" and not alter:
        return f"add{step.degree}"
    return f"{alter}{step.degree}"


def _spelled(pitch: Any) -> str:
    return str(pitch.name).replace("-", "b")


# What is played --------------------------------------------------------------------


def _played(
    marks: Iterable[_Mark[T]], order: Sequence[int], begins: np.ndarray
) -> list[tuple[float, T]]:
    """Marks along the measures as they are played, in quarters from the begin.

    Where a repeat goes back, what held there when it was written holds again.
    """
    ordered = sorted(marks, key=lambda mark: (mark.measure, mark.offset))
    places = [mark.measure for mark in ordered]
    found: dict[float, T] = {}
    for begin, number in zip(begins.tolist(), order, strict=False):
        first = bisect.bisect_left(places, number)
        if first:
            found[begin] = ordered[first - 1].value
        for mark in ordered[first : bisect.bisect_right(places, number)]:
            found[begin + mark.offset] = mark.value
    changes: list[tuple[float, T]] = []
    for position, value in sorted(found.items(), key=lambda item: item[0]):
        if not changes or changes[-1][1] != value:
            changes.append((position, value))
    return changes


class _Clock:
    """Quarters to seconds.

    Attributes:
      tempos: ``(position in quarters, quarters a minute)``, from 0 on.
    """

    def __init__(self, tempos: Sequence[tuple[float, float]]) -> None:
        self.tempos = list(tempos)
        if not tempos or tempos[0][0] > 0:
            self.tempos.insert(0, (0.0, DEFAULT_QPM))
        self._positions = [position for position, _ in self.tempos]
        lengths = np.diff(self._positions)
        rates = np.array([60.0 / qpm for _, qpm in self.tempos])
        self._times = np.concatenate([[0.0], np.cumsum(lengths * rates[:-1])])

    def seconds(self, position: float) -> float:
        """The time of a position, which is 0 at least."""
        index = max(bisect.bisect_right(self._positions, position) - 1, 0)
        begin, qpm = self.tempos[index]
        return float(self._times[index] + (position - begin) * 60.0 / qpm)


def _joined(
    written: Iterable[_Note], order: Sequence[int], begins: np.ndarray
) -> list[tuple[float, float, _Note]]:
    """Begin and end in quarters of each note that is struck, in order of time.

    A note that a tie leads to lengthens the one that the tie comes from.
    """
    by_measure: dict[int, list[_Note]] = {}
    for note in written:
        by_measure.setdefault(note.measure, []).append(note)
    played = [
        (max(begin + note.offset, 0.0), note)
        for begin, number in zip(begins.tolist(), order, strict=False)
        for note in by_measure.get(number, ())
    ]
    played.sort(key=lambda item: (item[0], item[1].part, item[1].pitch))
    struck: list[list[Any]] = []
    tied: dict[tuple[int, int, bool], list[Any]] = {}
    for begin, note in played:
        key = (note.part, note.pitch, note.is_drum)
        before = tied.pop(key, None) if note.tie in ("stop", "continue") else None
        if before is not None and abs(before[1] - begin) <= _TIE_TOLERANCE:
            before[1] = begin + note.quarters
            current = before
        else:
            current = [begin, begin + note.quarters, note]
            struck.append(current)
        if note.tie in ("start", "continue"):
            tied[key] = current
    return [(begin, end, note) for begin, end, note in struck]


# The sequence ----------------------------------------------------------------------


def _add_parts(
    sequence: NoteSequence,
    parts: Sequence[Any],
    groups: Sequence[int],
    voicings: Sequence[Voicing],
) -> dict[int, int]:
    """Names the parts; the program of each."""
    programs: dict[int, int] = {}
    for number, (part, group) in enumerate(zip(parts, groups, strict=True)):
        if group in programs:
            continue
        instrument = part.getInstrument(returnDefault=False)
        program = voicings[number].program if voicings else None
        if program is None:
            program = None if instrument is None else instrument.midiProgram
        programs[group] = program if program is not None and 0 <= program < 128 else 0
        sequence.part_infos.add(part=group, name=str(part.partName or ""))
    return programs


def _add_notes(
    sequence: NoteSequence,
    notes: Iterable[tuple[float, float, _Note]],
    clock: _Clock,
    programs: Mapping[int, int],
) -> None:
    instruments: dict[tuple[int, bool], int] = {}
    for begin, end, note in notes:
        key = (note.part, note.is_drum)
        if key not in instruments:
            instruments[key] = len(instruments)
            name = sequence.part_infos[note.part].name
            if name:
                sequence.instrument_infos.add(instrument=instruments[key], name=name)
        sequence.notes.add(
            start_time=clock.seconds(begin),
            end_time=clock.seconds(end),
            pitch=note.pitch,
            velocity=note.velocity,
            instrument=instruments[key],
            program=0 if note.is_drum else programs[note.part],
            is_drum=note.is_drum,
            part=note.part,
            voice=note.voice,
        )
