"""A report of an evaluation: ``metrics.json`` and a page that needs nothing else.

The page holds its pictures as inline SVG and its grooves as data URIs (MIDI, and
sound where a synthesizer is installed); it runs no script.
"""

from __future__ import annotations

import base64
import html
import json
import string
import tempfile
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from groovekit.errors import GroovekitError, UsageError
from groovekit.evaluation import report_svg
from groovekit.evaluation.distributions import FEATURES, SHARES, TITLES
from groovekit.evaluation.scoring import GIVEN_HITS, MEASURES
from groovekit.io.files import write_file
from groovekit.io.midi.encoding import encode_midi
from groovekit.io.notes import NoteSequence

METRICS, PAGE = "metrics.json", "report.html"
# Further figures of deviations.
_MORE = (("median", "median_absolute"), ("sd", "spread"), ("bias", "bias"))
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
    """Checks, before work begins, that a report may be written.

    Raises:
      UsageError: there is one, and it is not to be overwritten.
    """
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
    template = resources.files("groovekit").joinpath("templates", "report.html")
    title = f"{figures['config']}: evaluation"
    body = [f"<h1>{_escape(title)}</h1>", _about(figures)]
    table = figures["reconstruction"]
    body.append(_verdicts(table["verdicts"]))
    body.append(_reconstruction(table))
    if "by_class" in table["rows"][0]:
        body.append(_by_class(table["rows"][0]["by_class"]))
    if "samples" in figures:
        body.append(_samples(figures["samples"]))
    if "distributions" in figures:
        body.append(_distributions(figures["distributions"]))
    if figures.get("interpolation", {}).get("ways"):
        body.append(_interpolation(figures["interpolation"]))
    if grooves:
        body.append(_grooves(grooves, rows))
    page = string.Template(template.read_text(encoding="utf-8"))
    return page.substitute(title=_escape(title), body="\n".join(filter(None, body)))


# Sections ----------------------------------------------------------------------------


def _about(figures: Mapping[str, Any]) -> str:
    model, examples = figures.get("model", {}), figures.get("examples", {})
    decoding = "autoregressive: each step follows the model's own ones"
    if figures["decoding"] == "teacher forcing":
        decoding = "teacher forcing: each step follows the true ones"
    tempo = "each window's own tempo"
    if figures["tempo"] != "own":
        tempo = f"{figures['tempo']} quarters a minute"
    split = f", {examples['split']} split" if examples.get("split") else ""
    rows = [
        ("Model", f"{model.get('kind', '')} {model.get('source', '')}".strip()),
        ("Examples", f"{examples.get('source', '')}{split}"),
        (
            "Evaluated on",
            f"{figures['windows']:,} windows of {figures['performances']} performances",
        ),
        ("Training windows", f"{figures['training_windows']:,}"),
        ("Decoding", f"posterior's mean, most probable choices, {decoding}"),
        ("Milliseconds", tempo),
        ("In brackets", figures["intervals"]),
        ("KL divergence", f"{_interval(figures['kl_bits'], 1)} bits a window"),
        (
            "Reconstruction",
            f"{_number(figures['reconstruction_bits'], 1)} bits a window (teacher "
            "forcing; squared errors of velocity and timing counted as in training)",
        ),
        ("Seed", str(figures["seed"])),
    ]
    timed = "timing" in figures["reconstruction"]["rows"][0]
    shown = [(k, v) for k, v in rows if timed or k != "Milliseconds"]
    return _table([], [[_escape(k), _escape(v)] for k, v in shown])


def _verdicts(verdicts: Sequence[Mapping[str, Any]]) -> str:
    if not verdicts:
        return ""
    items = "".join(
        f'<li class="{verdict["outcome"].replace(" ", "-")}">'
        f"{_escape(_capital(verdict['text']))}</li>"
        for verdict in verdicts
    )
    return f"<h2>Against the baselines</h2><ul>{items}</ul>"


