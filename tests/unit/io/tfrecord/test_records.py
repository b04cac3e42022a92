from __future__ import annotations

import gzip
import struct

import pytest

from groovekit.errors import DataError, WriteError
from groovekit.io.tfrecord.records import (
    existing_shards,
    expand_shards,
    frame,
    masked_crc32c,
    read_records,
    shard_paths,
    write_records,
)

RECORDS = [b"", b"a", b"0123456789" * 7, bytes(5000), b"last"]


def write(path, records=RECORDS):
    with write_records(path) as writer:
        for record in records:
            writer.write(record)
    return path


# Check values of RFC 3720, appendix B.4, and of the CRC catalogue.
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_crc32c_has_the_published_check_values(data, expected):
    masked = ((expected >> 15 | expected << 17) + 0xA282EAD8) % 2**32
    assert masked_crc32c(data) == masked


def test_records_come_back(tmp_path):
    path = write(tmp_path / "deep" / "r.tfrecord")
    assert list(read_records(path)) == RECORDS
    assert [p.name for p in path.parent.iterdir()] == ["r.tfrecord"]


def test_tensorflow_reads_and_writes_the_same_files(tmp_path):
    tf = pytest.importorskip("tensorflow")

    ours = write(tmp_path / "ours.tfrecord")
    theirs = tmp_path / "theirs.tfrecord"
    with tf.io.TFRecordWriter(str(theirs)) as writer:
        for record in RECORDS:
            writer.write(record)
    assert ours.read_bytes() == theirs.read_bytes()
    assert list(tf.data.TFRecordDataset(str(ours)).as_numpy_iterator()) == RECORDS


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = write(tmp_path / "r.tfrecord", [b"old"])

    def interrupted():
        with write_records(path) as writer:
            writer.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(read_records(path)) == [b"old"]
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("cut", [3, 11, 14, 20])
def test_a_truncated_file_is_named_with_the_record(tmp_path, cut):
    path = tmp_path / "r.tfrecord"
    path.write_bytes(frame(b"first") + frame(b"second")[:cut])
    records = read_records(path)
    assert next(records) == b"first"
    with pytest.raises(DataError, match=r"r\.tfrecord, record 1: .*truncated; 1 "):
        next(records)


def test_changed_data_and_lengths_are_noticed(tmp_path):
    path = tmp_path / "r.tfrecord"
    good = bytearray(frame(b"first") + frame(b"second"))
    bad = bytearray(good)
    bad[14] ^= 1
    path.write_bytes(bad)
    with pytest.raises(DataError, match="record 0: the data do not match"):
        list(read_records(path))
    bad = bytearray(good)
    bad[len(frame(b"first"))] ^= 1
    path.write_bytes(bad)
    with pytest.raises(DataError, match="record 1: the length does not match"):
        list(read_records(path))


def test_a_huge_length_with_a_valid_checksum_allocates_nothing(tmp_path):
    path = tmp_path / "r.tfrecord"
    length = struct.pack("<Q", 2**60)
    path.write_bytes(length + struct.pack("<I", masked_crc32c(length)))
    with pytest.raises(DataError, match=r"record 0: .*truncated"):
        list(read_records(path))


def test_other_files_are_told_apart(tmp_path):
    path = tmp_path / "r.tfrecord"
    path.write_bytes(gzip.compress(frame(b"first")))
    with pytest.raises(DataError, match=r"gzip data\. Unpack it"):
        list(read_records(path))
    path.write_text("just some text, longer than a header")
    with pytest.raises(DataError, match="not a TFRecord file"):
        list(read_records(path))
    # The length of this record looks like gzip's magic number.
    path.write_bytes(frame(bytes(0x8B1F)))
    assert list(read_records(path)) == [bytes(0x8B1F)]
    with pytest.raises(DataError, match="Cannot read"):
        list(read_records(tmp_path / "missing"))


def test_an_unwritable_place_is_a_plain_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WriteError, match="Cannot write"):
        write(tmp_path / "file" / "r.tfrecord")


def test_shards_are_found_by_name_and_glob(tmp_path):
    name = tmp_path / "r.tfrecord"
    paths = shard_paths(name, 3)
    assert paths[2].name == "r.tfrecord-00002-of-00003"
    assert shard_paths(name, 1) == [name]
    for path in paths:
        write(path)
    (tmp_path / "other.tfrecord-00000-of-00001").write_bytes(b"")
    assert existing_shards(name) == paths
    assert expand_shards(name) == paths
    assert expand_shards(f"{name}-*") == paths
    assert expand_shards(paths[1]) == [paths[1]]
    paths[1].unlink()
    with pytest.raises(DataError, match="2 of 3 parts: number 00001 is missing"):
        expand_shards(name)
    write(tmp_path / "r.tfrecord-00000-of-00002")
    with pytest.raises(DataError, match="several sets"):
        expand_shards(f"{name}-*")
    with pytest.raises(DataError, match="No file matches"):
        expand_shards(tmp_path / "*.nothing")
    with pytest.raises(DataError, match="No such file"):
        expand_shards(tmp_path / "nothing")
