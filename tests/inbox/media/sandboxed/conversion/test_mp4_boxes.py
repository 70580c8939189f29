from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inbox.media.sandboxed.conversion.mp4_boxes import Boxes, inspect

TIDY = Boxes(in_order=True, hidden=False, located=False)


def box(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def tags(*kinds: bytes) -> bytes:
    listed = b"".join(box(kind, box(b"data", b"\0" * 8 + b"words")) for kind in kinds)
    return box(b"udta", box(b"meta", b"\0" * 4 + box(b"hdlr", b"\0" * 24) + box(b"ilst", listed)))


START, DATA = box(b"ftyp", b"isom\0\0\0\0"), box(b"mdat", b"\0" * 64)


def inspected(directory: Path, content: bytes) -> Boxes:
    path = directory / "film"
    path.write_bytes(content)
    return inspect(path)


class InspectTests:
    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (START + box(b"moov") + DATA, TIDY),
            (START + box(b"moov") + box(b"free") + DATA, TIDY),
            (START + DATA + box(b"moov"), TIDY._replace(in_order=False)),
            (START + box(b"moov") + box(b"moof") + DATA, TIDY._replace(in_order=False)),
            (START + DATA, TIDY._replace(in_order=False)),
            (START + box(b"moov", tags(b"\xa9too")) + DATA, TIDY),
            (START + box(b"moov", tags(b"\xa9nam")) + DATA, TIDY._replace(hidden=True)),
            (START + box(b"moov", box(b"udta")) + DATA, TIDY),
            (START + box(b"moov", box(b"trak", box(b"udta", box(b"name", b"Ada")))) + DATA, TIDY._replace(hidden=True)),
            (START + box(b"moov", box(b"udta", box(b"\xa9xyz", b"+38"))) + DATA, Boxes(True, True, True)),
            (START + box(b"moov", box(b"meta", b"com.apple.quicktime.location")) + DATA, Boxes(True, True, True)),
            (START + box(b"moov") + DATA + box(b"uuid", b"<x:xmpmeta>"), TIDY._replace(hidden=True)),
            (START + box(b"moov", box(b"uuid", b"x" * 16)) + DATA, TIDY._replace(hidden=True)),
            # A length that leads out of the file, backwards, or to where it began.
            (START + struct.pack(">I4s", 2**31, b"moov"), Boxes(False, True, False)),
            (START + struct.pack(">I4s", 4, b"moov"), Boxes(False, True, False)),
            (START + struct.pack(">I4sQ", 1, b"moov", 0), Boxes(False, True, False)),
            # 64 bits of length, and one to the end of the file.
            (START + box(b"moov") + struct.pack(">I4sQ", 1, b"mdat", 80) + b"\0" * 64, TIDY),
            (START + box(b"moov") + struct.pack(">I4s", 0, b"mdat") + b"\0" * 64, TIDY),
        ],
    )
    def test_it_tells_order_and_hidden_data(self, tmp_path: Path, content: bytes, expected: Boxes) -> None:
        assert inspected(tmp_path, content) == expected

    def test_boxes_in_boxes_end_somewhere(self, tmp_path: Path) -> None:
        content = b""
        for _ in range(5000):
            content = box(b"trak", content)
        assert inspected(tmp_path, START + box(b"moov", content) + DATA).hidden

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.binary(max_size=300))
    def test_no_bytes_make_it_fail(self, tmp_path: Path, content: bytes) -> None:
        inspected(tmp_path, START + content)
