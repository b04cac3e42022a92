"""The original's augmentation of whole sequences; training varies windows instead.

The cases in ``golden/converters/augment.npz`` are its numbers.
"""

from __future__ import annotations

import functools
import logging

import numpy as np

from groovekit.converters.base import AugmentationConfig
from groovekit.converters.harmony.chord_symbols import ChordSymbol
from groovekit.converters.harmony.chords import CHORD_SYMBOL, NO_CHORD
from groovekit.errors import UsageError
from groovekit.io.notes import NoteSequence

_LOG = logging.getLogger("groovekit")

MIN_PITCH, MAX_PITCH = 0, 127


@functools.lru_cache(maxsize=4096)
def transpose_chord(figure: str, semitones: int) -> str:
    """A chord symbol moved by semitones.

    Args:
      figure: e.g. ``"Am7"`` or ``"N.C."``.
      semitones: upwards where positive.

    Returns:
      The moved symbol; ``"N.C."`` for symbols that cannot be read.
    """
    if figure == NO_CHORD:
        return figure
    try:
        return ChordSymbol.parse(figure).transposed(semitones)
    except UsageError:
        _LOG.warning("Cannot transpose the chord symbol %r: no chord.", figure)
        return NO_CHORD


def augment_sequence(
    sequence: NoteSequence, *, transpose: int = 0, stretch: float = 1.0
) -> NoteSequence:
    """A transposed and stretched copy of a note sequence.

    Drums keep their pitches. Notes that would leave MIDI's range (0 to 127) are
    dropped; chord symbols and key signatures move along. A stretch moves all
    times and divides the tempi, so that the music stays on its beats.

    Args:
      sequence: in seconds; a quantised one can be transposed, not stretched.
      transpose: semitones, upwards where positive.
      stretch: factor on times, above 0; above 1 is slower.

    Raises:
      UsageError: a factor that is not above 0, or a quantised sequence to stretch.
    """
    if not stretch > 0:
        raise UsageError(f"The stretch is a factor above 0, got {stretch}.")
    result = NoteSequence()
    result.CopyFrom(sequence)
    if transpose:
        _transpose(result, transpose)
    if stretch != 1.0:
        _stretch(result, stretch)
    return result


def _transpose(sequence: NoteSequence, semitones: int) -> None:
    kept = []
    for note in sequence.notes:
        if not note.is_drum:
            moved = note.pitch + semitones
            if not MIN_PITCH <= moved <= MAX_PITCH:
                continue
            note.pitch = moved
        kept.append(note)
    if len(kept) < len(sequence.notes):
        copies = NoteSequence(notes=kept)
        del sequence.notes[:]
        sequence.notes.extend(copies.notes)
    for annotation in sequence.text_annotations:
        if annotation.annotation_type == CHORD_SYMBOL:
            annotation.text = transpose_chord(annotation.text, semitones)
    for key in sequence.key_signatures:
        key.key = (key.key + semitones) % 12


def _stretch(sequence: NoteSequence, factor: float) -> None:
    quantization = sequence.quantization_info
    if quantization.steps_per_quarter or quantization.steps_per_second:
        raise UsageError(
            "A quantised sequence has no times to stretch. Stretch it before it is"
            " quantised."
        )
    for note in sequence.notes:
        note.start_time *= factor
        note.end_time *= factor
    sequence.total_time *= factor
    for events in (
        sequence.time_signatures,
        sequence.key_signatures,
        sequence.tempos,
        sequence.pitch_bends,
        sequence.control_changes,
        sequence.text_annotations,
    ):
        for event in events:
            event.time *= factor
    for tempo in sequence.tempos:
        tempo.qpm /= factor


def augment_once(
    sequence: NoteSequence, augmentation: AugmentationConfig, rng: np.random.Generator
) -> NoteSequence:
    """A copy, transposed and stretched by amounts drawn uniformly.

    Unlike windows in training, notes that leave MIDI's range are dropped.

    Args:
      sequence: in seconds.
      augmentation: the ranges to draw from, ends included.
      rng: of the draws.
    """
    low, high = augmentation.transpose
    transpose = int(rng.integers(low, high, endpoint=True))
    stretch = float(rng.uniform(*augmentation.stretch))
    return augment_sequence(sequence, transpose=transpose, stretch=stretch)
