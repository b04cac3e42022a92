"""``groovekit plot``: pictures of MIDI files."""

from __future__ import annotations

from pathlib import Path

import click

from groovekit.cli.options import files_to_show, json_option, kit_option
from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import Progress
from groovekit.cli.types import FILE
from groovekit.errors import UsageError


@click.command("plot")
@files_to_show("pictures")
@click.option(
    "--output",
    type=FILE,
    default=None,
    show_default="one beside each input",
    help="One picture of all inputs, below each other.",
)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["png", "svg"]),
    default="png",
    help="Kind of pictures beside the inputs.",
)
@kit_option(
    "--kit",
    "Kit map: its drums are the rows (groovekit kits list).",
    shown="a row for each pitch",
)
@click.option(
    "--first-bar",
    metavar="K",
    type=click.IntRange(min=1),
    default=1,
    help="Bar to begin with.",
)
@click.option(
    "--bars",
    metavar="N",
    type=click.IntRange(min=1),
    default=None,
    show_default="all that there is room for",
    help="Bars to draw of each input.",
)
@click.option(
    "--bars-per-line",
    metavar="N",
    type=click.IntRange(1, 32),
    default=8,
    help="Bars of a line.",
)
@json_option
def command(
    files: tuple[str, ...],
    output: Path | None,
    output_dir: Path | None,
    kind: str,
    kit: str | None,
    first_bar: int,
    bars: int | None,
    bars_per_line: int,
    as_json: bool,
) -> None:
    """Draw MIDI files as drum piano rolls: velocity as shade, microtiming as shift.

    Each note begins where it is played: its distance from the thin lines, the
    sixteenths, is its microtiming. Existing files stay (a number is added to the
    name). Needs matplotlib: pip install 'groovekit[plot]'.
    """
    if output is not None and output_dir is not None:
        raise UsageError("Give --output or --output-dir, not both.")
    from groovekit.converters.kits import get_kit
    from groovekit.io.midi.files import read_midi
    from groovekit.io.pictures import MAX_LINES, length_bars, plot_sequence

    kit_map = None if kit is None else get_kit(kit)
    paths = [Path(file).expanduser() for file in files]
    sequences = [read_midi(path) for path in paths]
    groups = [[index] for index in range(len(paths))]
    targets = [(output_dir or path.parent) / f"{path.stem}.{kind}" for path in paths]
    if output is not None:
        groups, targets = [list(range(len(paths)))], [output]
    made = []
    with Progress(len(groups), "Drawing", unit="pictures") as progress:
        for target, group in zip(targets, groups, strict=True):
            lines = 0
            for index in group:
                total = max(0, length_bars(sequences[index]) - first_bar + 1)
                lines += -(-min(bars or total, total) // bars_per_line)
            path = plot_sequence(
                [sequences[index] for index in group],
                target.expanduser(),
                title=[paths[index].name for index in group],
                kit=kit_map,
                first_bar=first_bar,
                bars=bars,
                bars_per_line=bars_per_line,
            )
            made.append(path)
            progress.advance()
            if lines > MAX_LINES:
                note(
                    f"{path} shows the first {MAX_LINES} of {lines} lines: see "
                    "--first-bar, --bars and --bars-per-line."
                )
    if as_json:
        rows = [
            {"path": str(path), "inputs": [str(paths[index]) for index in group]}
            for path, group in zip(made, groups, strict=True)
        ]
        echo_json({"kit": kit, "files": rows})
        return
    if kit_map is None:
        note("A row for each pitch; --kit NAME draws the drums of a kit map.")
    for path in made:
        click.echo(path)
