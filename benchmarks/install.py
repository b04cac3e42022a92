"""What does an installation weigh, and how long does it take?

Clones this repository, makes a fresh environment for each Python and each set of
extras, installs from the clone and plays, converts and inspects. Worse would be: more
than 185 MB with pip where no extra is asked for, or a wheel of more than 3 MB beside
its presets.

    python benchmarks/install.py
    python benchmarks/install.py --python 3.11 --extras "" note-seq tensorflow

Pythons are found on the search path and among pyenv's. Seconds depend on the network
and on what pip has in its cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_MB, WHEEL_LIMIT_MB = 185, 3
# What pip itself is made of, on some Pythons.
PIP = ("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "_distutils_hack")


def interpreter(version: str) -> Path | None:
    """The newest Python of a version such as 3.11; None where there is none."""
    found = shutil.which(f"python{version}")
    if found and run([found, "--version"], check=False).returncode == 0:
        return Path(found)
    folder = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    paths = folder.glob(f"{version}.*/bin/python")
    return max(paths, default=None, key=lambda path: path.parents[1].name)


def run(
    command: list[str], *, check: bool = True, **options: object
) -> subprocess.CompletedProcess[str]:
    """Runs a command without a word unless it fails."""
    environment = {k: v for k, v in os.environ.items() if k != "KERAS_BACKEND"}
    done = subprocess.run(  # noqa: S603 - our own commands
        command, capture_output=True, text=True, env=environment, **options
    )
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done


def megabytes(*paths: Path) -> float:
    """Space that files and folders take on the disk, in MiB (as ``du -m``)."""
    files = {
        file
        for path in paths
        for file in [path, *path.rglob("*")]
        if not file.is_symlink() and file.exists()
    }
    return sum(file.stat().st_blocks * 512 for file in files) / 2**20


def wheel(clone: Path, folder: Path) -> tuple[float, float]:
    """Megabytes of the wheel, and of it without its presets."""
    run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "-w",
            str(folder),
            str(clone),
        ]
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        presets = sum(
            info.compress_size
            for info in archive.infolist()
            if info.filename.startswith("groovekit/presets/")
        )
    size = path.stat().st_size
    return size / 2**20, (size - presets) / 2**20


def play(python: Path, folder: Path) -> float:
    """Seconds until five grooves are there; converting and inspecting work, too."""
    command = [str(python), "-m", "groovekit"]
    start = time.perf_counter()
    sample = [*command, "generate", "--mode", "sample", "--num-outputs", "5"]
    run(sample, cwd=folder)
    seconds = time.perf_counter() - start
    groove = str(next((folder / "generated").glob("*.mid")))
    for mode in ("humanize", "drumify"):
        run([*command, "generate", "--mode", mode, "--input", groove], cwd=folder)
    convert = [
        *command,
        "convert",
        "--input-dir",
        "generated",
        "--output",
        "a.tfrecord",
    ]
    run(convert, cwd=folder)
    run([*command, "inspect", "a.tfrecord", "--config", "groovae_4bar"], cwd=folder)
    return seconds


def measure(version: str, base: Path, extras: str, clone: Path, folder: Path) -> float:
    """Shows one environment; gives its megabytes."""
    environment = folder / f"{version}-{extras.replace(',', '-')}"
    run([str(base), "-m", "venv", str(environment)])
    python = environment / "bin" / "python"
    target = f"{clone}[{extras}]" if extras else str(clone)
    start = time.perf_counter()
    run([str(python), "-m", "pip", "install", "-q", target])
    seconds = time.perf_counter() - start
    (site,) = environment.glob("lib/python*/site-packages")
    pip = megabytes(*(path for pattern in PIP for path in site.glob(pattern)))
    listed = run(
        [str(python), "-m", "pip", "list", "--format", "freeze"]
    ).stdout.split()
    packages = [
        name for name in listed if not name.startswith(("pip==", "setuptools=="))
    ]
    size = megabytes(environment)
    work = folder / f"{environment.name}-work"
    work.mkdir()
    first = play(python, work)
    print(
        f"| {version} | {extras or '(none)'} | {len(packages)} | {size:,.0f} | "
        f"{size - pip:,.0f} | {seconds:.0f} | {first:.1f} |",
        flush=True,
    )
    shutil.rmtree(environment)
    return size


def main() -> None:
    """Shows a row an environment; fails where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", nargs="+", default=["3.11", "3.13"])
    parser.add_argument("--extras", nargs="+", default=[""])
    options = parser.parse_args()
    too_large = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clone = folder / "groovekit"
        run(["git", "clone", "-q", str(ROOT), str(clone)])
        whole, rest = wheel(clone, folder)
        print(f"wheel: {whole:.1f} MB, {rest:.1f} MB beside its presets\n")
        if rest > WHEEL_LIMIT_MB:
            too_large.append(f"the wheel ({rest:.1f} MB beside its presets)")
        print("| Python | extras | packages | MB | without pip | s | five grooves, s |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for version in options.python:
            base = interpreter(version)
            if base is None:
                print(f"Python {version} is not here.")
                continue
            for extras in options.extras:
                size = measure(version, base, extras, clone, folder)
                if not extras and size > LIMIT_MB:
                    too_large.append(f"Python {version} ({size:.0f} MB)")
    if too_large:
        raise SystemExit(f"Too large: {', '.join(too_large)}.")


if __name__ == "__main__":
    main()
