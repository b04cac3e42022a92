"""Message classes from ``music.proto``, which need protobuf alone.

They live in a descriptor pool of their own: in protobuf's default pool they would
collide with others of the same name. ``music.binpb`` is the compiled ``music.proto``
(``tools/compile_proto.py``), a descriptor and no code: generated code is refused by
later versions of protobuf, a descriptor is not.
"""

from __future__ import annotations

import copyreg
import functools
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pool, message_factory

DESCRIPTOR_FILE = Path(__file__).with_name("music.binpb")
_NAME = "groovekit.NoteSequence"


@functools.cache
def note_sequence_class() -> Any:
    """The class of note sequences; the same at each call.

    Sequences and the messages in them can be pickled, which protobuf alone cannot do
    with classes that no module holds.
    """
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(DESCRIPTOR_FILE.read_bytes())
    found: Any = pool.FindMessageTypeByName(_NAME)
    for descriptor in found.file.message_types_by_name.values():
        _allow_pickling(descriptor)
    return message_factory.GetMessageClass(found)


def _allow_pickling(descriptor: Any) -> None:
    copyreg.pickle(message_factory.GetMessageClass(descriptor), _reduce)
    for inner in descriptor.nested_types:
        _allow_pickling(inner)


def _reduce(message: Any) -> tuple[Any, tuple[str, bytes]]:
    # Unknown fields travel along.
    return _restore, (message.DESCRIPTOR.full_name, message.SerializeToString())


def _restore(name: str, data: bytes) -> Any:
    pool = note_sequence_class().DESCRIPTOR.file.pool
    descriptor = pool.FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor).FromString(data)
