"""Detect a file's type from its bytes alone: the only source of the types that are served."""

from __future__ import annotations

import re
from typing import NamedTuple

from core import text_encodings

#: The bytes at the beginning and the end of a file that show its type.
HEAD_BYTES = 4096
TAIL_BYTES = 65_536
#: How much is read of an archive's directory that stands between the two.
DIRECTORY_BYTES = 1024 * 1024
#: An MP4 file's directory is searched for in this many boxes, and its tracks in this many bytes.
MOST_BOXES = 100
MOVIE_BYTES = 256 * 1024

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
        "audio/wav",
        "audio/flac",
        "application/pdf",
    }
)


class FileType(NamedTuple):
    """A content type and the extension that goes with it (with its dot); both empty when the type is unknown."""

    content_type: str
    extension: str


UNKNOWN = FileType("", "")
TEXT = FileType("text/plain", ".txt")
#: Word, Excel and PowerPoint files that ask for a password. Their name has the ending of what is inside.
ENCRYPTED = FileType("application/encrypted", "")

#: How files of a type begin.
SIGNATURES = (
    (b"\xff\xd8\xff", FileType("image/jpeg", ".jpg")),
    (b"\x89PNG\r\n\x1a\n", FileType("image/png", ".png")),
    (b"GIF87a", FileType("image/gif", ".gif")),
    (b"GIF89a", FileType("image/gif", ".gif")),
    (b"%PDF-", FileType("application/pdf", ".pdf")),
    (b"\0\0\0\x0cjP  \r\n\x87\n", FileType("image/jp2", ".jp2")),
    (b"\xffO\xffQ", FileType("image/j2c", ".j2k")),
    (b"caff", FileType("audio/x-caf", ".caf")),
    (b".snd", FileType("audio/basic", ".au")),
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
    (b"\x7fELF", FileType("application/x-executable", "")),
    (b"MZ", FileType("application/vnd.microsoft.portable-executable", ".exe")),
)

#: Word, Excel and PowerPoint before 2007, Outlook messages, and newer Office files with a password ([MS-CFB]).
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_STORAGE = FileType("application/x-ole-storage", "")
#: Names of streams inside, the one that decides first ([MS-OFFCRYPTO], [MS-DOC], [MS-XLS], [MS-PPT], [MS-OXMSG]).
OLE_STREAMS = (
    ("EncryptedPackage", ENCRYPTED),
    ("EncryptedSummary", ENCRYPTED),
    ("WordDocument", FileType("application/msword", ".doc")),
    ("Workbook", FileType("application/vnd.ms-excel", ".xls")),
    ("Book", FileType("application/vnd.ms-excel", ".xls")),
    ("PowerPoint Document", FileType("application/vnd.ms-powerpoint", ".ppt")),
    ("__nameid_version1.0", FileType("application/vnd.ms-outlook", ".msg")),
)
#: Windows Media ([MS-ASF]): the file's own mark, and that of a stream with pictures.
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
ASF_PICTURES = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
#: A frame of GSM 06.10 as telephone systems record it: so many bytes, each beginning with this half byte.
GSM_FRAME = 33
GSM_FRAMES = 12

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

#: The endings of all types that bytes tell for certain: a name that ends so and other bytes do not belong together.
EXTENSIONS = frozenset(
    {
        *(file_type.extension for _, file_type in (*SIGNATURES, *OLE_STREAMS)),
        *(file_type.extension for file_type in BRANDS.values()),
        *(extension for _, _, extension in ZIP_MEMBERS),
        *ZIP_MIME_TYPES.values(),
        *(".mp4", ".3gp", ".webm", ".mkv", ".avi", ".ogg", ".wav", ".aac", ".webp", ".bmp", ".jpeg", ".heif", ".tiff"),
    }
)

MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|svg|\?xml|!--)", re.IGNORECASE)


def sniff(head: bytes, tail: bytes = b"", index: bytes = b"") -> FileType:
    """The type of a file whose first HEAD_BYTES are ``head`` and last TAIL_BYTES are ``tail``.

    ``index`` is the file's own directory where it lies elsewhere (see `directory`). Never raises, whatever the bytes
    are. What the sender or WhatsApp called the file plays no part.
    `inbox.media.inspection` reads these parts of a file.
    """
    for signature, file_type in SIGNATURES:
        if head.startswith(signature):
            return file_type
    for begins, told in (
        (head[4:8] == b"ftyp", lambda: _iso_media(head, index)),
        (head.startswith(b"OggS"), lambda: _ogg(head)),
        (head.startswith(b"RIFF"), lambda: _riff(head[8:12])),
        (head.startswith(b"FORM") and head[8:12] in (b"AIFF", b"AIFC"), lambda: FileType("audio/aiff", ".aif")),
        (head.startswith(b"\x1a\x45\xdf\xa3"), lambda: _matroska(head)),
        (head.startswith((b"PK\x03\x04", b"PK\x05\x06")), lambda: _zip(head, tail + index)),
        (head.startswith(OLE), lambda: _ole(head, tail + index)),
        (head.startswith(ASF), lambda: _windows_media(head)),
        (_is_bitmap(head), lambda: FileType("image/bmp", ".bmp")),
        (len(head) >= 2 and head[0] == 0xFF and not head.startswith(b"\xff\xfe"), lambda: _mpeg_audio(head[1])),
        (_is_gsm(head), lambda: FileType("audio/gsm", ".gsm")),
        (PDF_LATER.search(head[:1024]) and b"%%EOF" in tail, lambda: FileType("application/pdf", ".pdf")),
    ):
        if begins:
            return told()  # type: ignore[no-untyped-call]  # has no types
    return _text(head, tail)


