"""``groovekit play``: MIDI files aloud."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from groovekit.cli.options import files_to_show, soundfont_option
from groovekit.cli.output import note
from groovekit.cli.progress import duration


@click.command("play")
@files_to_show("WAV files, where there is no player")
@soundfont_option
def command(
    files: tuple[str, ...], output_dir: Path | None, soundfont: str | None
) -> None:
    """Play MIDI files aloud, one after the other.

    Drums and tones are groovekit's own, unless a SoundFont is given. A player of the
    system plays them: afplay, pw-play, paplay, aplay, ffplay or PowerShell. Where none
    is there, or none finds a loudspeaker, WAV files are written instead. Ctrl-C stops.
    """
    from groovekit.io.midi.files import read_midi
    from groovekit.io.sound.playback import PLAYERS, play_wav
    from groovekit.io.sound.rendering import SAMPLE_RATE, render
    from groovekit.io.sound.wav import write_wav

    silent = None
    for file in files:
        path = Path(file).expanduser()
        audio = render(read_midi(path), soundfont=soundfont)
        if silent is None:
            note(f"Playing {file} ({duration(len(audio) / SAMPLE_RATE)}).")
            with tempfile.TemporaryDirectory() as folder:
                temporary = Path(folder) / "take.wav"
                playback = play_wav(write_wav(temporary, audio, SAMPLE_RATE))
            if playback.player is not None:
                continue
            silent = "; ".join(f"{k}: {v}" for k, v in playback.failures.items())
            silent = silent or f"none of {', '.join(PLAYERS)} is installed"
            note(f"Nothing here plays sound ({silent}): writing WAV files.")
        target = (output_dir or path.parent).expanduser() / f"{path.stem}.wav"
        click.echo(str(write_wav(target, audio, SAMPLE_RATE)))
