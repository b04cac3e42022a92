"""The kit maps of converters, and converters with other options."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any, Literal, Self

from groovekit.converters.base import Converter
from groovekit.converters.grid.selection import Instruments
from groovekit.converters.grid_converter import GridConverter
from groovekit.converters.kit_choice import KitReading, choose_kit, reading
from groovekit.converters.kits import KitMap, Unmapped, general_midi
from groovekit.errors import ConfigError, UsageError
from groovekit.io.columns import NoteColumns
from groovekit.io.notes import NoteSequence

#: Where the kit map that a sequence is read with comes from; see :class:`WithKits`.
KitFrom = Literal["file", "config"]


@dataclasses.dataclass(frozen=True)
class WithKits:
    """Fields of converters of drums; stands before the other base class.

    A registered name or the path of a JSON file may be given for a kit map
    (:func:`~groovekit.converters.kits.get_kit`); the field holds the map itself.

    Attributes:
      kit: kit map that drums are read with.
      output_kit: kit map that drums are written with.
      kit_from: ``"file"`` reads each sequence with the kit map that knows most of its
        drum notes (:func:`~groovekit.converters.kit_choice.choose_kit`), which is
        ``kit`` where that knows all; ``"config"`` always with ``kit``, as the
        original.
      output_from: ``"file"`` writes what is added to a sequence that is read with
        another map than ``kit`` with that map; ``"config"`` always with ``output_kit``.
      unmapped: what happens to drum notes that the map does not know: ``"drop"``,
        ``"nearest"`` (the class of the nearest pitch) or ``"error"``.
    """

    kit: KitMap = dataclasses.field(default_factory=general_midi)
    output_kit: KitMap = dataclasses.field(default_factory=general_midi)
    kit_from: KitFrom = "file"
    output_from: KitFrom = "file"
    unmapped: Unmapped = "drop"

    def _check_kit(self, kit: KitMap) -> None:
        """Raises ConfigError where the converter cannot use a kit map of this size."""

    def check_kits(self) -> None:
        """Makes sure that notes can be written with as many classes as are read.

        Raises:
          ConfigError: the two maps differ in size.
        """
        if len(self.output_kit) != len(self.kit):
            raise ConfigError(
                "Expected kit and output_kit to have the same number of classes, got "
                f"{len(self.kit)} in '{self.kit}' and {len(self.output_kit)} in "
                f"'{self.output_kit}'. Set `output_kit` to a kit map of "
                f"{len(self.kit)} classes: a name or a JSON file."
            )

    @functools.cached_property
    def kit_map(self) -> KitMap:
        """``kit``, once it is known to suit the other options."""
        self._check_kit(self.kit)
        # Better now than after hours of training, when the first notes are written.
        self.check_kits()
        return self.kit

    @functools.cached_property
    def output_kit_map(self) -> KitMap:
        """``output_kit``, once it is known to suit ``kit``."""
        self.check_kits()
        return self.output_kit

    @property
    def classes(self) -> int:
        """Number of drum classes."""
        return len(self.kit_map)

    def suited_to(self, notes: NoteColumns) -> Self:
        """The converter to read the notes of a sequence with, see ``kit_from``.

        Args:
          notes: with the drums among them marked.

        Returns:
          This one, or one with another kit map of the same classes.
        """
        if self.kit_from == "config" or not notes.is_drum.any():
            return self
        kit = choose_kit(notes.pitch[notes.is_drum], self.kit_map)
        if kit is self.kit_map:
            return self
        output = kit if self.output_from == "file" else self.output_kit
        return dataclasses.replace(self, kit=kit, output_kit=output, kit_from="config")


def with_options(
    converter: Converter,
    *,
    kit: str | Path | KitMap | None = None,
    output_kit: str | Path | KitMap | None = None,
    bars: int | None = None,
    instruments: Instruments | None = None,
    time_signature: tuple[int, int] | None = None,
    loop: bool | None = None,
    keep_silence: bool | None = None,
    trained: bool = True,
) -> Converter:
    """The same converter with other kits, or for other bars.

    Args:
      converter: of a model.
      kit: kit map to read notes with: a registered name or a JSON file. With it, all
        sequences are read, whatever ``kit_from`` says.
      output_kit: kit map to write notes with.
      bars: bars of a window.
      instruments: which notes are read as drums; ignored by converters that have no
        such field.
      time_signature: numerator and denominator of the bars.
      loop: whether music shorter than a window is repeated.
      keep_silence: whether windows without a hit are kept.
      trained: whether there is such a model, which fixes the number of drum
        classes; otherwise the two kit maps only have to agree.

    Raises:
      UsageError: an option that this kind of converter has not.
      UnknownNameError: no such kit map.
      ConfigError: a kit map of another size than the model's, or than the other.
    """
    wanted = {
        "kit": kit,
        "output_kit": output_kit,
        "bars": bars,
        "time_signature": time_signature,
        "loop": loop,
        "keep_silence": keep_silence,
    }
    changes: dict[str, Any] = {k: v for k, v in wanted.items() if v is not None}
    fields = {field.name for field in dataclasses.fields(converter)}  # type: ignore[arg-type]  # abstract, but each is a dataclass
    if instruments is not None and "instruments" in fields:
        changes["instruments"] = instruments
    for name in changes:
        if name not in fields:
            raise UsageError(
                f"`{name}` has no effect on {type(converter).__name__}, which has "
                f"no {name}: leave it out."
            )
    if kit is not None and "kit_from" in fields:
        changes["kit_from"] = "config"
    if output_kit is not None and "output_from" in fields:
        changes["output_from"] = "config"
    changed: Converter = (
        dataclasses.replace(converter, **changes) if changes else converter  # type: ignore[type-var]
    )
    if isinstance(converter, WithKits) and isinstance(changed, WithKits):
        # The number of classes, that of the kit map that was read with, is part of
        # the trained model.
        before = len(converter.kit)
        for name in ("kit", "output_kit"):
            after = getattr(changed, name)
            if trained and name in changes and len(after) != before:
                raise ConfigError(
                    f"The model has {before} drum classes ('{converter.kit}'), the kit "
                    f"map '{after}' has {len(after)}: choose another `{name}`."
                )
        if kit is not None or output_kit is not None:
            changed.check_kits()
    return changed


def kit_reading(converter: Converter, sequence: NoteSequence) -> KitReading | None:
    """With which kit map a converter reads the drums of a sequence.

    Args:
      converter: of a model.
      sequence: the music.

    Returns:
      None where the converter has no kit maps, or the sequence no drums.
    """
    if not isinstance(converter, WithKits):
        return None
    reader: Any = converter
    if not isinstance(reader, GridConverter):
        return None
    notes = reader.read_notes(sequence)
    if not notes.is_drum.any():
        return None
    chosen = converter.suited_to(notes)
    return reading(notes.pitch[notes.is_drum], chosen.kit, converter.kit)
