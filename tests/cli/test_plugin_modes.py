"""Modes of ``groovekit generate`` that installed packages offer."""

from __future__ import annotations

import json
import sys

import pytest

from groovekit.io.midi.files import read_midi

POINTS = {"groovekit.modes": {"loud_kit.loud": "loud_kit:loud"}}
SOURCE = '''
    import click
    import groovekit as gk
    from groovekit.cli.generate.inputs import Excerpts, read_excerpts
    from groovekit.cli.generate.mode import Arity
    from groovekit.cli.generate.options import BARS


    def make(player, inputs, request):
        made = player.sample(
            request.count, bars=request.options["bars"], **request.playing
        )
        for piece in made:
            for note in piece.notes:
                note.velocity = request.options["loudness"]
        return made


    @gk.register_mode("loud_kit.loud")
    def loud() -> gk.Mode[Excerpts]:
        """Loud drums."""
        return gk.Mode(
            name="loud_kit.loud",
            help="loud drums",
            preset="groovae_4bar",
            arity=Arity("no input", 0, 0),
            read=read_excerpts,
            make=make,
            outputs=2,
            options=(
                BARS,
                click.Option(
                    ["--loudness"],
                    metavar="V",
                    type=click.IntRange(1, 127),
                    default=120,
                    help="loud: velocity of all notes.",
                ),
            ),
            needs=frozenset({"sample"}),
        )
'''


@pytest.fixture
def loud(fake_package):
    fake_package("loud-kit", "0.3", POINTS, SOURCE)


def test_listing_imports_nothing(command, fake_package):
    fake_package("loud-kit", "0.3", POINTS, "raise RuntimeError('imported')")
    text = command("generate", "--help").stdout
    assert "|attribute|loud_kit.loud]" in "".join(text.split())
    (line,) = [x for x in text.splitlines() if x.strip().startswith("loud_kit.loud ")]
    assert line.endswith("  a mode of loud-kit 0.3")
    listed = command("plugins", "list")
    assert "loud_kit.loud" in listed.stdout
    wrong = command("generate", "--mode", "loud_kit.lout")
    assert (wrong.exit_code, "'loud_kit.loud'" in wrong.stderr) == (2, True)
    assert "loud_kit" not in sys.modules
    failing = command("generate", "--mode", "loud_kit.loud")
    assert failing.exit_code == 1
    assert "'loud_kit.loud' comes from loud_kit:loud (loud-kit 0.3)" in failing.stderr


def test_it_runs_with_its_own_options(command, loud, tmp_path):
    assert "--loudness" not in command("generate", "--help").stdout
    text = command("generate", "--mode", "loud_kit.loud", "--help").stdout
    assert "--loudness V" in text
    text = " ".join(text.split())
    assert "loud: velocity of all notes. [default: 120; 1<=x<=127]" in text

    args = ("generate", "--mode=loud-kit.loud", "--output-dir", tmp_path, "--seed", 3)
    result = command(*args, "--loudness", 99, "--bars", 2, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["mode"], found["config"]) == ("loud_kit.loud", "groovae_4bar")
    assert found["options"] == {"bars": 2, "bpm": None, "loudness": 99}
    assert len(found["files"]) == 2
    for file in found["files"]:
        assert "_loud_kit.loud_" in file["path"]
        assert {note.velocity for note in read_midi(file["path"]).notes} == {99}


def test_its_option_takes_the_place_of_a_shared_one(command, fake_package, tmp_path):
    own = 'click.Option(["--bars"], metavar="A-B", help="loud: so many, or more.")'
    source = SOURCE.replace("BARS,\n", f"{own},\n")
    source = source.replace('["bars"]', '["bars"].count("-") + 1')
    source = source.replace("read=read_excerpts", "read=lambda _: Excerpts()")
    fake_package("loud-kit", "0.3", POINTS, source)
    args = ("generate", "--mode", "loud_kit.loud")
    text = " ".join(command(*args, "--help").stdout.split())
    assert "--bars A-B loud: so many, or more." in text
    assert "Length of the outputs" not in text
    options = ("--bars", "1-2", "--output-dir", tmp_path, "--seed", 1, "--json")
    result = command(*args, *options)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["options"]["bars"] == "1-2"
    # Others keep theirs.
    assert "--bars N" in command("generate", "--help").stdout
    wrong = command("generate", "--bars", "1-2")
    assert (wrong.exit_code, "Invalid value for '--bars'" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--loudness", 0), "0 is not in the range 1<=x<=127"),
        (("--swing", 0.5), "--swing has no effect with --mode loud_kit.loud"),
        (("--input", "a.mid"), "--mode loud_kit.loud takes no input, got 1"),
    ],
)
def test_wrong_usage(command, loud, args, message):
    result = command("generate", "--mode", "loud_kit.loud", *args)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    other = command("generate", "--loudness", 99)
    assert (other.exit_code, "No such option" in other.stderr) == (2, True)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('name="loud_kit.loud"', 'name="loud"', "calls itself 'loud'"),
        ("return gk.Mode(", "return dict(", "gives dict, not Mode"),
        (
            'frozenset({"sample"})',
            'frozenset({"fill"})',
            "--mode loud_kit.loud needs a model that can fill, and the abilities of "
            "groovae_4bar are: encode, sample.",
        ),
    ],
)
def test_mistakes_of_a_plugin(command, fake_package, tmp_path, before, after, message):
    assert before in SOURCE
    fake_package("loud-kit", "0.3", POINTS, SOURCE.replace(before, after))
    args = ("--mode", "loud_kit.loud", "--output-dir", tmp_path / "new")
    result = command("generate", *args)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "new").exists()
