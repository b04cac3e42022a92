"""``groovekit generate`` edits files: all that is no drum note comes back as it was."""

from __future__ import annotations

from pathlib import Path

import mido
import pytest
from helpers.filler import FakeFamily, filler_run
from helpers.midi_tracks import openings

from groovekit.io.midi.events import MidiEvents, read_events
from groovekit.plugins import catalogue

CASES = Path(__file__).parents[1] / "data" / "midi_cases"
# 4/4 and with drums that are found.
NAMES = (
    *("02", "03", "05", "06", "08", "09", "24", "25", "26", "30", "32", "33", "38"),
    *("63", "64", "78", "79", "loop8"),
)


@pytest.fixture
def generate(command, tmp_path):
    """Runs a mode on cases; what it wrote."""
    catalogue.families.register("helpers.filler")(FakeFamily())
    run = filler_run(tmp_path / "run")

    def generate(mode: str, *names: str, options=()) -> list[Path]:
        inputs = [option for name in names for option in ("--input", path(name))]
        result = command(
            "generate", "--mode", mode, "--run-dir", run, "--seed", 1,
            "--output-dir", tmp_path / mode, *inputs, *options,
        )  # fmt: skip
        assert result.exit_code == 0, result.stderr
        return [Path(line) for line in result.stdout.split()]

    return generate


def path(name: str) -> Path:
    return sorted(CASES.glob(f"{name}*"))[0]


def without_drums(data: bytes, channel: int = 9) -> list[tuple[int, int, bytes]]:
    """Track, tick and bytes of what is no note of a channel, no pedal and no end."""
    events: MidiEvents = read_events(data)
    found = []
    for row, (kind, status) in enumerate(
        zip(events.kind.tolist(), events.status.tolist(), strict=True)
    ):
        pedal = kind == 0xB0 and events.first[row] == 4
        own = status & 0x0F == channel and (kind in (0x80, 0x90) or pedal)
        if not own and not (kind == 0xFF and events.first[row] == 0x2F):
            content = data[events.body[row] : events.end[row]]
            found.append((int(events.track[row]), int(events.tick[row]), content))
    return found


def hits(data: bytes, channel: int = 9) -> list[tuple[int, int]]:
    """Tick and pitch."""
    events = read_events(data)
    on = (events.status == 0x90 | channel) & (events.second > 0)
    return list(zip(events.tick[on].tolist(), events.first[on].tolist(), strict=True))


def test_humanising_by_nothing_gives_the_same_bytes(generate):
    made = generate("humanize", *NAMES, options=("--amount", 0))
    for name, written in zip(NAMES, made, strict=True):
        assert written.read_bytes() == path(name).read_bytes(), name


@pytest.mark.parametrize(
    ("name", "channel"), [("05", 15), ("33", 9), ("64", 0), ("79", 9)]
)
def test_humanising_touches_no_other_instrument(generate, name, channel):
    data = path(name).read_bytes()
    for written in generate("humanize", name, options=("--num-outputs", 3)):
        back = written.read_bytes()
        assert without_drums(back, channel) == without_drums(data, channel)
        old, new = hits(data, channel), hits(back, channel)
        assert sorted(p for _, p in new) == sorted(p for _, p in old)
        assert new != old


def test_banks_are_chosen_before_programs(generate):
    for amount in (0, 0.5, 1):
        (written,) = generate("humanize", "33", options=("--amount", amount))
        track = mido.MidiFile(written).tracks[1]
        setup = [m for m in track if not m.is_meta][:3]
        assert [m.type for m in setup] == [*["control_change"] * 2, "program_change"]
        assert {m.channel for m in setup} == {2}


def test_each_hat_has_the_opening_that_it_had(generate):
    data = path("32").read_bytes()
    for written in generate("humanize", "32", options=("--num-outputs", 4)):
        back = read_events(written.read_bytes())
        assert openings(back) == openings(read_events(data))
        assert hits(back.data) != hits(data)


@pytest.mark.parametrize(("name", "end"), [("63", 7680), ("loop2_eot", 3840)])
def test_loops_stay_as_long_as_they_were(generate, name, end):
    for written in generate("humanize", name, options=("--num-outputs", 3)):
        events = read_events(written.read_bytes())
        assert max(track.end_tick for track in events.tracks) == end


def test_a_tempo_in_the_second_track_stays_there(generate):
    (written,) = generate("humanize", "08")
    assert [m.type for m in mido.MidiFile(written).tracks[1]].count("set_tempo") == 1


def test_added_drums_join_the_track_and_channel_of_the_drums(generate):
    data = path("05").read_bytes()
    (written,) = generate("add", "05", options=("--drums", "ride"))
    back = written.read_bytes()
    assert without_drums(back, 15) == without_drums(data, 15)
    assert set(hits(data, 15)) < set(hits(back, 15))


def test_other_bars_stay_to_the_tick_when_some_are_filled(generate):
    data = path("33").read_bytes()
    (written,) = generate("fill", "33", options=("--bars", 2))
    back = written.read_bytes()
    assert without_drums(back) == without_drums(data)
    others = [hit for hit in hits(data) if hit[0] // 1920 != 1]
    assert [hit for hit in hits(back) if hit in others] == others
    assert {tick // 1920 for tick, _ in set(hits(back)) - set(others)} <= {0, 1}


def test_what_comes_next_ends_on_its_bar_line(generate):
    data = path("63").read_bytes()
    (written,) = generate("continue", "63", options=("--bars", 2))
    back = written.read_bytes()
    events = read_events(back)
    assert max(track.end_tick for track in events.tracks) == 6 * 1920
    assert [hit for hit in hits(back) if hit[0] < 7680][: len(hits(data))] == hits(data)


def test_grooves_go_into_the_file_of_the_hits(generate):
    data = path("33").read_bytes()
    (written,) = generate("groove", "33", "38")
    assert without_drums(written.read_bytes()) == without_drums(data)


def test_drums_for_taps_leave_the_rest(generate):
    data = path("33").read_bytes()
    (written,) = generate("drumify", "33")
    assert without_drums(written.read_bytes()) == without_drums(data)


def test_another_kit_changes_pitches_alone(generate):
    data = path("33").read_bytes()
    options = ("--amount", 0, "--output-kit", "roland_td11")
    (written,) = generate("humanize", "33", options=options)
    back = written.read_bytes()
    assert without_drums(back) == without_drums(data)
    assert [tick for tick, _ in hits(back)] == [tick for tick, _ in hits(data)]


def test_another_tempo_changes_tempos_alone(generate):
    data = path("33").read_bytes()
    (written,) = generate("humanize", "33", options=("--amount", 0, "--bpm", 60))
    back = written.read_bytes()
    differing = [i for i, (a, b) in enumerate(zip(back, data, strict=True)) if a != b]
    assert 0 < len(differing) <= 3
    assert mido.MidiFile(written).length == pytest.approx(
        2 * mido.MidiFile(path("33")).length
    )
