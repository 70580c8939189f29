"""Photos without what the camera wrote into them, bit for bit the same picture: JPEG segments and PNG chunks."""

from __future__ import annotations

import struct
import zlib

#: PNG chunks that say how the picture looks. Text, time, EXIF and the frames of an animation are not among them.
PNG_CHUNKS = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"gAMA",
        b"cHRM",
        b"sRGB",
        b"iCCP",
        b"cICP",
        b"sBIT",
        b"bKGD",
        b"pHYs",
    }
)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
START, END, SCAN, COMMENT, JFIF, ICC, ADOBE = 0xD8, 0xD9, 0xDA, 0xFE, 0xE0, 0xE2, 0xEE
VP8X_LENGTH = 10
APPLICATION = range(0xE0, 0xF0)


class DamagedError(Exception):
    """The file does not have the structure that its first bytes promise."""


def strip_jpeg(content: bytes) -> bytes:
    """The same picture without EXIF, XMP, comments and thumbnails, and without what follows it: phones append second
    pictures and whole films there (CIPA DC-007 MPF, "motion photos"). Colour profile and colour transform stay.

    Raises DamagedError; ITU T.81 annex B describes what is walked through here.
    """
    if content[:2] != b"\xff\xd8":
        raise DamagedError
    kept = [content[:2]]
    at = 2
    while True:
        marker, at = _next_marker(content, at)
        if marker == END:
            return b"".join([*kept, b"\xff\xd9"])
        end = at + int.from_bytes(content[at : at + 2], "big")
        if end < at + 2 or end > len(content):
            raise DamagedError
        segment = _kept_segment(marker, content[at:end])
        if segment:
            kept.append(bytes((0xFF, marker)) + segment)
        at = end
        if marker == SCAN:
            end = _end_of_scan(content, at)
            kept.append(content[at:end])
            at = end


def _next_marker(content: bytes, at: int) -> tuple[int, int]:
    """The marker at ``at``, which any number of fill bytes may precede, and where what it introduces begins."""
    if content[at : at + 1] != b"\xff":
        raise DamagedError
    while content[at : at + 1] == b"\xff":
        at += 1
    if at >= len(content) or content[at] in (0, START):
        raise DamagedError
    return content[at], at + 1


def _kept_segment(marker: int, segment: bytes) -> bytes:
    if marker == JFIF:
        # Its last two bytes are the size of a thumbnail, which would follow them.
        return b"\x00\x10" + segment[2:14] + b"\0\0" if segment[2:7] == b"JFIF\0" and len(segment) >= 16 else b""
    if (marker == ICC and segment[2:14] == b"ICC_PROFILE\0") or (marker == ADOBE and segment[2:7] == b"Adobe"):
        return segment
    return b"" if marker in APPLICATION or marker == COMMENT else segment


def _end_of_scan(content: bytes, at: int) -> int:
    """Where the marker after entropy-coded data begins: a stuffed zero and the restart markers belong to the data."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise DamagedError
        following = content[at + 1]
        if following == 0 or 0xD0 <= following <= 0xD7:
            at += 2
        elif following == 0xFF:
            at += 1
        else:
            return at


def strip_png(content: bytes) -> bytes:
    """The same picture without text, time, EXIF and animation, and without what follows it. Raises DamagedError."""
    if not content.startswith(PNG_SIGNATURE):
        raise DamagedError
    kept = [PNG_SIGNATURE]
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end], "big"):
            raise DamagedError
        if kind in PNG_CHUNKS:
            kept.append(content[at:end])
        if kind == b"IEND":
            return b"".join(kept)
        at = end
    raise DamagedError


def strip_webp(content: bytes) -> bytes:
    """The same picture, animated or not, without EXIF and XMP. Raises DamagedError."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        raise DamagedError
    size = int.from_bytes(content[4:8], "little")
    if size + 8 > len(content):
        raise DamagedError
    kept, at = [], 12
    while at + 8 <= size + 8:
        kind, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if at + 8 + length > size + 8 or (kind == b"VP8X" and length < VP8X_LENGTH):
            raise DamagedError
        chunk = content[at:end]
        if kind == b"VP8X":  # its first byte says what follows; 0x08 is EXIF, 0x04 is XMP
            chunk = chunk[:8] + bytes((chunk[8] & ~0x0C,)) + chunk[9:]
        if kind in (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"):
            kept.append(chunk)
        at = end
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
