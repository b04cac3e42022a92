"""ABC tune books to note sequences."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from groovekit.errors import DataError
from groovekit.io.notes import NoteSequence
from groovekit.io.remarks import Remark
from groovekit.io.scores.library import brief, music21, warnings_as_remarks
from groovekit.io.scores.sequences import Voicing, to_sequence

_KIND = "ABC"
_REFERENCE = re.compile(r"X:\s*(\d*)")
_VOICE = re.compile(r"\[?V:\s*([^\s\]]+)")
_FIELD = re.compile(r"[A-Za-z+]:")
_PERCUSSION_CLEF = re.compile(r"\bclef\s*=\s*\"?perc")
_DRUM = re.compile(r"(?:%%|I:\s*)MIDI\s+drummap\s+([_^=]*)([A-Ga-g])([,']*)\s+(\d+)")
_SEMITONES = dict(zip("CDEFGAB", (60, 62, 64, 65, 67, 69, 71), strict=True))
_MIDI = re.compile(r"(?:%%|I:\s*)MIDI\s+(channel|program)\s+(?:\d+\s+)?(\d+)\s*$")
_DRUM_CHANNEL = 10
# Larger ones are no tune books; reading takes many times their size.
_MAX_BYTES = 16 * 2**20


def parse_abc(
    data: bytes,
) -> tuple[dict[int, NoteSequence], list[str], list[Remark]]:
    """Reads an ABC tune book.

    Args:
      data: contents of the file.

    Returns:
      Tunes by their numbers, why others cannot be read, and what was odd in those that
      can.

    Raises:
      DataError: no tunes, two of one number, too large, or music21 is not installed.
    """
    music21("abcFormat", _KIND)
    if len(data) > _MAX_BYTES:
        raise DataError(
            f"is {len(data) / 2**20:.0f} MiB of ABC; expected at most "
            f"{_MAX_BYTES >> 20} MiB"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    tunes: dict[int, NoteSequence] = {}
    problems: list[str] = []
    remarks: list[Remark] = []
    for number, tune in _tunes(text):
        if number in tunes:
            raise DataError(
                f"not readable as ABC: tune {number} appears more than once"
            )
        try:
            with warnings_as_remarks() as warned:
                tunes[number], found = _read(tune)
        except DataError as error:
            problems.append(f"{number}: {error}")
            continue
        remarks += found + warned
        tunes[number].reference_number = number
    if not tunes and not problems:
        raise DataError("the ABC file holds no tunes")
    return tunes, problems, remarks


def _tunes(text: str) -> Iterator[tuple[int, str]]:
    """Numbers and texts of the tunes, each behind the header of the book.

    A tune begins with its number and ends at an empty line, as in the standard.
    """
    header: list[str] = []
    tune: list[str] = []
    number = -1
    for line in [*text.splitlines(), ""]:
        begun = _REFERENCE.match(line.strip())
        if begun or not line.strip():
            if number >= 0:
                yield number, "\n".join([*header, *tune, ""])
            number = -1
        if begun:
            number = int(begun[1] or 0) % 2**31
            tune = [f"X:{number}"]
        elif number >= 0:
            tune.append(line.strip())
        elif not tune and line.strip():
            header.append(line.strip())


def _read(tune: str) -> tuple[NoteSequence, list[Remark]]:
    voices = _voices(tune)
    try:
        converter = music21("converter", _KIND)
        # Each voice by itself: music21 tells them apart by numbers only, and takes a
        # voice that goes on later for another.
        scores = [converter.parseData(voice.text, format="abc") for voice in voices]
        parts = [score.parts[0] for score in scores]
        sequence, remarks = to_sequence(parts, _KIND, [v.voicing() for v in voices])
    except DataError:
        raise
    # Whatever a damaged tune leads to: one thing to its user.
    except Exception as error:
        raise DataError(f"not readable as ABC: {brief(error)}") from error
    sequence.source_info.encoding_type = NoteSequence.SourceInfo.ABC
    return sequence, remarks


@dataclasses.dataclass
class _Voice:
    """A voice of a tune.

    Attributes:
      header: the fields of the tune, up to its key.
      lines: its music.
      midi: numbers of channels (from 1) and programs, by directive.
      is_percussion: it has a percussion clef.
      drum_map: MIDI numbers of drums by written pitches.
    """

    header: list[str]
    lines: list[str] = dataclasses.field(default_factory=list)
    midi: dict[str, int] = dataclasses.field(default_factory=dict)
    is_percussion: bool = False
    drum_map: dict[int, int] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """A tune of this voice alone."""
        return "\n".join([*self.header, *self.lines, ""])

    def voicing(self) -> Voicing:
        """How it sounds."""
        on_drums = self.midi.get("channel") == _DRUM_CHANNEL
        return Voicing(
            drums=on_drums or self.is_percussion or bool(self.drum_map),
            drum_map=self.drum_map,
            program=self.midi.get("program"),
        )

    def take(self, line: str) -> None:
        """Takes what a line says of how the voice sounds."""
        if line.startswith(("V:", "[V:", "K:")) and _PERCUSSION_CLEF.search(line):
            self.is_percussion = True
        said = _MIDI.match(line)
        if said:
            self.midi[said[1]] = int(said[2][:4])
        drum = _DRUM.match(line)
        if drum:
            self.drum_map[_pitch(*drum.groups()[:3])] = min(int(drum[4][:4]), 127)


def _voices(tune: str) -> list[_Voice]:
    """The voices of a tune that have music, in the order in which they are named.

    What is said before the first voice holds for all of them.
    """
    header: list[str] = []
    common = here = _Voice(header)
    voices: dict[str, _Voice] = {}
    in_header = True
    for line in tune.splitlines():
        named = _VOICE.match(line)
        if named:
            if named[1] not in voices:
                voices[named[1]] = _Voice(
                    header,
                    midi=dict(common.midi),
                    is_percussion=common.is_percussion,
                    drum_map=dict(common.drum_map),
                )
            here = voices[named[1]]
        here.take(line)
        if in_header:
            if not named:
                header.append(line)
            in_header = not line.startswith("K:")
        elif not named:
            here.lines.append(line)
        elif line.startswith("["):
            here.lines.append(line.partition("]")[2])
        if line.startswith("K:"):
            here = common
    found = [
        voice
        for voice in (common, *voices.values())
        if any(map(_is_music, voice.lines))
    ]
    return found or [common]


def _is_music(line: str) -> bool:
    return bool(line) and not line.startswith("%") and not _FIELD.match(line)


def _pitch(accidentals: str, letter: str, octaves: str) -> int:
    """The MIDI number of a note as ABC writes it."""
    pitch = _SEMITONES[letter.upper()] + (12 if letter.islower() else 0)
    pitch += accidentals.count("^") - accidentals.count("_")
    return pitch + 12 * (octaves.count("'") - octaves.count(","))
