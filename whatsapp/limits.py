"""WhatsApp's limits: file types and sizes, text lengths, the customer service window, sending rates.

Facts with their sources, and pure functions of them. The ``refuse_`` functions return a sentence for an agent, empty
when nothing is wrong. A character is a Unicode code point, a megabyte 1,048,576 bytes.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import PurePosixPath

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from whatsapp.events import MEDIA_KINDS, Kind
from whatsapp.file_sizes import BYTES, KB, MB, STICKER_ANIMATED_BYTES, STICKER_SIDE

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
#: Not documented by Meta: what phones, browsers and file systems accept.
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
#: Text types that WhatsApp doesn't know: they are sent as plain text under their own file name.
PLAIN_TEXT_TYPES = frozenset({"text/csv", "text/vcard", "text/calendar", "text/markdown", "application/json"})
#: The bytes of an old Office file don't tell which program made it; its name does.
OLE_STORAGE = "application/x-ole-storage"
OLE_EXTENSIONS = {
    ".doc": "application/msword",
    ".dot": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".xlt": "application/vnd.ms-excel",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pps": "application/vnd.ms-powerpoint",
}

#: The file name extensions of each type, the usual one first. WhatsApp also checks an upload's name: a wrong extension
#: is accepted and fails later with 131053 (sarrazola/openlivery#30, fazer-ai/chatwoot#469, 2026).
EXTENSIONS: dict[str, tuple[str, ...]] = {
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

#: Kinds that carry a caption.
CAPTIONED = frozenset({Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT})
_TOO_LARGE = {
    Kind.IMAGE: gettext_lazy("Photos on WhatsApp can be up to %(limit)s; this one is %(size)s."),
    Kind.VIDEO: gettext_lazy("Videos on WhatsApp can be up to %(limit)s; this one is %(size)s."),
    Kind.AUDIO: gettext_lazy("Recordings on WhatsApp can be up to %(limit)s; this one is %(size)s."),
    Kind.DOCUMENT: gettext_lazy("Documents on WhatsApp can be up to %(limit)s; this one is %(size)s."),
    Kind.STICKER: gettext_lazy("Stickers on WhatsApp can be up to %(limit)s; this one is %(size)s."),
}
_ANIMATION_TOO_LARGE = gettext_lazy("Animated stickers on WhatsApp can be up to %(limit)s; this one is %(size)s.")
_WRONG_TYPE = {
    Kind.IMAGE: gettext_lazy("WhatsApp doesn’t accept this type of photo. Use JPEG or PNG."),
    Kind.VIDEO: gettext_lazy("WhatsApp doesn’t accept this type of video. Use MP4 or 3GP."),
    Kind.AUDIO: gettext_lazy("WhatsApp doesn’t accept this type of recording. Use AAC, AMR, MP3, M4A or OGG."),
    Kind.DOCUMENT: gettext_lazy(
        "WhatsApp doesn’t accept this type of file. Use PDF, text, Word, Excel, PowerPoint, photos, videos or "
        "recordings."
    ),
    Kind.STICKER: gettext_lazy("WhatsApp doesn’t accept this type of sticker. Use WebP."),
}
#: Null bytes and lone surrogates.
UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")
_PICTOGRAPH = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_ONE = f"{_PICTOGRAPH}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
#: One emoji (Unicode UTS #51): a flag, a keycap, or a pictograph with its variations, joined ones included.
EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[#*0-9]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE})*")


def per_second(throughput: str) -> int:
    """Messages per second that a number may send, by `PhoneNumber.throughput` (Meta's ``throughput.level``).

    Unknown and missing levels count as standard. Meta has no level for numbers that the phone app uses too
    (coexistence); NOT_APPLICABLE counts as that slowest one.
    """
    word = throughput.upper()
    if word in ("HIGH", "UNLIMITED", "TIER_UNLIMITED"):
        return PER_SECOND_HIGH
    if word in ("NOT_APPLICABLE", "COEXISTENCE", "LOW"):
        return PER_SECOND_COEXISTENCE
    return PER_SECOND


def kind_for(content_type: str, *, voice: bool = False) -> Kind:
    """The message kind for a file of this sniffed type: a document when nothing better fits.

    `refuse_file` tells whether WhatsApp accepts it. ``voice``: recorded here as a voice message.
    """
    if voice:
        return Kind.AUDIO
    essence = _essence(content_type)
    for kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO, Kind.STICKER):
        if essence in TYPES[kind]:
            return kind
    return Kind.DOCUMENT


def upload_type(content_type: str, file_name: str = "") -> str:
    """The type to declare to WhatsApp for a file of this sniffed type."""
    essence = _essence(content_type)
    if essence in PLAIN_TEXT_TYPES:
        return "text/plain"
    if essence == OLE_STORAGE:
        return OLE_EXTENSIONS.get(PurePosixPath(file_name).suffix.lower(), essence)
    if essence == ENCRYPTED:
        suffix = PurePosixPath(file_name).suffix.lower()
        return next((each for each in PROTECTED_TYPES if suffix in EXTENSIONS[each]), essence)
    return essence


def extension(mime_type: str) -> str:
    """The usual file name extension of this declared type, with its dot; empty for an unsupported type."""
    return EXTENSIONS.get(_essence(mime_type), ("",))[0]


def upload_name(file_name: str, mime_type: str) -> str:
    """The name to upload a file of this declared type under: its own, with an extension that fits the type.

    Customers see the ``filename`` of the message instead, which may have another extension ("prices.csv").
    """
    path = PurePosixPath(file_name.replace("\\", "/"))
    fitting = EXTENSIONS.get(_essence(mime_type), ())
    if not fitting or path.suffix.lower() in fitting:
        return file_name or "file"
    # "Offer No. 7" has a dot and no extension.
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
    """Why WhatsApp would reject this file as a message of ``kind``; empty when it would accept it.

    ``content_type`` is the type sniffed from the bytes. ``width``, ``height`` and ``animated`` are for stickers only.
    """
    if kind not in MEDIA_KINDS:
        return _("Messages of this kind can’t have a file.")
    if size <= 0:
        return _("The file is empty.")
    if upload_type(content_type, file_name) not in (VOICE_TYPES if voice else TYPES[kind]):
        if voice:
            return _("Voice messages must be OGG recordings with the Opus codec.")
        return str(_WRONG_TYPE[kind])
    most = max_bytes(kind, animated=animated)
    if size > most:
        sentence = _ANIMATION_TOO_LARGE if kind is Kind.STICKER and animated else _TOO_LARGE[kind]
        refusal = str(sentence % {"limit": amount(most), "size": amount(size, up=True)})
        fits_document = kind in (Kind.IMAGE, Kind.VIDEO, Kind.AUDIO) and size <= BYTES[Kind.DOCUMENT] and not voice
        return f"{refusal} {_('You can send it as a document.')}" if fits_document else refusal
    if kind is Kind.STICKER and width and height and (width, height) != (STICKER_SIDE, STICKER_SIDE):
        return _("Stickers must have %(side)s × %(side)s pixels; this one has %(width)s × %(height)s.") % {
            "side": STICKER_SIDE,
            "width": width,
            "height": height,
        }
    return ""


def refuse_text(kind: Kind, text: str) -> str:
    """Why WhatsApp would reject ``text`` as the text or caption of a message of ``kind``; empty when it is fine.

    Interactive messages are checked against the common limit; a list's text may be longer (compose.interactive).
    """
    if kind is Kind.TEXT:
        return refuse_length(_("Message"), text, TEXT, required=True)
    if kind in CAPTIONED:
        return refuse_length(_("Caption"), text, CAPTION)
    if kind in MEDIA_KINDS:
        return _("Recordings and stickers can’t have a caption. Send the text as its own message.") if text else ""
    if kind is Kind.INTERACTIVE:
        return refuse_length(_("Message text"), text, INTERACTIVE_BODY, required=True)
    return ""


def refuse_reaction(emoji: str) -> str:
    """Why ``emoji`` can't be a reaction; the empty string, which removes a reaction, is fine."""
    if emoji and not EMOJI.fullmatch(emoji):
        return _("A reaction is exactly one emoji.")
    return ""


def refuse_place(latitude: object, longitude: object) -> str:
    """Why these degrees aren't a location on Earth; empty when they are."""
    if not _within(latitude, 90):
        return _("The latitude must be a number from −90 to 90.")
    if not _within(longitude, 180):
        return _("The longitude must be a number from −180 to 180.")
    return ""


def _within(value: object, most: int) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and -most <= value <= most


def refuse_length(field: str, text: str, most: int, *, required: bool = False) -> str:
    """Why ``text`` is missing, too long or not sendable; empty when it is fine. ``field`` is its label ("Caption")."""
    if required and not text.strip():
        return _("%(field)s: enter some text.") % {"field": field}
    if len(text) > most:
        limit, count = (number_format(number, force_grouping=True) for number in (most, len(text)))
        facts = {"field": field, "limit": limit, "count": count, "text": text}
        if len(text) <= 60:
            return _("%(field)s: use at most %(limit)s characters; “%(text)s” has %(count)s.") % facts
        return _("%(field)s: use at most %(limit)s characters; this has %(count)s.") % facts
    if UNSENDABLE.search(text):
        return _("%(field)s: contains characters that WhatsApp can’t send.") % {"field": field}
    return ""


def amount(size: int, *, up: bool = False) -> str:
    """A file size for people: "512 KB", "7.3 MB". ``up`` rounds up, so that a size over a limit never reads as it."""
    unit, text = (MB, _("%(size)s MB")) if size >= MB else (KB, _("%(size)s KB"))
    tenths = -(-size * 10 // unit) if up else size * 10 // unit
    return text % {"size": number_format(tenths / 10, 1 if tenths % 10 else 0)}


def _essence(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()
