"""Which kit map the notes of a file were made for, going by their pitches.

Programs and drum modules number their drums differently, and no file says by which
list. A map that knows more of the notes fits better, but most lists overlap: General
MIDI calls 60 to 65 bongos and congas, Superior Drummer calls them hi-hats. So of the
maps that know the most, one is taken under which the notes are a drummer's: with a
kick, a snare, and hats or a ride that keep time.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping

import numpy as np

from groovekit.converters.kits import PITCHES, KitMap, shipped_kits

# A map is as good as another one that knows at most this share of the notes more.
_AS_GOOD = 0.01
# So many notes, and so large a share of them, may be strays that say nothing.
_STRAY, _STRAY_SHARE = 2, 0.02
# Shares of kick, of snare, and of hats and ride together, that make a groove.
_KICK, _SNARE, _TIME = 0.05, 0.03, 0.2
_TIMEKEEPERS = ("closed_hihat", "open_hihat", "ride")
# What the map of General MIDI knows beside the pitches of its drum kit.
_BESIDE_THE_KIT = np.ones(PITCHES, np.bool_)
_BESIDE_THE_KIT[[22, 26, *range(35, 54), 55, 57, 59]] = False
# Maps of most files, which go before those of single products.
_COMMON = frozenset({"general_midi", "roland_td11", "roland_v_drums"})
# Pitches that a message names.
_SHOWN = 4


@dataclasses.dataclass(frozen=True)
class KitFit:
    """How well a kit map fits some notes.

    Attributes:
      kit: the map.
      notes: how many notes there are.
      known: how many of them have a class.
      beside: how many of these General MIDI knows, but not as its drum kit.
      groove: whether the others are a drummer's: kick, snare, and hats or ride.
      usual: 0..1, how far the notes have the first pitches of their classes, which
        are the usual ones.
    """

    kit: KitMap
    notes: int
    known: int
    beside: int
    groove: bool
    usual: float

    @property
    def common(self) -> bool:
        """Whether the map is one of most files, not of a single product."""
        return self.kit.name in _COMMON


def fit(kit: KitMap, pitches: np.ndarray) -> KitFit:
    """How well a kit map fits some notes.

    Args:
      kit: the map.
      pitches: ``(notes,)`` MIDI pitches.
    """
    total = len(pitches)
    classes = kit.class_of(pitches)
    known = classes >= 0
    beside = known & _is_beside(pitches, kit)
    counts = np.bincount(classes[known & ~beside], minlength=len(kit))
    shares = dict(zip(kit.class_names, (counts / max(1, total)).tolist(), strict=True))
    rank = np.zeros(PITCHES)
    for members in kit.classes:
        rank[list(members)] = np.arange(len(members))
    usual = 1.0 / (1.0 + rank[pitches[known]])
    return KitFit(
        kit,
        total,
        int(np.count_nonzero(known)),
        int(np.count_nonzero(beside)),
        shares.get("kick", 0.0) >= _KICK
        and shares.get("snare", 0.0) >= _SNARE
        and sum(shares.get(name, 0.0) for name in _TIMEKEEPERS) >= _TIME,
        float(usual.sum()) / max(1, total),
    )


def _is_beside(pitches: np.ndarray, kit: KitMap) -> np.ndarray:
    """``(notes,)`` bool: beside General MIDI's drum kit, where that is the map."""
    if kit.name != "general_midi":
        return np.zeros(len(pitches), np.bool_)
    found: np.ndarray = _BESIDE_THE_KIT[np.clip(pitches, 0, PITCHES - 1)]
    return found


def fits(pitches: np.ndarray, own: KitMap) -> list[KitFit]:
    """How well each kit map with the classes of one fits, that one first.

    Args:
      pitches: ``(notes,)`` MIDI pitches.
      own: the map that a model was trained with.
    """
    others = [
        kit
        for kit in shipped_kits()
        if kit.class_names == own.class_names and kit != own
    ]
    return [fit(kit, pitches) for kit in (own, *others)]


