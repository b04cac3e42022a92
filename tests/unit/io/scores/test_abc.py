"""ABC tune books as note sequences."""

from __future__ import annotations

import pytest
from helpers.installed import needs_music21

from groovekit.errors import DataError
from groovekit.io.scores import abc
from groovekit.io.scores.abc import parse_abc

pytestmark = needs_music21

HEAD = "X:{}\nT:Tune\nM:4/4\nL:1/4\nK:C\n"


def tune(body, number=1, head=HEAD):
    return head.format(number) + body + "\n"


def rows(sequence):
    return [(n.pitch, n.start_time, n.end_time) for n in sequence.notes]


def only(text):
    tunes, problems, remarks = parse_abc(text.encode())
    assert not problems
    assert not remarks
    (sequence,) = tunes.values()
    return sequence


def test_a_book_of_tunes():
    book = tune("CDEF|GABc|") + "\n" + tune("c4|", 7)
    tunes, problems, _ = parse_abc(book.encode())
    assert list(tunes) == [1, 7]
    assert not problems
    assert tunes[7].reference_number == 7
    assert [n.pitch for n in tunes[1].notes] == [60, 62, 64, 65, 67, 69, 71, 72]
    assert tunes[1].source_info.encoding_type == tunes[1].source_info.ABC


def test_a_header_holds_for_all_tunes_of_the_book():
    book = "M:3/4\nL:1/8\n\nX:1\nK:C\nCDEFGA|\n\nX:2\nM:4/4\nK:C\nC8|\n"
    tunes, _, _ = parse_abc(book.encode())
    assert tunes[1].time_signatures[0].numerator == 3
    assert tunes[2].time_signatures[0].numerator == 4
    assert rows(tunes[1])[1] == (62, 0.25, 0.5)


def test_tempo_repeats_chords_and_triplets():
    head = HEAD.replace("K:C", "Q:1/4=60\nK:C")
    sequence = only(tune("|:[CEG]4|C4:|(3DEF D D D|", head=head))
    assert sequence.tempos[0].qpm == 60
    found = rows(sequence)
    assert found[:3] == [(60, 0, 4), (64, 0, 4), (67, 0, 4)]
    assert found[3:5] == [(60, 4, 8), (60, 8, 12)]
    triplet = [row[1] - 16 for row in found[8:11]]
    assert triplet == pytest.approx([0, 2 / 3, 4 / 3])


def test_voices_are_parts_and_channel_10_is_drums():
    body = (
        "V:1\n%%MIDI program 33\nC4|C4|\n"
        "V:2 clef=perc\n%%MIDI channel 10\nC,,2 D,,2|C,,2 D,,2|"
    )
    sequence = only(tune(body))
    found = {(n.pitch, n.is_drum, n.program) for n in sequence.notes}
    assert found == {(60, False, 33), (36, True, 0), (38, True, 0)}


def test_voices_with_a_percussion_clef_or_a_map_are_drums():
    body = (
        'V:M\nC4|C4|\nV:D clef=perc name="Drums"\n%%MIDI drummap E 42\n'
        "%%MIDI drummap ^F 36\nE2 ^F2|E2 D,,2|"
    )
    drums = [n for n in only(tune(body)).notes if n.is_drum]
    assert [n.pitch for n in drums] == [42, 36, 42, 38]
    mapped = only(tune("%%MIDI drummap e' 49\ne'4|e'4|"))
    assert {(n.pitch, n.is_drum) for n in mapped.notes} == {(49, True)}
    head = HEAD.replace("K:C", "K:C clef=perc")
    assert all(n.is_drum for n in only(tune("C,,4|D,,4|", head=head)).notes)


def test_voices_go_on_later_and_are_told_apart_by_any_name():
    body = (
        "V:Melody\nV:Drums clef=perc\n[V:Melody] C4|D4|\n[V:Drums] C,,4|D,,4|\n"
        "V:Melody\nE4|F4|\nV:Drums\nC,,4|D,,4|"
    )
    sequence = only(tune(body))
    notes = sorted((n.start_time, n.pitch, n.is_drum) for n in sequence.notes)
    assert [(pitch, drum) for _, pitch, drum in notes] == [
        *((36, True), (60, False), (38, True), (62, False)),
        *((36, True), (64, False), (38, True), (65, False)),
    ]
    assert {start for start, *_ in notes} == {0, 2, 4, 6}


def test_directives_before_the_voices_hold_for_all():
    head = HEAD.replace("K:C", "%%MIDI channel 10\nK:C")
    assert all(n.is_drum for n in only(tune("C,,4|D,,4|", head=head)).notes)


def test_a_tune_that_cannot_be_read_leaves_the_others():
    book = tune("CDEF|") + "\n" + tune("C[|(3", 2, "X:{}\nM:x/0\nK:?\n")
    book += "\n" + tune("c4|", 3)
    tunes, problems, _ = parse_abc(book.encode())
    assert {1, 3} <= set(tunes)
    assert len(tunes) + len(problems) == 3
    assert all(problem.startswith("2: ") for problem in problems)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "holds no tunes"),
        (b"just text\n", "holds no tunes"),
        ((tune("C4|") + "\n" + tune("C4|")).encode(), "tune 1 appears more than once"),
    ],
)
def test_what_is_refused(data, reason):
    with pytest.raises(DataError, match=reason):
        parse_abc(data)


def test_books_have_a_limit(monkeypatch):
    monkeypatch.setattr(abc, "_MAX_BYTES", 2**20)
    with pytest.raises(DataError, match="is 2 MiB of ABC; expected at most 1 MiB"):
        parse_abc(bytes(2 * 2**20))


def test_texts_that_are_no_utf_8_are_latin():
    assert len(only(tune("C4|").replace("Tune", "Bär")).notes) == 1
    tunes, _, _ = parse_abc(tune("C4|").replace("Tune", "Bär").encode("latin-1"))
    assert len(tunes) == 1
