"""A report of an evaluation: ``metrics.json`` and a page that needs nothing else.

The page holds its pictures as inline SVG and its grooves as data URIs (MIDI and
sound); it runs no script.
"""

from __future__ import annotations

import base64
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from groovekit.errors import GroovekitError, UsageError
from groovekit.evaluation import report_svg, words
from groovekit.evaluation.distributions import FEATURES, SHARES, TITLES
from groovekit.evaluation.sample_figures import (
    BETWEEN,
    DESCRIBED,
    FIGURES,
    TOLD_APART,
)
from groovekit.evaluation.scoring import BY_NAME, GIVEN_HITS, MEASURES, Measure
from groovekit.io.files import write_file
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence
from groovekit.io.sound.rendering import render
from groovekit.io.sound.wav import encode_wav

if TYPE_CHECKING:
    import jinja2

METRICS, PAGE = "metrics.json", "report.html"
# Measures with a picture, and those with further figures of the deviations.
_DRAWN = ("hit_f1", "velocity_error", "timing_error_ms")
_DEVIATIONS = {"velocity_error": "velocity", "timing_error_ms": "timing"}
# Enough for drums; a third of what a CD has keeps the page small.
_SAMPLE_RATE = 16_000
Rows = Sequence[tuple[str, Sequence[int]]]


class Groove(Protocol):
    """What is shown of a groove (:class:`groovekit.evaluation.evaluate.Listening`)."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def original(self) -> NoteSequence | None:
        """As it was played."""

    @property
    def model(self) -> NoteSequence:
        """As the model plays it."""


def check_report_folder(folder: Path, *, overwrite: bool) -> None:
    """Checks, before work begins, that a report can and may be written.

    Raises:
      GroovekitError: Jinja2 is not installed.
      UsageError: there is one, and it is not to be overwritten.
    """
    if importlib.util.find_spec("jinja2") is None:
        raise GroovekitError("A report needs Jinja2: pip install jinja2.")
    found = [name for name in (METRICS, PAGE) if (folder / name).exists()]
    if found and not overwrite:
        raise UsageError(
            f"Expected no report in {folder}, found {' and '.join(found)}. Give "
            "another `report` folder, or `overwrite=True`."
        )


def write_report(
    folder: Path,
    figures: Mapping[str, Any],
    grooves: Sequence[Groove] = (),
    *,
    rows: Rows = (),
) -> Path:
    """Writes the folder; existing files of these names are replaced.

    Args:
      folder: made if need be.
      figures: of :class:`groovekit.evaluation.evaluate.Evaluation`, with ``model`` and
        ``examples``.
      grooves: to look at and listen to.
      rows: names and pitches of the piano rolls' rows, the lowest first.

    Returns:
      The page.

    Raises:
      WriteError: a file cannot be written.
    """
    page = folder / PAGE
    text = json.dumps(figures, indent=2, ensure_ascii=False, allow_nan=False)
    write_file(folder / METRICS, f"{text}\n")
    write_file(page, render_page(figures, grooves, rows=rows))
    return page


def render_page(
    figures: Mapping[str, Any], grooves: Sequence[Groove] = (), *, rows: Rows = ()
) -> str:
    """The page as HTML; arguments as for :func:`write_report`."""
    if "filling" in figures:
        return _filling_page(figures)
    scored = figures["reconstruction"]["rows"]
    measures = [m for m in MEASURES if m.name in scored[0]["scores"]]
    drums = scored[0].get("by_class")
    drawn = next(iter(drums.values())) if drums else ()
    way = figures.get("interpolation")
    return _template().render(
        filling=None,
        title=f"{figures['config']}: evaluation",
        figures=figures,
        model=figures.get("model", {}),
        examples=figures.get("examples", {}),
        verdicts=figures["reconstruction"]["verdicts"],
        scored=scored,
        measures=measures,
        given_hits=GIVEN_HITS,
        deviations=_DEVIATIONS,
        comparisons=[_comparison(m, scored) for m in measures if m.name in _DRAWN],
        drums=drums,
        drum_measures=[m for m in MEASURES if m.name in drawn],
        samples=figures.get("samples"),
        described=_described(figures.get("samples")),
        told_apart=TOLD_APART,
        between=BETWEEN,
        distributions=_distributions(figures.get("distributions")),
        way=way if way and way.get("ways") else None,
        grooves=_grooves(grooves, rows),
    )


def _filling_page(figures: Mapping[str, Any]) -> str:
    """The page of a model that fills."""
    filling = [
        {**row, "measures": [BY_NAME[m] for m in row["predictions"][0]["scores"]]}
        for row in figures["filling"]
    ]
    return _template().render(
        title=f"{figures['config']}: evaluation",
        figures=figures,
        model=figures.get("model", {}),
        examples=figures.get("examples", {}),
        filling=filling,
    )


def _template() -> jinja2.Template:
    import jinja2  # noqa: PLC0415 - an extra

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("groovekit", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "capital": words.capital,
        "interval": words.interval,
        "number": words.number,
        "short": words.short,
    }
    return environment.get_template(PAGE)


# Parts of the page -------------------------------------------------------------------


def _comparison(measure: Measure, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A picture of one measure of the model and the baselines."""
    shown = [
        (row["label"], row["scores"][measure.name])
        for row in rows
        # Hits of whoever is given them say nothing.
        if measure.unit or row.get("given") != GIVEN_HITS
    ]
    better = "more is better" if measure.higher else "less is better"
    title = f"{measure.label}, {better}"
    picture = report_svg.intervals(shown, title=title, unit=measure.unit)
    return {"title": title, "svg": picture}


