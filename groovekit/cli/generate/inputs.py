"""What the modes of ``groovekit generate`` read, before a model is loaded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from groovekit.cli.generate.mode import Inputs, Request
from groovekit.cli.output import note, tell_remark

if TYPE_CHECKING:
    from groovekit.converters.base import Converter, Counts
    from groovekit.generation.inputs import Excerpt
    from groovekit.generation.manner import Manner
    from groovekit.generation.player import Player
    from groovekit.generation.takes import Take
    from groovekit.io.midi.document import MidiDocument
    from groovekit.io.notes import NoteSequence


@dataclasses.dataclass(frozen=True)
class Excerpts(Inputs):
    """One window of each input."""

    excerpts: Sequence[Excerpt] = ()

    @property
    def window(self) -> int | None:
        """Number of the first input's."""
        return self.excerpts[0].window if self.excerpts else None


@dataclasses.dataclass(frozen=True)
class Takes(Inputs):
    """Whole performances.

    Attributes:
      manner: how they are to be played.
    """

    manner: Manner = dataclasses.field(default_factory=lambda: cast("Manner", {}))


def play_takes(
    task: Callable[..., list[NoteSequence]],
    player: Player,
    inputs: Takes,
    request: Request,
    **own: Any,
) -> list[NoteSequence]:
    """What a task of :mod:`groovekit.generation.tasks` makes of each performance.

    Args:
      task: takes a player, a sequence and a count, what all tasks take, and ``own``.
      player: plays.
      inputs: the performances, and how they are to be played.
      request: what was asked for.
      **own: options of the mode.
    """
    return [
        piece
        for sequence in inputs.sequences
        for piece in task(
            player, sequence, request.count, **own, **request.playing, **inputs.manner
        )
    ]


def read_excerpts(request: Request) -> Excerpts:
    """Reads a window of each input, and says which, and what became of them.

    Raises:
      DataError: inputs that cannot be read, or that the model cannot take.
      UsageError: a length or chords that the model cannot play.
    """
    from groovekit.converters.harmony.chords import parse_chords
    from groovekit.converters.options import with_options
    from groovekit.generation.bar_layout import pair_remarks
    from groovekit.generation.inputs import excerpt

    bars, chords = request.options.get("bars"), request.options.get("chords")
    which = {name: request.options.get(name) for name in ("window", "from_bar")}
    # For its checks alone: inputs are read as long as the model was trained on.
    asked = request.files.config.converter
    if not asked.tiles:
        asked = with_options(asked, bars=bars)
    figures = parse_chords(chords) if chords is not None else ()
    if figures:
        asked.chord_controls(figures)
    sequences = [read_performance(path, request.drum_track) for path in request.paths]
    excerpts = [
        excerpt(sequence, request.converter, name=path, **which)
        for path, sequence in zip(request.paths, sequences, strict=True)
    ]
    for path, item in zip(request.paths, excerpts, strict=True):
        if item.loop_quarters is not None:
            note(
                f"{path} is a loop of {item.loop_quarters:g} quarter notes: it is "
                "repeated to fill a window, and what is made of it is as long."
            )
        elif item.windows > 1:
            given = any(value is not None for value in which.values())
            begin = "" if item.bar is None else f", from bar {item.bar} on"
            note(
                f"{path} has {item.windows} windows: using number {item.window}{begin}"
                + ("." if given else ", the fullest (--from-bar N for another).")
            )
    for path, sequence in zip(request.paths, sequences, strict=True):
        for remark in pair_remarks(sequence, request.converter):
            note(f"{path}: {remark}.")
    counts = [item.counts for item in excerpts]
    tell_kits(request.converter, counts, sequences)
    tiles = bars or max(1, len(figures)) if asked.tiles else 1
    windows = request.outputs * tiles
    return Excerpts(counts, windows, asked.steps, sequences, excerpts=excerpts)


def read_takes(request: Request, *, taps: bool = False, keeping: bool = True) -> Takes:
    """Reads whole performances, and says what became of them.

    Args:
      request: names them.
      taps: read any instrument as taps, whatever its pitch.
      keeping: whether the outputs hold the notes of the inputs.

    Raises:
      DataError: inputs that cannot be read, or that the model cannot take.
      UsageError: a model of another kind.
    """
    from groovekit.generation.takes import read_take

    documents = [read_document(path, request.drum_track) for path in request.paths]
    sequences = [document.sequence for document in documents]
    takes = [
        read_take(sequence, request.converter, taps=taps, name=path)
        for path, sequence in zip(request.paths, sequences, strict=True)
    ]
    documents = [
        _with_hats(document, take)
        for document, take in zip(documents, takes, strict=True)
    ]
    counts = [take.counts for take in takes]
    for path, take in zip(request.paths, takes, strict=True):
        for remark in take.remarks:
            note(f"{path}: {remark}.")
    tell_kits(
        request.converter,
        counts,
        sequences,
        taps=taps,
        kept=keeping and not request.translate,
    )
    windows = request.count * sum(len(take.starts) for take in takes)
    steps = request.converter.steps
    return Takes(
        counts,
        windows,
        steps,
        sequences,
        documents,
        manner=read_manner(request.options),
    )


def _with_hats(document: MidiDocument, take: Take) -> MidiDocument:
    """A file whose hi-hats are those of the kit that it is read with."""
    kit = take.converter.kit_map
    hats = frozenset(
        pitch
        for name, pitches in zip(kit.class_names, kit.classes, strict=True)
        if "hihat" in name
        for pitch in pitches
    )
    return dataclasses.replace(document, hats=hats) if hats else document


