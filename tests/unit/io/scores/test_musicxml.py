"""MusicXML files as note sequences."""

from __future__ import annotations

import subprocess
import sys

import pytest
from helpers.installed import needs_music21, note_seq
from helpers.musicxml import DRUMS, entry, note, part, score

from groovekit.errors import DataError
from groovekit.io.scores.musicxml import parse_musicxml

pytestmark = needs_music21

TEMPO = '<direction><sound tempo="{}"/></direction>'
DYNAMICS = "<direction><direction-type><dynamics><{}/></dynamics></direction-type>"
DYNAMICS += "</direction>"


def read(measures, **options):
    sequence, remarks = parse_musicxml(score([part(measures, **options)]))
    return sequence, [remark.kind for remark in remarks]


def rows(sequence):
    return [(n.pitch, n.start_time, n.end_time) for n in sequence.notes]


def onsets(sequence):
    return [note.start_time for note in sequence.notes]


def velocities(sequence):
    return [note.velocity for note in sequence.notes]


def test_a_drum_set_as_notation_programs_write_it():
    beat = "".join(note("F4", unpitched=True, instrument=drum) for drum in [*DRUMS] * 2)
    measures = [TEMPO.format(100) + beat, *[beat] * 3]
    parts = [part(measures, clef="percussion")]
    sequence, remarks = parse_musicxml(score(parts, [entry("Drumset", DRUMS)]))
    assert not remarks
    assert [n.pitch for n in sequence.notes] == [36, 38] * 8
    assert all(n.is_drum for n in sequence.notes)
    assert onsets(sequence) == pytest.approx([0.6 * n for n in range(16)])
    assert sequence.instrument_infos[0].name == "Drumset"
    (tempo,) = sequence.tempos
    assert tempo.qpm == 100
    assert sequence.total_time == pytest.approx(9.6)


def test_drums_beside_a_melody_are_instruments_of_their_own():
    midi = "<midi-channel>2</midi-channel><midi-program>34</midi-program>"
    parts = [
        part([note("C3", 4)], identifier="P2"),
        part([note("F4", 4, unpitched=True, instrument="P1-I38")]),
    ]
    entries = [
        entry("Bass", {"I": ("Bass", None)}, midi=midi, identifier="P2"),
        entry("Kit", DRUMS),
    ]
    sequence, _ = parse_musicxml(score(parts, entries))
    found = {(n.pitch, n.instrument, n.program, n.is_drum) for n in sequence.notes}
    assert found == {(48, 0, 33, False), (38, 1, 0, True)}
    assert [info.name for info in sequence.part_infos] == ["Bass", "Kit"]


def test_chords_of_strokes():
    kick = note("F4", unpitched=True, instrument="P1-I36")
    snare = note("F4", unpitched=True, instrument="P1-I38", chord=True)
    parts = [part([kick + snare], clef="percussion")]
    sequence, _ = parse_musicxml(score(parts, [entry("Kit", DRUMS)]))
    assert [(n.pitch, n.start_time) for n in sequence.notes] == [(36, 0), (38, 0)]


def test_a_flam_leads_to_its_stroke():
    content = note("C5", 1) + note("C5", 0) + note("C5", 0) + note("C5", 3)
    sequence, _ = read([TEMPO.format(120) + content])
    assert onsets(sequence) == pytest.approx([0, 0.5 - 1 / 16, 0.5 - 1 / 32, 0.5])
    # There is nothing before the begin.
    sequence, _ = read([note("C5", 0) + note("D5", 4)])
    assert onsets(sequence) == [0, 0]


def test_ties_join_notes_and_bars():
    start, stop = '<tie type="start"/>', '<tie type="stop"/>'
    measures = [
        note("C5", 3) + note("D5", 1, more=start),
        note("D5", 4, more=stop + start),
        note("D5", 1, more=stop) + note("D5", 3),
    ]
    sequence, _ = read(measures)
    assert rows(sequence) == [(72, 0, 1.5), (74, 1.5, 4.5), (74, 4.5, 6)]


def test_repeats_are_played_with_their_tempos():
    begin = '<barline location="left"><repeat direction="forward"/></barline>'
    end = '<barline location="right"><repeat direction="backward"/></barline>'
    measures = [
        TEMPO.format(120) + begin + note("C5", 4),
        TEMPO.format(60) + note("D5", 4) + end,
    ]
    sequence, _ = read(measures)
    assert rows(sequence) == [(72, 0, 2), (74, 2, 6), (72, 6, 8), (74, 8, 12)]
    found = [(tempo.time, tempo.qpm) for tempo in sequence.tempos]
    assert found == [(0, 120), (2, 60), (6, 120), (8, 60)]


def test_a_tempo_of_dotted_quarters():
    mark = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit>"
        "<beat-unit-dot/><per-minute>80</per-minute></metronome></direction-type>"
        "</direction>"
    )
    sequence, _ = read([mark + note("C5", 3)], time=(6, 8))
    assert sequence.tempos[0].qpm == pytest.approx(120)
    signature = sequence.time_signatures[0]
    assert (signature.numerator, signature.denominator) == (6, 8)


def test_time_signatures_and_a_pickup():
    change = "<attributes><time><beats>3</beats><beat-type>4</beat-type></time>"
    measures = [note("C5", 1), note("D5", 4), change + "</attributes>" + note("E5", 3)]
    sequence, _ = read(measures)
    assert onsets(sequence) == [0, 0.5, 2.5]
    found = [(t.time, t.numerator) for t in sequence.time_signatures]
    assert found == [(0, 4), (2.5, 3)]


