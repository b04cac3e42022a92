"""What a reader mended, and what it could not read, in numbers and words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Remark:
    """Something that was not as it should be in a file that was read all the same.

    Attributes:
      kind: what, for programs: a word of its own for each kind (``"no_note_off"``).
      count: how often.
      words: for people: what, and what was made of it; ``{}`` stands for the number and
        what is counted.
      one: what is counted, if once (``"note"``).
      many: if more often (default: with an s).
    """

    kind: str
    count: int
    words: str
    one: str = ""
    many: str = ""

    @property
    def text(self) -> str:
        """The words with the number in them."""
        noun = self.one if self.count == 1 else self.many or f"{self.one}s"
        return self.words.replace("{}", f"{self.count:,} {noun}")

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        """The remark for JSON."""
        return {"kind": self.kind, "count": self.count, "remark": self.text}


def remarks_of(
    found: Mapping[str, int], words: Mapping[str, tuple[str, ...]]
) -> list[Remark]:
    """The remarks on what was found.

    Args:
      found: how often, by kind.
      words: of each kind the words, what is counted, and, if need be, its plural; in
        the order of the remarks.
    """
    return [
        Remark(kind, found[kind], *rest)
        for kind, rest in words.items()
        if found.get(kind)
    ]


def together(remarks: Iterable[Remark]) -> list[Remark]:
    """One remark for all that say the same, with the sum of the counts."""
    found: dict[tuple[str, str], Remark] = {}
    for remark in remarks:
        before = found.get((remark.kind, remark.words))
        count = remark.count + (before.count if before else 0)
        found[remark.kind, remark.words] = dataclasses.replace(remark, count=count)
    return list(found.values())
