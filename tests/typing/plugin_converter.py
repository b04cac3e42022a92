"""A plug-in's converter, config and kit map: only has to type-check.

mypy reads the folder with the package; nothing here is run. It breaks when the
public signatures stop fitting what a plug-in's author writes.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar, assert_type

import numpy as np

import groovekit as gk


@gk.register_converter("typing.kicks")
@dataclasses.dataclass(frozen=True)
class Kicks(gk.Converter):
    """Whether the kick sounds on each of sixteen steps."""

    version: ClassVar[int] = 2

    kit: str = "general_midi"

    @property
    def steps(self) -> int:
        return 16

    @property
    def input_depth(self) -> int:
        return 1

    @property
    def layout(self) -> tuple[gk.Slice, ...]:
        return (gk.Slice("hits", 1, "binary"),)

    def extract(self, sequence: gk.NoteSequence) -> gk.Windows | gk.Skipped:
        if not sequence.notes:
            return gk.Skipped(gk.Reason.EMPTY, counts=gk.Counts())
        hits = np.zeros((1, self.steps, 1), np.uint8)
        notes = len(sequence.notes)
        return gk.Windows({"hits": hits}, gk.Counts(notes=notes, ignored=notes))

    def expand(
        self,
        windows: gk.Windows,
        *,
        rng: np.random.Generator | None = None,
        labels: bool = False,
    ) -> gk.Tensors:
        rolls = windows.arrays["hits"].astype(np.float32)
        lengths = np.full(len(windows), self.steps, np.int32)
        return gk.Tensors(inputs=rolls, outputs=rolls, controls=None, lengths=lengths)

    def decode(
        self,
        tensors: np.ndarray,
        controls: np.ndarray | None = None,
        *,
        qpm: float = 120.0,
    ) -> list[gk.NoteSequence]:
        return [gk.NoteSequence() for _ in tensors]


@gk.register_config("typing.kicks_1bar")
def kicks_1bar() -> gk.ModelConfig:
    base = gk.get_config("groovae_4bar")
    assert isinstance(base, gk.ModelConfig)
    return base.replace(
        name="typing.kicks_1bar",
        converter=Kicks(),
        encoder=gk.EncoderConfig(rnn_size=(64,)),
        latent=dataclasses.replace(base.latent, z_size=16),
    )


@gk.register_kit_map("typing.two_pads")
def two_pads() -> gk.KitMap:
    return gk.KitMap(
        name="typing.two_pads",
        classes=((36, 35), (38, 40)),
        class_names=("kick", "snare"),
    )


# Decorators give back what they were given.
assert_type(kicks_1bar(), gk.ModelConfig)
assert_type(Kicks(kit="roland_td11"), Kicks)
assert_type(two_pads().class_of([36, 38]), np.ndarray)


def describe(sequence: gk.NoteSequence) -> str:
    encoded = Kicks().encode(sequence)
    if isinstance(encoded, gk.Skipped):
        return encoded.reason.value
    assert_type(encoded, gk.Encoded)
    return f"{len(encoded)} windows, {encoded.counts.kept} notes"
