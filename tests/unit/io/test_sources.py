from __future__ import annotations

import json
import sys
import types
import zipfile
from pathlib import Path

import pytest

from groovekit.errors import DataError
from groovekit.io.conversion import convert_folder
from groovekit.io.notes import NoteSequence
from groovekit.io.sources import (
    SourceKind,
    has_splits,
    is_groove_folder,
    iter_sequences,
    list_files,
    open_source,
)
from groovekit.io.tfrecord import wire
from groovekit.io.tfrecord.records import write_records


def counts(examples, **options):
    return [len(i.sequence.notes) for i in iter_sequences(examples, **options)]


def example(**features: bytes) -> bytes:
    """A serialised tf.Example of byte features."""
    entries = b""
    for key, value in features.items():
        feature = wire.field_bytes(1, wire.field_bytes(1, value))
        entry = wire.field_bytes(1, key.encode()) + wire.field_bytes(2, feature)
        entries += wire.field_bytes(1, entry)
    return wire.field_bytes(1, entries)


def records(path, *items: bytes):
    with write_records(path) as writer:
        for item in items:
            writer.write(item)
    return path


def test_a_folder_an_archive_and_its_tfrecord_give_the_same(music_folder, tmp_path):
    (music_folder / "b" / "text.mid").unlink()
    folder = list(iter_sequences(music_folder))
    assert [len(i.sequence.notes) for i in folder] == [3, 5, 2]
    output = tmp_path / "r.tfrecord"
    convert_folder(music_folder, output, recursive=True, shards=2)
    again = {i.id: i.sequence for i in iter_sequences(output)}
    assert again == {i.id: i.sequence for i in folder}
    archive = tmp_path / "band.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(music_folder.rglob("*.mid")):
            file.write(path, path.relative_to(music_folder))
    assert counts(archive) == [5]


def test_errors_are_reported_or_raised(music_folder):
    seen = []
    found = counts(music_folder, on_error=lambda *error: seen.append(error))
    assert found == [3, 5, 2]
    assert seen == [
        ("b/text.mid", "not a MIDI file (it holds no header MThd)"),
    ]
    with pytest.raises(DataError, match=r"b/text\.mid: not a MIDI file"):
        counts(music_folder)


def test_single_files_and_globs(music_folder, tmp_path, drum_midi):
    assert counts(music_folder / "z.MID") == [2]
    assert counts(f"{music_folder}/*.mi*") == [3]
    # By its contents, whatever its name.
    (tmp_path / "nameless").write_bytes(drum_midi(1))
    assert counts(tmp_path / "nameless") == [1]
    one = records(tmp_path / "one", NoteSequence(id="x").SerializeToString())
    assert open_source(tmp_path / "nameless").kind is SourceKind.MUSIC
    assert open_source(one).kind is SourceKind.RECORDS


def test_a_folder_of_tfrecords(music_folder, tmp_path):
    folder = tmp_path / "records"
    convert_folder(music_folder, folder / "r.tfrecord", shards=2)
    assert sorted(counts(folder)) == [2, 3]


def test_groove_splits_are_honoured(tiny_groove, tmp_path):
    assert is_groove_folder(tiny_groove)
    assert has_splits(tiny_groove)
    found = list(iter_sequences(tiny_groove))
    assert [i.split for i in found] == ["train", "train", "validation"]
    assert counts(tiny_groove, split="all") == [1, 2, 3]
    assert counts(tiny_groove, split="train") == [1, 2]
    assert counts(tiny_groove, split="validation") == [3]
    with pytest.raises(DataError, match=r"'test'.*drummer1/3\.mid: named in info"):
        counts(tiny_groove, split="test")
    with pytest.raises(DataError, match="Unknown split 'eval'"):
        counts(tiny_groove, split="eval")
    archive = tmp_path / "groove.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(p for p in tiny_groove.rglob("*") if p.is_file()):
            file.write(path, path.relative_to(tmp_path))
    assert is_groove_folder(archive)
    assert counts(archive, split="validation") == [3]


