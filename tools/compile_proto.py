"""Compiles ``music.proto``, from which the message classes are made, to a descriptor.

    pip install grpcio-tools
    python tools/compile_proto.py

The result is checked in: who installs groovekit needs no compiler. A test compares it
with the text.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "groovekit" / "io" / "protobuf"
SOURCE = FOLDER / "music.proto"
TARGET = FOLDER / "music.binpb"


def run() -> None:
    """Replaces the descriptor.

    Raises:
      SystemExit: the text has mistakes, which the compiler has named.
    """
    from google.protobuf import descriptor_pb2  # noqa: PLC0415
    from grpc_tools import protoc  # noqa: PLC0415 - a tool that only this needs

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "set"
        arguments = ["protoc", f"-I{FOLDER}", f"--descriptor_set_out={output}"]
        if protoc.main([*arguments, str(SOURCE)]):
            sys.exit(1)
        files = descriptor_pb2.FileDescriptorSet.FromString(output.read_bytes()).file
    TARGET.write_bytes(files[0].SerializeToString(deterministic=True))


if __name__ == "__main__":
    run()
