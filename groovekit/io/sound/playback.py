"""Playing WAV files aloud, by whichever player the system has."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

# In each command the file stands in the place of this.
_FILE = "{file}"
#: Commands that play a file and return at its end, the likeliest to be heard first.
PLAYERS: Mapping[str, tuple[str, ...]] = {
    "afplay": (_FILE,),
    "pw-play": (_FILE,),
    "paplay": (_FILE,),
    "aplay": ("-q", _FILE),
    "ffplay": ("-nodisp", "-autoexit", "-loglevel", "error", _FILE),
    "powershell": (
        "-NoProfile",
        "-Command",
        f"$ErrorActionPreference = 'Stop'; "
        f"(New-Object Media.SoundPlayer '{_FILE}').PlaySync()",
    ),
}


@dataclasses.dataclass(frozen=True)
class Playback:
    """How playing went.

    Attributes:
      player: what played the file; None where nothing did.
      failures: players that are installed but could not, and what they said.
    """

    player: str | None
    failures: Mapping[str, str]


def play_wav(path: Path) -> Playback:
    """Plays a WAV file aloud, and waits for its end.

    Args:
      path: the file.

    Returns:
      Which player played it, if any did. A player that is installed may find no
      loudspeaker, as on a server.
    """
    failures: dict[str, str] = {}
    for name, arguments in PLAYERS.items():
        program = shutil.which(name)
        if program is None:
            continue
        file = str(path)
        if name == "powershell":
            file = file.replace("'", "''")
        done = subprocess.run(  # noqa: S603 - a program of ours, and no shell
            [program, *(argument.replace(_FILE, file) for argument in arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode == 0:
            return Playback(name, failures)
        lines = done.stderr.strip().splitlines()
        failures[name] = lines[-1] if lines else f"exit code {done.returncode}"
    return Playback(None, failures)
