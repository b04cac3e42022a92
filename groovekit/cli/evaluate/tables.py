"""Tables of an evaluation for people, on stdout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from groovekit.cli.output import echo_table
from groovekit.evaluation.distributions import FEATURES, SHARES, TITLES
from groovekit.evaluation.sample_figures import (
    BETWEEN,
    DESCRIBED,
    FIGURES,
    TOLD_APART,
)
from groovekit.evaluation.words import capital, interval, number, short


def show(figures: Mapping[str, Any]) -> None:
    """Shows the figures of :class:`groovekit.evaluation.evaluate.Evaluation`."""
    _head(figures)
    _reconstruction(figures["reconstruction"])
    if "distributions" in figures:
        _distributions(figures["distributions"])
    if "samples" in figures:
        _samples(figures["samples"])
    way = figures.get("interpolation")
    if way and way["ways"]:
        _interpolation(way)


def _head(figures: Mapping[str, Any]) -> None:
    decoding = figures["decoding"]
    if decoding == "teacher forcing":
        decoding = "with teacher forcing"
    tempo = "each window's own" if figures["tempo"] == "own" else figures["tempo"]
    timed = "timing" in figures["reconstruction"]["rows"][0]
    milliseconds = f"Tempo for milliseconds: {tempo}. " if timed else ""
    click.echo(
        f"{figures['config']} on {figures['windows']:,} windows of "
        f"{figures['performances']} performances. Decoding: from the posterior's mean, "
        f"{decoding}, most probable choices. {milliseconds}In brackets: 95 %, by "
        "performance."
    )
    click.echo(
        f"\nKL {interval(figures['kl_bits'], 1)} bits; reconstruction "
        f"{number(figures['reconstruction_bits'], 1)} bits a window (teacher forcing, "
        "codes drawn); loss "
        f"{number(figures['losses']['loss'], 1)} nats."
    )
    for name, value in figures["losses"].items():
        if "accuracy" in name and "segment/" not in name:
            click.echo(f"  {name}: {number(value)} (teacher forcing)")


def _reconstruction(table: Mapping[str, Any]) -> None:
    rows = table["rows"]
    names = [name for name in rows[0]["scores"] if not name.endswith(("error", "_ms"))]
    click.echo()
    echo_table(
        [
            (row["label"], *(interval(row["scores"][name]) for name in names))
            for row in rows
            if row.get("given") != "the hits"
        ],
        header=["predicted by", *(name.replace("_", " ") for name in names)],
    )
    timed = [row for row in rows if "timing" in row or "velocity" in row]
    if timed:
        click.echo("\nAbsolute errors at matched hits (sd: of the differences):\n")
        echo_table(
            [_errors(row) for row in timed if row["scores"]["hit_f1"]["value"]],
            header=[
                "predicted by",
                "given",
                "velocity (of 127)",
                "median",
                "sd",
                "timing (ms)",
                "median",
                "sd",
            ],
        )
    if "by_class" in rows[0]:
        click.echo("\nThe model by drum:\n")
        _by_class(rows[0]["by_class"])
    if table["verdicts"]:
        click.echo()
    for verdict in table["verdicts"]:
        click.echo(capital(verdict["text"]))


def _errors(row: Mapping[str, Any]) -> tuple[str, ...]:
    cells = [row["label"], row["given"]]
    for name, key in (("velocity_error", "velocity"), ("timing_error_ms", "timing")):
        if key in row:
            cells.append(interval(row["scores"][name], 1))
            cells += [number(row[key][k], 1) for k in ("median_absolute", "spread")]
        else:
            cells += ["-"] * 3
    return tuple(cells)


def _by_class(table: Mapping[str, Any]) -> None:
    names = [name for name in next(iter(table.values())) if name != "hits"]
    echo_table(
        [
            (drum, row["hits"], *(number(row[n], _digits(n)) for n in names))
            for drum, row in table.items()
        ],
        header=["drum", "hits", *(name.replace("_", " ") for name in names)],
    )


def _digits(name: str) -> int:
    return 1 if name.endswith(("error", "_ms")) else 3


def _distributions(table: Mapping[str, Any]) -> None:
    sets, halves = table["sets"], table["halves"]
    names = [name for name in TITLES if name in sets]
    click.echo(
        "\nDistance of distributions from the held-out windows: Wasserstein-1 / "
        "Kolmogorov-Smirnov / overlap area (for shares: total variation). Halves: of "
        "the held-out performances from each other.\n"
    )
    rows = []
    for name, label, *_ in (*FEATURES, *SHARES):
        cells = [_distance(sets[key].get(name)) for key in names]
        rows.append((label, *cells, _distance(halves.get(name))))
    echo_table(
        [row for row in rows if set(row[1:]) != {"-"}],
        header=["feature", *(TITLES[name] for name in names), "halves"],
    )
    labels = {name: label for name, label, *_ in (*FEATURES, *SHARES)}
    for name in names:
        far = [labels[feature] for feature in table["beyond_halves"][name]]
        if far:
            click.echo(
                f"Farther than twice the halves, {TITLES[name]}: {'; '.join(far)}."
            )


def _distance(table: Mapping[str, Any] | None) -> str:
    if table is None:
        return "-"
    keys = ("wasserstein", "kolmogorov_smirnov", "overlap", "total_variation")
    return " / ".join(short(table[key]) for key in keys if key in table)


def _samples(table: Mapping[str, Any]) -> None:
    copies, human = table["memorising"], table["memorising"]["held_out"]
    sampled = copies["samples"]
    own, other = table["diversity"], table["held_out_diversity"]
    click.echo(
        f"\n{table['windows']} samples at temperature {table['temperature']:g}: "
        f"{number(own['distinct'])} different (held out {number(other['distinct'])}), "
        f"mean distance of pairs {number(own['mean_distance'])} (held out "
        f"{number(other['mean_distance'])})."
    )
    verdict = "MEMORISES" if copies["memorises"] else "does not memorise"
    click.echo(
        f"Copies of training grooves (distance up to {copies['threshold']:g}): "
        f"{number(sampled['copies'])} of the samples, "
        f"{interval(human['copies'])} of the held-out windows: the model {verdict}. "
        f"Nearest training groove: median {number(sampled['distance_median'])}"
        f", held out {number(human['distance_median'])}."
    )
    click.echo(
        "\nFigures of the samples, and of held-out and training windows that do not "
        "overlap:\n"
    )
    sets = table["figures"]
    echo_table(
        [
            (
                figure.label,
                *(figure.text(sets[name].get(figure.name)) for name in DESCRIBED),
            )
            for figure in FIGURES
            if figure.name in sets["samples"]
        ],
        header=["figure", *DESCRIBED.values()],
    )
    click.echo(
        "\nWhether they can be told from held-out windows, one a performance (1-NN "
        "accuracy: 0.5 if not):\n"
    )
    _two_sample(table["two_sample"], TOLD_APART)


def _two_sample(sets: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    echo_table(
        [
            (
                label,
                *(
                    interval(sets[name][key], 2)
                    for key in ("neighbours", "neighbours_hits", "energy")
                ),
            )
            for name, label in labels.items()
        ],
        header=["windows", "1-NN, all", "1-NN, hits", "energy distance"],
    )


def _interpolation(way: Mapping[str, Any]) -> None:
    click.echo(
        f"\nInterpolations ({way['ways']} of {way['steps']} steps): the largest "
        f"step is {number(way['largest_step'], 2)} of the way (even: "
        f"{1 / way['steps']:.2f}); detour {number(way['detour'], 2)}; "
        f"{number(way['monotonic'], 2)} of the steps lead on. Distance from the ends: "
        f"its largest jump is {number(way['largest_jump'], 2)} times the mean.\n"
    )
    points = range(len(way["from_start"]))
    echo_table(
        [
            (label, *(number(way[key][point], 2) for point in points))
            for key, label in (
                ("from_start", "distance from the start"),
                ("from_end", "distance from the end"),
            )
        ],
        header=["at", *(f"{point / points[-1]:.0%}" for point in points)],
    )
    click.echo("\nWhether what lies between can be told from held-out windows:\n")
    _two_sample(way["realism"], BETWEEN)
