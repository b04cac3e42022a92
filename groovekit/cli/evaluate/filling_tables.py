"""Tables of an evaluation of a model that fills, on stdout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from groovekit.cli.output import echo_table
from groovekit.evaluation.words import capital, interval, number


def show_filling(figures: Mapping[str, Any]) -> None:
    """Shows what :func:`groovekit.evaluation.filling.evaluate.evaluate_filling` found.

    Dynamics, then hits, each with rivals below the model; then repeats.
    """
    click.echo(
        f"{figures['config']} on {figures['windows']:,} windows of eight bars of "
        f"{figures['performances']} performances, hidden cells filled with its one "
        "best answer. In brackets: 95 %, by performance."
    )
    dynamics = [row for row in figures["filling"] if "velocity_error" in _first(row)]
    click.echo("\nHits known, mean absolute errors at hidden dynamics:\n")
    echo_table(
        [
            (
                label,
                prediction["label"],
                interval(prediction["scores"]["velocity_error"], 1),
                interval(prediction["scores"]["timing_error_ms"], 1),
            )
            for label, prediction in _labelled(dynamics)
        ],
        header=["hidden", "predicted by", "velocity (of 127)", "timing (ms)"],
    )
    hits = [row for row in figures["filling"] if "hit_f1" in _first(row)]
    click.echo("\nF1 of hidden hits:\n")
    echo_table(
        [
            (label, prediction["label"], interval(prediction["scores"]["hit_f1"]))
            for label, prediction in _labelled(hits)
        ],
        header=["hidden", "predicted by", "F1"],
    )
    click.echo()
    for row in figures["filling"]:
        for verdict in row["verdicts"]:
            click.echo(f"{capital(row['label'])}: {verdict['text']}")
    click.echo(
        "\nSpread over the repeats of a stroke in eight bars, and correlation with the "
        "bar after:\n"
    )
    echo_table(
        [
            (
                name,
                number(row["velocity"], 1),
                number(row["timing"], 1),
                number(row["velocity_kept"], 2),
                number(row["timing_kept"], 2),
            )
            for name, row in figures["repeats"].items()
        ],
        header=[
            *("", "velocity (of 127)", "timing (ticks of 480)"),
            *("velocity, correlation", "timing, correlation"),
        ],
    )


def _first(row: Mapping[str, Any]) -> Mapping[str, Any]:
    scores: Mapping[str, Any] = row["predictions"][0]["scores"]
    return scores


def _labelled(rows: list[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Each prediction with what it is of, said once."""
    return [
        (row["label"] if number == 0 else "", prediction)
        for row in rows
        for number, prediction in enumerate(row["predictions"])
    ]
