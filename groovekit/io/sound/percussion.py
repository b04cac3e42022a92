"""Percussion: what is struck, shaken, blown or clapped."""

from __future__ import annotations

from groovekit.io.sound.drums import Drum
from groovekit.io.sound.parts import Dynamic, Noise, Part, Partials, Repeated, click


def struck(
    name: str,
    hertz: tuple[float, ...],
    levels: tuple[Dynamic, ...],
    decays: tuple[Dynamic, ...],
    *,
    level: float = -9.0,
    pan: float = 0.0,
    stick: tuple[float, float] = (-16.0, -2.0),
    group: str = "",
) -> Drum:
    """Wood and metal: a few vibrations, and a stick's click of so many dB."""
    return Drum(
        name,
        (
            Partials(hertz, levels, decays, attack=0.0003),
            click(2_000.0, 10_000.0, stick, 0.006),
        ),
        level=level,
        pan=pan,
        group=group,
        damping=0.06,
    )


def shaken(
    name: str,
    bands: tuple[float, ...],
    levels: tuple[Dynamic, ...],
    decays: tuple[Dynamic, ...],
    *,
    times: tuple[float, ...] = (0.0,),
    fall: float = 3.0,
    attack: float = 0.004,
    metal: float = 0.0,
    level: float = -12.0,
    pan: float = 0.0,
    group: str = "",
) -> Drum:
    """Grains, jingles, ratchets: noise at some times, each ``fall`` dB softer."""
    noise: Part = Noise(bands, levels, decays, metal=metal, attack=attack)
    if len(times) > 1:
        noise = Repeated(noise, times, tuple(-fall * i for i in range(len(times))))
    return Drum(
        name,
        (noise, click(bands[-2], bands[-1], (-22.0, -6.0), 0.006)),
        level=level,
        pan=pan,
        group=group,
        damping=0.03,
    )


def gliding(
    name: str,
    hertz: float,
    bend: float,
    seconds: Dynamic,
    *,
    bend_seconds: float,
    breath: float = -24.0,
    level: float = -9.0,
    group: str = "",
    attack: float = 0.004,
) -> Drum:
    """Pitches that glide: whistles, cuicas, scratches."""
    return Drum(
        name,
        (
            Partials(
                (hertz, 2 * hertz, 3 * hertz),
                (0.0, (-20.0, -10.0), (-30.0, -15.0)),
                (seconds, seconds, seconds),
                bend=bend,
                bend_seconds=bend_seconds,
                attack=attack,
            ),
            Noise(
                (hertz, 3 * hertz, 9 * hertz),
                (breath, (breath - 12.0, breath)),
                (seconds, seconds),
                attack=attack,
            ),
        ),
        level=level,
        group=group,
        damping=0.03,
    )


def clap() -> Drum:
    """Four pairs of hands, not quite together, in a hall."""
    hands = Noise(
        (600.0, 950.0, 1_800.0, 3_500.0, 9_000.0),
        (-12.0, 0.0, (-5.0, -2.0), (-14.0, -8.0)),
        (0.035, 0.045, 0.04, 0.03),
        attack=0.0006,
    )
    tail = Noise(
        (700.0, 1_800.0, 4_500.0, 9_000.0),
        (-7.0, -10.0, (-20.0, -15.0)),
        ((0.22, 0.32), (0.2, 0.28), 0.16),
        attack=0.03,
    )
    return Drum(
        "hand clap",
        (Repeated(hands, (0.0, 0.010, 0.019, 0.031), (-3.0, -2.0, -1.0, 0.0)), tail),
        level=-6.0,
        pan=0.1,
        room=-11.0,
    )
