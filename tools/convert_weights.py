"""Rewrites the weights of run and preset folders of earlier versions as safetensors.

    python tools/convert_weights.py FOLDER...

Values and their precision stay as they are, which is checked before the old file is
deleted. Attributes fitted to the weights stay with them.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np

from groovekit.configs.run_folder import RunFolder
from groovekit.generation.attributes import ATTRIBUTES_FILE, weights_digest
from groovekit.io.files import write_json
from groovekit.models.runtimes.numpy.network import network_of
from groovekit.models.weights_file import open_weights, write_weights


@click.command()
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False))
def main(folders: tuple[str, ...]) -> None:
    """Rewrites the weights of each of FOLDERS."""
    for path in folders:
        run = RunFolder.open(path)
        if run.require_weights() == run.weights_path:
            click.echo(f"{path}: nothing to do")
            continue
        convert(run)
        click.echo(f"{path}: {run.weights_path.stat().st_size:,} bytes")


def convert(run: RunFolder) -> None:
    """Rewrites a folder's weights and deletes the old file."""
    shapes = network_of(run.read_config()).shapes()
    attributes = run.path / ATTRIBUTES_FILE
    before = weights_digest(run.path)
    with open_weights(run.old_weights_path, shapes) as weights:
        arrays = dict(weights)
    write_weights(run.weights_path, arrays)
    with open_weights(run.weights_path, shapes) as written:
        for name, array in arrays.items():
            same = written[name]
            assert same.dtype == array.dtype
            np.testing.assert_array_equal(same, array)
    if attributes.is_file():
        table = json.loads(attributes.read_text(encoding="utf-8"))
        if table["weights"] == before:
            write_json(attributes, table | {"weights": weights_digest(run.path)})
    Path(run.old_weights_path).unlink()


if __name__ == "__main__":
    main()