def _reconstruction(table: Mapping[str, Any]) -> str:
    rows = table["rows"]
    known = [m for m in MEASURES if m.name in rows[0]["scores"]]
    head = ["predicted by", "given"]
    head += [m.label + (f" ({m.unit})" if m.unit else "") for m in known]
    cells, kinds = [], []
    for row in rows:
        given = row.get("given", "")
        line = [_escape(row["label"]), _escape(given)]
        for measure in known:
            trivial = given == GIVEN_HITS and not measure.unit
            table_ = row["scores"][measure.name]
            digits = 1 if measure.unit else 3
            text = "given" if trivial else _stacked(table_, digits)
            key = {"velocity_error": "velocity", "timing_error_ms": "timing"}
            more = row.get(key.get(measure.name, ""))
            if more and more["count"]:
                for label, part in _MORE:
                    text += f"<small>{label} {_number(more[part], 1)}</small>"
            line.append(text)
        cells.append(line)
        kinds.append(row["name"])
    parts = [
        "<h2>Reconstruction</h2>",
        "<p>Errors are means of absolute differences at matched hits. Baselines that "
        "are given the hits are measured where the model hits, too.</p>",
        _table(head, cells, kinds=kinds),
    ]
    for measure in known:
        if measure.name not in ("hit_f1", "velocity_error", "timing_error_ms"):
            continue
        shown = [
            (row["label"], row["scores"][measure.name])
            for row in rows
            if measure.unit or row.get("given") != GIVEN_HITS
        ]
        better = "more is better" if measure.higher else "less is better"
        title = f"{measure.label}, {better}"
        picture = report_svg.intervals(shown, title=title, unit=measure.unit)
        parts.append(_figure(picture, _capital(title)))
    return "".join(parts)


def _by_class(table: Mapping[str, Any]) -> str:
    names = [name for name in next(iter(table.values())) if name != "hits"]
    labels = {m.name: m.label + (f" ({m.unit})" if m.unit else "") for m in MEASURES}
    digits = {m.name: 1 if m.unit else 3 for m in MEASURES}
    cells = [
        [_escape(drum.replace("_", " ")), str(row["hits"])]
        + [_number(row[name], digits[name]) for name in names]
        for drum, row in table.items()
    ]
    head = ["drum", "hits", *(labels[name] for name in names)]
    return "<h3>The model by drum</h3>" + _table(head, cells)


def _samples(table: Mapping[str, Any]) -> str:
    copies = table["memorising"]
    held = copies["held_out"]
    verdict = "MEMORISES" if copies["memorises"] else "does not memorise"
    cells = [
        [
            "samples",
            _number(table["diversity"]["distinct"]),
            _number(table["diversity"]["mean_distance"]),
            _number(copies["samples"]["copies"]),
            _number(copies["samples"]["distance_median"]),
        ],
        [
            "held-out windows",
            _number(table["held_out_diversity"]["distinct"]),
            _number(table["held_out_diversity"]["mean_distance"]),
            _escape(_interval(held["copies"])),
            _number(held["distance_median"]),
        ],
    ]
    head = ["", "different", "mean distance of pairs", "copies", "nearest, median"]
    return (
        f"<h2>Samples</h2><p>{table['windows']} windows from the prior at temperature "
        f"{table['temperature']:g}. Distances are 1 &minus; F1 of the hits. A copy is "
        f"at most {copies['threshold']:g} away from a training groove: the model "
        f"<strong>{verdict}</strong>.</p>" + _table(head, cells)
    )


def _distributions(table: Mapping[str, Any]) -> str:
    sets, halves = table["sets"], table["halves"]
    shown = [name for name in TITLES if name in sets]
    cells = []
    labels_of = {name: label for name, label, *_ in (*FEATURES, *SHARES)}
    units = {name: f" ({unit})" for name, _, unit in FEATURES if unit}
    for name, label, *_ in (*FEATURES, *SHARES):
        if not any(name in sets[key] for key in shown):
            continue
        line = [_escape(label + units.get(name, ""))]
        line += [_distance(sets[key].get(name)) for key in shown]
        cells.append([*line, _distance(halves.get(name))])
    head = ["feature", *(TITLES[name] for name in shown), "two halves of the held out"]
    parts = [
        "<h2>Distributions</h2><p>Distance from the held-out windows: Wasserstein-1 in "
        "the feature's unit, below it the Kolmogorov-Smirnov distance (KS) and Yang "
        "and Lerch's overlap area (OA); of shares the total variation. The last column "
        "is the yardstick: two halves of the held-out performances.</p>",
        _table(head, cells),
    ]
    for key, names in table["beyond_halves"].items():
        if key in shown and names:
            listed = _escape("; ".join(labels_of[name] for name in names))
            parts.append(
                f"<p>Farther than twice the distance of the halves, {TITLES[key]}: "
                f"{listed}.</p>"
            )
    pictures = []
    for name, label, _ in FEATURES:
        if name in table["histograms"]:
            drawn = table["histograms"][name]
            title = label + units.get(name, "")
            picture = report_svg.histogram(drawn["edges"], drawn["sets"], title=title)
            pictures.append(_figure(picture, _capital(title)))
    legend = (
        '<p class="soft"><span class="key held"></span>held out'
        '<span class="key samples"></span>samples'
        '<span class="key model"></span>reconstructions (dashed)</p>'
    )
    parts.append(f'{legend}<div class="grid">{"".join(pictures)}</div>')
    return "".join(parts)


