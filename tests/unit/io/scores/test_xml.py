"""What is unpacked and parsed, and what is refused before it takes memory."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import pytest

from groovekit.errors import DataError
from groovekit.io.scores import xml
from groovekit.io.scores.xml import parse, unpack

SCORE = b"<score-partwise/>"
CONTAINER = (
    '<?xml version="1.0"?><container><rootfiles>'
    '<rootfile full-path="deep/score.xml"/><rootfile full-path="other.pdf"/>'
    "</rootfiles></container>"
)


def archive(**members: bytes | str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, content in members.items():
            writer.writestr(name, content)
    return packed.getvalue()


def test_compressed_files_are_known_by_their_content():
    assert unpack(SCORE) == SCORE
    named = {
        "META-INF/container.xml": CONTAINER,
        "a.xml": b"no",
        "deep/score.xml": SCORE,
    }
    assert unpack(archive(**named)) == SCORE
    without_container = {"META-INF/x.xml": b"no", "b.musicxml": SCORE}
    assert unpack(archive(**without_container)) == SCORE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"PK no zip", "not readable as MusicXML: BadZipFile"),
        (archive(readme=b""), "holds no score"),
        (archive(**{"META-INF/container.xml": CONTAINER}), "deep/score.xml"),
        (archive(**{"META-INF/container.xml": "<container/>"}), "holds no score"),
    ],
)
def test_archives_without_a_score(data, reason):
    with pytest.raises(DataError, match=reason):
        unpack(data)


def test_a_damaged_member_is_refused():
    packed = archive(**{"a.xml": SCORE * 100})
    with pytest.raises(DataError, match="not readable as MusicXML"):
        unpack(packed[:40] + bytes(8) + packed[48:])


def test_no_more_is_unpacked_than_the_limit_whatever_is_declared(monkeypatch):
    monkeypatch.setattr(xml, "MAX_XML_BYTES", 2**20)
    large = 64 * 2**20
    packed = archive(**{"a.xml": bytes(large)})
    with pytest.raises(DataError, match="holds 64 MiB of MusicXML; expected at most 1"):
        unpack(packed)
    # It says 100 bytes in the entry and in the directory.
    lying = packed.replace(large.to_bytes(4, "little"), (100).to_bytes(4, "little"))
    assert lying != packed
    tracemalloc.start()
    with pytest.raises(DataError):
        unpack(lying)
    assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    tracemalloc.stop()
    with pytest.raises(DataError, match="holds 2 MiB"):
        unpack(bytes(2 * 2**20))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252"])
def test_encodings(encoding):
    text = f'<?xml version="1.0" encoding="{encoding}"?><a b="ü"><c>Große</c></a>'
    root = parse(text.encode(encoding))
    assert root.get("b") == "ü"
    assert root.findtext("c") == "Große"


def test_document_types_are_passed_over_and_prefixes_kept():
    root = parse(
        b'<!DOCTYPE score-partwise PUBLIC "-//x//EN" "http://example.org/partwise.dtd">'
        b'<score-partwise xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="x"/>'
    )
    assert root.attrib["xlink:href"] == "x"


LAUGHS = (
    '<!DOCTYPE a [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    + "]><a>&l11;</a>"
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LAUGHS, "it declares the entity 'l0'"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>', "'x'"),
        ('<!DOCTYPE a [<!ENTITY % p "x">]><a/>', "the entity 'p'"),
        ("<a>" * 100, "nested 64 levels"),
        ("<a>&undeclared;</a>", "undefined entity"),
        ("<a></b>", "mismatched tag"),
        ("", "no element found"),
        ('<?xml version="1.0" encoding="no-such"?><a/>', "not readable as MusicXML"),
    ],
)
def test_what_is_no_sound_xml(text, reason):
    with pytest.raises(DataError, match=reason):
        parse(text.encode())
