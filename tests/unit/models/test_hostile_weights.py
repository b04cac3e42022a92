"""Weights of a stranger: refused by name before memory is taken, and nothing is run."""

from __future__ import annotations

import io
import json
import resource
import zipfile

import numpy as np
import pytest

from groovekit.errors import RunFolderError
from groovekit.models.weights_file import open_weights, opened_h5, write_weights
from groovekit.training import checkpoints

SHAPES = {"dense.kernel": (3, 2), "dense.bias": (2,)}


def sound():
    return {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}


def read_all(path):
    with open_weights(path, SHAPES) as arrays:
        return {name: arrays[name] for name in arrays}


@pytest.fixture
def little_memory():
    """No more than a gigabyte beyond what the process has."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - no file of ours
        pages = int(file.read().split()[0])
    limit = pages * resource.getpagesize() + 2**30
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    arrays = sound()
    arrays["dense.bias"][1] = value
    path = tmp_path / "model.safetensors"
    write_weights(path, arrays)
    with pytest.raises(RunFolderError, match=r"dense\.bias is not finite"):
        read_all(path)


def safetensors(header, body=b""):
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        (2**62).to_bytes(8, "little") + b"{}",
        safetensors([]),
        safetensors({"dense.kernel": 1}),
        safetensors(
            {
                "dense.kernel": {
                    "dtype": "F32",
                    "shape": [2**20, 2**20],
                    "data_offsets": [0, 2**42],
                }
            }
        ),
        safetensors(
            {
                name: {"dtype": "F32", "shape": list(shape), "data_offsets": [0, 4]}
                for name, shape in SHAPES.items()
            },
            bytes(4),
        ),
    ],
)
def test_damaged_safetensors_are_refused(tmp_path, content, little_memory):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(RunFolderError, match="damaged"):
        read_all(path)


# Keras's files -----------------------------------------------------------------------


def linked_elsewhere(file, folder):
    import h5py

    with h5py.File(folder / "secret.h5", "w") as other:
        other["vars"] = np.ones((3, 2), np.float32)
    file["layers/dense/vars/0"] = h5py.ExternalLink(str(folder / "secret.h5"), "/vars")


def linked_softly(file, folder):
    import h5py

    file["layers/dense/vars/0"] = h5py.SoftLink("/layers/dense/vars/0")


def linked_in_a_loop(file, folder):
    group = file.create_group("layers/dense")
    group["vars"] = file["layers"]


def stored_elsewhere(file, folder):
    (folder / "secret.bin").write_bytes(bytes(24))
    file.create_dataset(
        "layers/dense/vars/0",
        shape=(3, 2),
        dtype="float32",
        external=[(str(folder / "secret.bin"), 0, 24)],
    )


def of_gigabytes(file, folder):
    file.create_dataset(
        "layers/dense/vars/0", shape=(2**20, 2**12), dtype="float32", chunks=(1024, 64)
    )


def virtual(file, folder):
    import h5py

    layout = h5py.VirtualLayout(shape=(3, 2), dtype="float32")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", shape=(3, 2))
    file.create_virtual_dataset("layers/dense/vars/0", layout)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (linked_elsewhere, "is a link"),
        (linked_softly, "is a link"),
        (linked_in_a_loop, "is there twice"),
        (stored_elsewhere, "lies in another file"),
        (virtual, "lies in another file"),
        (of_gigabytes, "is larger than the file"),
    ],
)
def test_hostile_files_of_keras_are_refused(tmp_path, build, reason, little_memory):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        build(file, tmp_path)
    with pytest.raises(RunFolderError, match=reason):
        opened_h5(path)


def test_groups_where_arrays_should_be_are_refused(tmp_path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "model.weights.h5"
    with h5py.File(path, "w") as file:
        file.create_group("dense/vars/0/again")
        file["dense/vars/1"] = np.ones(2, np.float32)
    with pytest.raises(RunFolderError, match=r"damaged .* found nothing"):
        read_all(path)
    with h5py.File(path, "w") as file:
        file["dense"] = np.ones(2, np.float32)
    with pytest.raises(RunFolderError, match=r"damaged .* found nothing"):
        read_all(path)


# Checkpoints -------------------------------------------------------------------------


def header(shape, kind="<f4"):
    text = repr({"descr": kind, "fortran_order": False, "shape": shape})
    content = io.BytesIO()
    np.lib.format.write_array_header_1_0(content, eval(text))  # noqa: S307 - our own
    return content.getvalue()


@pytest.mark.parametrize(
    "members",
    [
        {"model/0": header((2**40,))},
        {"model/0": header((2**20, 2**12)) + bytes(100)},
        {"model/0": header((1,), "|O") + b"cos\nsystem\n(S'true'\ntR."},
        {"model/0": b"no array at all"},
        {"state": header((2**33,), "|u1")},
        {},
    ],
)
def test_hostile_checkpoints_are_passed_over(tmp_path, members, little_memory, caplog):
    path = tmp_path / "step-00000003.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    assert checkpoints.newest(tmp_path) is None
    assert f"over a damaged checkpoint: {path}" in caplog.text


def test_a_compressed_bomb_is_passed_over(tmp_path, little_memory):
    path = tmp_path / "step-00000003.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/0.npy", header((2**26,)) + bytes(2**28))
    assert path.stat().st_size < 2**20
    assert checkpoints.newest(tmp_path) is None
