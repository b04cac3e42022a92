"""A mode of ``groovekit generate``: what it takes, and what it makes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click

from groovekit.errors import PluginLoadError, UsageError
from groovekit.plugins import catalogue

if TYPE_CHECKING:
    from groovekit.configs.base import Config
    from groovekit.configs.presets import ModelFiles
    from groovekit.converters.base import Converter, Counts
    from groovekit.generation.player import Player
    from groovekit.io.midi.document import MidiDocument
    from groovekit.io.notes import NoteSequence
    from groovekit.models.family import Ability


@dataclasses.dataclass(frozen=True)
class Arity:
    """How many inputs a mode takes.

    Attributes:
      words: for messages: ``"two inputs"``.
      least: at least so many.
      most: at most so many; None for any number.
      step: of the numbers between them, every so many fits.
      advice: what to say where there are too few or too many, with its punctuation;
        by default which options would be enough.
    """

    words: str
    least: int
    most: int | None
    step: int = 1
    advice: str | None = None

    @property
    def each(self) -> bool:
        """Whether something is made of each input by itself."""
        return self.least == 1 and self.most is None

    def check(self, count: int, *, mode: str) -> None:
        """Raises a UsageError unless so many inputs fit."""
        most = count if self.most is None else self.most
        if count in range(self.least, most + 1, self.step):
            return
        example = " ".join(f"--input {letter}" for letter in "ABCD"[: self.least])
        advice = f": {example}." if self.advice is None else self.advice
        raise UsageError(f"--mode {mode} takes {self.words}, got {count}{advice}")


#: Of modes that make something of each input by itself.
EACH = Arity("at least one input", 1, None)


@dataclasses.dataclass(frozen=True)
class Request:
    """What a mode is asked for.

    Attributes:
      files: the model.
      converter: of the model, with the kits asked for.
      paths: of the inputs.
      drum_track: the track of each input that is drums; None to find it.
      count: how many outputs to make, of each input where the mode takes each by
        itself.
      outputs: how many that are in all.
      options: values of the mode's options, by the names of their parameters.
      temperature: of what is drawn.
      bpm: tempo of the outputs, in quarter notes a minute; None for the input's.
      translate: whether outputs that keep the input's notes get other pitches.
      seed: of everything random.
    """

    files: ModelFiles
    converter: Converter
    paths: tuple[str, ...]
    count: int
    outputs: int
    options: Mapping[str, Any]
    temperature: float
    bpm: float | None
    translate: bool
    seed: int
    drum_track: str | None = None

    @property
    def fills(self) -> bool:
        """Whether the model fills."""
        from groovekit.models.family import family_of

        return "fill" in family_of(self.files.config).abilities

    @property
    def playing(self) -> dict[str, Any]:
        """What every task takes: tempo, temperature and seed."""
        return {
            "qpm": self.bpm,
            "temperature": self.temperature,
            "seed": self.seed,
        }


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What a mode has read before a model is loaded.

    Attributes:
      counts: what happened to the notes of each input.
      windows: how many go through the model for all outputs; decides what computes.
      steps: of each window.
      sequences: the inputs as they were read.
      documents: their files, for modes whose outputs are edits of these.
    """

    counts: Sequence[Counts] = ()
    windows: int = 1
    steps: int = 1
    sequences: Sequence[NoteSequence] = ()
    documents: Sequence[MidiDocument] = ()

    @property
    def window(self) -> int | None:
        """Number, from 1, of the window of the first input; None of whole ones."""
        return None


InputsT = TypeVar("InputsT", bound=Inputs)


