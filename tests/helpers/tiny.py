"""Tiny grooves and models, quick to train."""

from __future__ import annotations

import numpy as np

from groovekit.configs.base import get_config
from groovekit.data.examples import Examples
from groovekit.data.prepared import Prepared, hold_out
from groovekit.io.notes import NoteSequence

SIZES = {
    "enc_rnn_size": [6],
    "dec_rnn_size": [6, 5],
    "z_size": 4,
    "batch_size": 4,
    "free_bits": 1,
}


def config(name="groovae_2bar_humanize", **overrides):
    """A config of tiny sizes."""
    return get_config(name).with_overrides({**SIZES, **overrides})


def groove(seed, *, bars=4, qpm=120.0):
    """A rock beat with a little chance in it, in note_seq's type."""
    rng = np.random.default_rng(seed)
    sequence = NoteSequence(ticks_per_quarter=220)
    sequence.id = f"/id/test/{seed}"
    sequence.tempos.add(qpm=qpm)
    sequence.time_signatures.add(numerator=4, denominator=4)
    step = 15.0 / qpm
    for number in range(16 * bars):
        pitches = [42] if number % 2 == 0 else []
        if number % 16 in (0, 8) or rng.random() < 0.1:
            pitches.append(36)
        if number % 8 == 4:
            pitches.append(38)
        for pitch in pitches:
            start = max(0.0, (number + rng.normal(0, 0.1)) * step)
            sequence.notes.add(
                pitch=pitch,
                velocity=int(rng.integers(40, 120)),
                start_time=start,
                end_time=start + step,
                is_drum=True,
                instrument=9,
            )
    sequence.total_time = 16 * bars * step
    return sequence


def prepared(config, *, sequences=12, bars=4):
    """Examples of some grooves, a few of them held out."""
    grooves = [groove(i, bars=bars) for i in range(sequences)]
    examples = Examples.from_sequences([(g.id, g) for g in grooves], config.converter)
    return hold_out(examples, 0.25)


def without_evaluation(data):
    """The same without evaluation."""
    return Prepared(data.train, None, "none")
