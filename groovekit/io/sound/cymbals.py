"""Cymbals: hi-hats, crashes, rides."""

from __future__ import annotations

from groovekit.io.sound.drums import Drum
from groovekit.io.sound.parts import Dynamic, Noise, Partials, click

# Crashes and rides: the bands of their noise.
_BANDS = (250.0, 700.0, 1_600.0, 3_500.0, 7_000.0, 12_000.0, 18_000.0)


def hat(
    name: str,
    seconds: Dynamic,
    level: float,
    *,
    damping: float,
    stick: tuple[float, float] = (-10.0, 2.0),
    attack: float = 0.0004,
    body: float = 0.0,
) -> Drum:
    """Hi-hats, more or less open.

    Args:
      name: for people.
      seconds: decay.
      level: dB in the mix.
      damping: as of drums.
      stick: dB of the stick's click, softest and hardest.
      attack: seconds until they sound fully.
      body: dB of what lies below 4 kHz beyond the usual.
    """
    soft, hard = seconds if isinstance(seconds, tuple) else (seconds, seconds)
    shares = (0.55, 0.8, 1.0, 0.95, 0.75)
    return Drum(
        name,
        (
            # Two plates: energy from 3 kHz on, sharp lines without harmony.
            Noise(
                (500.0, 1_500.0, 3_800.0, 7_500.0, 11_500.0, 17_500.0),
                (-20.0 + body, -13.0 + body, -3.0, -1.0, -8.0),
                tuple((soft * share, hard * share) for share in shares),
                metal=0.55,
                lines=30,
                attack=attack,
            ),
            click(3_000.0, 14_000.0, stick, 0.009),
        ),
        level=level,
        pan=-0.32,
        room=-20.0,
        darkening=5.0,
        group="hi-hat",
        damping=damping,
    )


def crash(
    name: str, *, pan: float, size: float = 1.0, trash: float = 0.0, level: float = -8.0
) -> Drum:
    """Crashes, splashes, Chinas.

    Args:
      name: for people.
      pan: as of drums.
      size: larger ones sound lower and longer; 1 is a crash.
      trash: dB of the middle beyond the usual.
      level: dB in the mix.
    """
    decays = (3.0, 3.8, 3.6, 3.1, 2.3, 1.5)
    return Drum(
        name,
        (
            # Highs build up in some milliseconds and end first.
            Noise(
                tuple(edge / size**0.3 for edge in _BANDS),
                (-16.0, -10.0 + trash, -5.0 + trash, -3.0, -5.0, -11.0),
                tuple((seconds * size * 0.6, seconds * size) for seconds in decays),
                metal=0.35,
                lines=60,
                attack=0.004,
            ),
            # The splash of the stroke itself.
            Noise(
                (1_500.0, 4_000.0, 9_000.0, 17_000.0),
                ((-16.0, -4.0), (-14.0, 0.0), (-20.0, -5.0)),
                (0.45 * size, 0.35 * size, 0.22 * size),
                attack=0.0015,
            ),
            click(2_500.0, 12_000.0, (-14.0, -2.0)),
        ),
        level=level,
        pan=pan,
        room=-15.0,
        darkening=5.0,
        damping=0.5,
    )


def ride(
    name: str,
    *,
    tune: float = 1.0,
    ping: float = 0.0,
    bell: float = -15.0,
    wash: float = 0.0,
) -> Drum:
    """Rides, struck with the tip of a stick.

    Args:
      name: for people.
      tune: factor of the frequencies of ping and bell.
      ping: dB of the ping beyond the usual.
      bell: dB of the bell.
      wash: dB of the wash beyond the usual.
    """
    return Drum(
        name,
        (
            # The ping of the stick's tip.
            Partials(
                tuple(
                    tune * hertz
                    for hertz in (2_630.0, 3_410.0, 4_370.0, 5_290.0, 6_610.0, 8_230.0)
                ),
                tuple(
                    (soft + ping, hard + ping)
                    for soft, hard in (
                        (-7.0, -4.0),
                        (-6.0, -5.0),
                        (-5.0, -2.0),
                        (-7.0, -3.0),
                        (-8.0, -5.0),
                        (-11.0, -8.0),
                    )
                ),
                (0.5, 0.44, 0.38, 0.32, 0.26, 0.2),
                attack=0.0003,
            ),
            # The bell, which the bow's strokes excite, too.
            Partials(
                tuple(tune * hertz for hertz in (612.0, 987.0, 1_463.0, 2_037.0)),
                (bell - 3.0, bell, bell - 1.0, bell - 4.0),
                (1.9, 1.7, 1.4, 1.1),
                attack=0.0005,
            ),
            # The wash.
            Noise(
                _BANDS,
                tuple(
                    (soft + wash, hard + wash)
                    for soft, hard in (
                        (-32.0, -28.0),
                        (-26.0, -22.0),
                        (-20.0, -16.0),
                        (-18.0, -14.0),
                        (-18.0, -13.0),
                        (-24.0, -18.0),
                    )
                ),
                (
                    (2.2, 2.9),
                    (2.5, 3.3),
                    (2.4, 3.2),
                    (2.0, 2.8),
                    (1.4, 2.1),
                    (0.8, 1.3),
                ),
                metal=0.5,
                lines=50,
                attack=0.003,
            ),
            click(3_500.0, 14_000.0, (-6.0, 7.0), 0.012),
        ),
        level=-11.5,
        pan=0.38,
        room=-19.0,
        group="ride",
        damping=0.45,
    )
