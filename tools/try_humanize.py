"""What does humanising do to a folder of drum files?

    python tools/try_humanize.py FOLDER [--json REPORT] [--preset NAME]

Each MIDI file below the folder is humanised as the command line does it, once at amount
1 and once at amount 0. Told are the share of files that were taken, strokes that were
lost, melodic notes that were touched, and files that amount 0 did not give back byte
for byte. Which notes are drums is not asked of groovekit: those of channel 10 are.
Files without any count only where they are taken, and all their notes as drums.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np
from click.testing import CliRunner

from groovekit.cli.main import main as groovekit
from groovekit.errors import DataError
from groovekit.io.midi.events import NOTE_OFF, NOTE_ON, MidiEvents, read_events
from groovekit.io.music_files import MIDI_SUFFIXES

DRUM_CHANNEL = 9

Places = frozenset[tuple[int, int]]


@dataclasses.dataclass
class Trial:
    """What became of a file.

    Attributes:
      name: of the file.
      taken: it was humanised.
      reason: why not.
      has_drums: its drums are known, or it has notes on channel 10.
      hits: strokes in the file.
      lost: strokes that are not in what came back.
      gained: strokes that are there and were not.
      moved: strokes that are at another tick or have another velocity.
      touched: events of melodic notes that are not what and where they were.
      identical: at amount 0 the very bytes of the file came back.
    """

    name: str
    taken: bool = False
    reason: str = ""
    has_drums: bool = False
    hits: int = 0
    lost: int = 0
    gained: int = 0
    moved: int = 0
    touched: int = 0
    identical: bool = False


def try_file(path: Path, drums: Places | None = None, *, preset: str = "") -> Trial:
    """Humanises a file.

    Args:
      path: of the file.
      drums: tracks and channels of its drums, from 0; None for those of channel 10.
      preset: name of the model; by default the command's own.
    """
    trial = Trial(path.name)
    data = path.read_bytes()
    try:
        before = read_events(data)
    except DataError as error:
        trial.reason = str(error)
        return trial
    found = channel_10(before) if drums is None else drums
    trial.has_drums = bool(found)
    drums = found or all_places(before)
    trial.hits = sum(strokes(before, drums).values())
    outputs, trial.reason = humanised(path, 1, preset)
    trial.taken = bool(outputs)
    if outputs:
        compare(trial, before, [read_events(output) for output in outputs], drums)
    unchanged, reason = humanised(path, 0, preset)
    trial.identical = unchanged[:1] == [data]
    trial.reason = trial.reason or reason
    return trial


def humanised(path: Path, amount: float, preset: str) -> tuple[list[bytes], str]:
    """What the command writes, or why it writes nothing."""
    with tempfile.TemporaryDirectory() as folder:
        options = [
            "--input",
            str(path),
            "--output-dir",
            folder,
            "--seed",
            "1",
            "--json",
        ]
        options += ["--preset", preset] if preset else []
        done = CliRunner().invoke(
            groovekit,
            ["generate", "--mode", "humanize", "--amount", str(amount), *options],
        )
        files = sorted(Path(folder).glob("*.mid"))
        if done.exit_code or not files:
            if done.exception and not isinstance(done.exception, SystemExit):
                return [], f"{type(done.exception).__name__}: {done.exception}"
            return [], " ".join(done.stderr.split())[-300:]
        return [file.read_bytes() for file in files], ""


def compare(
    trial: Trial, before: MidiEvents, after: Iterable[MidiEvents], drums: Places
) -> None:
    """Counts what was lost, gained, moved and touched."""
    strokes_before, kept_before = strokes(before, drums), others(before, drums)
    played_before = strokes(before, drums, played=True)
    strokes_after: Counter[tuple[int, ...]] = Counter()
    played_after: Counter[tuple[int, ...]] = Counter()
    kept_after: Counter[tuple[int, ...]] = Counter()
    for events in after:
        strokes_after += strokes(events, drums)
        played_after += strokes(events, drums, played=True)
        kept_after += others(events, drums)
    trial.moved = sum((played_before - played_after).values())
    trial.lost = sum((strokes_before - strokes_after).values())
    trial.gained = sum((strokes_after - strokes_before).values())
    trial.touched = max(
        sum((kept_before - kept_after).values()),
        sum((kept_after - kept_before).values()),
    )


def channel_10(events: MidiEvents) -> Places:
    """The tracks with notes on channel 10."""
    return frozenset(place for place in all_places(events) if place[1] == DRUM_CHANNEL)


def all_places(events: MidiEvents) -> Places:
    """Tracks and channels that have notes, both from 0."""
    note_ons = (events.kind == NOTE_ON) & (events.second > 0)
    tracks, status = events.track[note_ons].tolist(), events.status[note_ons].tolist()
    return frozenset(
        (track, value & 0xF) for track, value in zip(tracks, status, strict=True)
    )


def _of(events: MidiEvents, drums: Places) -> np.ndarray:
    return np.array(
        [
            (track, status & 0xF) in drums
            for track, status in zip(
                events.track.tolist(), events.status.tolist(), strict=True
            )
        ],
        bool,
    )


def strokes(
    events: MidiEvents, drums: Places, *, played: bool = False
) -> Counter[tuple[int, ...]]:
    """How often each drum is struck, by track, channel and pitch.

    Args:
      events: of a file.
      drums: tracks and channels of its drums.
      played: count by tick and velocity, too.
    """
    rows = (events.kind == NOTE_ON) & (events.second > 0) & _of(events, drums)
    columns = [events.track, events.status, events.first]
    columns += [events.tick, events.second] if played else []
    return Counter(zip(*(column[rows].tolist() for column in columns), strict=True))


def others(events: MidiEvents, drums: Places) -> Counter[tuple[int, ...]]:
    """Events of all other notes, with their ticks."""
    notes = (events.kind == NOTE_ON) | (events.kind == NOTE_OFF)
    rows = notes & ~_of(events, drums)
    columns = events.track, events.tick, events.status, events.first, events.second
    return Counter(zip(*(column[rows].tolist() for column in columns), strict=True))


def summary(trials: list[Trial]) -> dict[str, float]:
    """The figures of all drum files together: those known to be, or taken for such."""
    trials = [trial for trial in trials if trial.taken or trial.has_drums]
    taken = [trial for trial in trials if trial.taken]
    return {
        "files": len(trials),
        "taken": len(taken),
        "taken_share": len(taken) / max(len(trials), 1),
        "hits": sum(trial.hits for trial in taken),
        "lost": sum(trial.lost for trial in taken),
        "moved": sum(trial.moved for trial in taken),
        "gained": sum(trial.gained for trial in taken),
        "touched": sum(trial.touched for trial in taken),
        "identical": sum(trial.identical for trial in taken),
    }


def show(trials: list[Trial]) -> None:
    """Prints what is not as it should be, and the figures."""
    for trial in trials:
        faults = []
        if not trial.taken and trial.has_drums:
            faults.append(f"refused: {trial.reason}")
        elif trial.taken and not trial.identical:
            faults.append("other bytes at amount 0")
        if trial.taken and not trial.moved:
            faults.append("no stroke moved")
        for count, words in (
            (trial.lost, "strokes lost"),
            (trial.gained, "strokes gained"),
            (trial.touched, "events of melodic notes touched"),
        ):
            if count:
                faults.append(f"{count} {words} of {trial.hits} strokes")
        if faults:
            click.echo(f"{trial.name}: {'; '.join(faults)}")
    click.echo(json.dumps(summary(trials)))


def main(arguments: list[str] | None = None) -> list[Trial]:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="file for what became of each file")
    parser.add_argument("--preset", default="", help="model (default: the command's)")
    options = parser.parse_args(arguments)
    paths = sorted(
        path
        for path in options.folder.rglob("*")
        if path.suffix.lower() in MIDI_SUFFIXES
    )
    trials = [try_file(path, preset=options.preset) for path in paths]
    show(trials)
    if options.json:
        rows = [dataclasses.asdict(trial) for trial in trials]
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return trials


if __name__ == "__main__":
    main(sys.argv[1:])
