"""What WhatsApp takes and how fast: types and sizes of files, lengths of texts, the window, the rates.

Everything here is a fact about WhatsApp with its source, or a pure function of such facts. Refusals are sentences for
an agent; the empty string means that nothing is wrong. A character is a Unicode code point, a megabyte 1,048,576 bytes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath

from whatsapp.events import MEDIA_KINDS, Kind

KB = 1024
MB = 1024 * KB

#: How long after a customer's message or call a free-form answer may be sent (Meta "Send messages": customer service
#: window). It counts from WhatsApp's time of the message.
WINDOW = timedelta(hours=24)
#: How long WhatsApp keeps a file that was uploaded, by its id (Meta "Media", 11 Dec 2025).
UPLOAD_LIFETIME = timedelta(days=30)
#: How long "typing…" stays when no message follows (Meta "Typing indicators").
TYPING_SECONDS = 25

#: One message in this many seconds to one person; more may go at once, borrowed from later (Meta "Throughput").
PAIR_SECONDS = 6.0
PAIR_BURST = 45
#: Messages a second of one number, in and out together (Meta "Throughput", 21 Nov 2025).
PER_SECOND = 80
PER_SECOND_HIGH = 1000
PER_SECOND_COEXISTENCE = 20

#: Characters (Meta's page of each message type, Nov 2025 to Jan 2026).
TEXT = 4096
CAPTION = 1024
CALLBACK_DATA = 512
INTERACTIVE_BODY = 1024
LIST_BODY = 4096
HEADER = 60
FOOTER = 60
BUTTONS = 3
BUTTON_TITLE = 20
BUTTON_ID = 256
LIST_SECTIONS = 10
LIST_ROWS = 10  # in all sections together
SECTION_TITLE = 24
ROW_ID = 200
ROW_TITLE = 24
ROW_DESCRIPTION = 72
CONTACTS = 257
#: Not documented by Meta: what phones, browsers and file systems take, and bounds against nonsense.
FILE_NAME = 240
URL = 2000
PLACE = 1024
CARD = 1024
FLOW_NAME = 512
FLOW_TOKEN = 1024
#: Message templates (Meta "Message templates: components", "parameter object").
TEMPLATE_HEADER = 60
TEMPLATE_BODY = 1024
#: When the body is all that the message template has.
TEMPLATE_BODY_ALONE = 32_768
COPY_CODE = 15
AUTHENTICATION_CODE = 15

IMAGE_TYPES = frozenset({"image/jpeg", "image/png"})
VIDEO_TYPES = frozenset({"video/mp4", "video/3gpp"})
AUDIO_TYPES = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
STICKER_TYPES = frozenset({"image/webp"})
#: A voice note is Opus in OGG, one channel (Meta "Audio messages", 24 Jan 2026).
VOICE_TYPES = frozenset({"audio/ogg"})
_OFFICE = "application/vnd.openxmlformats-officedocument."
OFFICE_TYPES = frozenset(
    {
        "application/pdf",
        "text/plain",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        f"{_OFFICE}wordprocessingml.document",
        f"{_OFFICE}spreadsheetml.sheet",
        f"{_OFFICE}presentationml.presentation",
    }
)
#: Any type that can be uploaded may go as a document, a photo or video too. The upload refuses all others with code 100
#: and names these (Meta's own words, seen in MissaelAnda/laravel-whatsapp#4, 20 Mar 2025).
DOCUMENT_TYPES = OFFICE_TYPES | IMAGE_TYPES | VIDEO_TYPES | AUDIO_TYPES | STICKER_TYPES
#: Kinds of text without a type of their own at WhatsApp: they go as plain text under their own file name.
PLAIN_TEXT_TYPES = frozenset({"text/csv", "text/vcard", "text/calendar", "text/markdown", "application/json"})
#: What the beginning of an old Office file does not tell, its name does.
OLE_STORAGE = "application/x-ole-storage"
OLE_EXTENSIONS = {
    ".doc": "application/msword",
    ".dot": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".xlt": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pps": "application/vnd.ms-powerpoint",
}

#: The endings that fit each type, the usual one first. WhatsApp judges an upload by its name too: one that says
#: something else is accepted and fails later with 131053 (sarrazola/openlivery#30, fazer-ai/chatwoot#469, 2026).
ENDINGS: dict[str, tuple[str, ...]] = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "video/mp4": (".mp4",),
    "video/3gpp": (".3gp",),
    "audio/aac": (".aac",),
    "audio/amr": (".amr",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a",),
    "audio/ogg": (".ogg",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
    "application/msword": (".doc",),
    "application/vnd.ms-excel": (".xls",),
    "application/vnd.ms-powerpoint": (".ppt",),
    f"{_OFFICE}wordprocessingml.document": (".docx",),
    f"{_OFFICE}spreadsheetml.sheet": (".xlsx",),
    f"{_OFFICE}presentationml.presentation": (".pptx",),
}
#: An Office file that asks for a password: its name says which of these types is inside.
ENCRYPTED = "application/encrypted"
PROTECTED_TYPES = OFFICE_TYPES - {"application/pdf", "text/plain"}

TYPES: dict[Kind, frozenset[str]] = {
    Kind.IMAGE: IMAGE_TYPES,
    Kind.VIDEO: VIDEO_TYPES,
    Kind.AUDIO: AUDIO_TYPES,
    Kind.DOCUMENT: DOCUMENT_TYPES,
    Kind.STICKER: STICKER_TYPES,
}
#: Bytes (Meta "Media", 11 Dec 2025). A sticker that moves may have STICKER_ANIMATED_BYTES.
BYTES: dict[Kind, int] = {
    Kind.IMAGE: 5 * MB,
    Kind.VIDEO: 16 * MB,
    Kind.AUDIO: 16 * MB,
    Kind.DOCUMENT: 100 * MB,
    Kind.STICKER: 100 * KB,
}
STICKER_ANIMATED_BYTES = 500 * KB
#: Pixels of each side (third parties; Meta's page shows it in examples only).
STICKER_SIDE = 512
#: A longer voice note shows a download arrow instead of playing at once (Meta "Audio messages").
VOICE_AT_ONCE_BYTES = 512 * KB

#: Kinds that carry a caption.
CAPTIONED = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT})
_NOUNS = {
    Kind.IMAGE: "A photo",
    Kind.VIDEO: "A video",
    Kind.AUDIO: "A recording",
    Kind.DOCUMENT: "A document",
    Kind.STICKER: "A sticker",
}
_TAKEN = {
    Kind.IMAGE: "JPEG and PNG photos",
    Kind.VIDEO: "MP4 and 3GP videos",
    Kind.AUDIO: "AAC, AMR, MP3, M4A and OGG recordings",
    Kind.DOCUMENT: "PDF, text, Word, Excel and PowerPoint documents, photos, videos and recordings",
    Kind.STICKER: "WebP stickers",
}
_PICTOGRAPH = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_ONE = f"{_PICTOGRAPH}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
#: One emoji (Unicode UTS #51): a flag, a keycap, or a pictograph with its variations, joined ones included.
EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[#*0-9]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*")


def per_second(throughput: str) -> int:
    """Messages a second that a number may send, from what `PhoneNumber.throughput` says (Meta's ``throughput.level``).

    Unknown words and none count as standard. Meta has no word for numbers that the phone app uses too (coexistence);
    NOT_APPLICABLE, which says that neither level applies, counts as that slowest one.
    """
    word = throughput.upper()
    if word in ("HIGH", "UNLIMITED", "TIER_UNLIMITED"):
        return PER_SECOND_HIGH
    if word in ("NOT_APPLICABLE", "COEXISTENCE", "LOW"):
        return PER_SECOND_COEXISTENCE
    return PER_SECOND


def kind_for(content_type: str, *, voice: bool = False) -> Kind:
    """What a file of this sniffed type goes as: a document when nothing better fits.

    `refuse_file` says whether WhatsApp takes it as that. ``voice``: recorded here, to be heard at once.
    """
    if voice:
        return Kind.AUDIO
    essence = _essence(content_type)
    for kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.STICKER):
        if essence in TYPES[kind]:
            return kind
    return Kind.DOCUMENT


def upload_type(content_type: str, file_name: str = "") -> str:
    """The type to declare for a file of this sniffed type: WhatsApp's name for it, or the type itself."""
    essence = _essence(content_type)
    if essence in PLAIN_TEXT_TYPES:
        return "text/plain"
    if essence == OLE_STORAGE:
        return OLE_EXTENSIONS.get(PurePosixPath(file_name).suffix.lower(), essence)
    if essence == ENCRYPTED:
        suffix = PurePosixPath(file_name).suffix.lower()
        return next((each for each in PROTECTED_TYPES if suffix in ENDINGS[each]), essence)
    return essence


def ending(mime_type: str) -> str:
    """The usual ending of names of this declared type, with its dot; empty for a type that WhatsApp does not take."""
    return ENDINGS.get(_essence(mime_type), ("",))[0]


def upload_name(file_name: str, mime_type: str) -> str:
    """The name under which a file of this declared type is uploaded: its own, with an ending that fits the type.

    A document is shown to the customer under the ``filename`` of its message, which may end otherwise ("prices.csv").
    """
    path = PurePosixPath(file_name.replace("\\", "/"))
    fitting = ENDINGS.get(_essence(mime_type), ())
    if not fitting or path.suffix.lower() in fitting:
        return file_name or "file"
    # What follows the last dot is an ending only if it looks like one: "Offer No. 7" is a whole name.
    stem = path.stem if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", path.suffix) else path.name
    return (stem or "file") + fitting[0]


def max_bytes(kind: Kind, *, animated: bool = False) -> int:
    """The largest file of a media kind, in bytes."""
    return STICKER_ANIMATED_BYTES if kind is Kind.STICKER and animated else BYTES[kind]


def refuse_file(
    kind: Kind,
    content_type: str,
    size: int,
    *,
    width: int | None = None,
    height: int | None = None,
    voice: bool = False,
    animated: bool = False,
    file_name: str = "",
) -> str:
    """Why WhatsApp would not take this file as a message of ``kind``, as a sentence; empty when it would.

    ``content_type`` is what the bytes are, ``size`` their number. Sides and ``animated`` matter to stickers only.
    """
    if kind not in MEDIA_KINDS:
        return "A message of this kind carries no file."
    if size <= 0:
        return "The file is empty."
    if upload_type(content_type, file_name) not in (VOICE_TYPES if voice else TYPES[kind]):
        if voice:
            return "A voice message has to be an OGG recording with Opus sound."
        return f"WhatsApp does not take this type of file here; it takes {_TAKEN[kind]}."
    most = max_bytes(kind, animated=animated)
    if size > most:
        which = "A moving sticker" if kind is Kind.STICKER and animated else _NOUNS[kind]
        larger = kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO) and size <= BYTES[Kind.DOCUMENT]
        advice = " It can go as a document." if larger and not voice else ""
        return f"{which} may have {amount(most)} on WhatsApp; this one has {amount(size, up=True)}.{advice}"
    if kind is Kind.STICKER and width and height and (width, height) != (STICKER_SIDE, STICKER_SIDE):
        return f"A sticker has {STICKER_SIDE} × {STICKER_SIDE} pixels; this one has {width} × {height}."
    return ""


