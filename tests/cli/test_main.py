"""The command group: lazy commands, spellings, errors and exit codes, listings."""

from __future__ import annotations

import errno
import json
import logging
import re
import subprocess
import sys
import types
import warnings

import click
import pytest

import groovekit
from groovekit.cli import main as cli
from groovekit.cli import options, start
from groovekit.errors import (
    DataError,
    TrainingInterruptedError,
    UnknownNameError,
    UsageError,
)


@pytest.fixture
def toy(monkeypatch):
    """Puts a command called ``toy-box`` into the group; returns how to set it."""

    def put(command: click.Command) -> None:
        module = types.ModuleType("toy_command")
        module.command = command
        monkeypatch.setitem(sys.modules, "toy_command", module)
        monkeypatch.setitem(cli.COMMANDS, "toy-box", ("toy_command", "A toy."))

    return put


def raising(error: BaseException) -> click.Command:
    @click.command()
    def command() -> None:
        raise error

    return command


# The group ----------------------------------------------------------------------------


def test_help_lists_every_command(command):
    result = command("--help")
    assert result.exit_code == 0
    for name, (_, text) in cli.COMMANDS.items():
        assert f"  {name} " in result.stdout
        assert text.split()[0] in result.stdout


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there_and_documented(command, name):
    result = command(name, "--help")
    assert result.exit_code == 0, result.output
    assert f"Usage: main {name}" in result.stdout
    assert len(result.stdout.splitlines()) > 3


def leaves(group: click.Group, path: tuple[str, ...] = ()):
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from leaves(found, (*path, name))
        else:
            yield " ".join((*path, name)), found


def test_every_visible_option_has_help():
    missing = [
        f"{path} {param.opts[0]}"
        for path, found in leaves(cli.main)
        for param in found.params
        if isinstance(param, click.Option) and not param.hidden and not param.help
    ]
    assert missing == []


def test_version(command):
    result = command("--version")
    assert result.stdout == f"groovekit, version {groovekit.__version__}\n"


def test_python_dash_m():
    done = subprocess.run(
        [sys.executable, "-m", "groovekit", "--version"], capture_output=True, text=True
    )
    assert done.stdout == f"groovekit, version {groovekit.__version__}\n"


def test_unknown_command_suggests(command):
    result = command("genrate")
    assert result.exit_code == 2
    assert "No such command 'genrate'" in result.stderr
    assert "generate" in result.stderr


def test_unknown_option_suggests_and_exits_with_2(command):
    result = command("configs", "list", "--jsn")
    assert result.exit_code == 2
    assert "--json" in result.stderr


# Spellings ----------------------------------------------------------------------------


@pytest.fixture
def spelled(toy):
    @click.command()
    @options.option("--steps", aliases=["--num-steps"], type=int, default=7, help="N.")
    @options.boolean("cache", default=True, help="C.", aliases=["cache-dataset"])
    @click.option("--recursive", is_flag=True, help="R.")
    @click.option("--batch-size", default=2, help="B.")
    @click.option("--config", type=click.Choice(["a_b", "c-d"]), default="c-d")
    @options.obsolete_options("--master", "--num-ps-tasks", "--log")
    def found(**values: object) -> None:
        click.echo(json.dumps(values))

    toy(found)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ("", {}),
        ("--steps 3", {"steps": 3}),
        ("--num-steps 3", {"steps": 3}),
        ("--num_steps=3", {"steps": 3}),
        ("--batch_size=9", {"batch_size": 9}),
        ("--batch-size 9", {"batch_size": 9}),
        ("--cache", {}),
        ("--no-cache", {"cache": False}),
        ("--cache=false", {"cache": False}),
        ("--cache_dataset=False", {"cache": False}),
        ("--cache_dataset=true", {}),
        ("--cache-dataset=0", {"cache": False}),
        ("--nocache_dataset", {"cache": False}),
        ("--no_cache_dataset", {"cache": False}),
        ("--recursive", {"recursive": True}),
        ("--recursive=true", {"recursive": True}),
        ("--recursive=false", {}),
        ("--config=a_b", {"config": "a_b"}),
        ("--config c-d", {}),
    ],
)
def test_spellings(command, spelled, args, expected):
    plain = {
        "steps": 7,
        "cache": True,
        "recursive": False,
        "batch_size": 2,
        "config": "c-d",
    }
    result = command("toy_box", *args.split())
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == plain | expected
    assert result.stderr == ""


