"""What a file is, told from its bytes and nothing else: the only source of the types we serve."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

#: Bytes of the beginning and the end of a file that tell its type.
HEAD_BYTES = 4096
TAIL_BYTES = 65_536

#: Types that a browser may show in place. Everything else is downloaded as application/octet-stream.
INLINE_TYPES = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "audio/ogg",
        "audio/mpeg",
        "audio/aac",
        "audio/mp4",
        "application/pdf",
    }
)


class FileType(NamedTuple):
    """A content type and the extension that goes with it (with its dot); both empty when the bytes say nothing."""

    content_type: str
    extension: str


UNKNOWN = FileType("", "")
TEXT = FileType("text/plain", ".txt")

#: How files of a type begin.
SIGNATURES = (
    (b"\xff\xd8\xff", FileType("image/jpeg", ".jpg")),
    (b"\x89PNG\r\n\x1a\n", FileType("image/png", ".png")),
    (b"GIF87a", FileType("image/gif", ".gif")),
    (b"GIF89a", FileType("image/gif", ".gif")),
    (b"%PDF-", FileType("application/pdf", ".pdf")),
    (b"#!AMR-WB\n", FileType("audio/amr-wb", ".awb")),
    (b"#!AMR\n", FileType("audio/amr", ".amr")),
    (b"ID3", FileType("audio/mpeg", ".mp3")),
    (b"fLaC", FileType("audio/flac", ".flac")),
    (b"II*\x00", FileType("image/tiff", ".tif")),
    (b"MM\x00*", FileType("image/tiff", ".tif")),
    (b"%!PS", FileType("application/postscript", ".eps")),
    (b"{\\rtf", FileType("application/rtf", ".rtf")),
    (b"7z\xbc\xaf\x27\x1c", FileType("application/x-7z-compressed", ".7z")),
    (b"Rar!\x1a\x07", FileType("application/vnd.rar", ".rar")),
    (b"\x1f\x8b\x08", FileType("application/gzip", ".gz")),
    # Word, Excel and PowerPoint before 2007, and .msg: which of them is not told by the beginning.
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileType("application/x-ole-storage", "")),
    (b"\x7fELF", FileType("application/x-executable", "")),
    (b"MZ", FileType("application/vnd.microsoft.portable-executable", ".exe")),
)

#: ISO media brands (ISO/IEC 14496-12 `ftyp`) that are not simply MP4 video.
BRANDS = {
    b"M4A ": FileType("audio/mp4", ".m4a"),
    b"M4B ": FileType("audio/mp4", ".m4a"),
    b"qt  ": FileType("video/quicktime", ".mov"),
    b"heic": FileType("image/heic", ".heic"),
    b"heix": FileType("image/heic", ".heic"),
    b"heim": FileType("image/heic", ".heic"),
    b"heis": FileType("image/heic", ".heic"),
    b"mif1": FileType("image/heic", ".heic"),
    b"msf1": FileType("image/heic", ".heic"),
    b"avif": FileType("image/avif", ".avif"),
    b"avis": FileType("image/avif", ".avif"),
}

#: How long the second header of a Windows bitmap is, by its version: the two bytes at the beginning say too little.
BITMAP_HEADERS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}

#: Names inside a ZIP that say which document it is; the directory at the file's end lists them.
ZIP_MEMBERS = (
    (b"word/document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    (b"xl/workbook", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    (b"ppt/presentation", "application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    (b"AndroidManifest.xml", "application/vnd.android.package-archive", ".apk"),
)
ZIP_MIME_TYPES = {
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
    b"application/epub+zip": ".epub",
}

MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|\?xml|!--)", re.IGNORECASE)


def sniff(head: bytes, tail: bytes = b"") -> FileType:
    """The type of a file whose first HEAD_BYTES are ``head`` and last TAIL_BYTES are ``tail``.

    Never raises, whatever the bytes are. What the sender or WhatsApp called the file plays no part.
    """
    for signature, file_type in SIGNATURES:
        if head.startswith(signature):
            return file_type
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    if head.startswith(b"OggS"):
        return _ogg(head)
    if head.startswith(b"RIFF"):
        return _riff(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _matroska(head)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip(head, tail)
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" and head[14:18] in BITMAP_HEADERS:
        return FileType("image/bmp", ".bmp")
    if len(head) >= 2 and head[0] == 0xFF:
        return _mpeg_audio(head[1])
    return _text(head)


def _iso_media(head: bytes) -> FileType:
    length = min(max(int.from_bytes(head[:4], "big"), 16), 256)
    brand, compatible = head[8:12], head[16:length]
    if brand[:3] in (b"3gp", b"3g2", b"3gr", b"3gs"):
        return FileType("video/3gpp", ".3gp")
    if brand in (b"mif1", b"msf1") and (b"avif" in compatible or b"avis" in compatible):
        return BRANDS[b"avif"]  # the brand only says that it is pictures; what they are coded in comes later
    return BRANDS.get(brand) or _mp4(head)


def _mp4(head: bytes) -> FileType:
    """MP4 of no particular brand, as browsers record it: sound when a track list that is whole names nothing else."""
    at = head.find(b"moov", 16)
    whole = at >= 20 and at - 4 + int.from_bytes(head[at - 4 : at], "big") <= len(head)
    handlers = {head[place + 12 : place + 16] for place in _places(head, b"hdlr")} if whole else set()
    if b"soun" in handlers and b"vide" not in handlers:
        return FileType("audio/mp4", ".m4a")
    return FileType("video/mp4", ".mp4")


def _places(head: bytes, word: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(word), head)]


def _matroska(head: bytes) -> FileType:
    """WebM and Matroska: sound when its tracks, which browsers write at once, name codecs of sound only."""
    codecs_named = re.findall(rb"\x86[\x80-\xff]([AV])_[A-Z]", head)  # element CodecID, its length, "A_OPUS"
    webm = b"webm" in head[:64]
    if b"A" in codecs_named and b"V" not in codecs_named:
        return FileType("audio/webm", ".weba") if webm else FileType("audio/x-matroska", ".mka")
    return FileType("video/webm", ".webm") if webm else FileType("video/x-matroska", ".mkv")


def _ogg(head: bytes) -> FileType:
    if b"\x80theora" in head[:512]:
        return FileType("video/ogg", ".ogv")
    if b"OpusHead" in head[:512] or b"\x01vorbis" in head[:512] or b"Speex   " in head[:512]:
        return FileType("audio/ogg", ".ogg")
    return FileType("application/ogg", ".ogx")


def _riff(form: bytes) -> FileType:
    forms = {
        b"WEBP": FileType("image/webp", ".webp"),
        b"WAVE": FileType("audio/wav", ".wav"),
        b"AVI ": FileType("video/x-msvideo", ".avi"),
    }
    return forms.get(form, UNKNOWN)


def _zip(head: bytes, tail: bytes) -> FileType:
    if head[30:38] == b"mimetype":  # OpenDocument and EPUB put their type first, uncompressed
        for mime_type, extension in ZIP_MIME_TYPES.items():
            if head.startswith(mime_type, 38):
                return FileType(mime_type.decode(), extension)
    for member, content_type, extension in ZIP_MEMBERS:
        if member in head or member in tail:
            return FileType(content_type, extension)
    return FileType("application/zip", ".zip")


def _mpeg_audio(second: int) -> FileType:
    """MPEG audio without a tag begins with its first frame: 11 set bits, then version and layer."""
    if second & 0xF6 == 0xF0:  # layer bits 00: ADTS
        return FileType("audio/aac", ".aac")
    if second & 0xE6 == 0xE2:  # layer III
        return FileType("audio/mpeg", ".mp3")
    return UNKNOWN


def _text(head: bytes) -> FileType:
    text = head.removeprefix(b"\xef\xbb\xbf")
    start = text.lstrip()[:1024]
    if MARKUP.match(start):
        return _markup(text)
    if start[:11].upper() == b"BEGIN:VCARD":
        return FileType("text/vcard", ".vcf")
    if start[:15].upper() == b"BEGIN:VCALENDAR":
        return FileType("text/calendar", ".ics")
    if start and not re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        try:
            # Not final: the end of the head may cut a character in two.
            codecs.getincrementaldecoder("utf-8")().decode(text)
        except UnicodeDecodeError:
            return UNKNOWN
        return TEXT
    return UNKNOWN


def _markup(text: bytes) -> FileType:
    lower = text.lower()
    if b"<svg" in lower:
        return FileType("image/svg+xml", ".svg")
    if b"<html" in lower or b"<!doctype html" in lower or b"<script" in lower or b"<body" in lower:
        return FileType("text/html", ".html")
    return FileType("text/xml", ".xml")
