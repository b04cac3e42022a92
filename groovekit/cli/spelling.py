"""How options are spelled: by users, and in what the library says to them."""

from __future__ import annotations

import ast
import re

import click

_TRUE = frozenset({"true", "t", "1", "yes", "y", "on"})
_FALSE = frozenset({"false", "f", "0", "no", "n", "off"})

# The library's names that neither an option of the same meaning nor what the command
# calls its value bears.
_RENAMED = {"controls": "input", "like_bars": "like"}
# Functions that are an option: what they are called with is its value.
_CALLS = {"with_overrides": "hparams"}

_QUOTED = re.compile(
    r"(?:(?P<command>groovekit(?: [a-z]+)+) with )?"
    r"`(?P<name>[a-z_]+)(?:=(?P<value>[^`]+)|\((?P<called>[^`]*)\))?`"
)

#: Where the group notes, in a context's ``meta``, which command runs.
RUNNING = "groovekit.command"


def hyphens(token: str) -> str:
    """Makes ``num_steps`` the same option as ``num-steps``."""
    return token.replace("_", "-")


def spell_out_booleans(command: click.Command, args: list[str]) -> list[str]:
    """Rewrites ``--flag=true`` to ``--flag`` and ``--flag=false`` to its opposite.

    The original's commands take their booleans this way. Options that are not
    flags, and everything after ``--``, stay as they are.

    Raises:
      click.BadParameter: a flag's value that is neither true nor false.
    """
    flags = {
        name: option
        for name, option in _options(command).items()
        if option.is_bool_flag
    }
    rewritten: list[str] = []
    for index, arg in enumerate(args):
        if arg == "--":
            return rewritten + args[index:]
        name, equals, value = arg.partition("=")
        flag = flags.get(hyphens(name).removeprefix("--"))
        if not equals or flag is None or not name.startswith("--"):
            rewritten.append(arg)
        elif value.lower() in _TRUE:
            rewritten.append(name)
        elif value.lower() not in _FALSE:
            raise click.BadParameter(
                f"{value!r} is neither true nor false.", param_hint=repr(name)
            )
        elif flag.secondary_opts:
            rewritten.append(flag.secondary_opts[0])
        # A flag without an opposite is off when it is absent.
    return rewritten


def in_options(text: str) -> str:
    """Says what the library said in Python in the options of the running command.

    Parameters in backticks become options: ```batch_size=64``` becomes
    ``--batch-size 64``, ```resume=False``` becomes ``--no-resume`` and
    ```run_dir=...``` becomes ``--run-dir DIR``. A call stands for an option, too:
    ```with_overrides("z_size=4")``` for ``--hparams z_size=4``, that of a task for
    its ``--mode``. What follows "groovekit COMMAND with" is looked up in that
    command. Backticks around anything else stay.
    """
    context = click.get_current_context(silent=True)
    if context is None or "`" not in text:
        return text
    running = context.meta.get(RUNNING, context.command)

    def spelled(found: re.Match[str]) -> str:
        command, before = running, ""
        if found["command"]:
            group = context.find_root().command
            command = resolved(group, context, found["command"].split()[1:])
            before = found["command"] + " "
        option = _option(command, found["name"], found["value"], found["called"])
        return found[0] if option is None else before + option

    return _QUOTED.sub(spelled, text)


def resolved(
    command: click.Command, context: click.Context, args: list[str]
) -> click.Command:
    """The innermost command that the first of ``args`` name; ``command`` for none."""
    while isinstance(command, click.Group) and args:
        inner = command.get_command(context, hyphens(args[0]))
        if inner is None:
            break
        command, args = inner, args[1:]
    return command


def _options(command: click.Command) -> dict[str, click.Option]:
    """A command's options by every spelling of them, without the dashes."""
    return {
        hyphens(spelling).removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
        for spelling in (*option.opts, *getattr(option, "aliases", ()))
        if spelling.startswith("--")
    }


def _option(
    command: click.Command, name: str, value: str | None, called: str | None
) -> str | None:
    """A parameter, or a call, as an option of a command; None where it has none."""
    options = _options(command)
    if called is not None and name not in _CALLS:
        mode = options.get("mode")
        modes = getattr(mode and mode.type, "choices", ())
        return f"--mode {name}" if name in modes else None
    if called is not None:
        name, value = _CALLS[name], called
    named = {option.name: option for option in options.values()}
    option = (
        options.get(hyphens(name))
        or named.get(name)
        or options.get(_RENAMED.get(name, ""))
    )
    if option is None or option.hidden:
        return None
    spelling = option.opts[0]
    if value is None:
        return spelling
    if option.is_bool_flag:
        if value == "True":
            return spelling
        return option.secondary_opts[0] if option.secondary_opts else None
    if value == "...":
        return f"{spelling} {option.metavar or option.type.name.upper()}"
    return f"{spelling} {_bare(value)}"


def _bare(value: str) -> str:
    """A value as a shell takes it: without quotes where it needs none."""
    try:
        text = str(ast.literal_eval(value)) if value[0] in "\"'" else value
    # Cut short: a text with a backtick.
    except SyntaxError:
        return value
    return value if re.search(r"\s", text) else text
