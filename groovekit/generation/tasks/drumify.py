"""From a tapped rhythm to a drum kit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Unpack

import numpy as np

from groovekit.converters.base import Converter
from groovekit.converters.grid.groove_inputs import TAP_CLASS
from groovekit.converters.grid.selection import loudest_of_each
from groovekit.errors import UsageError
from groovekit.generation.edits import Edits
from groovekit.generation.manner import Manner, Wanted, wanted
from groovekit.generation.partial import Taps
from groovekit.generation.player import Player
from groovekit.generation.takes import Take, chosen_by_hand, read_take
from groovekit.generation.tasks.editing import finish, new_hits
from groovekit.generation.tasks.filling import (
    FillingPlayer,
    Unknown,
    check_no_manner,
    check_other,
    chosen_temperature,
    filled,
    fills,
)
from groovekit.generation.tasks.playing import Played, check_count, play
from groovekit.io.notes import DRUM_CHANNEL, NoteSequence
from groovekit.seeding import derive, one_seed

# At a step that must sound the model is asked again, at a rising temperature; in the
# end it plays any drum.
_ROUNDS, _WARMER, _WARM = 20, 1.5, 0.5

# Drums on the grid of the taps: given hits to play (NaN where it is free to choose, and
# None for a choice everywhere), a temperature and a seed.
_PlayAt = Callable[[np.ndarray | None, float, int], Played]


def drumify(
    model: Player,
    sequence: NoteSequence,
    count: int = 1,
    *,
    temperature: float | None = None,
    keep_onsets: bool = False,
    swing: float = 0.0,
    qpm: float | None = None,
    seed: int | None = None,
    **manner: Unpack[Manner],
) -> list[NoteSequence]:
    """Drums for a tapped rhythm.

    Taps are the drum notes, whatever their pitch, or where there are none all notes;
    the drums take their place, everything else stays. Their timing gives that of the
    drums, their velocities only where the model reads those; one that fills reads
    neither where all taps have the same. Nothing sounds before
    the first tap. A take may have any length and changes of tempo, see
    :mod:`groovekit.generation.takes`.

    Args:
      model: the trained model, one that fills, or one that reads taps.
      sequence: the taps.
      count: versions, at least 1.
      temperature: of what a model fills in, 1 by default; else of the decoder, 0.5 by
        default.
      keep_onsets: the kit plays where and when there was a tap, and nowhere else.
      swing: see :func:`groovekit.generation.tasks.editing.swung`.
      qpm: tempo at the beginning, see
        :func:`groovekit.generation.tasks.editing.at_tempo`.
      seed: of what is drawn.
      manner: for models that fill, see :class:`groovekit.generation.manner.Manner`.

    Raises:
      DataError: no notes, or another time signature; says why.
      UsageError: numbers out of range, a model that reads no taps, or a manner for one
        that does not fill.
    """
    check_count(count)
    if not fills(model):
        check_drumify(model.converter, model.config.name)
    take = read_take(sequence, model.converter, taps=True)
    edits = drumify_edits(
        model,
        take,
        count,
        temperature=temperature,
        keep_onsets=keep_onsets,
        seed=one_seed(seed),
        **manner,
    )
    made = (edit.applied_to(sequence) for edit in edits)
    by_hand = chosen_by_hand(model.converter)
    return [finish(piece, swing=swing, qpm=qpm, by_hand=by_hand) for piece in made]


def drumify_edits(
    model: Player,
    take: Take,
    count: int = 1,
    *,
    temperature: float | None = None,
    keep_onsets: bool = False,
    seed: int,
    **manner: Unpack[Manner],
) -> Iterator[Edits]:
    """What :func:`drumify` does to the notes of a take of taps, for each version."""
    temperature = chosen_temperature(model, temperature)
    if fills(model):
        known = wanted(take, manner)
        play_at = _filling(model, take, check_other(known, "taps are no drums"))
    else:
        check_no_manner(model, manner)
        play_at = _decoding(model, take, seed)
    # A track of its own, as MIDI has one for drums.
    taps = set(take.notes.tolist())
    others = {
        note.instrument
        for position, note in enumerate(take.sequence.notes)
        if position not in taps and not note.is_drum
    }
    channel = next(n for n in (DRUM_CHANNEL, *range(256)) if n not in others)
    for version in range(count):
        own = derive(seed, "version", version)
        if keep_onsets:
            drums = _on_taps(take, play_at, temperature=temperature, seed=own)
        else:
            drums = play_at(None, temperature, own)
            drums.hits[: int(take.steps.min())] = False
        added = new_hits(take, drums, instrument=channel)
        yield Edits(removed=take.notes, added=added)


def check_drumify(converter: Converter, name: str) -> None:
    """Raises a UsageError unless a model of a converter reads taps."""
    if not converter.takes_taps:
        raise UsageError(
            f"A model of the config {name} was not trained on taps: choose one whose "
            "converter has tapify, such as groovae_2bar_tap_fixed_velocity."
        )


def _decoding(model: Player, take: Take, seed: int) -> _PlayAt:
    """Drums from the latent vectors of the taps."""
    z = model.encode(take.converter.expand(take.windows), seed=seed).mean

    def play_at(forced: np.ndarray | None, temperature: float, seed: int) -> Played:
        return play(model, take, z, forced=forced, temperature=temperature, seed=seed)

    return play_at


def _filling(model: FillingPlayer, take: Take, known: Wanted) -> _PlayAt:
    """Drums of a model that knows the taps and nothing else."""
    tapped = take.cells()[:, TAP_CLASS]
    hits, velocities, offsets = tapped.T.astype(np.float32)
    on = hits > 0
    # What is the same everywhere is not played, but what an editor writes.
    for values in (velocities, offsets):
        if np.ptp(values[on]) == 0:
            values[on] = np.nan
    taps = Taps(hits, velocities, offsets)

    def play_at(forced: np.ndarray | None, temperature: float, seed: int) -> Played:
        if forced is None:
            # Nothing sounds before the first tap.
            forced = np.full((len(hits), take.converter.classes), np.nan)
            forced[: int(take.steps.min())] = 0.0
        free = np.isnan(forced)
        silent = forced == 0
        cells = np.zeros((*forced.shape, 3))
        cells[..., 0] = np.where(free, 0.0, forced)
        (played,) = filled(
            model,
            take,
            cells,
            Unknown(free, ~silent, ~silent),
            known,
            1,
            temperature=temperature,
            seed=seed,
            taps=taps,
        )
        return played

    return play_at


def _on_taps(take: Take, play_at: _PlayAt, *, temperature: float, seed: int) -> Played:
    """Drums on each tap, at its time, and nowhere else."""
    tapped = np.zeros(len(take.grid()), bool)
    tapped[take.steps] = True
    forced = np.zeros((len(tapped), take.converter.classes))
    forced[tapped] = np.nan
    drums = play_at(forced, temperature, seed)
    for again in range(_ROUNDS):
        sounding = drums.hits.max(axis=1)
        if sounding[tapped].all():
            break
        forced[sounding] = drums.hits[sounding]
        warm = max(temperature, _WARM) * _WARMER ** (again + 1)
        own = derive(seed, "again", again)
        drums = play_at(forced, warm, own)
    loudest = loudest_of_each(take.steps, take.velocities)
    steps = take.steps[loudest]
    offsets = np.zeros(drums.hits.shape)
    on_grid = take.layout.on_grid(take.quarters[loudest])
    late = on_grid * take.converter.steps_per_quarter - steps
    offsets[steps] = -2 * late[:, None]
    return drums._replace(offsets=offsets)
