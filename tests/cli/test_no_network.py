"""No command opens a socket unless it is asked to fetch something."""

from __future__ import annotations

import socket

import pytest
from helpers import tiny

from groovekit.io.midi.files import write_midi

COMMANDS = {
    "help": ("--help",),
    "presets": ("presets", "list"),
    "configs": ("configs", "list"),
    "recipes": ("recipes", "list"),
    "kits": ("kits", "list"),
    "plugins": ("plugins", "list"),
    "cache": ("cache", "list"),
    "inspect": ("inspect", "{take}"),
    "convert": ("convert", "--input-dir", "{folder}", "--output", "{out}/a.tfr"),
    "sample": ("generate", "--output-dir", "{out}", "--seed", "1"),
    "humanize": (
        *("generate", "--mode", "humanize", "--input", "{take}"),
        *("--output-dir", "{out}", "--seed", "1"),
    ),
    "reconstruct": (
        *("generate", "--mode", "reconstruct", "--input", "{take}"),
        *("--output-dir", "{out}"),
    ),
    "render": ("render", "{take}", "--output-dir", "{out}"),
    "train": (
        *("train", "--examples", "{folder}", "--run-dir", "{out}/run", "--no-cache"),
        *("--steps", "0", "--hparams", "z_size=8,enc_rnn_size=[8],dec_rnn_size=[8]"),
    ),
}


class OpenedError(Exception):
    """A command reaches for the network."""


@pytest.fixture
def forbidden(monkeypatch):
    def refuse(*arguments, **_):
        raise OpenedError(arguments)

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse, raising=False)
    for name in ("create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_default_command_opens_a_socket(command, tmp_path, name, forbidden):
    folder, out = tmp_path / "takes", tmp_path / "out"
    for number in range(3):
        write_midi(tiny.groove(number, bars=6), folder / f"{number}.mid")
    places = {"folder": folder, "take": folder / "0.mid", "out": out}
    done = command(*(part.format(**places) for part in COMMANDS[name]))
    assert done.exit_code == 0, done.output


def test_the_guard_guards(forbidden):
    with pytest.raises(OpenedError), socket.socket() as probe:
        probe.connect(("127.0.0.1", 9))
