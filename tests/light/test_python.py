"""The Python API where neither Keras nor note-seq is installed."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PLUGIN = ROOT / "examples" / "plugin"

SAYS = r"needs Keras with one: pip install 'groovekit\[tensorflow\]' \(in a clone"


def test_the_examples_of_the_readme(light, takes, tmp_path):
    if not README.is_file():
        pytest.skip("in a checkout only")
    blocks = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.M | re.S)
    assert len(blocks) >= 2
    done = light("-c", "\n".join(blocks))
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("groove_*.mid"))) == 3


def test_sequences_are_our_own_and_travel(light, takes):
    code = """
import concurrent.futures, copy, multiprocessing, pickle
import groovekit as gk

def main():
    take = gk.read_midi("my_midi/take.mid")
    assert type(take) is gk.NoteSequence
    assert gk.NoteSequence.DESCRIPTOR.full_name == "groovekit.NoteSequence"
    assert pickle.loads(pickle.dumps(take)) == copy.deepcopy(take) == take
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        assert pool.submit(gk.read_midi, "my_midi/take.mid").result() == take

if __name__ == "__main__":
    main()
    print("well")
"""
    Path(takes.parent / "script.py").write_text(code)
    done = light("script.py")
    assert done.stdout == "well\n", done.stderr


def test_tensors_and_examples(light, takes):
    code = """
import groovekit as gk
examples = gk.load_examples("my_midi", gk.get_config("groovae_4bar").converter)
print(len(examples))
for name in ("cat-mel_2bar_big", "flat-trio_16bar", "hier-multiperf_vel_1bar_med"):
    gk.get_config(name).converter.encode(gk.read_midi("my_midi/take.mid"))
"""
    done = light("-c", code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 3


@pytest.mark.parametrize(
    "code",
    [
        "gk.train",
        "gk.Decoder",
        "gk.TrainedModel.load('groovae_4bar', runtime='keras')",
        "gk.TrainedModel.load('groovae_4bar', precision='bfloat16')",
        "gk.TrainedModel.load('groovae_4bar').model",
        "import groovekit.training.trainer",
        "import groovekit.evaluation.evaluate",
        "from groovekit.testing import check_config; check_config('groovae_4bar')",
    ],
)
def test_what_needs_a_backend_says_so(light, code):
    done = light("-c", f"import groovekit as gk\n{code}")
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(rf"groovekit.errors.UsageError: .* {SAYS}", last), done.stderr


# Plug-ins -----------------------------------------------------------------------------


@pytest.fixture
def plugin(tmp_path):
    """The example plug-in, as installed."""
    if not PLUGIN.is_dir():
        pytest.skip("in a checkout only")
    setup = configparser.ConfigParser()
    setup.read(PLUGIN / "setup.cfg")
    info = tmp_path / "swing_kit-0.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: swing-kit\nVersion: 0.1\n"
    )
    groups = setup["options.entry_points"].items()
    lines = [f"[{group}]{names}" for group, names in groups]
    (info / "entry_points.txt").write_text("\n".join(lines))
    (tmp_path / "swing_kit").symlink_to(PLUGIN / "swing_kit")


@pytest.mark.usefixtures("plugin")
def test_a_plugins_converter_and_kit_do_their_work(groovekit, light, takes):
    shown = groovekit("inspect", "my_midi", "--config", "swing_kit.groove_2bar").stdout
    assert "in 3 sequences" in shown
    assert "8      toms" in groovekit("kits", "show", "swing_kit.jazz").stdout
    code = """
import swing_kit
from groovekit.testing import check_converter
check_converter(swing_kit.SwingGroove(bars=1))
print("well")
"""
    done = light("-c", code)
    assert done.stdout == "well\n", done.stderr


@pytest.mark.usefixtures("plugin")
def test_a_plugins_network_says_what_it_needs(light, groovekit):
    shown = light("-m", "groovekit", "plugins", "show", "swing-kit")
    text = " ".join((shown.stdout + shown.stderr).split())
    assert "needs Keras: pip install 'groovekit[tensorflow]'" in text
    done = light("-m", "groovekit", "configs", "show", "swing_kit.groove_2bar")
    assert done.returncode == 2
    assert "needs Keras with one: pip install" in done.stderr


PRESET = """
import dataclasses, json, pathlib, shutil
from groovekit.configs.presets import locate
files = locate("groovae_4bar")
target = pathlib.Path("mine")
shutil.copytree(files.folder, target)
decoder = dataclasses.replace(files.config.decoder, head="swing_kit.feel")
config = files.config.replace(decoder=decoder).to_dict()
(target / "config.json").write_text(json.dumps(config))
"""


@pytest.mark.usefixtures("plugin")
def test_a_plugins_model_says_what_it_needs_before_any_work(light, takes, tmp_path):
    assert light("-c", PRESET).returncode == 0
    done = light("-m", "groovekit", "generate", "--run-dir", "mine")
    assert done.returncode == 2
    assert "and the model groovae_4bar needs Keras with one: pip install" in done.stderr
    assert not list(tmp_path.glob("generated/*"))
    assert json.loads((tmp_path / "mine" / "config.json").read_text())
