"""The command group: finds subcommands lazily and turns errors into exit codes.

Exit codes: 2 for options that are wrong in themselves, 1 for unknown names,
unusable data or run folders and files that cannot be written, 130 when
interrupted, 143 when terminated, 0 otherwise.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import warnings
from collections.abc import Iterator
from typing import Any, TextIO

import click

import groovekit
from groovekit.cli.output import note
from groovekit.cli.spelling import (
    RUNNING,
    hyphens,
    in_options,
    resolved,
    spell_out_booleans,
)
from groovekit.errors import GroovekitError

# name -> (module, and what holds the command unless `command` does; help line)
COMMANDS: dict[str, tuple[str, str]] = {
    "convert": (
        "groovekit.cli.convert",
        "Turn MIDI files into a TFRecord file of note sequences.",
    ),
    "inspect": (
        "groovekit.cli.inspect",
        "Show what files hold and what a config would make of them.",
    ),
    "train": (
        "groovekit.cli.train.command",
        "Train a model on a data set, or evaluate it.",
    ),
    "generate": (
        "groovekit.cli.generate.command",
        "Make MIDI files: sample, interpolate or reconstruct.",
    ),
    "attributes": (
        "groovekit.cli.attributes",
        "Fit, measure and list attributes: more density, less swing.",
    ),
    "plot": ("groovekit.cli.plot", "Draw MIDI files as drum piano rolls."),
    "play": ("groovekit.cli.play", "Play MIDI files aloud."),
    "render": ("groovekit.cli.render", "Play MIDI files into WAV files."),
    "evaluate": (
        "groovekit.cli.evaluate.command",
        "Measure a trained model on held-out music, beside baselines.",
    ),
    "configs": ("groovekit.cli.configs", "List and show model configs."),
    "converters": (
        "groovekit.cli.catalogue:converters",
        "List and show data converters.",
    ),
    "kits": (
        "groovekit.cli.kits:kits",
        "Kit maps, pitches by drum: list, show, import, guess.",
    ),
    "presets": ("groovekit.cli.catalogue:presets", "List and show trained models."),
    "recipes": (
        "groovekit.cli.catalogue:recipes",
        "List and show trainings to run again.",
    ),
    "plugins": ("groovekit.cli.plugins", "List installed plug-ins; begin a new one."),
    "cache": ("groovekit.cli.cache", "List and clear cached conversions."),
}

INTERRUPTED = 130


class Failure(click.ClickException):
    """A message for the user and the exit code of the error behind it."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        # click types it as a class attribute, but reads it from the instance.
        self.exit_code = exit_code  # type: ignore[misc]


class LazyGroup(click.Group):
    """A group whose help line by line comes from a table, not from modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands of this release, in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports and returns a command; None when there is no such name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name or "command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command and lets its boolean options take ``=true|false``."""
        if not args[0].startswith("-") and hyphens(args[0]) not in COMMANDS:
            raise click.exceptions.NoSuchCommand(
                args[0], possibilities=list(COMMANDS), ctx=ctx
            )
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            running = resolved(command, ctx, rest)
            ctx.meta[RUNNING] = running
            rest = spell_out_booleans(running, rest)
        return name, command, rest

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Writes the table of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; the only place that catches errors."""
        with _logging_to_stderr(), _plain_warnings(), _errors_as_messages():
            return super().invoke(ctx)


@contextlib.contextmanager
def _errors_as_messages() -> Iterator[None]:
    try:
        yield
    except GroovekitError as error:
        raise Failure(in_options(str(error)), error.exit_code) from error
    except KeyboardInterrupt as error:
        raise Failure("interrupted.", INTERRUPTED) from error
    except MemoryError as error:
        detail = f" ({error})" if str(error) else ""
        raise Failure(
            f"out of memory{detail}. Try a smaller --batch-size or fewer files "
            "at a time."
        ) from error
    except OSError as error:
        # Without a file name it is no matter of paths, and a broken pipe is
        # click's to handle.
        if error.filename is None or error.errno == errno.EPIPE:
            raise
        raise Failure(f"{error.filename}: {error.strerror}.") from error


class _StderrHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        note(self.format(record))


@contextlib.contextmanager
def _logging_to_stderr() -> Iterator[None]:
    """Shows the library's log as plain lines while a command runs."""
    logger = logging.getLogger("groovekit")
    handler, level = _StderrHandler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


@contextlib.contextmanager
def _plain_warnings() -> Iterator[None]:
    """Shows warnings meant for users as one line, others as ever."""
    shown = warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        if category is UserWarning and file is None:
            note(f"Warning: {message}")
        else:
            shown(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@click.group(
    cls=LazyGroup,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "token_normalize_func": hyphens,
        "max_content_width": 100,
    },
)
@click.version_option(groovekit.__version__, prog_name="groovekit")
def main() -> None:
    """Models of drum grooves and other music: convert, train, generate.

    Results go to stdout, progress and logs to stderr. Options may be written
    with underscores instead of hyphens.
    """