def refuse_text(kind: Kind, text: str) -> str:
    """Why WhatsApp would not take ``text`` as the text or caption of a message of ``kind``; empty when it would.

    The body of an interactive message is held to its common limit; compose.message knows that a list's may be longer.
    """
    if kind is Kind.TEXT:
        return refuse_length("A message", text, TEXT, required=True)
    if kind in CAPTIONED:
        return refuse_length("A caption", text, CAPTION)
    if kind in MEDIA_KINDS:
        return f"{_NOUNS[kind]} cannot have a caption; send the words as a message of their own." if text else ""
    if kind is Kind.INTERACTIVE:
        return refuse_length("The text of the message", text, INTERACTIVE_BODY, required=True)
    return ""


def refuse_reaction(emoji: str) -> str:
    """Why ``emoji`` cannot be a reaction; the empty string takes a reaction back, and is fine."""
    if emoji and not EMOJI.fullmatch(emoji):
        return "A reaction is exactly one emoji."
    return ""


def refuse_place(latitude: object, longitude: object) -> str:
    """Why these degrees are no place on Earth; empty when they are one. Takes numbers only."""
    for what, value, most in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
            return f"A place's {what} is a number from −{most} to {most}."
    return ""


def refuse_length(what: str, text: str, most: int, *, required: bool = False) -> str:
    """Why ``text`` is too long, missing or unsendable as ``what`` ("A caption"); empty when it is fine."""
    if required and not text.strip():
        return f"{what} needs some words."
    if len(text) > most:
        shown = f"; “{text}” has {len(text)}" if len(text) <= 60 else f"; this has {len(text):,}"
        return f"{what} may have {most:,} characters{shown}."
    if re.search(r"[\x00\ud800-\udfff]", text):
        return f"{what} holds characters that WhatsApp cannot carry."
    return ""


def amount(size: int, *, up: bool = False) -> str:
    """Bytes as people say them: "512 KB", "7.3 MB". ``up`` rounds up: what is over a limit never reads as the limit."""
    unit, name = (MB, "MB") if size >= MB else (KB, "KB")
    tenths = -(-size * 10 // unit) if up else size * 10 // unit
    return f"{tenths // 10}.{tenths % 10} {name}".replace(".0 ", " ")


def _essence(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()
