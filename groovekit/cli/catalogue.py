"""What has a name: commands that list all of a kind and show one."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from groovekit.cli.generate.mode import own_modes
from groovekit.cli.options import json_option
from groovekit.cli.output import echo_json, echo_table, note
from groovekit.cli.types import CONVERTER, KIT, PRESET, RECIPE, Name
from groovekit.configs.recipes import get_recipe
from groovekit.configs.recipes import names as recipe_names
from groovekit.converters.kits import get_kit
from groovekit.fields import field_types
from groovekit.plugins import catalogue
from groovekit.plugins.registry import Entry, Registry

CARD_FILE = "CARD.md"

_ATTRIBUTES = "Attributes:"
# A field in a docstring, with the further lines of its text.
_ATTRIBUTE = re.compile(r"^(?=  (\w+): )(.+(?:\n    .+)*)", re.MULTILINE)


def list_and_show(
    help: str,
    *,
    entries: Callable[[bool], None],
    value: Callable[[str], Any],
    show: Callable[[str], None],
    type: Name,
) -> click.Group:
    """Makes the commands ``list`` and ``show`` of a kind of names.

    Args:
      help: of both together.
      entries: lists them, as JSON if it is given True; its docstring is the help.
      value: what ``show NAME --json`` writes.
      show: shows NAME to people; its docstring is the help.
      type: of the names.
    """
    group = click.Group("catalogue", help=help)

    @group.command("list", help=inspect.getdoc(entries))
    @json_option
    def list_all(as_json: bool) -> None:
        entries(as_json)

    @group.command("show", help=inspect.getdoc(show))
    @click.argument("name", metavar=type.name.upper(), type=type)
    @json_option
    def show_one(name: str, as_json: bool) -> None:
        if as_json:
            echo_json(value(name))
        else:
            show(name)

    return group


def show_entries(
    registry: Registry[Any],
    *,
    as_json: bool,
    describe: Callable[[str], str] | None = None,
) -> None:
    """Lists a registry's names with their packages; imports no plug-in.

    Args:
      registry: whose names to list.
      as_json: write every detail, for programs.
      describe: words for one of groovekit's own names; the first line is shown.
    """
    entries = registry.entries()
    if as_json:
        echo_json([dataclasses.asdict(entry) for entry in entries])
        return
    if not entries:
        note(f"There are no {registry.kind}s.")
    for entry in entries:
        if entry.problem:
            note(f"{entry.name} of {entry} cannot be used: {entry.problem}")
    usable = [entry for entry in entries if not entry.problem]
    echo_table((entry.name, _summary(entry, describe)) for entry in usable)


def _summary(entry: Entry, describe: Callable[[str], str] | None) -> str:
    if not entry.builtin:
        return f"from {' '.join(filter(None, (entry.package, entry.version)))}"
    text = describe(entry.name) if describe else ""
    return text.partition("\n")[0]


def flatten(
    values: Mapping[str, Any], *, prefix: str = "", skip: tuple[str, ...] = ()
) -> Iterator[tuple[str, str]]:
    """Yields ``(dotted path, value)`` of nested mappings.

    Args:
      values: nested mappings with plain values.
      prefix: what stands before each path.
      skip: keys of the outermost mapping that are left out.
    """
    for key, value in values.items():
        if key in skip:
            continue
        if isinstance(value, Mapping) and value:
            yield from flatten(value, prefix=f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", str(_plain(value))


def _plain(value: Any) -> Any:
    """The value as JSON would hold it: tuples as lists, others as text."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


# Converters -------------------------------------------------------------------------


def _list_converters(as_json: bool) -> None:
    """List every converter by name, with the package it comes from."""
    show_entries(
        catalogue.converters,
        as_json=as_json,
        describe=lambda name: inspect.getdoc(catalogue.converters.get(name)) or "",
    )


def _converter(name: str) -> dict[str, Any]:
    # Registering checked that it is a dataclass, which its type does not say.
    converter: Any = catalogue.converters.get(name)
    types = field_types(converter)
    return {
        **dataclasses.asdict(catalogue.converters.describe(name)),
        "description": _description(converter),
        "options": [
            {
                "name": field.name,
                "type": _words(types[field.name]),
                "default": _default(field),
            }
            for field in dataclasses.fields(converter)
            if field.name in types
        ],
    }


