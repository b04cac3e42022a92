"""Drums by their names: classes of a kit map, and groups of them."""

from __future__ import annotations

from collections.abc import Iterable

from groovekit.converters.kits import KitMap
from groovekit.errors import UnknownNameError, UsageError, suggest

#: Groups, and what the name of a class in each of them holds.
GROUPS = {
    "toms": ("tom",),
    "hats": ("hihat",),
    "cymbals": ("crash", "ride", "cymbal"),
}


def find_drums(names: str | Iterable[str], kit: KitMap) -> tuple[int, ...]:
    """The classes of a kit map that some names stand for, in rising order.

    Args:
      names: of classes (``"snare"``) or of :data:`GROUPS` (``"toms"``); one text may
        hold several with commas between them. Hyphens and capitals make no difference.
      kit: the kit map of the model.

    Raises:
      UsageError: no name.
      UnknownNameError: a name that is neither; says which there are.
    """
    texts = [names] if isinstance(names, str) else list(names)
    asked = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    known: dict[str, tuple[int, ...]] = {
        name: (index,) for index, name in enumerate(kit.class_names)
    }
    for group, parts in GROUPS.items():
        held = tuple(
            index
            for index, name in enumerate(kit.class_names)
            if any(part in name for part in parts)
        )
        if held:
            known.setdefault(group, held)
    if not asked:
        raise UsageError(f"`drums` takes at least one of {', '.join(known)}; got none.")
    found: set[int] = set()
    for name in asked:
        plain = name.lower().replace("-", "_").replace(" ", "_")
        if plain not in known:
            raise UnknownNameError(suggest(plain, known, kind="drum"))
        found.update(known[plain])
    return tuple(sorted(found))
