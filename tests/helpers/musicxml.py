"""MusicXML made of a few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

DRUMS = {"P1-I36": ("Bass Drum 1", 37), "P1-I38": ("Acoustic Snare", 39)}


def note(
    place: str = "C5",
    quarters: float = 1,
    *,
    unpitched: bool = False,
    chord: bool = False,
    instrument: str = "",
    head: str = "",
    more: str = "",
    attributes: str = "",
) -> str:
    """A note.

    Args:
      place: step and octave, with ``#`` between them for a sharp.
      quarters: duration in quarters; 0 for a grace note.
      unpitched: a stroke on a place of the staff.
      chord: sounds with the note before it.
      instrument: identifier that it refers to.
      head: of the note.
      more: elements at its end.
      attributes: of the note itself.
    """
    step, octave = place[0], place[-1]
    if unpitched:
        pitch = (
            f"<unpitched><display-step>{step}</display-step>"
            f"<display-octave>{octave}</display-octave></unpitched>"
        )
    else:
        alter = "<alter>1</alter>" if "#" in place else ""
        pitch = f"<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>"
    length = f"<duration>{round(quarters * 24)}</duration>" if quarters else ""
    return (
        f"<note {attributes}>{'' if quarters else '<grace/>'}"
        f"{'<chord/>' if chord else ''}{pitch}{length}"
        + (f'<instrument id="{instrument}"/>' if instrument else "")
        + f"<voice>1</voice><type>{'quarter' if quarters else 'eighth'}</type>"
        + (f"<notehead>{head}</notehead>" if head else "")
        + f"{more}</note>"
    )


def part(
    measures: Sequence[str],
    *,
    clef: str = "G",
    time: tuple[int, int] | None = (4, 4),
    identifier: str = "P1",
) -> str:
    """A part; what is in its measures is given, the first one's attributes made."""
    beats = f"<time><beats>{time[0]}</beats><beat-type>{time[1]}</beat-type></time>"
    attributes = (
        "<attributes><divisions>24</divisions><key><fifths>0</fifths></key>"
        f"{beats if time else ''}<clef><sign>{clef}</sign></clef></attributes>"
    )
    texts = [
        f'<measure number="{number}">{attributes if number == 1 else ""}{content}'
        "</measure>"
        for number, content in enumerate(measures, start=1)
    ]
    return f'<part id="{identifier}">{"".join(texts)}</part>'


def entry(
    name: str = "Drumset",
    instruments: dict[str, tuple[str, int | None]] | None = None,
    *,
    midi: str = "<midi-channel>10</midi-channel>",
    identifier: str = "P1",
) -> str:
    """What the list of parts says of one: its instruments' names and drums.

    Args:
      name: of the part.
      instruments: name and number for unpitched percussion, by their identifiers.
      midi: further settings of each instrument.
      identifier: of the part.
    """
    named = instruments or {}
    scores = "".join(
        f'<score-instrument id="{key}"><instrument-name>{title}</instrument-name>'
        "</score-instrument>"
        for key, (title, _) in named.items()
    )
    settings = "".join(
        f'<midi-instrument id="{key}">{midi}'
        + (f"<midi-unpitched>{number}</midi-unpitched>" if number else "")
        + "</midi-instrument>"
        for key, (_, number) in named.items()
    )
    return (
        f'<score-part id="{identifier}"><part-name>{name}</part-name>{scores}{settings}'
        "</score-part>"
    )


def score(parts: Iterable[str], entries: Iterable[str] = ()) -> bytes:
    """A score of parts and what its list says of them."""
    entries = list(entries) or [entry("Music", midi="")]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="4.0">'
        f"<part-list>{''.join(entries)}</part-list>{''.join(parts)}</score-partwise>"
    ).encode()
