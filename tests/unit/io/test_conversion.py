from __future__ import annotations

import json
import os
import zipfile

import pytest

from groovekit.errors import DataError
from groovekit.io.conversion import convert_folder
from groovekit.io.notes import NoteSequence
from groovekit.io.tfrecord.records import read_records


def test_a_folder_becomes_records_and_a_report(music_folder, tmp_path):
    output = tmp_path / "out" / "r.tfrecord"
    errors, steps = [], []
    report = convert_folder(
        music_folder,
        output,
        recursive=True,
        on_error=lambda *e: errors.append(e),
        progress=lambda *s: steps.append(s),
    )
    assert (report.files, report.converted, report.sequences) == (4, 3, 3)
    assert report.notes == 10
    assert [p.name for p in report.unreadable] == ["b/text.mid"]
    assert [name for name, _ in errors] == ["b/text.mid"]
    assert report.ignored == {".txt": 1}
    assert report.outputs == [str(output)]
    assert steps[-1] == (4, 4)
    names = [NoteSequence.FromString(r).filename for r in read_records(output)]
    assert names == ["a.midi", "b/c.mid", "z.MID"]
    report.write(tmp_path / "report.json")
    value = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert value["schema_version"] == 1
    assert value["unreadable"][0]["name"] == "b/text.mid"
    assert value["notes"] == 10


def test_the_result_does_not_depend_on_workers(music_folder, tmp_path, drum_midi):
    for index in range(20):
        (music_folder / f"{index}.mid").write_bytes(drum_midi(index))
    contents = []
    for workers in (1, 2):
        output = tmp_path / f"{workers}.tfrecord"
        convert_folder(music_folder, output, recursive=True, workers=workers)
        contents.append(output.read_bytes())
    assert contents[0] == contents[1]


def test_shards_take_records_in_turn(music_folder, tmp_path):
    output = tmp_path / "r.tfrecord"
    report = convert_folder(music_folder, output, recursive=True, shards=2)
    assert [len(list(read_records(path))) for path in report.outputs] == [2, 1]
    with pytest.raises(DataError, match="exists and is not overwritten"):
        convert_folder(music_folder, output, shards=3)
    report = convert_folder(music_folder, output, overwrite=True)
    assert report.in_subfolders == report.to_dict()["in_subfolders"] == 2
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["r.tfrecord"]


def test_nothing_converted_leaves_nothing(tmp_path):
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "a.mid").write_text("text")
    report = convert_folder(folder, tmp_path / "r.tfrecord")
    assert report.converted == 0
    assert report.outputs == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad"]


def test_an_interruption_leaves_the_old_output(music_folder, tmp_path):
    output = tmp_path / "r.tfrecord"
    output.write_text("precious")

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_folder(music_folder, output, overwrite=True, progress=interrupt)
    assert output.read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["band", "r.tfrecord"]


def test_a_groove_folder_is_read_whole_and_by_split(tiny_groove, tmp_path):
    report = convert_folder(tiny_groove, tmp_path / "all")
    assert report.splits == {
        "train": {"sequences": 2, "notes": 3},
        "validation": {"sequences": 1, "notes": 3},
    }
    assert not report.unreadable
    report = convert_folder(tiny_groove, tmp_path / "train", split="train")
    assert report.sequences == 2


def test_bad_requests_are_plain_errors(music_folder, tmp_path):
    with pytest.raises(DataError, match="is a folder"):
        convert_folder(music_folder, tmp_path)
    with pytest.raises(DataError, match="0 shards"):
        convert_folder(music_folder, tmp_path / "r", shards=0)
    convert_folder(music_folder, tmp_path / "r")
    with pytest.raises(DataError, match="already a TFRecord"):
        convert_folder(tmp_path / "r", tmp_path / "s")


def test_the_groove_dataset_has_the_originals_counts(groove_dir, tmp_path):
    output = tmp_path / "groove.tfrecord"
    report = convert_folder(groove_dir, output, recursive=True)
    assert (report.files, report.converted) == (1021, 1021)
    assert not report.unreadable
    assert report.splits == {
        "train": {"sequences": 897, "notes": 357_618},
        "validation": {"sequences": 124, "notes": 44_044},
    }
    note_seq = pytest.importorskip("note_seq")

    notes = 0
    records = list(read_records(output))
    for record in records:
        sequence = note_seq.NoteSequence.FromString(record)
        assert sequence.id.startswith(f"/id/midi/{groove_dir.name}/")
        notes += len(sequence.notes)
    assert len(records) == 1021
    assert notes == 357_618 + 44_044


def test_inputs_are_never_replaced(music_folder, tmp_path):
    before = {p: p.read_bytes() for p in music_folder.rglob("*") if p.is_file()}
    archive = tmp_path / "pack.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in before:
            file.write(path, path.relative_to(tmp_path))
    packed = archive.read_bytes()
    linked = tmp_path / "linked.tfrecord"
    linked.symlink_to(archive)
    for source, output in (
        (music_folder, music_folder / "z.MID"),
        (archive, archive),
        (archive, linked),
    ):
        with pytest.raises(DataError, match="never replaced"):
            convert_folder(source, output, overwrite=True)
    assert {p: p.read_bytes() for p in before} == before
    assert archive.read_bytes() == packed


@pytest.mark.skipif(os.name == "nt", reason="there are no device files")
def test_devices_are_no_output(music_folder):
    with pytest.raises(DataError, match="a pipe or a device"):
        convert_folder(music_folder, "/dev/null", overwrite=True)
