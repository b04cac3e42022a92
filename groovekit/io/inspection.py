"""What a source of examples holds, in numbers."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from groovekit.io.drum_tracks import Track, drum_tracks
from groovekit.io.sources import SourceSequence


@dataclasses.dataclass
class Contents:
    """Numbers of one source, added up a sequence at a time.

    Attributes:
      sequences: sequences seen.
      empty: sequences without notes among them.
      notes: notes.
      drum_notes: drum notes among them.
      seconds: length of all sequences together.
      longest_seconds: length of the longest.
      tempos: sequences by rounded tempo in quarters a minute; 0 for none.
      tempo_changes: sequences with several tempos.
      time_signatures: sequences by time signature (``"4/4"``, ``"3/4, 4/4"``,
        ``"none"``).
      splits: sequences by split, where the source says so.
      pitches: drum notes by pitch.
      tracks: of a single sequence.
      by_hand: whether its drums were chosen, so that no others are looked for.
    """

    sequences: int = 0
    empty: int = 0
    notes: int = 0
    drum_notes: int = 0
    seconds: float = 0.0
    longest_seconds: float = 0.0
    tempos: Counter[int] = dataclasses.field(default_factory=Counter)
    tempo_changes: int = 0
    time_signatures: Counter[str] = dataclasses.field(default_factory=Counter)
    splits: Counter[str] = dataclasses.field(default_factory=Counter)
    pitches: Counter[int] = dataclasses.field(default_factory=Counter)
    tracks: tuple[Track, ...] = ()
    by_hand: bool = False

    def add(self, item: SourceSequence) -> None:
        """Counts one sequence."""
        sequence = item.sequence
        self.sequences += 1
        self.empty += not sequence.notes
        self.notes += len(sequence.notes)
        found = drum_tracks(sequence, by_hand=self.by_hand)
        drums = [
            note.pitch
            for note, is_drum in zip(sequence.notes, found.is_drum, strict=True)
            if is_drum
        ]
        self.tracks = found.tracks if self.sequences == 1 else ()
        self.drum_notes += len(drums)
        self.pitches.update(drums)
        # Decoded sequences may lack total_time.
        end = max((note.end_time for note in sequence.notes), default=0.0)
        length = max(sequence.total_time, end)
        self.seconds += length
        self.longest_seconds = max(self.longest_seconds, length)
        tempos = {tempo.qpm for tempo in sequence.tempos}
        self.tempos[round(sequence.tempos[0].qpm) if tempos else 0] += 1
        self.tempo_changes += len(tempos) > 1
        signatures = {
            f"{s.numerator}/{s.denominator}" for s in sequence.time_signatures
        }
        self.time_signatures[", ".join(sorted(signatures)) or "none"] += 1
        if item.split:
            self.splits[item.split] += 1

    def to_dict(self) -> dict[str, Any]:
        """The numbers for JSON; counters with the most frequent first."""
        # dataclasses.asdict would count a counter's items.
        values = {k: v for k, v in vars(self).items() if k != "by_hand"}
        for name, value in values.items():
            if isinstance(value, Counter):
                values[name] = {str(k): v for k, v in value.most_common()}
            elif name == "tracks":
                values[name] = [track.to_dict() for track in value]
            elif isinstance(value, float):
                values[name] = round(value, 3)
        return values
