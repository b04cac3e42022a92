"""What a reader mended, and what it could not read, in numbers and words."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Remark:
    """Something that was not as it should be in a file that was read all the same.

    Attributes:
      kind: what, for programs: a word of its own for each kind (``"no_note_off"``).
      count: how often.
      text: what and how often, for people, and what was made of it.
    """

    kind: str
    count: int
    text: str

    def __str__(self) -> str:
        return self.text


def counted(count: int, one: str, many: str = "") -> str:
    """``1 note``, ``2 notes``: a number and the noun for it.

    Args:
      count: how many.
      one: the noun for one.
      many: for several (default: with an s).
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
