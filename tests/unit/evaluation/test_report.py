"""The page of a report: valid, self-contained, and with the figures it was given."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import wave
from html.parser import HTMLParser

import mido
import numpy as np
import pytest
from helpers import tiny

from groovekit.errors import UsageError
from groovekit.evaluation import report

VOID = {"meta", "br", "img", "link", "input"}
# Parts of SVG that close themselves.
SHAPES = {"rect", "line", "circle", "polygon", "polyline"}


class Page(HTMLParser):
    """Checks nesting and collects what there is."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        table = dict(attrs)
        self.links += [table[n] for n in ("href", "src") if n in table]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in SHAPES
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@dataclasses.dataclass(frozen=True)
class Groove:
    title: str
    original: object
    model: object


def interval(value):
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


FIGURES = {
    "schema_version": 1,
    "config": "groovae_<4>bar",
    "windows": 1234,
    "performances": 12,
    "training_windows": 4078,
    "seed": 3,
    "decoding": "autoregressive",
    "tempo": "own",
    "intervals": "95 %, percentile bootstrap by performance",
    "kl_bits": interval(49.3),
    "reconstruction_bits": 194.2,
    "losses": {"loss": 135.0},
    "model": {"kind": "preset", "source": "groovae_4bar"},
    "examples": {"source": "groove", "split": "validation"},
    "reconstruction": {
        "rows": [
            {
                "name": name,
                "label": label,
                "given": given,
                "scores": {
                    "hit_f1": interval(f1),
                    "velocity_error": interval(26.7),
                },
                "velocity": {
                    "median_absolute": 21.5,
                    "spread": 32.25,
                    "bias": -12.0,
                    "count": 7,
                },
                "timing": {
                    "median_absolute": 14.5,
                    "spread": 23.0,
                    "bias": 2.5,
                    "count": 7,
                },
                "by_class": {"kick": {"hits": 820, "hit_f1": 0.594}},
            }
            for name, label, given, f1 in (
                ("model", "the model", "the input", 0.678),
                ("quantised", "quantised", "the hits", 1.0),
            )
        ],
        "verdicts": [
            {"outcome": "worse", "text": "hit F1: does NOT beat the baselines <"},
        ],
    },
    "interpolation": {
        "ways": 24,
        "steps": 10,
        "largest_step": 0.42,
        "detour": 1.16,
        "monotonic": 0.93,
    },
}


def test_page_holds_the_figures():
    text = report.render_page(FIGURES)
    page = Page(text)
    shown = " ".join(page.text)
    for part in (
        "groovae_<4>bar: evaluation",
        "1,234 windows of 12 performances",
        "each step follows the model's own ones",
        "49.3 [49.2, 49.4] bits",
        "Hit F1: does NOT beat the baselines <",
        "median 21.5",
        "0.594",
        "The largest step is 0.42 of the way (0.10 if",
    ):
        assert part in shown
    assert '<li class="worse">' in text
    # F1 of whoever is given the hits says nothing.
    assert page.text.count("given") > 1
    assert "1.000" not in shown


def test_page_needs_nothing_else():
    text = report.render_page(FIGURES, [Groove("A", tiny.groove(1), tiny.groove(2))])
    page = Page(text)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert page.links
    assert all(link.startswith("data:") for link in page.links)
    assert "url(" not in text
    assert "@import" not in text
    assert "prefers-color-scheme: dark" in text
    assert text.count("<svg") == text.count("<title>") - 1


def test_grooves_can_be_taken_along():
    played = tiny.groove(1)
    grooves = [Groove("Window 1", played, tiny.groove(2)), Groove("S", None, played)]
    text = report.render_page(FIGURES, grooves)
    names = re.findall(
        r'download="([^"]+)" href="data:audio/midi;base64,([^"]+)"', text
    )
    assert [name for name, _ in names] == [
        *("window-1-played.mid", "window-1-model.mid", "s.mid"),
    ]
    file = mido.MidiFile(file=io.BytesIO(base64.b64decode(names[0][1])))
    onsets = [m for t in file.tracks for m in t if m.type == "note_on" and m.velocity]
    assert len(onsets) == len(played.notes)


def test_grooves_can_be_heard():
    """At their own level: what the model plays more softly sounds so."""
    played, softer = tiny.groove(1), tiny.groove(1)
    for note in softer.notes:
        note.velocity //= 2
    text = report.render_page(FIGURES, [Groove("A", played, softer)])
    sounds = []
    for data in re.findall(r'<audio [^>]*src="data:audio/wav;base64,([^"]+)"', text):
        with wave.open(io.BytesIO(base64.b64decode(data))) as file:
            assert file.getnchannels() == 1
            frames = file.readframes(file.getnframes())
        sounds.append(np.frombuffer(frames, "<i2").astype(float))
    first, second = sounds
    assert np.std(second) < 0.6 * np.std(first)


def test_teacher_forcing_is_said():
    figures = FIGURES | {"decoding": "teacher forcing", "tempo": "120"}
    shown = " ".join(Page(report.render_page(figures)).text)
    assert "teacher forcing: each step follows the true ones" in shown
    assert "120 quarters a minute" in shown


def test_folder(tmp_path):
    folder = tmp_path / "a" / "report"
    report.check_report_folder(folder, overwrite=False)
    page = report.write_report(folder, FIGURES)
    assert page == folder / "report.html"
    assert json.loads((folder / "metrics.json").read_text()) == FIGURES
    with pytest.raises(UsageError, match=r"metrics\.json and report\.html"):
        report.check_report_folder(folder, overwrite=False)
    report.check_report_folder(folder, overwrite=True)


def test_page_of_a_model_that_fills():
    predictions = [
        {"name": name, "label": label, "scores": {"hit_f1": interval(f1)}}
        for name, label, f1 in (
            ("model", "mask-<groove>", 0.75),
            ("copy", "copy of what stands before", 0.7),
        )
    ]
    spread = {"velocity": 9.75, "timing": 12.5, "velocity_kept": 0.875}
    figures = {
        "config": "mask-<groove>",
        "windows": 2345,
        "performances": 12,
        "training_windows": 17000,
        "intervals": "95 %",
        "seed": 3,
        "filling": [
            {
                "task": "last_bar",
                "label": "the last bar",
                "predictions": predictions,
                "verdicts": [{"outcome": "too few", "text": "hit F1: <"}],
            }
        ],
        "repeats": {"played": {**spread, "timing_kept": None}},
    }
    text = report.render_page(figures)
    page = Page(text)
    shown = " ".join(page.text)
    for part in (
        "mask-<groove>: evaluation",
        "2,345 windows of eight bars of 12 performances",
        "The last bar",
        "copy of what stands before",
        "0.750",
        "Hit F1: <",
        "0.88",
    ):
        assert part in shown
    assert '<li class="too-few">' in text
    assert "Reconstruction" not in shown