def test_a_boolean_is_true_or_false(command, spelled):
    result = command("toy-box", "--cache_dataset=maybe")
    assert result.exit_code == 2
    assert "'maybe' is neither true nor false" in result.stderr


def test_help_shows_defaults_but_no_aliases(command, spelled):
    text = command("toy-box", "--help").stdout
    assert "--steps INTEGER" in text
    assert "[default: 7]" in text
    assert "--cache / --no-cache" in text
    for hidden in ("num-steps", "cache-dataset", "nocache", "master", "ps-tasks"):
        assert hidden not in text


def test_obsolete_flags_say_so_and_do_nothing(command, spelled):
    result = command("toy-box", "--master=local", "--num_ps_tasks=0", "--log", "INFO")
    assert result.exit_code == 0
    assert len(result.stderr.splitlines()) == 3
    for flag in ("--master", "--num-ps-tasks", "--log"):
        assert f"{flag} has no effect: {options.OBSOLETE[flag]}." in result.stderr


# Errors -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UnknownNameError("Unknown config 'x'."), 1, "Error: Unknown config 'x'.\n"),
        (DataError("nothing to read"), 1, "Error: nothing to read\n"),
        (UsageError("--a contradicts --b"), 2, "Error: --a contradicts --b\n"),
        (TrainingInterruptedError("saved.", 143), 143, "Error: saved.\n"),
        (KeyboardInterrupt(), 130, "Error: interrupted.\n"),
        (
            PermissionError(errno.EACCES, "Permission denied", "/root/x.mid"),
            1,
            "Error: /root/x.mid: Permission denied.\n",
        ),
        (
            MemoryError("Unable to allocate 9 GiB"),
            1,
            "Error: out of memory (Unable to allocate 9 GiB). Try a smaller "
            "--batch-size or fewer files at a time.\n",
        ),
    ],
)
def test_errors_become_messages_and_exit_codes(command, toy, error, code, message):
    toy(raising(error))
    result = command("toy-box")
    assert result.exit_code == code
    assert result.stderr == message
    assert result.stdout == ""


@pytest.mark.parametrize("error", [ValueError("a bug"), OSError("without a file")])
def test_bugs_keep_their_traceback(command, toy, error):
    toy(raising(error))
    assert command("toy-box").exception is error


def test_logs_go_to_stderr_while_a_command_runs(command, toy):
    @click.command()
    def talkative() -> None:
        logging.getLogger("groovekit.deep").info("about the work")
        click.echo("result")

    toy(talkative)
    before = logging.getLogger("groovekit").handlers[:]
    result = command("toy-box")
    assert result.stdout == "result\n"
    assert result.stderr == "about the work\n"
    assert logging.getLogger("groovekit").handlers == before


def test_warnings_for_users_are_one_line(command, toy):
    @click.command()
    def warning() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mind the gap", stacklevel=1)

    toy(warning)
    assert command("toy-box").stderr == "Warning: mind the gap\n"


# Backends -----------------------------------------------------------------------------


def test_backend_is_an_option_then_the_environment_then_what_is_there(monkeypatch):
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    installed = {"keras", "jax", "torch"}
    monkeypatch.setattr(
        start.importlib.util, "find_spec", lambda name: name in installed or None
    )
    for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        monkeypatch.setenv(name, "")
    assert start.use_backend() == "jax"
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert start.use_backend() == "torch"
    assert start.use_backend("jax", "cpu") == "jax"
    assert start.os.environ["KERAS_BACKEND"] == "jax"
    assert start.os.environ["CUDA_VISIBLE_DEVICES"] == "-1"
    with pytest.raises(UsageError, match="tensorflow is not installed"):
        start.use_backend("tensorflow")
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UsageError, match="'theano'; groovekit runs on tensorflow"):
        start.use_backend()
    installed.clear()
    monkeypatch.setenv("KERAS_BACKEND", "")
    with pytest.raises(UsageError, match="No backend is installed"):
        start.use_backend()


