"""The drums that the models tell apart."""

from __future__ import annotations

import groovekit as gk


@gk.register_kit_map("swing_kit.jazz")
def jazz() -> gk.KitMap:
    """A jazz set in nine classes: the ride, its bell and the pedal count here."""
    drums = {
        "kick": (36, 35),
        "snare": (38, 40),
        "cross_stick": (37, 39),
        "hihat_pedal": (44,),
        "hihat": (42, 46),
        "ride": (51, 59),
        "ride_bell": (53,),
        "crash": (49, 52, 55, 57),
        "toms": (45, 41, 43, 47, 48, 50),
    }
    return gk.KitMap(
        name="swing_kit.jazz",
        # The first pitch of a class is the one that is written.
        classes=tuple(drums.values()),
        class_names=tuple(drums),
        description="A jazz set: ride, ride bell and pedal hi-hat are classes.",
    )
