"""ABC tune books to note sequences."""

from __future__ import annotations

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
    try:
        score = music21("converter", _KIND).parseData(tune, format="abc")
        sequence, remarks = to_sequence(score, _KIND, _voicings(tune))
    except DataError:
        raise
    # Whatever a damaged tune leads to: one thing to its user.
    except Exception as error:
        raise DataError(f"not readable as ABC: {brief(error)}") from error
    sequence.source_info.encoding_type = NoteSequence.SourceInfo.ABC
    return sequence, remarks


def _voicings(tune: str) -> dict[int, Voicing]:
    """What the MIDI directives say of each voice, in the order of their first lines.

    Directives before the first voice hold for all voices.
    """
    found: dict[str, dict[str, int]] = {"": {}}
    voice = ""
    for line in tune.splitlines():
        named = _VOICE.match(line)
        if named:
            voice = named[1]
            found.setdefault(voice, {})
        said = _MIDI.match(line)
        if said:
            found[voice][said[1]] = int(said[2][:4])
    common = found.pop("")
    voices = [common | settings for settings in found.values()] or [common]
    return {
        number: Voicing(
            drums=settings.get("channel") == _DRUM_CHANNEL,
            program=settings.get("program"),
        )
        for number, settings in enumerate(voices)
    }