def test_backend_cannot_change_within_a_process(monkeypatch):
    keras = types.ModuleType("keras")
    keras.backend = types.SimpleNamespace(backend=lambda: "torch")
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setattr(start.importlib.util, "find_spec", bool)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert start.use_backend() == "torch"
    with pytest.raises(UsageError, match="already runs on torch"):
        start.use_backend("jax")


# Listings -----------------------------------------------------------------------------


def test_configs(command):
    lines = command("configs", "list").stdout.splitlines()
    assert any(line.startswith("groovae_4bar  ") for line in lines)
    entries = json.loads(command("configs", "list", "--json").stdout)
    assert [e["name"] for e in entries] == [line.split()[0] for line in lines]
    shown = command("configs", "show", "groovae_4bar").stdout
    assert "latent.z_size" in shown
    config = groovekit.get_config("groovae_4bar")
    as_json = json.loads(command("configs", "show", "groovae_4bar", "--json").stdout)
    assert groovekit.ModelConfig.from_dict(as_json) == config
    unknown = command("configs", "show", "groovae_4baar")
    assert unknown.exit_code == 1
    assert "Did you mean 'groovae_4bar'" in unknown.stderr


def test_converters(command):
    names = [e.split()[0] for e in command("converters", "list").stdout.splitlines()]
    assert names == ["drums", "groove", "melody", "performance", "trio"]
    text = command("converters", "show", "groove").stdout
    assert "groovekit.converters.groove:GrooveConverter" in text
    assert "max_note_dropout" in text
    # What base classes say of their fields is said too, in the fields' order.
    assert "  bars: bars of a window.\n  steps_per_quarter: " in text
    assert text.index("  unmapped: ") < text.index("  hop_bars: ")
    shown = json.loads(command("converters", "show", "drums", "--json").stdout)
    assert {"name": "bars", "type": "int", "default": 2} in shown["options"]


def test_presets(command, fake_package, tmp_path):
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "CARD.md").write_text("# Tiny\n", encoding="utf-8")
    (folder / "config.json").write_text('{"name": "x"}', encoding="utf-8")
    fake_package(
        "swing-kit",
        "0.3",
        {"groovekit.presets": {"swing.tiny": "swing_kit:tiny"}},
        f"tiny = {str(folder)!r}",
    )
    listed = command("presets", "list").stdout
    assert "swing.tiny" in listed
    assert "Four bars of drumming" in listed
    assert "(--mode sample, interpolate, reconstruct, vary, attribute)" in listed
    assert command("presets", "show", "swing.tiny").stdout.startswith("# Tiny\n")
    shown = json.loads(command("presets", "show", "swing.tiny", "--json").stdout)
    assert shown == {
        "name": "swing.tiny",
        "folder": str(folder),
        "config": {"name": "x"},
        "card": "# Tiny\n",
    }
    assert command("presets", "show", "swing.tin").exit_code == 1


def test_plugins(command, fake_package, monkeypatch):
    empty = command("plugins", "list")
    assert (empty.stdout, empty.stderr) == ("", "No plug-ins are installed.\n")
    fake_package(
        "swing-kit",
        "0.3",
        {"groovekit.configs": {"swing.x": "swing_kit:x", "undotted": "swing_kit:y"}},
    )
    text = command("plugins", "list").stdout
    assert text.startswith("swing-kit 0.3\n")
    marked = [line for line in text.splitlines() if "CANNOT BE USED" in line]
    assert len(marked) == 1
    assert "undotted" in marked[0]
    checked = command("plugins", "list", "--check").stdout
    assert checked.count("CANNOT BE USED") == 2
    found = json.loads(command("plugins", "list", "--json").stdout)
    assert [offer["name"] for offer in found[0]["offers"]] == ["swing.x", "undotted"]
    monkeypatch.setenv("GROOVEKIT_PLUGINS", "0")
    off = command("plugins", "list")
    assert (off.stdout, off.exit_code) == ("", 0)
    assert "GROOVEKIT_PLUGINS=0" in off.stderr