def _distance(table: Mapping[str, Any] | None) -> str:
    if not table:
        return "&ndash;"
    if "total_variation" in table:
        return _escape(_figure_of(table["total_variation"]))
    first, second, overlap = (
        _escape(_figure_of(table[key]))
        for key in ("wasserstein", "kolmogorov_smirnov", "overlap")
    )
    return f"{first}<small>KS {second}, OA {overlap}</small>"


def _figure_of(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value["value"]
    return "-" if value is None else f"{value:.3g}"


def _interpolation(table: Mapping[str, Any]) -> str:
    return (
        f"<h2>Interpolations</h2><p>{table['ways']} ways of {table['steps']} steps "
        "between held-out windows of different performances. The largest step is "
        f"{_number(table['largest_step'], 2)} of the way ({1 / table['steps']:.2f} if "
        f"all were even, 1 for a single jump); ways are {_number(table['detour'], 2)} "
        "times as long as the distance of their ends; "
        f"{_number(table['monotonic'], 2)} of the steps lead away from the start and "
        "towards the end.</p>"
    )


def _grooves(grooves: Sequence[Groove], rows: Rows) -> str:
    parts = ["<h2>To look at and listen to</h2>"]
    parts.append(
        "<p>Chosen at equal distances, not by hand. The darker a note, the louder; "
        "notes begin where they are played.</p>"
    )
    play = _player()
    for groove in grooves:
        parts.append(f"<h3>{_escape(groove.title)}</h3>")
        both = [("played", groove.original), ("model", groove.model)]
        for label, sequence in both:
            if sequence is None:
                continue
            title = f"{groove.title}, {label}" if groove.original else groove.title
            picture = report_svg.piano_roll(sequence, title=title, rows=rows)
            midi = _data_uri("audio/midi", encode_midi(sequence))
            name = f"{title.lower().replace(', ', '-').replace(' ', '-')}.mid"
            caption = (
                f'{_escape(_capital(label))} &middot; <a download="{_escape(name)}" '
                f'href="{midi}">MIDI</a>{play(sequence, title)}'
            )
            parts.append(
                f'<figure><div class="scroll">{picture}</div>'
                f"<figcaption>{caption}</figcaption></figure>"
            )
    return "".join(parts)


def _player() -> Any:
    """A function that gives a groove's sound, or nothing without a synthesizer."""

    def silent(sequence: NoteSequence, title: str) -> str:  # noqa: ARG001
        return ""

    def play(sequence: NoteSequence, title: str) -> str:
        from groovekit.io.sound import render, write_wav  # noqa: PLC0415 - an extra

        try:
            audio = render(sequence, sample_rate=_SAMPLE_RATE)
        except GroovekitError:
            return ""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "groove.wav"
            write_wav(path, audio.mean(axis=1), _SAMPLE_RATE)
            uri = _data_uri("audio/wav", path.read_bytes())
        return (
            f' <audio controls preload="metadata" aria-label="{_escape(title)}" '
            f'src="{uri}"></audio>'
        )

    try:
        import groovekit.io.sound  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return silent
    return play


# Pieces ------------------------------------------------------------------------------


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, kinds: Sequence[str] = ()
) -> str:
    """A table; cells are HTML, the first of a row heads it."""
    top = ""
    if head:
        cells = "".join(f'<th scope="col">{_escape(cell)}</th>' for cell in head)
        top = f"<thead><tr>{cells}</tr></thead>"
    body = []
    for index, (first, *rest) in enumerate(rows):
        kind = f' class="{_escape(kinds[index])}"' if kinds else ""
        cells = "".join(f"<td>{cell}</td>" for cell in rest)
        body.append(f'<tr{kind}><th scope="row">{first}</th>{cells}</tr>')
    inner = f"<table>{top}<tbody>{''.join(body)}</tbody></table>"
    return f'<div class="scroll">{inner}</div>'


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{_escape(caption)}</figcaption></figure>"


def _interval(table: Mapping[str, float | None], digits: int = 3) -> str:
    text = _number(table["value"], digits)
    if table["low"] is None or table["high"] is None:
        return text
    return f"{text} [{table['low']:.{digits}f}, {table['high']:.{digits}f}]"


def _stacked(table: Mapping[str, float | None], digits: int) -> str:
    """A figure with its interval below it, as HTML."""
    value, _, bounds = _interval(table, digits).partition(" ")
    return value + (f"<small>{bounds}</small>" if bounds else "")


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _escape(text: str) -> str:
    return html.escape(text)


def _data_uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