def directory(head: bytes, tail: bytes, size: int) -> list[tuple[int, int]]:
    """Where to read, as offsets and lengths, what neither the beginning nor the end of a file of ``size`` bytes shows:
    the list of what is inside an Office file or an archive."""
    if head.startswith(OLE):
        # [MS-CFB] 2.2: the sector of the directory, and how large sectors are; most directories are in one piece.
        sector = 1 << min(int.from_bytes(head[30:32], "little"), 16)
        at = (int.from_bytes(head[48:52], "little") + 1) * sector
        return [(at, 4096)] if at < size else []
    if head.startswith(b"PK"):
        end = tail.rfind(b"PK\x05\x06")
        length, at = (
            int.from_bytes(tail[end + 12 : end + 16], "little"),
            int.from_bytes(tail[end + 16 : end + 20], "little"),
        )
        return [(at, min(length, DIRECTORY_BYTES))] if end >= 0 and at < size - len(tail) else []
    return []


#: Some files say something else first; PDFium, as other readers do, looks for the mark in the first 1,024 bytes.
PDF_LATER = re.compile(rb"(?:^|[\r\n\0\xbf])%PDF-[0-9]\.[0-9]")


def _is_bitmap(head: bytes) -> bool:
    return head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" and head[14:18] in BITMAP_HEADERS


def _is_gsm(head: bytes) -> bool:
    frames = head[: GSM_FRAME * GSM_FRAMES : GSM_FRAME]
    return len(frames) == GSM_FRAMES and all(first >> 4 == 0xD for first in frames)


def _iso_media(head: bytes, index: bytes) -> FileType:
    length = min(max(int.from_bytes(head[:4], "big"), 16), 256)
    brand, compatible = head[8:12], head[16:length]
    if brand in (b"mif1", b"msf1") and (b"avif" in compatible or b"avis" in compatible):
        return BRANDS[b"avif"]  # the brand only says that it is pictures; what they are coded in comes later
    if brand == b"qt  " or brand not in BRANDS:
        handlers = _handlers(index) or _handlers(head)
        if b"soun" in handlers and b"vide" not in handlers:
            return FileType("audio/mp4", ".m4a")
    if brand[:3] in (b"3gp", b"3g2", b"3gr", b"3gs"):
        return FileType("video/3gpp", ".3gp")
    return BRANDS.get(brand) or FileType("video/mp4", ".mp4")


def _handlers(part: bytes) -> set[bytes]:
    """What the tracks of an MP4 file are, if its list of them is whole in ``part``; else nothing."""
    at = part.find(b"moov", 4)
    whole = at >= 4 and at - 4 + int.from_bytes(part[at - 4 : at], "big") <= len(part)
    return {part[place + 12 : place + 16] for place in _places(part, b"hdlr")} if whole else set()


def _places(head: bytes, word: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(word), head)]


def _windows_media(head: bytes) -> FileType:
    if ASF_PICTURES in head:
        return FileType("video/x-ms-wmv", ".wmv")
    return FileType("audio/x-ms-wma", ".wma")


def _ole(head: bytes, parts: bytes) -> FileType:
    names = head + parts
    found = next((file_type for name, file_type in OLE_STREAMS if name.encode("utf-16-le") in names), OLE_STORAGE)
    # The first stream mostly begins behind the header: [MS-DOC] 2.5.1 fEncrypted, [MS-XLS] 2.4.117 FilePass.
    word = found.extension == ".doc" and head[512:514] == b"\xec\xa5" and head[523] & 1
    excel = found.extension == ".xls" and head[512:514] == b"\x09\x08" and head[532:534] == b"\x2f\x00"
    return ENCRYPTED if word or excel else found


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


def _text(head: bytes, tail: bytes) -> FileType:
    """Text in any encoding: no other file has thousands of bytes without control characters."""
    encoding = text_encodings.encoding_of(head) if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head else ""
    if encoding.startswith(("utf-16", "utf-32")):
        text = text_encodings.decode(head, whole=False).lstrip("\ufeff").encode()
    else:
        text = head.removeprefix(b"\xef\xbb\xbf")
    start = text.lstrip()[:1024]
    if MARKUP.match(start):
        return _markup(text)
    if start[:11].upper() == b"BEGIN:VCARD":
        return FileType("text/vcard", ".vcf")
    if start[:15].upper() == b"BEGIN:VCALENDAR":
        return FileType("text/calendar", ".ics")
    if not start or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text):
        return UNKNOWN
    # Beyond ASCII anything may be an older encoding, so the end has to look like text as well.
    sure = encoding or text_encodings.is_utf8(text)
    return TEXT if sure or not re.search(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]", tail) else UNKNOWN


def _markup(text: bytes) -> FileType:
    lower = text.lower()
    if b"<svg" in lower:
        return FileType("image/svg+xml", ".svg")
    if b"<html" in lower or b"<!doctype html" in lower or b"<script" in lower or b"<body" in lower:
        return FileType("text/html", ".html")
    return FileType("text/xml", ".xml")