@dataclasses.dataclass(frozen=True, eq=False)
class Mode(Generic[InputsT]):
    """One mode. Its module is imported for the help, so that it imports little.

    Attributes:
      name: as it is registered.
      help: what it makes, in a few words.
      preset: played when nothing else is asked for.
      arity: how many inputs it takes.
      read: reads the inputs, and refuses what the model cannot take.
      make: makes the outputs; those of the first input first.
      outputs: how many it makes unless told otherwise (of each input, where it takes
        each by itself).
      options: that have an effect in it: shared ones of
        :mod:`groovekit.cli.generate.options`, or its own.
      count: where not every number of outputs will do: the number, from what was
        asked for (None for nothing) and the number of inputs; or a UsageError.
      check: raises a UsageError for values of the options that do not go together,
        before anything is looked for.
      edits: whether its outputs are the inputs, edited: what is no note of theirs comes
        back as it was, byte for byte, of several inputs that of the first.
      needs: abilities of which the player must have one; with which of them it plays
        is the task's business.
    """

    name: str
    help: str
    preset: str
    arity: Arity
    read: Callable[[Request], InputsT]
    make: Callable[[Player, InputsT, Request], list[NoteSequence]]
    outputs: int = 1
    options: tuple[click.Option, ...] = ()
    count: Callable[[int | None, int], int] | None = None
    check: Callable[[Mapping[str, Any]], object] | None = None
    edits: bool = False
    needs: frozenset[Ability] = frozenset({"encode"})

    @property
    def option_names(self) -> list[str]:
        """Names of the parameters that have an effect in it."""
        return [option.name for option in self.options if option.name]

    def output_count(self, asked: int | None, inputs: int) -> int:
        """How many outputs to make, of each input where it takes each by itself.

        Args:
          asked: by the user; None for nothing.
          inputs: how many there are.

        Raises:
          UsageError: a number that the mode cannot make.
        """
        if self.count is not None:
            return self.count(asked, inputs)
        return self.outputs if asked is None else asked


def find_mode(name: str) -> Mode[Any]:
    """The mode of a name, importing it.

    Raises:
      UnknownNameError: no such mode; close names are suggested.
      PluginLoadError: a plug-in's mode fails to import, or is something else.
    """
    mode: Mode[Any] = catalogue.produce(catalogue.modes, name)
    if mode.name != name:
        raise PluginLoadError(
            f"mode {name!r} comes from {catalogue.modes.describe(name)} and calls "
            f"itself {mode.name!r}: correct one of the two names there."
        )
    return mode


def own_modes() -> dict[str, Mode[Any]]:
    """Groovekit's own modes by name, in the order of the help."""
    return {name: find_mode(name) for name in catalogue.modes.own_names()}


def mode_names() -> list[str]:
    """Groovekit's modes, then those of plug-ins. Imports none."""
    own = catalogue.modes.own_names()
    return [*own, *(name for name in catalogue.modes.names() if name not in own)]


def describe_modes() -> list[tuple[str, str]]:
    """Each mode and what it makes; a plug-in's, not imported, says whose it is."""
    rows = [(name, f"{own.help} ({own.preset})") for name, own in own_modes().items()]
    for entry in catalogue.modes.entries():
        if not entry.builtin and entry.problem is None:
            package = " ".join(filter(None, (entry.package, entry.version)))
            rows.append((entry.name, f"a mode of {package}"))
    return rows


def check_options(mode: Mode[Any], given: Iterable[str]) -> None:
    """Refuses options without effect in a mode.

    Args:
      mode: that was chosen.
      given: names of the parameters that the user gave.

    Raises:
      UsageError: such an option; says in which modes it has one.
    """
    users: dict[str, list[str]] = {}
    for name, other in own_modes().items():
        for option in other.option_names:
            users.setdefault(option, []).append(name)
    for option in given:
        if option in users and option not in mode.option_names:
            raise UsageError(
                f"--{option.replace('_', '-')} has no effect with --mode {mode.name}; "
                f"it belongs to --mode {', '.join(users[option])}."
            )


def default_temperature(mode: Mode[Any], config: Config) -> float:
    """What suits a mode with a model of a config."""
    from groovekit.generation.inputs import DEFAULT_TEMPERATURE
    from groovekit.generation.tasks.filling import FILL_TEMPERATURE
    from groovekit.models.family import family_of

    family = family_of(config)
    if "fill" in mode.needs & family.abilities:
        return FILL_TEMPERATURE
    own = family.temperature(config)
    return DEFAULT_TEMPERATURE if own is None else own


def check_abilities(mode: Mode[Any], config: Config) -> None:
    """Raises a UsageError unless players of a config can do something a mode needs."""
    from groovekit.models.family import family_of

    abilities = family_of(config).abilities
    if mode.needs and not mode.needs & abilities:
        needed = " or ".join(sorted(mode.needs))
        has = ", ".join(sorted(abilities)) or "nothing"
        raise UsageError(
            f"--mode {mode.name} needs a model that can {needed}, and the abilities of "
            f"{config.name} are: {has}. Choose another model."
        )
