from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest
from helpers.installed import needs_music21

from groovekit.errors import DataError
from groovekit.io import music_files
from groovekit.io.music_files import (
    MusicFile,
    list_archive,
    list_folder,
    read_music_file,
)
from groovekit.io.sources import open_source

ABC = """X:1
T:One
M:4/4
L:1/4
K:C
CDEF|

X:2
T:Two
M:4/4
L:1/4
K:C
[CEG]DEF|

X:3
M:4/4
L:1/4
K:G
GABc|
"""

MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="3.0">
  <part-list><score-part id="P1"><part-name>Music</part-name></score-part></part-list>
  <part id="P1"><measure number="1">
    <attributes><divisions>1</divisions>
      <time><beats>4</beats><beat-type>4</beat-type></time></attributes>
    <note><pitch><step>C</step><octave>4</octave></pitch>
      <duration>4</duration><voice>1</voice><type>whole</type></note>
  </measure></part>
</score-partwise>
"""


def read(path: Path, name: str = "", member: str = ""):
    return read_music_file(MusicFile(str(path), name or path.name, "band", member))


def test_a_folder_is_listed_in_order_with_the_rest_counted(music_folder):
    listing = list_folder(music_folder)
    assert [f.name for f in listing.files] == [
        "a.midi",
        "b/c.mid",
        "b/text.mid",
        "z.MID",
    ]
    assert {f.collection for f in listing.files} == {"band"}
    assert listing.ignored == {".txt": 1}
    flat = list_folder(music_folder, recursive=False)
    assert [f.name for f in flat.files] == ["a.midi", "z.MID"]
    assert flat.in_subfolders == 2


def test_archives_are_entered_and_broken_ones_named(music_folder, drum_midi):
    with zipfile.ZipFile(music_folder / "pack.zip", "w") as archive:
        archive.writestr("x/one.mid", drum_midi())
        archive.writestr("__MACOSX/x/._one.mid", b"")
        archive.writestr("readme.md", b"")
    (music_folder / "torn.zip").write_bytes(b"PK\3\4 torn")
    listing = list_folder(music_folder, recursive=False)
    assert [f.name for f in listing.files] == ["a.midi", "pack.zip/x/one.mid", "z.MID"]
    (sequence,) = read_music_file(listing.files[1]).sequences
    assert len(sequence.notes) == 4
    assert sequence.filename == "pack.zip/x/one.mid"
    (problem,) = listing.problems
    assert problem.name == "torn.zip"
    assert "not a readable zip archive" in problem.reason
    assert [f.name for f in list_archive(music_folder / "pack.zip").files] == [
        "x/one.mid"
    ]
    with pytest.raises(DataError, match=r"torn\.zip: not a readable zip"):
        list_archive(music_folder / "torn.zip")


def test_a_damaged_member_is_a_problem_of_its_own(tmp_path, drum_midi):
    path = tmp_path / "pack.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("one.mid", drum_midi())
    path.write_bytes(path.read_bytes().replace(b"MThd", b"MThx"))
    result = read(path, "pack.zip/one.mid", "one.mid")
    assert not result.sequences
    assert "cannot be unpacked" in result.problems[0].reason


def test_an_archive_is_opened_once_until_it_changes(tmp_path, drum_midi, monkeypatch):
    opened = []

    class Counted(zipfile.ZipFile):
        def __init__(self, *args):
            opened.append(args)
            super().__init__(*args)

    path = tmp_path / "pack.zip"

    def write(*notes):
        with zipfile.ZipFile(path, "w") as archive:
            for count in notes:
                archive.writestr(f"{count}.mid", drum_midi(count))

    def notes():
        return [
            len(read_music_file(file).sequences[0].notes)
            for file in list_archive(path).files
        ]

    write(1, 2, 3)
    monkeypatch.setattr(music_files.zipfile, "ZipFile", Counted)
    assert notes() == [1, 2, 3]
    assert len(opened) == 1
    monkeypatch.undo()
    write(4, 5)
    assert notes() == [4, 5]


def test_a_file_in_a_folder_that_cannot_be_entered(tmp_path, monkeypatch):
    def forbidden(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", forbidden)
    result = read(tmp_path / "one.mid", "one.mid")
    assert result.problems[0].reason == "cannot be read: Permission denied"


def test_collections_are_called_as_given(music_folder, tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(music_folder, target_is_directory=True)
    assert list_folder(link).files[0].collection == "link"
    assert list_folder(f"{link}/b/..").files[0].collection == "link"
    monkeypatch.chdir(music_folder)
    assert list_folder(".").files[0].collection == "band"


def test_folders_linked_in_a_circle_are_read_once(music_folder):
    (music_folder / "b" / "up").symlink_to(music_folder, target_is_directory=True)
    assert len(list_folder(music_folder).files) == 4


def test_ids_and_names_are_those_of_the_original(music_folder):
    listing = list_folder(music_folder)
    (sequence,) = read_music_file(listing.files[1]).sequences
    digest = hashlib.sha1(b"b/c.mid").hexdigest()
    assert sequence.id == f"/id/midi/band/{digest}"
    assert sequence.filename == "b/c.mid"
    assert sequence.collection_name == "band"
    info = sequence.source_info
    assert info.encoding_type == info.MIDI
    assert info.parser == info.PRETTY_MIDI


def test_names_of_any_bytes_are_held(tmp_path, drum_midi):
    path = tmp_path / "b\udcff.mid"
    try:
        path.write_bytes(drum_midi())
    except OSError:
        pytest.skip("this file system takes no such names")
    (sequence,) = read_music_file(list_folder(tmp_path).files[0]).sequences
    assert sequence.filename == "b�.mid"


@needs_music21
def test_tunes_of_an_abc_book_are_sequences(tmp_path):
    path = tmp_path / "book.abc"
    path.write_text(ABC)
    result = read(path)
    assert [len(s.notes) for s in result.sequences] == [4, 6, 4]
    digest = hashlib.sha1(b"book.abc_3").hexdigest()
    assert result.sequences[2].id == f"/id/abc/band/{digest}"
    assert not result.problems
    path.write_text("")
    assert "no tunes" in read(path).problems[0].reason
    path.write_text(ABC + "\n" + ABC)
    assert "appears more than once" in read(path).problems[0].reason


@needs_music21
def test_musicxml_plain_and_compressed(tmp_path):
    plain = tmp_path / "score.musicxml"
    plain.write_text(MUSICXML)
    packed = tmp_path / "score.MXL"
    container = (
        '<container><rootfiles><rootfile full-path="s.xml"/></rootfiles></container>'
    )
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("s.xml", MUSICXML)
    for path in (plain, packed):
        (sequence,) = read(path).sequences
        assert [note.pitch for note in sequence.notes] == [60]
        assert sequence.id.startswith("/id/musicxml/band/")
        assert sequence.filename == path.name


def test_scores_without_music21_say_what_to_install(tmp_path, monkeypatch):
    for name in ("abcFormat", "converter"):
        monkeypatch.setitem(sys.modules, f"music21.{name}", None)
    for name, kind in (("a.xml", "MusicXML"), ("a.mxl", "MusicXML"), ("a.abc", "ABC")):
        path = tmp_path / name
        path.write_text(MUSICXML)
        (problem,) = read(path).problems
        assert problem.name == name
        assert problem.reason == (
            f"reading {kind} needs music21: pip install 'groovekit[scores]' (in a "
            "clone: pip install '.[scores]')"
        )


def _by_music21(*values):
    return pytest.param(*values, marks=needs_music21)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xml", b"", "empty"),
        _by_music21("a.xml", b"<html><body/></html>", "not MusicXML"),
        _by_music21("a.xml", b"<score-partwise", "not readable as MusicXML"),
        _by_music21("a.mxl", b"PK no zip", "not readable as MusicXML"),
        ("a.mid", b"text", "not a MIDI file"),
        ("a.mid", b"", "empty"),
    ],
)
def test_bad_files_are_problems(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    result = read(path)
    assert not result.sequences
    (problem,) = result.problems
    assert problem.name == name
    assert reason in problem.reason


def test_a_missing_file_and_a_folder_called_mid_are_problems(tmp_path):
    (tmp_path / "folder.mid").mkdir()
    assert read(tmp_path / "folder.mid").problems[0].reason == "not a file"
    assert read(tmp_path / "gone.mid").problems[0].reason == "no such file"


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        list_folder(tmp_path / "nothing")


# Damage ------------------------------------------------------------------------------


def directory_entry(data, number):
    """Where an archive's directory says what its ``number``-th member is."""
    position = -1
    for _ in range(number):
        position = data.index(b"PK\1\2", position + 1)
    return position


