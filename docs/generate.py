"""Writes the parts of the documentation that come from the code.

A page names such a part in a pair of comments; what stands between them is
replaced::

    <!-- generated: commands -->
    <!-- end -->

    python docs/generate.py            # rewrites the pages
    python docs/generate.py --check    # only says which are out of date

The tests compare, so that a page cannot fall behind the code.
"""

from __future__ import annotations

import argparse
import ast
import configparser
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

import groovekit
from groovekit.cli.main import main as group
from groovekit.cli.options import AliasedOption
from groovekit.configs.base import get_config
from groovekit.configs.masked import MaskedConfig
from groovekit.configs.overrides import OBSOLETE_NAMES, describe_fields
from groovekit.converters.kits import get_kit, shipped_kits
from groovekit.models.size import network_size
from groovekit.plugins import catalogue

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
PACKAGE = Path(groovekit.__file__).resolve().parent
WIDTH = 88

_BLOCK = re.compile(
    r"(?P<start><!-- generated: (?P<name>[a-z]+)(?: (?P<argument>\S+))? -->\n)"
    r".*?(?P<end><!-- end -->)",
    re.DOTALL,
)


# Commands -----------------------------------------------------------------------------


def walk(
    command: click.Command, path: tuple[str, ...], parent: click.Context | None = None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yields each command and what is below it: words, command, context."""
    settings = command.context_settings | {"terminal_width": WIDTH}
    context = click.Context(command, parent=parent, info_name=path[-1], **settings)
    yield " ".join(path), command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None, name
            yield from walk(below, (*path, name), context)


def commands(_: str | None = None) -> str:
    """The help of every command, with the original's spellings."""
    parts = []
    for words, command, context in walk(group, ("groovekit",)):
        level = "##" if words.count(" ") < 2 else "###"
        text = "\n".join(
            line.rstrip() for line in command.get_help(context).split("\n")
        )
        parts.append(f"{level} {words}\n\n```text\n{text}\n```\n")
        also = [
            f"`{alias}` for `{option.opts[0]}`"
            for option in command.params
            if isinstance(option, AliasedOption)
            for alias in option.aliases
        ]
        hidden = [
            f"`{option.opts[0]}`"
            for option in command.params
            if isinstance(option, click.Option) and option.hidden
        ]
        if also:
            parts.append(f"Also accepted: {', '.join(also)}.\n")
        if hidden:
            parts.append(f"Accepted for the original's sake: {', '.join(hidden)}.\n")
    return "\n".join(parts)


# Configs and converters ---------------------------------------------------------------


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def _table(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    lines = [_row(*header), _row(*("---" for _ in header))]
    return "\n".join([*lines, *(_row(*row) for row in rows)])


def configs(argument: str | None) -> str:
    """The built-in configs of a family: a module of ``groovekit.configs``."""
    header = (
        *("name", "what it models", "input", "output", "controls", "encoder"),
        *("levels", "conductor", "decoder", "z", "parameters"),
    )
    rows: list[tuple[object, ...]] = []
    for entry in catalogue.configs.entries():
        home = entry.origin.partition(":")[0]
        if not entry.builtin or home != f"groovekit.configs.{argument}":
            continue
        config = get_config(entry.name)
        converter, decoder = config.converter, config.decoder
        conductor, projection = "", decoder.conductor_projection
        if decoder.level_lengths:
            conductor = _layers(decoder.conductor_size or decoder.rnn_size)
            conductor += f", then {projection}" if projection else ""
        encoder = _layers(config.encoder.rnn_size)
        if config.encoder.level_lengths:
            encoder += f" by {_by(config.encoder.level_lengths)}"
        size = network_size(config)
        assert size is not None, entry.name
        rows.append(
            (
                f"`{entry.name}`",
                config.description,
                _by((converter.steps, converter.input_depth)),
                _by((converter.steps, converter.output_depth)),
                converter.control_depth or "",
                encoder,
                _by(decoder.level_lengths),
                conductor,
                _layers(decoder.rnn_size),
                config.latent.z_size,
                f"{size.parameters / 1e6:.1f} M",
            )
        )
    if not rows:
        raise LookupError(f"no configs in groovekit.configs.{argument}")
    used = [i for i in range(len(header)) if any(row[i] != "" for row in rows)]
    return _table(
        tuple(header[i] for i in used), [tuple(row[i] for i in used) for row in rows]
    )


def masked_configs(_: str | None = None) -> str:
    """The built-in configs of the masked family."""
    header = ("name", "what it fills", "window", "channels", "blocks", "parameters")
    rows: list[tuple[object, ...]] = []
    for entry in catalogue.configs.entries():
        config = get_config(entry.name)
        if not entry.builtin or not isinstance(config, MaskedConfig):
            continue
        size = network_size(config)
        assert size is not None, entry.name
        rows.append(
            (
                f"`{entry.name}`",
                config.description,
                f"{config.converter.bars} bars",
                config.network.channels,
                len(config.network.dilations),
                f"{size.parameters / 1e6:.1f} M",
            )
        )
    return _table(header, rows)


def _by(numbers: tuple[int, ...]) -> str:
    return " × ".join(map(str, numbers))


def _layers(sizes: tuple[int, ...]) -> str:
    """Layers and their units: ``2 × 1024``, or only the units of one layer."""
    if len(sizes) == 1:
        return str(sizes[0])
    return f"{len(sizes)} × {sizes[0]}" if len(set(sizes)) == 1 else str(list(sizes))


def fields(argument: str | None) -> str:
    """What overrides can reach in a config: ``CONFIG`` or ``CONFIG:PREFIX``."""
    name, _, prefix = (argument or "").partition(":")
    rows: list[tuple[object, ...]] = [
        (
            f"`{field.path}`",
            f"`{field.flat}`" if field.flat else "",
            field.kind,
            f"`{_plain(field.value)}`",
        )
        for field in describe_fields(get_config(name))
        if field.path.startswith(prefix)
    ]
    return _table(("name", "the original's", "takes", f"in `{name}`"), rows)


def _plain(value: object) -> str:
    if not isinstance(value, tuple):
        return str(value)
    if len(value) > 8 and value == tuple(range(value[0], value[0] + len(value))):
        return f"[{value[0]}, {value[1]}, ..., {value[-1]}]"
    return str(list(value))


def obsolete(_: str | None = None) -> str:
    """The original's hyperparameters that have no counterpart."""
    return ", ".join(f"`{name}`" for name in sorted(OBSOLETE_NAMES))


# Kit maps -----------------------------------------------------------------------------


def kits(_: str | None = None) -> str:
    """Pitches by class of the nine-class kit maps, side by side."""
    roland, general = get_kit("roland_td11"), get_kit("general_midi")
    rows: list[tuple[object, ...]] = []
    for index, name in enumerate(roland.class_names):
        pitches = (" ".join(map(str, kit.classes[index])) for kit in (roland, general))
        rows.append((index, name, *pitches))
    return _table(("class", "name", "`roland_td11`", "`general_midi`"), rows)


def kit_maps(_: str | None = None) -> str:
    """Groovekit's own kit maps and what they are of."""
    rows = ((f"`{kit.name}`", len(kit), kit.description) for kit in shipped_kits())
    return _table(("kit map", "classes", "of what"), rows)


def disagreements(_: str | None = None) -> str:
    """Pitches that the two nine-class maps put into different classes."""
    roland, general = get_kit("roland_td11"), get_kit("general_midi")
    rows: list[tuple[object, ...]] = []
    for pitch in range(128):
        a, b = int(roland.table[pitch]), int(general.table[pitch])
        if a >= 0 and b >= 0 and a != b:
            names = (roland.class_names[a], general.class_names[b])
            rows.append((pitch, *names))
    return _table(("pitch", "`roland_td11`", "`general_midi`"), rows)


# Python -------------------------------------------------------------------------------


def names(_: str | None = None) -> str:
    """The public names, each with the first line of its docstring."""
    rows: list[tuple[object, ...]] = []
    for name in groovekit.__all__:
        if name in groovekit._HOME:
            module = groovekit._HOME[name]
            rows.append((f"`{name}`", f"`{module}`", _first_line(module, name)))
    return _table(("name", "module", "what it is"), rows)


# Names that are made by calls or imports, where no docstring stands.
_OTHERS = {
    "NoteSequence": "Notes and tempos: note_seq's message where that is installed.",
    "register_config": "Decorator: adds a function that returns a config.",
    "register_converter": "Decorator: adds a converter class.",
    "register_decoder": "Decorator: adds a decoder layer.",
    "register_encoder": "Decorator: adds an encoder layer.",
    "register_family": "Decorator: adds a family of models.",
    "register_head": "Decorator: adds an output head.",
    "register_attribute": "Decorator: adds an attribute of drumming.",
    "register_numpy_decoder": "Decorator: adds a decoder's twin in NumPy.",
    "register_numpy_encoder": "Decorator: adds an encoder's twin in NumPy.",
    "register_numpy_head": "Decorator: adds a head's twin in NumPy.",
    "register_kit_map": "Decorator: adds a kit map.",
    "register_mode": "Decorator: adds a mode of `generate`.",
    "register_preset": "Decorator: adds a preset's folder.",
}


def _first_line(module: str, name: str) -> str:
    """Read from the source: importing training would bring Keras along."""
    if name in _OTHERS:
        return _OTHERS[name]
    path = PACKAGE.parent.joinpath(*module.split(".")).with_suffix(".py")
    if not path.is_file():  # a package, whose submodule is the public name
        package = path.with_suffix("") / name / "__init__.py"
        return (ast.get_docstring(ast.parse(package.read_text())) or "").split("\n")[0]
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and name in [a.name for a in node.names]:
            return _first_line(node.module or "", name)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            text = ast.get_docstring(node) or ""
            first = text.split("\n\n")[0].replace("\n", " ")
            return re.sub(r":\w+:`~?([^`]+)`|``([^`]+)``", r"`\1\2`", first)
    raise LookupError(f"{module} defines no {name}")


# Rooms --------------------------------------------------------------------------------


def rooms(_: str | None = None) -> str:
    """The rooms, the uppermost first, each with the first line of its docstring."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    layers = settings["importlinter:contract:rooms"]["layers"]
    rows: list[tuple[object, ...]] = []
    # Those in brackets need not be there yet.
    for room in re.findall(r"(?<!\()\b\w+\b(?!\))", layers):
        path = PACKAGE / room / "__init__.py"
        if not path.is_file():
            path = PACKAGE / f"{room}.py"
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        first = text.split("\n")[0].replace("``", "`")
        name = room if path.name == "__init__.py" else path.name
        rows.append((f"`{name}`", first))
    return _table(("room", "what is in it"), rows)


# Files --------------------------------------------------------------------------------


def file(argument: str | None) -> str:
    """A file of the repository as a code block."""
    path = ROOT / (argument or "")
    languages = {".py": "python", ".cfg": "ini", ".json": "json"}
    text = path.read_text(encoding="utf-8").rstrip()
    return f"```{languages[path.suffix]}\n{text}\n```"


BLOCKS: dict[str, Callable[[str | None], str]] = {
    "commands": commands,
    "configs": configs,
    "disagreements": disagreements,
    "fields": fields,
    "file": file,
    "kit_maps": kit_maps,
    "kits": kits,
    "masked": masked_configs,
    "names": names,
    "obsolete": obsolete,
    "rooms": rooms,
}


def render(text: str) -> str:
    """The page with all of its generated parts written anew."""

    def replace(match: re.Match[str]) -> str:
        content = BLOCKS[match["name"]](match["argument"])
        return f"{match['start']}\n{content.strip()}\n\n{match['end']}"

    return _BLOCK.sub(replace, text)


def pages() -> list[Path]:
    """All pages, the README included."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def run() -> int:
    """Rewrites the pages, or says which differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--check", action="store_true", help="Change nothing.")
    check = parser.parse_args().check
    stale = 0
    for path in pages():
        text = path.read_text(encoding="utf-8")
        wanted = render(text)
        if wanted != text:
            stale += 1
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date\n")
            if not check:
                path.write_text(wanted, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(run())
