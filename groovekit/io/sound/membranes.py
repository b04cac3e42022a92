"""Drums with heads: kicks, snares, toms and what hands play."""

from __future__ import annotations

from groovekit.io.sound.drums import Drum
from groovekit.io.sound.parts import Noise, Part, Partials, click

# Vibrations of a round membrane, as multiples of the lowest.
_MEMBRANE = (1.0, 1.593, 2.135, 2.295, 2.653)


def kick(name: str, hertz: float, level: float) -> Drum:
    """A kick that falls to a pitch, with the click of its beater."""
    return Drum(
        name,
        (
            # From about 150 Hz to the drum's own pitch.
            Partials(
                (hertz, hertz * 1.593),
                (0.0, -17.0),
                ((0.34, 0.44), 0.15),
                bend=(1.2, 2.1),
                bend_seconds=0.022,
                attack=0.001,
            ),
            # The head is pushed, and slaps.
            Partials(
                (190.0,), ((-20.0, -12.0),), (0.07,), bend=1.0, bend_seconds=0.006
            ),
            Noise(
                (180.0, 500.0, 1_200.0), ((-24.0, -18.0), (-30.0, -22.0)), (0.09, 0.05)
            ),
            # The beater.
            Partials(
                (2_900.0, 3_900.0), ((-34.0, -12.0), (-40.0, -16.0)), (0.025, 0.02)
            ),
            click(1_800.0, 7_000.0, (-24.0, -2.0), 0.02),
        ),
        level=level,
        room=-24.0,
        drive=(0.4, 1.6),
        group="kick",
        damping=0.03,
    )


def snare(
    name: str,
    *,
    hertz: float = 186.0,
    wires: float = 0.0,
    ring: float = 0.0,
    rim: float | None = None,
) -> Drum:
    """A snare: two heads, and wires below.

    Args:
      name: for people.
      hertz: the lowest vibration.
      wires: dB of the wires beyond the usual.
      ring: dB of the overtones beyond the usual.
      rim: Hz of the rim, where it is struck, too.
    """
    parts: tuple[Part, ...] = (
        # The two lowest vibrations of the pair of heads, a little sharp at first.
        Partials(
            (hertz, hertz * 1.78, hertz * 2.30, hertz * 2.96),
            (0.0, (-6.0, -4.0), -15.0 + ring, -20.0 + ring),
            ((0.20, 0.26), (0.15, 0.20), 0.12, 0.10),
            bend=(0.04, 0.16),
            bend_seconds=0.012,
            attack=0.0005,
        ),
        # The wires rattle over all highs; the highest end first.
        Noise(
            (500.0, 1_400.0, 3_000.0, 5_500.0, 9_500.0, 16_000.0),
            (-15.0 + wires, -8.0 + wires, -5.0 + wires, -8.0 + wires, -16.0 + wires),
            ((0.18, 0.22), (0.22, 0.30), (0.22, 0.32), (0.18, 0.27), (0.12, 0.19)),
            attack=0.0015,
        ),
        click(2_500.0, 11_000.0, (-12.0, 1.0), 0.012),
    )
    if rim is not None:
        parts += (
            Partials(
                (rim, rim * 2.71, rim * 4.1),
                (-3.0, -7.0, -12.0),
                (0.11, 0.07, 0.05),
            ),
        )
    return Drum(
        name,
        parts,
        level=-1.0,
        pan=0.05,
        room=-13.0,
        darkening=3.0,
        drive=(0.3, 2.2),
        group="snare",
        damping=0.05,
    )


def tom(name: str, hertz: float, pan: float) -> Drum:
    """A tom of a pitch; larger ones ring longer."""
    size = 100.0 / hertz
    return Drum(
        name,
        (
            Partials(
                tuple(hertz * ratio for ratio in _MEMBRANE),
                (0.0, (-11.0, -6.0), (-19.0, -11.0), -18.0, -21.0),
                (
                    (0.75 * size**0.5, 1.1 * size**0.5),
                    (0.36 * size**0.5, 0.5 * size**0.5),
                    0.22,
                    0.18,
                    0.14,
                ),
                bend=(0.05, 0.24),
                bend_seconds=0.035,
                attack=0.0008,
            ),
            Noise(
                (350.0, 900.0, 2_200.0, 5_000.0),
                ((-22.0, -10.0), (-25.0, -10.0), (-30.0, -13.0)),
                (0.12, 0.085, 0.05),
                attack=0.0008,
            ),
            click(1_800.0, 8_000.0, (-18.0, 2.0), 0.014),
        ),
        level=-2.3,
        pan=pan,
        room=-14.0,
        drive=(0.3, 1.6),
        damping=0.09,
    )


def hand_drum(
    name: str,
    hertz: float,
    pan: float,
    *,
    seconds: float = 0.3,
    slap: float = 0.0,
    level: float = -5.0,
    ring: float = 0.0,
) -> Drum:
    """Bongos, congas, timbales, surdos: what hands and sticks play.

    Args:
      name: for people.
      hertz: the lowest vibration.
      pan: as of drums.
      seconds: its decay.
      slap: dB of the hand's noise beyond the usual.
      level: as of drums.
      ring: dB of the overtones beyond the usual.
    """
    return Drum(
        name,
        (
            Partials(
                tuple(hertz * ratio for ratio in _MEMBRANE),
                (
                    0.0,
                    -8.0 + slap + ring,
                    (-18.0 + slap + ring, -11.0 + slap + ring),
                    -16.0 + slap + ring,
                    -20.0 + ring,
                ),
                tuple(seconds * part for part in (1.0, 0.55, 0.4, 0.35, 0.3)),
                bend=(0.01, 0.06),
                bend_seconds=0.02,
                attack=0.0005,
            ),
            Noise((700.0, 2_500.0), ((-22.0 + slap, -13.0 + slap),), (0.04,)),
            click(1_800.0, 8_000.0, (-16.0 + slap, -3.0 + slap), 0.012),
        ),
        level=level,
        pan=pan,
        damping=0.06,
    )
