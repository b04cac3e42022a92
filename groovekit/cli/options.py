"""Options that several commands share, and helpers to show results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from groovekit.cli.output import note
from groovekit.cli.types import (
    EXAMPLES,
    FOLDER,
    KIT,
    PRESET,
    SPLITS,
    TIME_SIGNATURE,
    PathOf,
)
from groovekit.models.installed import BACKENDS

F = TypeVar("F", bound=Callable[..., Any])


# The original's flags that mean nothing here, and what stands in their place.
OBSOLETE = {
    "--master": "training runs in this process; see --device",
    "--task": "training runs in this process; see --device",
    "--num-ps-tasks": "training runs in this process; see --device",
    "--num-sync-workers": "training runs in this process; see --device",
    "--eval-dir-suffix": "evaluations are logged in the run folder's logs/",
    "--keep-checkpoint-every-n-hours": "see --keep and --checkpoint-minutes",
    "--log": "logs go to stderr",
}


class AliasedOption(click.Option):
    """An option with further spellings that its help does not show.

    Args:
      aliases: long options accepted as well, e.g. ``("--num-steps",)``.
      off_aliases: the same for the ``--no-...`` side of a boolean.
    """

    def __init__(
        self,
        *args: Any,
        aliases: Sequence[str] = (),
        off_aliases: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.aliases = list(aliases)
        self.off_aliases = list(off_aliases)

    def add_to_parser(self, parser: Any, ctx: click.Context) -> None:
        """Tells the parser all spellings, the hidden ones too."""
        shown = self.opts, self.secondary_opts
        self.opts = self.opts + self.aliases
        self.secondary_opts = self.secondary_opts + self.off_aliases
        super().add_to_parser(parser, ctx)
        self.opts, self.secondary_opts = shown


def option(
    *declarations: str,
    aliases: Sequence[str] = (),
    off_aliases: Sequence[str] = (),
    **settings: Any,
) -> Callable[[F], F]:
    """``click.option`` with hidden aliases.

    Args:
      *declarations: the spellings that help shows, as for ``click.option``.
      aliases: spellings accepted too, with hyphens.
      off_aliases: the same for the ``--no-...`` side of a boolean.
      **settings: as for ``click.option``.
    """
    return click.option(
        *declarations,
        cls=AliasedOption,
        aliases=aliases,
        off_aliases=off_aliases,
        **settings,
    )


def boolean(
    name: str, *, default: bool, help: str, aliases: Sequence[str] = ()
) -> Callable[[F], F]:
    """An option ``--name/--no-name`` that also takes ``--name=true|false``.

    The value with ``=`` works for every flag of every command of the group (see
    ``spelling.spell_out_booleans``). An alias brings its ``--no...`` forms along.

    Args:
      name: with hyphens and without dashes, e.g. ``"cache"``.
      default: what holds when neither form is given.
      help: the help text.
      aliases: further names, e.g. ``("cache-dataset",)``.
    """
    return option(
        f"--{name}/--no-{name}",
        default=default,
        help=help,
        aliases=[f"--{alias}" for alias in aliases],
        off_aliases=[f"--{no}{alias}" for alias in aliases for no in ("no-", "no")],
    )


def obsolete_options(*names: str) -> Callable[[F], F]:
    """Accepts flags of the original that have no effect, and says so when used.

    Args:
      *names: keys of :data:`OBSOLETE`, e.g. ``"--master"``.
    """

    def say(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        del ctx
        if value is not None:
            name = param.opts[0]
            note(f"{name} has no effect: {OBSOLETE[name]}.")

    def decorate(function: F) -> F:
        for name in names:
            function = click.option(
                name, hidden=True, expose_value=False, default=None, callback=say
            )(function)
        return function

    return decorate


def files_to_show(results: str) -> Callable[[F], F]:
    """MIDI files as arguments, and where what is made of them goes.

    Args:
      results: in the plural, e.g. ``"pictures"``.
    """

    def decorate(function: F) -> F:
        function = click.option(
            "--output-dir",
            type=FOLDER,
            default=None,
            show_default="the input's",
            help=f"Folder for the {results}.",
        )(function)
        return click.argument(
            "files",
            metavar="FILE...",
            type=PathOf("file", as_text=True),
            nargs=-1,
            required=True,
        )(function)

    return decorate


backend_option = click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default=None,
    show_default="KERAS_BACKEND, else the first one installed",
    help="Library that computes.",
)

device_option = click.option(
    "--device",
    type=click.Choice(["cpu", "gpu"]),
    default=None,
    show_default="gpu if there is one",
    help="Where to compute.",
)

precision_option = click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16", "float16"]),
    default="float32",
    help="Number format of the computation; weights stay in float32.",
)

seed_option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=None,
    show_default="drawn and printed",
    help="Same seed, same result.",
)

soundfont_option = click.option(
    "--soundfont",
    type=PathOf("file", as_text=True),
    default=None,
    show_default="drums and tones of groovekit's own",
    help="SoundFont to play with (.sf2, .sf3).",
)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Write JSON for other programs."
)


cache_option = boolean(
    "cache",
    default=True,
    help="Keep converted examples for the next time.",
    aliases=("cache-dataset",),
)

workers_option = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    help="Processes that read files.",
)


def window_options(function: F) -> F:
    """Options on what windows are made of: bars, loops, silence."""
    added = [
        click.option(
            "--time-signature",
            metavar="N/D",
            type=TIME_SIGNATURE,
            default=None,
            show_default="the config's",
            help="Read bars of this time signature, such as 3/4.",
        ),
        click.option(
            "--loop",
            is_flag=True,
            default=None,
            help="Repeat music that is shorter than a window.",
        ),
        click.option(
            "--keep-silence",
            is_flag=True,
            default=None,
            help="Keep windows without a hit.",
        ),
    ]
    for add in reversed(added):
        function = add(function)
    return function


def examples_option(help: str, *, required: bool = True) -> Callable[[F], F]:
    """The option ``--examples``; what it takes is said by ``help``."""
    return option(
        "--examples",
        aliases=("--examples-path",),
        type=EXAMPLES,
        required=required,
        help=help,
    )


def split_option(
    help: str, *, default: str | None = None, shown: str | None = None
) -> Callable[[F], F]:
    """The option ``--split``: a part of examples that have several.

    Args:
      help: the help text.
      default: the part that is taken without it.
      shown: words for it in the help, where it depends.
    """
    return click.option(
        "--split", type=SPLITS, default=default, show_default=shown, help=help
    )


def kit_option(
    name: str, help: str, *, shown: str = "the config's"
) -> Callable[[F], F]:
    """An option that takes a kit map.

    Args:
      name: e.g. ``"--kit"``.
      help: the help text.
      shown: what is taken without it, for the help.
    """
    return click.option(name, type=KIT, default=None, show_default=shown, help=help)


drum_track_option = click.option(
    "--drum-track",
    metavar="NAME|NUMBER|CHANNEL",
    default=None,
    show_default="channel 10, else by its name or its notes",
    help="The track that is drums, and no other: its name, its number (as groovekit "
    "inspect shows it), or its channel in a MIDI file (ch16).",
)


def model_options(*, preset: str, checkpoint: bool = True) -> Callable[[F], F]:
    """The options that say which trained model: a run, a preset or a checkpoint.

    Args:
      preset: what is taken without any, for the help.
      checkpoint: whether a checkpoint will do.
    """
    added = [
        click.option(
            "--run-dir",
            type=PathOf("dir", as_text=True),
            default=None,
            help="Model: a run folder.",
        ),
        click.option(
            "--preset",
            type=PRESET,
            default=None,
            show_default=preset,
            help="Model: one that is ready to play (groovekit presets list), or its "
            "folder.",
        ),
    ]
    if checkpoint:
        added.append(
            option(
                "--checkpoint",
                aliases=("--checkpoint-file",),
                type=PathOf("file", as_text=True),
                default=None,
                help="Model: weights (model.safetensors) or a checkpoint "
                "(step-....npz) of a run.",
            )
        )

    def decorate(function: F) -> F:
        for add in reversed(added):
            function = add(function)
        return function

    return decorate