@pytest.mark.parametrize("shards", [1, 2])
def test_splits_survive_conversion(tiny_groove, tmp_path, shards):
    output = tmp_path / "records" / "groove.tfrecord"
    output.parent.mkdir()
    convert_folder(tiny_groove, output, shards=shards)
    for source in (output, output.parent):
        assert has_splits(source)
        assert sorted(counts(source)) == [1, 2, 3]
        assert sorted(counts(source, split="train")) == [1, 2]
        assert counts(source, split="validation") == [3]
        assert counts(source, split="test") == []
    found = {item.id: item for item in iter_sequences(output)}
    direct = {item.id: item for item in iter_sequences(tiny_groove)}
    assert {name: item.split for name, item in found.items()} == {
        name: item.split for name, item in direct.items()
    }
    assert {item.sequence.collection_name for item in found.values()} == {
        "groove/train",
        "groove/validation",
    }
    # Readers that know nothing of it see ordinary records.
    for item in found.values():
        kept = item.sequence.collection_name.partition("/")[0]
        assert item.id.startswith(f"/id/midi/{kept}/")


def test_a_folder_called_train_is_no_split(music_folder, tmp_path):
    folder = music_folder.rename(tmp_path / "train")
    convert_folder(folder, tmp_path / "r.tfrecord")
    assert not has_splits(tmp_path / "r.tfrecord")
    with pytest.raises(DataError, match="has no splits"):
        counts(tmp_path / "r.tfrecord", split="train")


def test_other_sources_have_no_splits(music_folder, tmp_path):
    (music_folder / "info.csv").write_text("name,value\na,b\n")
    assert not is_groove_folder(music_folder)
    assert not has_splits(music_folder)
    assert not has_splits(tmp_path / "missing")
    with pytest.raises(DataError, match="has no splits"):
        counts(music_folder, split="train")
    with pytest.raises(DataError, match="has no splits"):
        counts(music_folder / "z.MID", split="train")


def test_rows_without_a_file_name_are_left_out(tiny_groove):
    table = tiny_groove / "info.csv"
    text = table.read_text().replace(",train", "", 1)
    table.write_bytes(b"\xef\xbb\xbf" + f"{text}drummer1,x\n".encode())
    assert counts(tiny_groove) == [1, 2, 3]
    assert counts(tiny_groove, split="train") == [2]


def test_tables_in_another_encoding(tiny_groove, music_folder):
    (music_folder / "info.csv").write_bytes("größe,value\na,b\n".encode("latin-1"))
    assert not is_groove_folder(music_folder)
    assert open_source(music_folder).total == 4
    table = tiny_groove / "info.csv"
    table.write_bytes(table.read_bytes() + b"\xff,,,,,\n")
    with pytest.raises(DataError, match=r"info\.csv cannot be read.*utf-8"):
        open_source(tiny_groove)


@pytest.mark.parametrize("kind", ["encrypted", "method", "damaged"])
def test_a_table_that_cannot_be_unpacked(tmp_path, kind):
    path = tmp_path / "groove.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("info.csv", "drummer,midi_filename,split\n" * 9)
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\1\2")
    if kind == "damaged":
        data[38:48] = bytes(range(240, 250))
    else:
        place, value = (6, 1) if kind == "encrypted" else (8, 77)
        data[place] = data[central + place + 2] = value
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"groove\.zip: info\.csv cannot be read"):
        open_source(path)


