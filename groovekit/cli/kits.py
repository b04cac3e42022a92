"""``groovekit kits``: kit maps, from lists and for files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from groovekit.cli.catalogue import kits
from groovekit.cli.options import drum_track_option, json_option, kit_option
from groovekit.cli.output import echo_json, echo_table, note
from groovekit.cli.types import EXAMPLES, FILE
from groovekit.errors import DataError


@kits.command("import")
@click.argument("table", metavar="FILE", type=FILE)
@click.option(
    "--output",
    type=FILE,
    default=None,
    show_default="FILE with .json",
    help="Kit map to write.",
)
@json_option
def import_list(table: Path, output: Path | None, as_json: bool) -> None:
    """Make a kit map of a list of pitches and names.

    FILE is a CSV file with two columns, pitch and name: 36,Kick. Names tell the class:
    Snare Rimshot, HiHat Closed Tip, Floor Tom 1. What ends a sound (a choke) is left
    out. Give the map to --kit.
    """
    import json

    from groovekit.converters.kit_import import read_kit_csv
    from groovekit.io.files import write_new

    kit, missing = read_kit_csv(table)
    text = json.dumps(kit.to_dict(), indent=2, ensure_ascii=False) + "\n"
    path = write_new(output or table.with_suffix(".json"), text.encode())
    for label in missing:
        (pitch,) = kit.classes[kit.class_names.index(label)]
        note(f"{table} has no {label}: pitch {pitch} of General MIDI stands for it.")
    if as_json:
        echo_json({"path": str(path), "from_general_midi": missing, **kit.to_dict()})
        return
    rows = zip(kit.class_names, kit.classes, strict=True)
    echo_table(
        ((label, " ".join(map(str, pitches))) for label, pitches in rows),
        header=("name", "pitches"),
    )
    click.echo(f"Wrote {path}")


@kits.command("guess")
@click.argument("examples", metavar="FILE|DIR", type=EXAMPLES)
@kit_option("--kit", "Map to try first, as a model's own.", shown="general_midi")
@drum_track_option
@json_option
def guess(
    examples: str, kit: str | None, drum_track: str | None, as_json: bool
) -> None:
    """Tell for which kit the drums of files were made.

    FILE|DIR is whatever inspect takes. Maps are listed with the notes that they know;
    a groove has kick, snare, and hats or a ride with them.
    """
    import numpy as np

    from groovekit.converters.kit_choice import (
        choose_kit,
        describe_unknown,
        fits,
        unknown_pitches,
    )
    from groovekit.converters.kits import get_kit
    from groovekit.io.columns import read_columns
    from groovekit.io.sources import iter_sequences, open_source

    found: list[Any] = []
    unreadable: list[tuple[str, str]] = []
    source = open_source(examples, drum_track=drum_track)
    by_hand = drum_track is not None

    def on_error(name: str, reason: str) -> None:
        unreadable.append((name, reason))

    for item in iter_sequences(source, on_error=on_error):
        columns = read_columns(item.sequence, onsets_only=True, marked_only=by_hand)
        found.append(columns.pitch[columns.is_drum])
    for name, reason in unreadable:
        note(f"not readable: {name}: {reason}")
    pitches = np.concatenate([np.zeros(0, np.int32), *found])
    if not len(pitches):
        raise DataError(
            f"{examples} holds no drum notes. Name the track that holds drums "
            "(`drum_track`), if there is one; groovekit inspect shows the tracks."
        )
    own = get_kit(kit or "general_midi")
    chosen = choose_kit(pitches, own)
    unknown = unknown_pitches(pitches, chosen)
    ranked = sorted(
        fits(pitches, own), key=lambda item: (item.kit is not chosen, -item.known)
    )
    if as_json:
        echo_json(
            {
                "kit": str(chosen),
                "notes": len(pitches),
                "unmapped": {str(p): n for p, n in unknown.most_common()},
                "kits": [
                    {"name": str(i.kit), "known": i.known, "groove": i.groove}
                    for i in ranked
                ],
            }
        )
        return
    echo_table(
        (
            (str(i.kit), f"{i.known:,} of {i.notes:,}", "yes" if i.groove else "no")
            for i in ranked
        ),
        header=("kit map", "notes known", "a groove"),
    )
    click.echo(f"\nIt looks like {chosen}: {chosen.description or 'a map of yours'}.")
    if unknown:
        click.echo(f"Without a class: {describe_unknown(unknown, chosen)}.")