def nameless(data):
    at = directory_entry(data, 2)
    end = data.index(b"PK\1\2", at + 1)
    # The length of the name, and that of the comment behind it.
    size = int.from_bytes(data[at + 28 : at + 30], "little")
    data[at + 28 : at + 30] = bytes(2)
    data[at + 32 : at + 34] = size.to_bytes(2, "little")
    assert end == at + 46 + size
    return data


def of_a_later_version(data):
    data[directory_entry(data, 2) + 6] = 255
    return data


def encrypted(data):
    data[directory_entry(data, 2) + 8] |= 1
    return data


def of_an_unknown_method(data):
    data[directory_entry(data, 2) + 10] = 77
    return data


def with_other_contents(data):
    at = data.index(b"MThd", data.index(b"MThd") + 1)
    data[at + 20] ^= 0xFF
    return data


def larger_than_it_says(data):
    at = directory_entry(data, 2)
    data[at + 24 : at + 28] = (3).to_bytes(4, "little")
    return data


@pytest.mark.parametrize(
    ("damage", "kept", "reason"),
    [
        (nameless, 2, "has no name"),
        (of_a_later_version, 0, "not a readable zip archive"),
        (encrypted, 2, "cannot be unpacked"),
        (of_an_unknown_method, 2, "cannot be unpacked"),
        (with_other_contents, 2, "cannot be unpacked"),
        (larger_than_it_says, 2, "cannot be unpacked"),
    ],
)
def test_damage_to_an_archive_ends_neither_it_nor_the_folder(
    tmp_path, drum_midi, damage, kept, reason
):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "beside.mid").write_bytes(drum_midi(1))
    with zipfile.ZipFile(folder / "pack.zip", "w") as archive:
        for name in ("a.mid", "b.mid", "c.mid"):
            archive.writestr(name, drum_midi(2))
    path = folder / "pack.zip"
    path.write_bytes(damage(bytearray(path.read_bytes())))
    listing = list_folder(folder)
    results = [read_music_file(file) for file in listing.files]
    problems = [*listing.problems, *(p for r in results for p in r.problems)]
    assert sum(len(result.sequences) for result in results) == kept + 1
    assert [problem.name.partition("/")[0] for problem in problems] == ["pack.zip"]
    assert reason in problems[0].reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes by name")
def test_pipes_are_refused_by_kind(tmp_path, drum_midi):
    (tmp_path / "a.mid").write_bytes(drum_midi(1))
    for name in ("pipe.mid", "pipe.zip"):
        os.mkfifo(tmp_path / name)
    listing = list_folder(tmp_path)
    results = [read_music_file(file) for file in listing.files]
    assert [len(result.sequences) for result in results] == [1, 0]
    assert results[1].problems[0].reason == "not a file"
    assert listing.ignored == {".zip": 1}
    for name in ("pipe.mid", "pipe.zip"):
        with pytest.raises(DataError, match="neither a file nor a folder"):
            open_source(tmp_path / name)
