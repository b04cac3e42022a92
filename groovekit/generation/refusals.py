"""Why a model cannot take some music: what it expects, what came, what to do."""

from __future__ import annotations

from groovekit.converters.base import Converter, Reason, Skipped
from groovekit.converters.grid.sections import DEFAULT_TIME_SIGNATURE
from groovekit.errors import DataError
from groovekit.io.notes import NoteSequence

#: Modes of ``groovekit generate``, and methods of a model, that read whole takes.
_OF_ANY_LENGTH = (
    "continue or, with models of grooves, humanize, drumify, add, fill or groove"
)
_INSPECT = "groovekit inspect FILE shows what a file holds"
_ADVICE = {
    Reason.EMPTY: f"Choose another file; {_INSPECT}.",
    Reason.NO_DRUMS: (
        "Name the track that holds drums (`drum_track`: its name, number or channel), "
        f"if there is one; `drumify()` reads any instrument as taps; {_INSPECT}."
    ),
    Reason.NO_MAPPED_PITCHES: (
        f"Name the kit map that knows them (`kit`, groovekit kits list); {_INSPECT}."
    ),
    Reason.TIME_SIGNATURE_CHANGE: "Cut out a part in one time signature.",
    Reason.TEMPO_CHANGE: (
        "Windows are read at one tempo: cut out a part, or choose what follows "
        f"changes of tempo: {_OF_ANY_LENGTH}."
    ),
    Reason.TOO_SHORT: (
        "Repeat the music, choose a model of shorter windows, or what takes any "
        f"length: {_OF_ANY_LENGTH}."
    ),
}


def refusal(
    found: Skipped, sequence: NoteSequence, converter: Converter, *, name: str
) -> DataError:
    """The error for music without windows.

    Args:
      found: what the converter said.
      sequence: the music.
      converter: of the model.
      name: how to call the sequence.
    """
    if found.reason in (Reason.TIME_SIGNATURE, Reason.TIME_SIGNATURE_CHANGE):
        error = _other_time_signature(sequence, converter, name)
        if error is not None:
            return error
    advice = _ADVICE.get(found.reason, f"The model can take nothing of it; {_INSPECT}.")
    return DataError(f"{name} {found}. {advice}")


def check_time_signature(
    sequence: NoteSequence, converter: Converter, *, name: str
) -> None:
    """Refuses bars of another length than the model's.

    Args:
      sequence: the music.
      converter: of the model.
      name: how to call the sequence.

    Raises:
      DataError: there are such bars; says what would take them.
    """
    error = _other_time_signature(sequence, converter, name)
    if error is not None:
        raise error


def _other_time_signature(
    sequence: NoteSequence, converter: Converter, name: str
) -> DataError | None:
    """The error for bars of another length than the model's; None without such."""
    events = sorted(sequence.time_signatures, key=lambda event: event.time)
    found = [(event.numerator, event.denominator) for event in events]
    if not events or events[0].time > 0:
        found.insert(0, DEFAULT_TIME_SIGNATURE)
    wanted = converter.grid.quarters_per_bar
    own = "{}/{}".format(*converter.grid.time_signature)
    wrong = [(a, b) for a, b in found if 4 * a != wanted * b]
    if not wrong:
        return None
    a, b = wrong[0]
    change = ", ".join(dict.fromkeys(f"{x}/{y}" for x, y in found))
    quarters = 4 * a / max(b, 1)
    steps = quarters * converter.grid.steps_per_quarter
    advice = f"No model takes {a}/{b}: bars are whole steps"
    if len(wrong) < len(found):
        advice = f"Cut out the part in {own}"
    elif steps == round(steps) > 0:
        advice = (
            f"Choose or train a model for {a}/{b} (groovekit train with "
            f"`time_signature={a}/{b}`), or what takes any: {_OF_ANY_LENGTH}"
        )
    return DataError(
        f"{name} has bars of {quarters:g} quarter notes (time signature {change}), the "
        f"model takes bars of {wanted:g} ({own}). {advice}."
    )