def test_one_plugin(command, fake_package):
    points = {
        "groovekit.configs": {"swing.x": "swing_kit:x"},
        "groovekit.kit_maps": {"swing.pads": "swing_kit:pads"},
    }
    source = (
        "from groovekit import KitMap\ndef pads(): return KitMap('pads', ((36,),))\n"
    )
    fake_package("swing-kit", "0.3", points, source)
    text = command("plugins", "show", "swing_kit").stdout
    assert text.startswith("swing-kit\nversion 0.3\n\nconfigs\n  swing.x")
    assert "CANNOT BE USED" in text.partition("kit maps")[0]
    assert "CANNOT BE USED" not in text.partition("kit maps")[2]
    value = json.loads(command("plugins", "show", "swing-kit", "--json").stdout)
    assert [offer["kind"] for offer in value[0]["offers"]] == ["config", "kit map"]
    unknown = command("plugins", "show", "swing-kitt")
    assert unknown.exit_code == 1
    assert "Did you mean 'swing-kit'" in unknown.stderr


def test_new_plugin(command, tmp_path):
    made = command("plugins", "new", "swing_kit", "--output-dir", tmp_path)
    assert made.exit_code == 0
    assert made.stdout == f"{tmp_path / 'swing_kit'}\n"
    assert "pip install -e" in made.stderr
    assert (tmp_path / "swing_kit" / "swing_kit" / "converter.py").is_file()
    again = command("plugins", "new", "swing_kit", "--output-dir", tmp_path)
    assert (again.exit_code, again.stdout) == (1, "")
    assert "Choose another name" in again.stderr
    bad = command("plugins", "new", "Swing.Kit", "--output-dir", tmp_path)
    assert (bad.exit_code, bad.stdout) == (2, "")
    assert "such as 'swing_kit', got 'Swing.Kit'" in bad.stderr


def test_a_broken_plugin_breaks_its_own_names_only(command, fake_package):
    points = {"groovekit.configs": {"bad.one": "bad_one:one"}}
    fake_package("bad-one", "1.0", points, "import nothing_of_this_name\n")
    result = command("configs", "show", "bad.one")
    assert result.exit_code == 1
    assert "bad_one:one (bad-one 1.0), which failed to import" in result.stderr
    assert "No module named 'nothing_of_this_name'" in result.stderr
    assert "bad.one" in command("configs", "list").stdout
    assert command("configs", "show", "groovae_4bar").exit_code == 0
    assert "CANNOT BE USED" in command("plugins", "list", "--check").stdout


def test_two_packages_of_one_name(command, fake_package):
    source = "import groovekit as gk\ndef x(): return gk.get_config('groovae_4bar')\n"
    for package in ("swing-one", "swing-two"):
        module = package.replace("-", "_")
        points = {
            "groovekit.configs": {
                "swing.x": f"{module}:x",
                f"{module}.x": f"{module}:x",
            }
        }
        fake_package(package, "0.3", points, source)
    result = command("configs", "show", "swing.x")
    assert result.exit_code == 1
    for package in ("swing_one:x (swing-one 0.3)", "swing_two:x (swing-two 0.3)"):
        assert package in result.stderr
    # The rest works.
    assert command("configs", "show", "swing_two.x").exit_code == 0
    assert command("plugins", "list").stdout.count("CANNOT BE USED") == 2


def test_kits(command, tmp_path):
    lines = command("kits", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "addictive_drums", "avl_drumkits", "bfd", "full_61", "general_midi",
        "general_midi_down_1", "general_midi_up_1", "general_midi_up_2", "hydrogen",
        "modo_drum", "roland_td11", "roland_v_drums", "ssd", "superior_drummer",
    ]  # fmt: skip
    assert "61 classes" in lines[3]
    text = command("kits", "show", "roland_td11").stdout
    assert re.search(r"^0 +kick +36$", text, re.M)
    # What --json shows is a kit map's file.
    path = tmp_path / "mine.json"
    path.write_text(command("kits", "show", "general_midi", "--json").stdout)
    tables = [
        command("kits", "show", name).stdout.partition("CLASS")[2]
        for name in ("general_midi", path)
    ]
    assert tables[0] == tables[1] != ""


def test_a_plugin_that_claims_a_builtins_name_is_marked(command, fake_package):
    fake_package(
        "swing-kit", "0.3", {"groovekit.configs": {"groovae_4bar": "swing_kit:x"}}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        result = command("plugins", "list")
    assert "CANNOT BE USED: 'groovae_4bar' is groovekit's own config" in result.stdout
    assert result.stderr.startswith("Warning: swing_kit:x (swing-kit 0.3) offers")
    assert len(result.stderr.splitlines()) == 1