def _description(converter: type) -> str:
    """What a converter's docstring says, inherited fields included."""
    own = inspect.getdoc(converter) or ""
    before, _, after = own.partition(_ATTRIBUTES)
    known = {name for name, _ in _ATTRIBUTE.findall(after)}
    texts = {
        name: text
        for base in reversed(converter.__mro__[1:])
        if dataclasses.is_dataclass(base)
        for name, text in _ATTRIBUTE.findall(inspect.getdoc(base) or "")
    }
    inherited = [
        texts[name]
        for name in field_types(converter)
        if name in texts and name not in known
    ]
    if not inherited:
        return own
    return "\n".join([before.rstrip(), "", _ATTRIBUTES, *inherited, after.lstrip("\n")])


def _words(hint: Any) -> str:
    # Classes of groovekit by their name alone.
    return inspect.formatannotation(hint, getattr(hint, "__module__", None))


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return _plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _plain(field.default_factory())
    return "required"


def _show_converter(name: str) -> None:
    """Show what the converter NAME does and its options with their defaults."""
    table = _converter(name)
    click.echo(name)
    click.echo(f"from {catalogue.converters.describe(name)}")
    if table["description"]:
        click.echo(f"\n{table['description']}")
    click.echo()
    header = ("option", "type", "default")
    echo_table((option.values() for option in table["options"]), header=header)


converters = list_and_show(
    "List and show data converters.",
    entries=_list_converters,
    value=_converter,
    show=_show_converter,
    type=CONVERTER,
)


# Kit maps ---------------------------------------------------------------------------


def _list_kits(as_json: bool) -> None:
    """List every kit map by name, with the package it comes from."""

    def describe(name: str) -> str:
        kit = get_kit(name)
        return f"{len(kit)} classes: {kit.description}"

    show_entries(catalogue.kit_maps, as_json=as_json, describe=describe)


def _show_kit(name: str) -> None:
    """Show the classes of a kit map and their pitches.

    The first pitch of a class is the one that is written. With --json the output
    is a kit map's file: change it and give it to --kit.
    """
    kit = get_kit(name)
    click.echo(kit.name)
    if name in catalogue.kit_maps.names():
        click.echo(f"from {catalogue.kit_maps.describe(name)}")
    if kit.description:
        click.echo(f"\n{kit.description}")
    click.echo()
    rows = zip(kit.class_names, kit.classes, strict=True)
    echo_table(
        (
            (number, label, " ".join(map(str, pitches)))
            for number, (label, pitches) in enumerate(rows)
        ),
        header=("class", "name", "pitches"),
    )


kits = list_and_show(
    "List and show kit maps: which MIDI pitches are the same drum.",
    entries=_list_kits,
    value=lambda name: get_kit(name).to_dict(),
    show=_show_kit,
    type=KIT,
)


# Presets ----------------------------------------------------------------------------


def _list_presets(as_json: bool) -> None:
    """List every preset: what it plays, or the package it comes from."""

    def describe(name: str) -> str:
        description = get_recipe(name).description
        # The modes that take it unless told otherwise.
        played = [mode for mode, own in own_modes().items() if own.preset == name]
        return f"{description} (--mode {', '.join(played)})" if played else description

    show_entries(catalogue.presets, as_json=as_json, describe=describe)


def _preset(name: str) -> dict[str, Any]:
    folder = catalogue.preset_folder(name)
    files = {
        part: json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))
        for part in ("config", "metadata")
        if (folder / f"{part}.json").is_file()
    }
    return {"name": name, "folder": str(folder), **files, "card": _card(name)}


def _card(name: str) -> str:
    card = catalogue.preset_folder(name) / CARD_FILE
    return card.read_text(encoding="utf-8") if card.is_file() else ""


def _show_preset(name: str) -> None:
    """Show the card of the preset NAME: data, licence, figures."""
    click.echo(_card(name).rstrip() or f"{name} has no {CARD_FILE}.")
    click.echo(f"\nFolder: {catalogue.preset_folder(name)}")


presets = list_and_show(
    "List and show trained models that are ready to play.",
    entries=_list_presets,
    value=_preset,
    show=_show_preset,
    type=PRESET,
)


# Recipes ----------------------------------------------------------------------------


def _list_recipes(as_json: bool) -> None:
    """List every recipe by name."""
    found = [get_recipe(name) for name in recipe_names()]
    if as_json:
        echo_json([dataclasses.asdict(recipe) for recipe in found])
    else:
        echo_table((recipe.name, recipe.description) for recipe in found)


def _recipe(name: str) -> dict[str, Any]:
    return dataclasses.asdict(get_recipe(name))


def _show_recipe(name: str) -> None:
    """Show the recipe NAME: config, changes, data, seed and length."""
    echo_table(flatten(_recipe(name)))


recipes = list_and_show(
    "List and show trainings to run again (groovekit train --recipe NAME).",
    entries=_list_recipes,
    value=_recipe,
    show=_show_recipe,
    type=RECIPE,
)
