"""Kit maps from lists of pitches and names, as drum programs and sequencers have them.

A list has a line for each pitch: its number and what sounds (``"36,Kick"``,
``"61,HiHat Closed Tip"``). Which class a name belongs to is told by its words.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from groovekit.converters.kits import KitMap, general_midi
from groovekit.errors import ConfigError

# What names hold, and their class; what comes first counts.
_CLASSES: tuple[tuple[str, str], ...] = (
    (r"bass drum|kick|\bbd\b|bassdrum|gran ?cassa|grosse caisse", "kick"),
    (r"ride|\brd\b", "ride"),
    (r"(hi )?hats?\b|hihat|\bhh", "hats"),
    (r"tom\b|toms\b|tom ?\d|\b[fr]t ?\d?\b", "toms"),
    (r"snare|\bs[dn]\b|\brim|stick|brush|sweep|clap|cow ?bell|claves", "snare"),
    (r"crash|china|chinese|splash|cymbal|stack|spock|vibra ?slap|\bcy\b", "crash"),
    (r"tambourine|shaker|maraca|cabasa|short guiro|low agogo", "closed_hihat"),
    (r"long guiro|high agogo|triangle", "open_hihat"),
    (r"low (bongo|conga)|low timbale", "low_tom"),
    (r"bongo|conga|timbale", "mid_tom"),
    (r"\bbell\b|\bcup\b", "ride"),
)
_OPEN = r"open|half|loose|splash|\boh\b|swish|semi|\b\d ?/ ?\d\b"
# What only ends a sound, and what is none.
_SILENT = r"choke|\bmute\b|^-*$|unused|no sound|not used"
# Known names for suggestions.
_KNOWN = (
    *("kick", "bass drum", "snare", "rimshot", "side stick", "clap", "cowbell"),
    *("closed hi-hat", "open hi-hat", "pedal hi-hat", "low tom", "mid tom", "high tom"),
    *("floor tom", "rack tom", "crash", "china", "splash", "ride", "ride bell"),
    *("tambourine", "shaker", "bongo", "conga"),
)


def drum_class(name: str) -> str | None:
    """The class of groovekit's nine-class maps that a drum's name belongs to.

    Args:
      name: in English, as lists have it: ``"Floor Tom 2 Rimshot"``.

    Returns:
      ``""`` for what only ends a sound or is none, None for an unknown name.
    """
    text = " ".join(re.sub(r"[^\w/]+|_", " ", name.lower()).split())
    if re.search(_SILENT, text):
        return ""
    for pattern, found in _CLASSES:
        if not re.search(pattern, text):
            continue
        if found == "hats":
            return "open_hihat" if re.search(_OPEN, text) else "closed_hihat"
        return _tom(text) if found == "toms" else found
    return None


def _tom(text: str) -> str:
    """Which of three toms: by its words, or its number from the highest on."""
    if "floor" in text or re.search(r"\bft", text):
        return "low_tom"
    if re.search(r"\bmid|medium", text):
        return "mid_tom"
    if re.search(r"\blow|\blo\b", text):
        return "low_tom"
    number = re.search(r"tom ?(\d)|\brt ?(\d)", text)
    place = int(number[1] or number[2]) if number else 1
    return {1: "high_tom", 2: "mid_tom"}.get(place, "low_tom")


def kit_from_names(
    names: Iterable[tuple[int, str]], *, name: str, where: str = "The list"
) -> tuple[KitMap, list[str]]:
    """Makes a map of nine classes of the names of pitches.

    Args:
      names: pitches and what sounds there; what only ends a sound is left out.
      name: what the map is to be called.
      where: file for messages.

    Returns:
      The map, and the classes that the list lacks: these got pitches of General MIDI.

    Raises:
      ConfigError: a name that is not known, a pitch twice or out of range, or no drums.
    """
    gm = general_midi()
    classes: dict[str, list[int]] = {label: [] for label in gm.class_names}
    unknown: list[str] = []
    taken: dict[int, str] = {}
    for pitch, drum in names:
        found = drum_class(drum)
        if found is None:
            near = difflib.get_close_matches(drum.lower(), _KNOWN, n=1, cutoff=0.4)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            unknown.append(f"{drum!r} at {pitch}{hint}")
        elif found:
            if pitch in taken and taken[pitch] != found:
                raise ConfigError(
                    f"{where}: expected each pitch once, got {pitch} as "
                    f"{taken[pitch]} and as {found}. Remove one of the lines."
                )
            if pitch not in taken:
                classes[found].append(pitch)
                taken[pitch] = found
    if unknown:
        raise ConfigError(
            f"{where}: unknown drums: {', '.join(unknown)}. Write of which kind they "
            f"are ({', '.join(_KNOWN)}), or leave the lines out."
        )
    if not taken:
        raise ConfigError(f"{where}: expected drums, got none.")
    missing = [label for label, pitches in classes.items() if not pitches]
    for label in missing:
        free = [
            pitch
            for pitch in gm.classes[gm.class_names.index(label)]
            if pitch not in taken
        ]
        if not free:
            raise ConfigError(
                f"{where}: expected a drum of the class {label}, got none, and all of "
                "General MIDI's are other drums here. Add a line for a pitch that "
                "nothing plays."
            )
        classes[label].append(free[0])
        taken[free[0]] = label
    kit = KitMap(name, tuple(map(tuple, classes.values())), tuple(classes))
    return kit, missing


def read_kit_csv(path: str | Path) -> tuple[KitMap, list[str]]:
    """Makes a map of a CSV file with two columns, pitch and name.

    A first line with names of columns is passed over; commas, semicolons and tabs
    separate.

    Args:
      path: of the file; the map is called as it is.

    Returns:
      As :func:`kit_from_names`.

    Raises:
      ConfigError: the file is missing or says something else.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"Cannot read {path}: {reason}. Expected a CSV file of pitches and names."
        ) from error
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    names: list[tuple[int, str]] = []
    for number, row in enumerate(csv.reader(text.splitlines(), delimiter=separator), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if len(cells) < 2 or not cells[0].isdecimal() or int(cells[0]) > 127:
            if number == 1:
                continue
            raise ConfigError(
                f"{path}, line {number}: expected a pitch from 0 to 127 and a name, "
                f"such as 36,Kick; got {separator.join(cells)!r}."
            )
        names.append((int(cells[0]), cells[1]))
    return kit_from_names(names, name=path.stem, where=str(path))
