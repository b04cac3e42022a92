"""What the library says in Python, in the options of the command that runs."""

from __future__ import annotations

import click
import pytest

from groovekit.cli import options, spelling
from groovekit.cli.main import main


@click.command()
@options.option("--steps", aliases=["--num-steps"], type=int)
@options.boolean("resume", default=True, help="R.")
@click.option("--overwrite", is_flag=True)
@click.option("--run-dir", metavar="DIR")
@click.option("--input", "inputs", metavar="FILE", multiple=True)
@click.option("--mode", type=click.Choice(["sample", "drumify"]))
@click.option("--hparams", metavar="A=1,B=2")
@click.option("--workers", type=int)
@click.option("--tfds-name", hidden=True)
def toy() -> None: ...


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("give `steps`", "give --steps"),
        ("`num_steps=3`", "--steps 3"),
        (
            "`overwrite=True`, or another `run_dir`.",
            "--overwrite, or another --run-dir.",
        ),
        ("`resume=True` or `resume=False`", "--resume or --no-resume"),
        ("add `run_dir=...`", "add --run-dir DIR"),
        ("`workers=...`", "--workers INTEGER"),
        ("`run_dir='a'`", "--run-dir a"),
        ('`run_dir="a b"`', '--run-dir "a b"'),
        ("`inputs` or `controls=...`", "--input or --input FILE"),
        # Cut short by a backtick of the user's.
        ("`run_dir='a`b'`", "--run-dir 'ab'`"),
        ("`drumify()` reads taps", "--mode drumify reads taps"),
        ('`with_overrides("z_size=4")`', "--hparams z_size=4"),
        (
            "anew (groovekit attributes fit with `overwrite=True`)",
            "anew (groovekit attributes fit --overwrite)",
        ),
        (
            'groovekit train with `with_overrides("converter.kit=NAME")`',
            "groovekit train --hparams converter.kit=NAME",
        ),
    ],
)
def test_parameters_become_options(said, shown):
    with click.Context(toy, parent=click.Context(main)):
        assert spelling.in_options(said) == shown


@pytest.mark.parametrize(
    "said",
    [
        "`groovekit kits list` shows them",
        "Install it with `pip install tensorflow`",
        "`overwrite=False`, which a flag cannot say",
        "an unknown `thing`, `thing=3` or `thing()`",
        "`tfds_name`, which is hidden",
        "`humanize()`, no mode of this command",
        "groovekit nothing with `steps_`",
        "no backticks: overwrite=True",
    ],
)
def test_the_rest_stays(said):
    with click.Context(toy, parent=click.Context(main)):
        assert spelling.in_options(said) == said


def test_outside_of_a_command_python_stays():
    assert spelling.in_options("`overwrite=True`") == "`overwrite=True`"


def test_booleans_of_commands_within_commands(command, tmp_path):
    result = command(
        "attributes", "fit", "--examples", tmp_path / "none", "--overwrite=maybe"
    )
    assert result.exit_code == 2
    assert "'maybe' is neither true nor false" in result.stderr
