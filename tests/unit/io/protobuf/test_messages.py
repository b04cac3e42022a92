"""Our own message class: note_seq's fields, note_seq's bytes."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import re
import subprocess
import sys

import pytest
from google.protobuf import message_factory

from groovekit.io import notes
from groovekit.io.protobuf import messages

Own = messages.note_sequence_class()


@pytest.fixture(scope="module")
def theirs():
    if importlib.util.find_spec("note_seq") is None:
        pytest.skip("compares with note-seq")
    return notes.load("protobuf.music_pb2").NoteSequence


def fill(message, depth=0):
    """Gives every field of a message, and of those in it, a value of its own."""
    for field in message.DESCRIPTOR.fields:
        number = field.number + 100 * depth
        here = getattr(message, field.name)
        if field.message_type is not None:
            if depth <= 3:
                several = hasattr(here, "add")
                for part in (here.add(), here.add()) if several else (here,):
                    fill(part, depth + 1)
        elif field.enum_type is not None:
            setattr(message, field.name, field.enum_type.values[-1].number)
        elif field.type != field.TYPE_STRING:
            setattr(message, field.name, field.type == field.TYPE_BOOL or -number)
        elif hasattr(here, "extend"):
            here.extend([f"{field.name} ♭ {number}", ""])
        else:
            setattr(message, field.name, f"{field.name} ♭ {number}")
    return message


def fields(cls):
    """All fields and constants of a file's messages: path, kind, number, ..."""
    found = []

    def visit(descriptor, path):
        empty = message_factory.GetMessageClass(descriptor)()
        for field in descriptor.fields:
            kind = field.message_type or field.enum_type
            found.append(
                (
                    f"{path}.{field.name}",
                    kind.full_name.partition(".")[2] if kind else WORDS[field.type],
                    field.number,
                    type(getattr(empty, field.name)).__name__.startswith("Repeated"),
                    field.containing_oneof and field.containing_oneof.name,
                    field.has_presence,
                )
            )
        for enum in descriptor.enum_types:
            name = f"{path}.{enum.name}"
            found.extend((f"{name}.{v.name}", "", v.number) for v in enum.values)
        for inner in descriptor.nested_types:
            visit(inner, f"{path}.{inner.name}")

    file = cls.DESCRIPTOR.file
    for name in ("NoteSequence", "SequenceMetadata"):
        visit(file.message_types_by_name[name], name)
    return sorted(found)


WORDS = {1: "double", 3: "int64", 5: "int32", 8: "bool", 9: "string"}


def test_same_fields_as_note_seq(theirs):
    assert fields(Own) == fields(theirs)
    assert len(fields(Own)) > 150
    assert ("NoteSequence.notes", "NoteSequence.Note", 8, True, None, False) in fields(
        Own
    )


def test_same_bytes_as_note_seq(theirs):
    own, original = fill(Own()), fill(theirs())
    data = original.SerializeToString()
    assert len(data) > 1000
    assert own.SerializeToString() == data
    assert Own.FromString(data) == own
    assert theirs.FromString(own.SerializeToString()) == original
    assert str(own) == str(original)


def test_constants(theirs):
    for cls in (Own, theirs):
        assert cls.TextAnnotation.CHORD_SYMBOL == 1
        assert cls.SourceInfo.MIDI == cls().source_info.MIDI == 3
        assert cls.KeySignature.B_FLAT == cls.KeySignature.A_SHARP == 10
        assert cls.PitchName.Name(16) == "C"


def test_one_class_for_all():
    assert messages.note_sequence_class() is Own
    assert type(Own().notes.add()) is Own.Note


def test_sequences_travel():
    sequence = fill(Own())
    parts = [sequence, sequence.notes[0], sequence.sequence_metadata]
    parts += [sequence.section_groups[0].sections[0]]
    for part in parts:
        for copied in (
            pickle.loads(pickle.dumps(part)),
            pickle.loads(pickle.dumps(part, protocol=2)),
            copy.copy(part),
            copy.deepcopy(part),
        ):
            assert copied == part
            assert type(copied) is type(part)


def test_what_it_does_not_know_is_kept():
    data = Own(id="a").SerializeToString() + b"\xf8\x07\x2a"  # field 127: 42
    assert pickle.loads(pickle.dumps(Own.FromString(data))).SerializeToString() == data


def test_the_descriptor_is_that_of_the_text():
    text = messages.DESCRIPTOR_FILE.with_suffix(".proto").read_text()
    text = re.sub(r"//.*", "", text)
    written = re.findall(r"(\w+) (\w+) = (\d+);", text)
    constants = re.findall(r"^ *([A-Z]\w*) = (\d+);", text, re.MULTILINE)
    found = [
        (kind.rpartition(".")[2], path.rpartition(".")[2], str(number))
        for path, kind, number, *_ in fields(Own)
    ]
    assert sorted(found) == sorted([*written, *(("", *pair) for pair in constants)])


def test_without_note_seq_it_is_ours():
    code = (
        "import sys; sys.modules['note_seq'] = None; import groovekit, pickle; "
        "cls = groovekit.NoteSequence; print(cls.DESCRIPTOR.full_name, "
        "pickle.loads(pickle.dumps(cls(id='a'))).id)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["groovekit.NoteSequence", "a"]