def test_nothing_there_says_what_is(tmp_path, music_folder):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataError, match=r"found no music files .*; it is empty"):
        open_source(empty)
    (empty / "a.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"it holds 1 \.wav"):
        open_source(empty)
    (empty / "below").mkdir()
    (empty / "below" / "a.mid").write_bytes(b"")
    with pytest.raises(DataError, match="hold 1: add `recursive=True`"):
        open_source(empty, recursive=False)
    with pytest.raises(DataError, match="No such file or folder"):
        open_source(tmp_path / "missing")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"\xff\xff\xff", "found something else"),
        (b"plain text", "found something else"),
        (example(image=b"\0\1\2", label=b"cat"), "features image, label"),
        (example(midi=b"MThd"), "Give the folder that TensorFlow Datasets"),
    ],
)
def test_records_of_something_else_are_named(tmp_path, record, message):
    good = NoteSequence(id="/id/midi/a/b").SerializeToString()
    path = records(tmp_path / "r", good, record)
    with pytest.raises(DataError, match=rf"r, record 1: .*{message}"):
        counts(path)


def test_empty_and_unnamed_records_get_an_id(tmp_path):
    named = NoteSequence(filename="f.mid", ticks_per_quarter=220)
    path = records(tmp_path / "r", b"", named.SerializeToString())
    assert [i.id for i in iter_sequences(path)] == ["r#0", "f.mid"]


def test_a_folder_that_tfds_prepared(tmp_path, drum_midi):
    (tmp_path / "dataset_info.json").write_text(json.dumps({"name": "groove"}))
    for split, notes in (("train", 2), ("validation", 3)):
        records(
            tmp_path / f"groove-{split}.tfrecord-00000-of-00001",
            example(id=f"drummer1/{split}:0".encode(), midi=drum_midi(notes)),
            example(id=b"broken", midi=b"MThd"),
        )
    errors = []
    found = list(iter_sequences(tmp_path, on_error=lambda *e: errors.append(e)))
    assert [(i.id, i.split) for i in found] == [
        ("drummer1/train:0", "train"),
        ("drummer1/validation:0", "validation"),
    ]
    assert [name for name, _ in errors] == ["broken", "broken"]
    assert has_splits(tmp_path)
    assert counts(tmp_path, split="validation", on_error=lambda *_: None) == [3]
    with pytest.raises(DataError, match="split 'test'"):
        counts(tmp_path, split="test")


def test_tfds_names(monkeypatch, drum_midi):
    class Data:
        def __init__(self, notes):
            self.notes = notes

        def as_numpy_iterator(self):
            yield {"id": b"x:1", "midi": drum_midi(self.notes)}

    class Builder:
        info = types.SimpleNamespace(splits={"train": None, "test": None})

        def download_and_prepare(self):
            pass

        def as_dataset(self, *, split, shuffle_files):
            assert not shuffle_files
            return Data({"train": 1, "test": 2}[split])

    names = []

    def builder(name):
        names.append(name)
        if name == "nothing":
            raise RuntimeError("no such dataset")
        return Builder()

    module = types.SimpleNamespace(builder=builder)
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", module)
    assert counts("tfds:groove/4bar-midionly") == [2, 1]
    assert counts("tfds:groove/4bar-midionly", split="train") == [1]
    assert set(names) == {"groove/4bar-midionly"}
    with pytest.raises(DataError, match="no split 'validation'; it has test, train"):
        counts("tfds:groove/4bar-midionly", split="validation")
    with pytest.raises(DataError, match="tfds:nothing cannot be prepared: no such"):
        counts("tfds:nothing")
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(DataError, match=r"groovekit\[tfds\]"):
        counts("tfds:groove/4bar-midionly")


def test_the_files_behind_a_source_change_with_it(tiny_groove, tmp_path, drum_midi):
    before = list_files(tiny_groove)
    assert [Path(name).name for name, _, _ in before] == [
        "0.mid",
        "1.mid",
        "2.mid",
        "info.csv",
    ]
    (tiny_groove / "drummer1" / "0.mid").write_bytes(drum_midi(9))
    after = list_files(tiny_groove)
    assert after[1:] == before[1:]
    assert after[0] != before[0]
    assert list_files("tfds:groove/full") == [("tfds:groove/full", 0, 0)]


def test_progress_counts_files(music_folder):
    seen = []
    counts(
        music_folder,
        on_error=lambda *_: None,
        progress=lambda *step: seen.append(step),
    )
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