def choose_kit(pitches: np.ndarray, own: KitMap) -> KitMap:
    """The kit map to read notes with.

    It is ``own`` where that knows all of them (and most as a drum kit). Otherwise it is
    the one of groovekit's own maps, with the same classes, that knows most of them; of
    those that know nearly as many, one with which they are a groove
    (:attr:`KitFit.groove`). The maps of most files go before those of single products,
    which have to make a groove of them and know more than a stray note more.

    Args:
      pitches: ``(notes,)`` MIDI pitches; at least one.
      own: the map that a model was trained with.
    """
    if (own.class_of(pitches) >= 0).all():
        beside = np.count_nonzero(_is_beside(pitches, own))
        if 2 * beside < len(pitches):
            return own
    found = fits(pitches, own)
    common = _best([item for item in found if item.common or item.kit is own])
    best = min(common, key=lambda item: item.beside)
    stray = max(_STRAY, _STRAY_SHARE * len(pitches))
    least = best.known + (stray if best.groove else -_AS_GOOD * len(pitches))
    products = [item for item in found if item.groove and not item.common]
    better = _best([item for item in products if item.known > least])
    if better:
        best = max(better, key=lambda item: item.usual)
    return best.kit


def _best(found: list[KitFit]) -> list[KitFit]:
    """Those that know the most, or nearly; grooves, if there are any."""
    most = max((item.known for item in found), default=0)
    near = [item for item in found if item.known >= most - _AS_GOOD * item.notes]
    return [item for item in near if item.groove] or near


@dataclasses.dataclass(frozen=True)
class KitReading:
    """With which kit map the drums of a sequence are read, and what that knows.

    Attributes:
      kit: the map.
      own: the map that the model was trained with.
      notes: drum notes.
      known: how many of them ``kit`` knows.
      known_to_own: how many ``own`` knows.
      unknown: notes of each pitch that ``kit`` does not know.
    """

    kit: KitMap
    own: KitMap
    notes: int
    known: int
    known_to_own: int
    unknown: Mapping[int, int]

    @property
    def other(self) -> bool:
        """Whether it is another map than the model's."""
        return self.kit != self.own

    def __str__(self) -> str:
        text = (
            f"read with the kit map {self.kit}, which knows {self.known:,} of "
            f"{self.notes:,} drum notes ({self.own}: {self.known_to_own:,})"
        )
        # What has slipped is for a person to see.
        moved = self.kit.name.startswith("general_midi_")
        return f"{text}: {self.kit.description}" if moved else text

    @property
    def unknown_in_words(self) -> str:
        """What has no class, by pitch; empty where all have one."""
        return describe_unknown(self.unknown, self.kit)


def reading(pitches: np.ndarray, kit: KitMap, own: KitMap) -> KitReading:
    """What a kit map knows of drum notes, beside the model's own.

    Args:
      pitches: ``(notes,)`` MIDI pitches of drums.
      kit: the map that they are read with.
      own: the map that the model was trained with.
    """
    unknown = unknown_pitches(pitches, kit)
    total = len(pitches)
    to_own = int(np.count_nonzero(own.class_of(pitches) >= 0))
    return KitReading(kit, own, total, total - unknown.total(), to_own, unknown)


def unknown_pitches(pitches: np.ndarray, kit: KitMap) -> Counter[int]:
    """How many notes there are of each pitch that a kit map does not know.

    Args:
      pitches: ``(notes,)`` MIDI pitches.
      kit: the map.
    """
    return Counter(pitches[kit.class_of(pitches) < 0].tolist())


def kits_that_know(pitch: int, kit: KitMap) -> list[str]:
    """Names of groovekit's maps, with the classes of one, that know a pitch."""
    return [
        other.name
        for other in shipped_kits()
        if other.class_names == kit.class_names and other.table[pitch] >= 0
    ]


def describe_unknown(unknown: Mapping[int, int], kit: KitMap) -> str:
    """Words for pitches without a class: how many, and which maps know them.

    Args:
      unknown: notes of each pitch.
      kit: the map that does not know them.
    """
    parts = []
    for pitch, count in Counter(unknown).most_common(_SHOWN):
        known = kits_that_know(pitch, kit)
        by = f" (known to {', '.join(known[:2])})" if known else ""
        parts.append(f"{count:,} of pitch {pitch}{by}")
    more = len(unknown) - len(parts)
    return ", ".join(parts) + (f" and {more} other pitches" if more > 0 else "")
