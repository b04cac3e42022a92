"""The drum kit: General MIDI's drums 27 to 87, and the hat edges of Roland's kits.

Sizes and tunings are those of a common rock kit: a 22-inch kick, a 14-inch snare,
14-inch hats, toms from 10 to 16 inches, 16- and 18-inch crashes, a 20-inch ride.
"""

from __future__ import annotations

import functools

from groovekit.io.sound.cymbals import crash, hat, ride
from groovekit.io.sound.drums import Drum
from groovekit.io.sound.membranes import hand_drum, kick, snare, tom
from groovekit.io.sound.parts import Partials, Repeated, click
from groovekit.io.sound.percussion import clap, gliding, shaken, struck


def _evenly(count: int, seconds: float) -> tuple[float, ...]:
    return tuple(seconds * index / count for index in range(count))


_RATTLE = (700.0, 1_800.0, 3_600.0, 7_500.0)
_GRAINS = (2_500.0, 5_000.0, 9_000.0, 16_000.0)
_JINGLES = (3_500.0, 6_000.0, 9_500.0, 16_000.0)


#: The drums by MIDI pitch.
KIT: dict[int, Drum] = {
    # Edges of the hats, on Roland's kits.
    22: hat("closed hi-hat edge", (0.2, 0.34), -13.5, damping=0.03, body=3.0),
    26: hat("open hi-hat edge", (1.1, 2.3), -13.0, damping=0.08, body=5.0),
    27: gliding("high Q", 420.0, 6.0, 0.12, bend_seconds=0.015, attack=0.0005),
    28: shaken(
        "slap",
        (500.0, 1_500.0, 4_000.0, 9_000.0),
        (-8.0, 0.0, -4.0),
        (0.06, 0.08, 0.05),
        attack=0.0008,
        level=-7.0,
    ),
    29: gliding(
        "scratch push",
        700.0,
        -0.6,
        0.16,
        bend_seconds=0.06,
        breath=-6.0,
        group="scratch",
        attack=0.02,
    ),
    30: gliding(
        "scratch pull",
        500.0,
        0.8,
        0.18,
        bend_seconds=0.06,
        breath=-6.0,
        group="scratch",
        attack=0.015,
    ),
    31: struck(
        "sticks",
        (1_450.0, 2_280.0, 3_900.0),
        (0.0, -4.0, (-12.0, -8.0)),
        (0.05, 0.04, 0.03),
        level=-7.0,
    ),
    32: struck(
        "square click",
        (1_000.0, 3_000.0, 5_000.0),
        (0.0, -9.5, -14.0),
        (0.03, 0.03, 0.03),
    ),
    33: struck(
        "metronome click",
        (1_700.0, 2_550.0, 4_250.0),
        (0.0, -8.0, -12.0),
        (0.045, 0.035, 0.03),
    ),
    34: struck(
        "metronome bell",
        (2_090.0, 4_180.0, 5_700.0),
        (0.0, -10.0, -13.0),
        (0.6, 0.4, 0.25),
        level=-12.0,
    ),
    35: kick("bass drum", 44.0, 1.0),
    36: kick("kick", 52.0, 1.0),
    37: struck(
        "side stick",
        (520.0, 1_680.0, 2_540.0, 4_300.0),
        (-8.0, 0.0, -2.0, (-9.0, -3.0)),
        (0.09, 0.07, 0.05, 0.04),
        level=-7.5,
        pan=0.05,
        stick=(-8.0, 5.0),
        group="snare",
    ),
    38: snare("snare"),
    39: clap(),
    40: snare("snare rim", hertz=196.0, wires=-2.0, ring=5.0, rim=415.0),
    41: tom("low floor tom", 73.0, 0.48),
    42: hat("closed hi-hat", (0.15, 0.24), -14.0, damping=0.03),
    43: tom("high floor tom", 88.0, 0.4),
    44: hat(
        "pedal hi-hat",
        (0.10, 0.17),
        -16.5,
        damping=0.02,
        stick=(-30.0, -14.0),
        attack=0.004,
        body=2.0,
    ),
    45: tom("low tom", 108.0, 0.2),
    46: hat("open hi-hat", (1.0, 2.1), -13.5, damping=0.08, body=3.0),
    47: tom("low-mid tom", 126.0, 0.05),
    48: tom("hi-mid tom", 148.0, -0.12),
    49: crash("crash", pan=-0.42),
    50: tom("high tom", 176.0, -0.28),
    51: ride("ride"),
    52: crash("china", pan=0.5, size=0.6, trash=5.0, level=-7.5),
    53: ride("ride bell", ping=3.0, bell=-1.0, wash=-4.0),
    54: shaken(
        "tambourine",
        _JINGLES,
        (-4.0, 0.0, -3.0),
        (0.22, 0.26, 0.2),
        times=(0.0, 0.018),
        metal=0.6,
        attack=0.003,
        level=-13.0,
        pan=0.2,
    ),
    55: crash("splash", pan=-0.2, size=0.33, level=-8.0),
    56: struck(
        "cowbell",
        (562.0, 845.0, 1_690.0, 2_540.0, 3_430.0),
        (-1.0, 0.0, -9.0, (-16.0, -10.0), (-20.0, -13.0)),
        (0.32, 0.3, 0.2, 0.15, 0.1),
        pan=0.15,
    ),
    57: crash("crash 2", pan=0.46, size=1.15),
    58: tom("low tom rim", 96.0, 0.3),
    59: ride("ride edge", tune=0.94, bell=-18.0, wash=6.0),
    60: hand_drum("high bongo", 420.0, -0.3, seconds=0.2),
    61: hand_drum("low bongo", 310.0, -0.2, seconds=0.24),
    62: hand_drum("muted high conga", 262.0, 0.25, seconds=0.09, slap=4.0),
    63: hand_drum("open high conga", 228.0, 0.25, seconds=0.42),
    64: hand_drum("low conga", 172.0, 0.32, seconds=0.48),
    65: hand_drum("high timbale", 330.0, -0.3, seconds=0.45, ring=6.0, slap=2.0),
    66: hand_drum("low timbale", 240.0, -0.2, seconds=0.5, ring=6.0, slap=2.0),
    67: struck(
        "high agogo",
        (900.0, 2_380.0, 4_030.0),
        (0.0, -6.0, (-16.0, -11.0)),
        (0.45, 0.3, 0.2),
        pan=0.3,
    ),
    68: struck(
        "low agogo",
        (676.0, 1_790.0, 3_030.0),
        (0.0, -6.0, (-16.0, -11.0)),
        (0.5, 0.33, 0.22),
        pan=0.3,
    ),
    69: shaken(
        "cabasa",
        _GRAINS,
        (-6.0, 0.0, -2.0),
        (0.07, 0.09, 0.08),
        attack=0.008,
        pan=-0.25,
    ),
    70: shaken(
        "maracas",
        _GRAINS,
        (-8.0, -2.0, 0.0),
        (0.05, 0.06, 0.06),
        attack=0.006,
        pan=-0.3,
    ),
    71: gliding(
        "short whistle",
        2_350.0,
        -0.03,
        (0.2, 0.24),
        bend_seconds=0.02,
        group="whistle",
        level=-15.0,
        attack=0.012,
    ),
    72: gliding(
        "long whistle",
        2_250.0,
        -0.03,
        (0.6, 0.7),
        bend_seconds=0.03,
        group="whistle",
        level=-15.0,
        attack=0.02,
    ),
    73: shaken(
        "short guiro",
        _RATTLE,
        (-8.0, 0.0, -5.0),
        (0.012, 0.014, 0.01),
        times=_evenly(9, 0.09),
        fall=0.4,
        attack=0.001,
        group="guiro",
    ),
    74: shaken(
        "long guiro",
        _RATTLE,
        (-8.0, 0.0, -5.0),
        (0.016, 0.02, 0.014),
        times=_evenly(22, 0.42),
        fall=0.2,
        attack=0.001,
        group="guiro",
    ),
    75: struck("claves", (2_480.0, 5_010.0), (0.0, -18.0), (0.09, 0.05), pan=-0.1),
    76: struck(
        "high wood block",
        (1_050.0, 2_120.0, 3_330.0),
        (0.0, -9.0, (-18.0, -12.0)),
        (0.08, 0.06, 0.04),
        pan=0.2,
    ),
    77: struck(
        "low wood block",
        (740.0, 1_500.0, 2_370.0),
        (0.0, -9.0, (-18.0, -12.0)),
        (0.1, 0.07, 0.05),
        pan=0.2,
    ),
    78: gliding(
        "muted cuica", 620.0, -0.35, 0.14, bend_seconds=0.04, group="cuica", attack=0.01
    ),
    79: gliding(
        "open cuica", 430.0, 0.5, 0.3, bend_seconds=0.09, group="cuica", attack=0.012
    ),
    80: struck(
        "muted triangle",
        (2_640.0, 4_470.0, 6_960.0, 9_480.0),
        (-6.0, 0.0, -3.0, -8.0),
        (0.14, 0.16, 0.14, 0.1),
        level=-14.0,
        pan=-0.35,
        group="triangle",
    ),
    81: struck(
        "open triangle",
        (2_640.0, 4_470.0, 6_960.0, 9_480.0),
        (-6.0, 0.0, -3.0, -8.0),
        (1.8, 2.4, 1.9, 1.2),
        level=-14.0,
        pan=-0.35,
        group="triangle",
    ),
    82: shaken(
        "shaker", _GRAINS, (-10.0, -2.0, 0.0), (0.09, 0.11, 0.1), attack=0.018, pan=0.3
    ),
    83: shaken(
        "jingle bell",
        _JINGLES,
        (-6.0, 0.0, -4.0),
        (0.3, 0.34, 0.25),
        times=(0.0, 0.03, 0.07),
        metal=0.85,
        level=-14.0,
        pan=-0.2,
    ),
    84: Drum(
        "bell tree",
        (
            Repeated(
                Partials(
                    (3_100.0, 4_900.0, 7_700.0),
                    (0.0, -3.0, (-10.0, -6.0)),
                    (0.9, 0.8, 0.6),
                    bend=0.02,
                ),
                _evenly(14, 0.75),
                tuple(-0.5 * i for i in range(14)),
            ),
            click(5_000.0, 14_000.0, (-22.0, -10.0)),
        ),
        level=-16.0,
        pan=-0.3,
    ),
    85: struck(
        "castanets",
        (1_320.0, 2_210.0, 3_640.0),
        (-3.0, 0.0, -5.0),
        (0.035, 0.03, 0.025),
        pan=0.15,
        stick=(-10.0, 2.0),
    ),
    86: hand_drum("muted surdo", 78.0, 0.1, seconds=0.16, level=-2.0),
    87: hand_drum("open surdo", 72.0, 0.1, seconds=0.6, level=-2.0),
}


@functools.lru_cache(maxsize=128)
def drum_of(pitch: int) -> Drum:
    """The drum that a MIDI pitch plays; where there is none, the next one that is."""
    nearest = min(KIT, key=lambda known: (abs(known - pitch), known))
    return KIT[nearest]