def _described(samples: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Figures of the samples beside those of held-out and training windows."""
    if samples is None or "figures" not in samples:
        return None
    sets = samples["figures"]
    return {
        "titles": list(DESCRIBED.values()),
        "rows": [
            (
                figure.label,
                [figure.text(sets[name].get(figure.name)) for name in DESCRIBED],
            )
            for figure in FIGURES
            if figure.name in sets["samples"]
        ],
    }


def _distributions(table: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Rows, remarks and pictures of how distributions differ; None without any."""
    if table is None:
        return None
    sets, shown = table["sets"], [name for name in TITLES if name in table["sets"]]
    titles = {
        name: f"{label} ({unit})" if unit else label for name, label, unit in FEATURES
    }
    labels = {name: label for name, label, *_ in (*FEATURES, *SHARES)}
    return {
        "titles": [TITLES[name] for name in shown],
        "rows": [
            (
                titles.get(name, label),
                [*(sets[key].get(name) for key in shown), table["halves"].get(name)],
            )
            for name, label in labels.items()
            if any(name in sets[key] for key in shown)
        ],
        "far": [
            (TITLES[key], [labels[name] for name in names])
            for key, names in table["beyond_halves"].items()
            if key in shown and names
        ],
        "pictures": [
            {
                "title": title,
                "svg": report_svg.histogram(
                    table["histograms"][name]["edges"],
                    table["histograms"][name]["sets"],
                    title=title,
                ),
            }
            for name, title in titles.items()
            if name in table["histograms"]
        ],
    }


def _grooves(grooves: Sequence[Groove], rows: Rows) -> list[dict[str, Any]]:
    """Each groove as it was played and as the model plays it."""
    found = []
    for groove in grooves:
        parts = []
        for label, sequence in (("played", groove.original), ("model", groove.model)):
            if sequence is None:
                continue
            title = f"{groove.title}, {label}" if groove.original else groove.title
            name = title.lower().replace(", ", "-").replace(" ", "-")
            parts.append(
                {
                    "label": label,
                    "title": title,
                    "svg": report_svg.piano_roll(sequence, title=title, rows=rows),
                    "file": f"{name}.mid",
                    "midi": _data_uri("audio/midi", encode_midi(sequence)),
                    "sound": _sound(sequence),
                }
            )
        found.append({"title": groove.title, "parts": parts})
    return found


def _sound(sequence: NoteSequence) -> str:
    """A groove to listen to, at the level of its velocities: grooves compare."""
    audio = render(sequence, sample_rate=_SAMPLE_RATE, loudness=None)
    return _data_uri("audio/wav", encode_wav(audio.mean(axis=1), _SAMPLE_RATE))


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