def read_manner(options: Mapping[str, Any]) -> Manner:
    """How the options of :data:`.options.MANNER` say that it is to sound.

    Raises:
      DataError: the file to play like cannot be read.
    """
    from groovekit.generation.bars import names_bars

    names = ("level", "push", "range", "looseness", "style")
    manner: Any = {name: options[name] for name in names if name in options}
    like = options.get("like")
    if like is None:
        return cast("Manner", manner)
    file, bars = like, None
    if names_bars(like):
        file, bars = None, like
    elif not Path(like).expanduser().is_file():
        before, _, behind = like.rpartition(":")
        if before and names_bars(behind):
            file, bars = before, behind
    if file is not None:
        manner["like"] = read_performance(file)
    manner["like_bars"] = bars
    return cast("Manner", manner)


def tell_own(
    player: Player,
    sequence: NoteSequence,
    manner: Manner,
    *,
    timing: bool = True,
    velocity: bool = True,
) -> None:
    """Says at which level and with which feel an input is played, where it is its own.

    Args:
      player: the model.
      sequence: the input.
      manner: what is said.
      timing: whether its timing is the model's.
      velocity: whether its velocities are the model's.
    """
    from groovekit.generation.manner import wanted, with_measured
    from groovekit.generation.takes import read_take
    from groovekit.generation.tasks.filling import fills

    if not fills(player):
        return
    take = read_take(sequence, player.converter)
    said = wanted(take, manner)
    found = with_measured(said, take, timing=timing, velocity=velocity).conditions.said
    own = [name for name in found if name not in said.conditions.said]
    if own:
        units = {"push": "{:+.1f} ms", "looseness": "{:.1f} ms"}
        words = ", ".join(
            f"{name} " + units.get(name, "{:.0f}").format(found[name]) for name in own
        )
        options = ", ".join(f"--{name}" for name in own)
        note(f"{take.name} keeps its own {words} ({options} for another).")


def read_performance(path: str, drum_track: str | None = None) -> NoteSequence:
    """Reads a MIDI file and says what was mended or left out, and what are drums.

    The sequence knows the path, for messages.

    Args:
      path: of the file.
      drum_track: the track that is drums, and no other; None to find it.

    Raises:
      DataError: it cannot be read, or has no such track; says why.
    """
    return read_document(path, drum_track).sequence


def read_document(path: str, drum_track: str | None = None) -> MidiDocument:
    """Reads a MIDI file to be edited, as :func:`read_performance` does."""
    from groovekit.io.drum_tracks import drum_tracks, mark_drums
    from groovekit.io.midi.document import MidiDocument
    from groovekit.io.midi.files import read_file

    data = read_file(Path(path).expanduser(), path)
    document = MidiDocument.read(data, name=path)
    for remark in document.remarks:
        tell_remark(path, remark)
    sequence = document.sequence
    sequence.filename = path
    if drum_track is not None:
        marked = mark_drums(sequence, drum_track, channels=document.channels, name=path)
        return dataclasses.replace(document, sequence=marked)
    if found := drum_tracks(sequence).remark:
        note(f"{path}: {found} (`drum_track=...` for another).")
    return document


def tell_kits(
    converter: Converter,
    counts: Sequence[Counts],
    sequences: Sequence[NoteSequence] = (),
    *,
    taps: bool = False,
    kept: bool = False,
) -> None:
    """Says which kits read and write, and what they do not know.

    Args:
      converter: of the model; without kits there is nothing to say.
      counts: what happened to the notes of each input; none where there are none.
      sequences: the inputs.
      taps: whether notes are read as taps, which have no pitch.
      kept: whether outputs keep the pitches of the inputs.
    """
    from groovekit.converters.options import WithKits

    if not isinstance(converter, WithKits):
        return
    kits = str(converter.kit), str(converter.output_kit)
    if not taps:
        kits = _tell_reading(converter, sequences) or kits[0], kits[1]
    if not counts:
        note(f"Writing with the kit map {kits[1]}.")
        return
    unmapped = sum(count.unmapped for count in counts)
    notes = sum(count.notes for count in counts)
    read = notes - sum(count.ignored for count in counts)
    text = f"{unmapped} of {notes} notes had no class"
    if taps:
        note(f"Reading {read} of {notes} notes as taps, writing with {kits[1]}.")
    elif kept:
        text = f"{unmapped} of {read} drum notes had no class"
        note(f"Reading with the kit map {kits[0]}; {text}. All keep their pitches.")
    else:
        note(f"Reading with the kit map {kits[0]}, writing with {kits[1]}; {text}.")


def _tell_reading(converter: Converter, sequences: Sequence[NoteSequence]) -> str:
    """Says which inputs are read with another kit map than the model's.

    Returns:
      The maps that inputs are read with.
    """
    from groovekit.converters.options import kit_reading

    used: dict[str, None] = {}
    for sequence in sequences:
        found = kit_reading(converter, sequence)
        if found is None:
            continue
        used[str(found.kit)] = None
        if found.other:
            note(f"{sequence.filename} is {found} (`kit=...` for another).")
        if found.unknown:
            note(f"{sequence.filename}: without a class {found.unknown_in_words}.")
    return ", ".join(used)
