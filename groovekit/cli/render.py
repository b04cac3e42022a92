"""``groovekit render``: MIDI files as sound."""

from __future__ import annotations

import math
from pathlib import Path

import click

from groovekit.cli.options import files_to_show, json_option, soundfont_option
from groovekit.cli.output import echo_json, note
from groovekit.cli.progress import Progress


@click.command("render")
@files_to_show("WAV files")
@soundfont_option
@click.option(
    "--sample-rate",
    metavar="HZ",
    type=click.IntRange(8_000, 192_000),
    default=44_100,
    help="Samples a second.",
)
@json_option
def command(
    files: tuple[str, ...],
    output_dir: Path | None,
    soundfont: str | None,
    sample_rate: int,
    as_json: bool,
) -> None:
    """Play MIDI files into WAV files beside them.

    Stereo, 16 bits, at -16 LUFS. Existing files stay (a number is added to the name).
    Drums and tones are groovekit's own; a SoundFont needs a synthesizer: pip install
    --no-deps tinysoundfont, or pyfluidsynth beside FluidSynth of the system.
    """
    from groovekit.io.midi.files import read_midi
    from groovekit.io.sound.loudness import integrated_loudness
    from groovekit.io.sound.rendering import render
    from groovekit.io.sound.wav import write_wav

    rows = []
    with Progress(len(files), "Rendering", unit="files") as progress:
        for file in files:
            path = Path(file).expanduser()
            sequence = read_midi(path)
            audio = render(sequence, sample_rate=sample_rate, soundfont=soundfont)
            target = (output_dir or path.parent).expanduser() / f"{path.stem}.wav"
            written = write_wav(target, audio, sample_rate)
            loudness = integrated_loudness(audio, sample_rate)
            rows.append(
                {
                    "path": str(written),
                    "input": file,
                    "seconds": round(len(audio) / sample_rate, 4),
                    "peak": round(float(abs(audio).max(initial=0.0)), 4),
                    "lufs": round(loudness, 1) if math.isfinite(loudness) else None,
                }
            )
            progress.advance()
            if not sequence.notes:
                note(f"{written} is silent: {file} has no notes.")
    if as_json:
        echo_json({"sample_rate": sample_rate, "soundfont": soundfont, "files": rows})
        return
    for row in rows:
        click.echo(row["path"])