def test_voices_sound_together():
    backup = "<backup><duration>96</duration></backup>"
    low = note("C4", 4).replace("<voice>1", "<voice>2")
    sequence, _ = read([note("C5", 2) + note("D5", 2) + backup + low])
    assert rows(sequence) == [(60, 0, 2), (72, 0, 1), (74, 1, 2)]


def test_velocities_follow_the_dynamics():
    loud, soft = DYNAMICS.format("ff"), DYNAMICS.format("pp")
    accent = "<notations><articulations><accent/></articulations></notations>"
    plain = note("C5", 1)
    content = [plain, soft, plain, note("C5", 1, more=accent), loud, plain]
    sequence, _ = read(["".join(content)])
    default, low, accented, high = velocities(sequence)
    assert default == 90
    assert 20 < low < accented < default < high <= 127


def test_velocities_of_notes_count_in_percent_of_90():
    content = [
        note("C5", attributes=f'dynamics="{value}"') for value in (100, 50, 141, 0)
    ]
    sequence, _ = read(["".join(content)])
    assert velocities(sequence) == [90, 45, 127, 1]


def test_ghost_notes_are_soft():
    ghost = note().replace(
        "</note>", '<notehead parentheses="yes">normal</notehead></note>'
    )
    sequence, _ = read([note() + ghost])
    assert velocities(sequence) == [90, 45]


def test_chord_symbols_and_keys():
    harmony = (
        "<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>"
        "<kind>minor-seventh</kind><bass><bass-step>E</bass-step><bass-alter>-1"
        "</bass-alter></bass></harmony>"
    )
    none = "<harmony><root><root-step>C</root-step></root><kind>none</kind></harmony>"
    key = "<attributes><key><fifths>-3</fifths><mode>minor</mode></key></attributes>"
    sequence, _ = read([harmony + note("C5", 4), key + none + note("C5", 4)])
    found = [(each.time, each.text) for each in sequence.text_annotations]
    assert found == [(0, "Bbm7/Eb"), (2, "N.C.")]
    keys = [(each.time, each.key, each.mode) for each in sequence.key_signatures]
    assert keys == [(0, 0, 0), (2, 0, 1)]


def test_transposing_instruments_sound():
    transpose = (
        "<attributes><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>"
    )
    sequence, _ = read([transpose + "</transpose></attributes>" + note("D5", 4)])
    assert rows(sequence)[0][0] == 72


def test_timewise_scores_are_turned():
    turned = (
        b"<score-timewise><part-list><score-part id='P1'><part-name/></score-part>"
        b"</part-list><measure number='1'><part id='P1'><attributes><divisions>24"
        b"</divisions></attributes>" + note("C5", 4).encode() + b"</part></measure>"
        b"<measure number='2'><part id='P1'>" + note("D5", 4).encode() + b"</part>"
        b"</measure></score-timewise>"
    )
    sequence, _ = parse_musicxml(turned)
    assert rows(sequence) == [(72, 0, 2), (74, 2, 4)]


def test_parts_with_bars_of_their_own_keep_their_time():
    short = part([note("C5", 2)] * 4, time=(2, 4))
    long = part([note("C4", 4)] * 2, identifier="P2")
    entries = [entry("a"), entry("b", identifier="P2")]
    sequence, _ = parse_musicxml(score([short, long], entries))
    assert [n.start_time for n in sequence.notes if n.pitch == 72] == [0, 1, 2, 3]
    assert [n.start_time for n in sequence.notes if n.pitch == 60] == [0, 2]


def test_what_music21_warns_of_is_a_remark_and_not_shown(capfd):
    odd = entry("x", {"I": ("x", None)}, midi="<midi-program>300</midi-program>")
    _, remarks = parse_musicxml(score([part([note()])], [odd]))
    assert [remark.kind for remark in remarks] == ["score_library"]
    shown = capfd.readouterr()
    assert not shown.out + shown.err


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"<html><body/></html>", "not MusicXML"),
        (b"<score-partwise", "not readable as MusicXML"),
        (b"<score-partwise/>", "not readable as MusicXML"),
        (score([]), "not readable as MusicXML"),
        (score([part([note("H5")])]), "not readable as MusicXML"),
        (score([part([""] * 2001)]), "has a part of 2,001 measures"),
    ],
)
def test_what_is_refused(data, reason):
    with pytest.raises(DataError, match=reason):
        parse_musicxml(data)


def test_the_original_reads_the_same_notes_where_both_can(tmp_path):
    reader = note_seq("musicxml_reader")
    measures = [
        note("C5", 1) + note("F#4", 0.5) + note("G4", 0.5) + note("A4", 2),
        note("C4", 4) + note("E4", 4, chord=True),
    ]
    data = score([part(measures, time=(4, 4))])
    path = tmp_path / "a.xml"
    path.write_bytes(data)
    theirs = reader.musicxml_file_to_sequence_proto(str(path))
    ours, _ = parse_musicxml(data)
    assert rows(ours) == sorted(rows(theirs), key=lambda row: (row[1], row[0]))
    assert ours.tempos[0].qpm == theirs.tempos[0].qpm
    assert ours.key_signatures[0].key == theirs.key_signatures[0].key


def test_reading_files_loads_music21_only_for_scores():
    code = "import sys, groovekit.io.music_files; sys.exit('music21' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
