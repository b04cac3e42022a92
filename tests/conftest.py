"""Fixtures for all tests: isolation, data folders, fake plug-ins, the command line."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
from click.testing import CliRunner, Result

from groovekit.cli.main import main
from groovekit.plugins import catalogue

# The same examples on each run and machine, and no opinion on how fast it is.
hypothesis.settings.register_profile(
    "groovekit", deadline=None, derandomize=True, database=None
)
hypothesis.settings.load_profile("groovekit")

# Several processes share the cores already: threads would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(variable, "1")

# The quick tier, in files and folders: what lies under the models, the promises about
# the whole, and a look at each command and mode. None of them imports Keras.
QUICK = (
    "test_architecture.py",
    "cli/test_main.py",
    "cli/test_shipped_presets.py",
    "unit/configs",
    "unit/converters",
    "unit/data",
    "unit/evaluation/metrics",
    "unit/generation/test_slerp.py",
    "unit/generation/test_takes.py",
    "unit/io",
    "unit/plugins",
    "unit/test_seeding.py",
)
# Those that read whole data sets take longer.
_DATA_SETS = {"groove_dir", "odd_midi_dir"}
_TESTS = Path(__file__).parent

FakePackage = Callable[..., None]
Command = Callable[..., Result]

_REGISTRY_STATE = ("_decorated", "_modules", "_loaded", "_warned")


def _is_quick(path: Path) -> bool:
    return any(path.is_relative_to(_TESTS / part) for part in QUICK)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m quick``, other modules are not even imported: many bring Keras."""
    quick_alone = config.option.markexpr == "quick"
    if quick_alone and collection_path.is_file() and not _is_quick(collection_path):
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the quick tier."""
    for item in items:
        slow = item.get_closest_marker("slow") or _DATA_SETS & set(item.fixturenames)
        if _is_quick(item.path) and not slow:
            item.add_marker(pytest.mark.quick)


@pytest.fixture(autouse=True)
def _restored_registries() -> Iterator[None]:
    """What a test registers is gone afterwards."""
    saved = [
        (registry, name, getattr(registry, name).copy())
        for registry in catalogue.REGISTRIES
        for name in _REGISTRY_STATE
    ]
    yield
    for registry, name, state in saved:
        setattr(registry, name, state)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cached conversions go to the test's folder, plug-ins are as by default."""
    monkeypatch.setenv("GROOVEKIT_CACHE_DIR", str(tmp_path / "groovekit-cache"))
    monkeypatch.delenv("GROOVEKIT_PLUGINS", raising=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many comparisons with the original's numbers were made."""

    def count(outcome: str, kind: str) -> int:
        return sum(
            "test_parity" in report.nodeid and kind in report.nodeid
            for report in terminalreporter.stats.get(outcome, [])
        )

    kinds = {"models": "unit/models/", "converters": "unit/converters/"}
    rows = {
        name: [count(outcome, path) for outcome in ("passed", "failed", "skipped")]
        for name, path in kinds.items()
    }
    if any(sum(row) for row in rows.values()):
        terminalreporter.section("comparisons with the original's numbers")
        for name, (met, missed, skipped) in rows.items():
            terminalreporter.line(
                f"{name}: {met} met, {missed} missed, {skipped} skipped"
            )


def _data_folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"{variable} is not set")
    return Path(value)


@pytest.fixture(scope="session")
def groove_dir() -> Path:
    """The Groove MIDI Dataset (train and validation)."""
    return _data_folder("GROOVEKIT_GROOVE_DIR")


@pytest.fixture(scope="session")
def odd_midi_dir() -> Path:
    """Malformed, empty and unusual MIDI files."""
    return _data_folder("GROOVEKIT_ODD_MIDI_DIR")


@pytest.fixture
def command() -> Command:
    """Runs ``groovekit`` with the given arguments; stdout and stderr are apart."""

    def run(*args: object) -> Result:
        return CliRunner().invoke(main, [str(arg) for arg in args])

    return run


@pytest.fixture
def fake_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePackage:
    """Installs packages into a folder on the search path, with entry points.

    ``fake_package("swing-kit", "0.3", {"groovekit.configs": {"swing.x":
    "swing_kit:x"}}, source)`` writes the metadata and, with ``source``, the module
    named in the entry points.
    """
    folder = tmp_path / "site-packages"
    folder.mkdir()
    before = set(sys.modules)
    monkeypatch.syspath_prepend(folder)

    def install(
        name: str,
        version: str,
        points: Mapping[str, Mapping[str, str]],
        source: str = "",
        module: str = "",
    ) -> None:
        info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        lines = []
        for group, names in points.items():
            lines.append(f"[{group}]")
            lines += [f"{key} = {value}" for key, value in names.items()]
        (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
        module = module or name.replace("-", "_")
        (folder / f"{module}.py").write_text(textwrap.dedent(source), encoding="utf-8")

    yield install
    for imported in set(sys.modules) - before:
        if getattr(sys.modules[imported], "__file__", None) and str(folder) in str(
            sys.modules[imported].__file__
        ):
            del sys.modules[imported]
