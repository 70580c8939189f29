"""The file of a message as its bubble shows it: a picture, a player, a document, or why there is none."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, ngettext

from core.translation import gettext as _
from inbox.formatting import humanize
from inbox.formatting.summary import DOCUMENT_TYPES
from inbox.media import document_contents, file_names, text_preview
from inbox.media.content_types import INLINE_TYPES
from inbox.models import Media
from inbox.models.media import copy_type
from inbox.web import icons
from inbox.web.presenters.base import Drawn, address, stored
from whatsapp.errors import MEDIA_NOT_FETCHED
from whatsapp.events import Direction, Kind

#: How the viewer shows each type. Of others there may be a copy; the rest is only named, measured and downloaded.
SHOWN = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/webp", "image/gif"), "picture"),
    "video/mp4": "film",
    **dict.fromkeys((each for each in INLINE_TYPES if each.startswith("audio/")), "sound"),
    **dict.fromkeys(text_preview.TYPES, "words"),
}
#: What the copy of a file is to the viewer, by the family of its type.
COPIES = {"image": "picture", "video": "film", "audio": "sound"}
NOUNS = {
    Kind.IMAGE.value: gettext_lazy("Photo"),
    Kind.VIDEO.value: gettext_lazy("Video"),
    Kind.AUDIO.value: gettext_lazy("Audio"),
    Kind.DOCUMENT.value: gettext_lazy("Document"),
    Kind.CALL.value: gettext_lazy("Recording"),
    Kind.SYSTEM.value: gettext_lazy("Transcript"),
}
ICONS: dict[str, str] = {
    Kind.IMAGE: "picture",
    Kind.VIDEO: "video",
    Kind.AUDIO: "audio",
    Kind.DOCUMENT: "file",
    Kind.CALL: "audio",
    Kind.SYSTEM: "file",
}
#: The colour of a document's tile, by the letters on it.
TILES = {
    "pdf": {"PDF"},
    "document": {"DOC", "DOCX", "ODT", "TXT", "RTF", "PPT", "PPTX", "EML", "MSG", "EPUB", "PAGES", "KEY"},
    "sheet": {"XLS", "XLSX", "CSV", "TSV", "ODS", "NUMBERS"},
    "archive": {"ZIP", "RAR", "7Z", "GZ", "TAR"},
    "audio": {"MP3", "M4A", "OGG", "WAV", "AAC", "FLAC", "AIF", "WMA", "AMR", "GSM"},
}
WAVE_BARS = 52
#: Bodies that may stand in an album.
ALBUM_BODIES = ("message/_image.html", "message/_video.html")
#: What a picture is drawn at while its own size is not known.
UNKNOWN_SIZE = (320, 240)


@dataclass(slots=True)
class Attachment(Drawn):
    """``template`` draws it, in a bubble of this ``shape``; ``noun`` is what we call it in a sentence."""

    id: str
    template: str
    shape: str
    noun: str
    icon: SafeString
    name: str
    facts: str
    state: str = ""
    title: str = ""
    reason: str = ""
    again: str = ""
    #: Text of the button that answers the message to ask for the file.
    ask: str = ""
    picture: str = ""
    width: int = UNKNOWN_SIZE[0]
    height: int = UNKNOWN_SIZE[1]
    source: str = ""
    href: str = ""
    view: str = ""
    download: str = ""
    #: What the viewer makes of it (a value of SHOWN); empty when it can only be downloaded.
    opens: str = ""
    #: A picture or film, here or on its way, that may stand in an album.
    in_album: bool = False
    #: A film that moves by itself, as it has no sound.
    loops: bool = False
    #: It was a GIF before it became a film.
    gif: bool = False
    #: The first picture of an animation, for who wants less motion.
    still: str = ""
    length: str = ""
    seconds: float = 0
    letters: str = ""
    tile: str = ""
    wave: str = ""
    note: str = ""

    @classmethod
    def of(cls, media: Media, kind: str, sender: str) -> Attachment:
        """``sender`` is who could send it again, for the sentence about an expired file."""
        noun = name_of(kind, voice=media.voice)
        facts = [humanize.size(media.size)] if media.size is not None else []
        attachment = cls(
            id=str(media.pk),
            template="message/_media_state.html",
            shape="media",
            noun=noun,
            icon=icons.icon("mic" if media.voice else ICONS.get(kind, "sticker")),
            name=humanize.clean_name(media.file_name),
            facts=" · ".join(facts),
        )
        if media.state == Media.State.STORED:
            attachment._stored(media, kind)
        else:
            attachment._missing(media, sender)
        attachment.in_album = kind in (Kind.IMAGE, Kind.VIDEO) and (
            attachment.template in ALBUM_BODIES or attachment.state in (Media.State.PENDING, Media.State.PREPARING)
        )
        return attachment

    @property
    def is_document(self) -> bool:
        return self.template == "message/_document.html"

    def _stored(self, media: Media, kind: str) -> None:
        self.href = address("media", uuid.UUID).format(media.pk)
        self.view, self.download = f"{self.href}view/", f"{self.href}download/"
        self.source = f"{self.href}playable/" if media.playable else self.href
        if media.duration is not None:
            self.length, self.seconds = humanize.clock(media.duration), media.duration
        if media.thumbnail:
            self.picture = f"{self.href}thumbnail/"
            self.width = media.thumbnail_width or UNKNOWN_SIZE[0]
            self.height = media.thumbnail_height or UNKNOWN_SIZE[1]
        self.note = stored(media.preview_error)
        self._opens(media)
        match kind:
            case Kind.STICKER if self.opens == "picture":
                self.still = self.picture if media.animated else ""
                self.template, self.shape, self.picture = "message/_sticker.html", "bare", self.href
            case Kind.IMAGE if self.picture:
                self.template = "message/_image.html"
            case Kind.IMAGE if media.preview_state == Media.PreviewState.NONE and self._is_ours(media):
                # We made it, small and safe to show: it stands in its place at once, and keeps it.
                self.template, self.picture = "message/_image.html", self.href
                self.width, self.height = media.width or self.width, media.height or self.height
            case Kind.IMAGE if media.preview_state == Media.PreviewState.NONE and not self.note:
                self.state, self.title = "pending", _("Photo received. Preparing the preview…")
            case Kind.VIDEO if self.picture and self.opens == "film":
                self.loops, self.gif = media.animated, media.mime_type == "image/gif"
                self.template = "message/_loop.html" if self.loops else "message/_video.html"
                self.facts = " · ".join(filter(None, [self.length, self.facts]))
            case Kind.AUDIO | Kind.CALL if self.opens == "sound":
                self._audio(media)
            case _:
                self._document(media)

    def _is_ours(self, media: Media) -> bool:
        return media.message.direction == Direction.OUTBOUND and self.opens == "picture" and bool(media.width)

    def _opens(self, media: Media) -> None:
        """What the viewer makes of the file or its copy. What cannot be played is not offered to be."""
        family = media.content_type.partition("/")[0]
        if media.pages:
            self.opens = "pages"
        elif media.preview_state == Media.PreviewState.READY and document_contents.type_of(media):
            self.opens = "contents"
        elif media.playable:
            self.opens = COPIES[copy_type(media.playable.name or "").partition("/")[0]]
        elif media.preview_state != Media.PreviewState.COPYING and not (self.note and family in ("audio", "video")):
            self.opens = SHOWN.get(media.content_type, "")
        drawing = media.preview_state == Media.PreviewState.NONE and family in ("audio", "video")
        if media.preview_state == Media.PreviewState.COPYING or (drawing and not self.opens and not self.note):
            self.note = _("A version that plays here is being prepared.")

    def _audio(self, media: Media) -> None:
        self.shape = "card"
        self.template = "message/_voice.html" if media.voice else "message/_audio.html"
        self.wave = _wave(media.waveform)
        self._letters(media)
        self.facts = " · ".join(filter(None, [self.length, self.letters, self.facts]))

    def _document(self, media: Media) -> None:
        self.shape, self.template = "card", "message/_document.html"
        self._letters(media)
        self.name = self.name or self.noun
        count = media.pages or 0
        pages = ngettext("%(count)s page", "%(count)s pages", count) % {"count": count} if count else ""
        self.facts = " · ".join(filter(None, [pages, self.length, self.facts]))

    def _letters(self, media: Media) -> None:
        """A few letters for the tile: by the type of the bytes where that says enough, else by the sender's name."""
        ending = file_names.told_ending(media).lstrip(".")
        self.letters = ending.upper() if ending else str(DOCUMENT_TYPES.get(media.content_type, "FILE")).upper()[:5]
        self.tile = next((tile for tile, letters in TILES.items() if self.letters in letters), "")

    def _missing(self, media: Media, sender: str) -> None:
        file = {"file": self.name or self.noun}
        self.state, self.reason = media.state, stored(media.error)
        if media.message.inbound and media.state in (Media.State.EXPIRED, Media.State.TOO_LARGE):
            expired = media.state == Media.State.EXPIRED
            self.ask = _("Ask for it again") if expired else _("Ask for a smaller file")
        match media.state:
            case Media.State.PENDING:
                self.title, self.reason = _("%(file)s is on its way") % file, ""
            case Media.State.PREPARING:
                self.title = _("Preparing %(file)s…") % file
            case Media.State.RETRYING:
                self._retrying(media, file)
            case Media.State.EXPIRED:
                self.icon, self.title = icons.icon("clock"), _("%(file)s expired at WhatsApp") % file
                self.reason = self.reason or _("WhatsApp keeps files for 7 days. Ask %(name)s to send it again.") % {
                    "name": sender
                }
            case Media.State.TOO_LARGE:
                self.icon, self.title = icons.icon("file"), _("%(file)s is too large") % file
            case _:
                self._failed(media, file)

    def _retrying(self, media: Media, file: dict[str, str]) -> None:
        self.icon, self.again = icons.icon("retry"), _("Download now")
        due = (media.next_try_at - timezone.now()).total_seconds() if media.next_try_at else 0
        self.title = _("%(file)s: trying again now") % file
        if due > 1:
            self.title = _("%(file)s: trying again in %(time)s") % (file | {"time": humanize.wait(due)})
        if media.attempts > 1:
            # WhatsApp's sentences come with and without a full stop.
            reason = self.reason if self.reason.endswith((".", "!", "?")) or not self.reason else f"{self.reason}."
            tried = ngettext("Tried %(count)s time.", "Tried %(count)s times.", media.attempts)
            self.reason = f"{reason} {tried % {'count': media.attempts}}".strip()

    def _failed(self, media: Media, file: dict[str, str]) -> None:
        self.icon = icons.icon("alert")
        if not media.message.inbound and media.message.kind not in (Kind.CALL, Kind.SYSTEM):
            self.title = _("%(file)s: the file is missing") % file
        elif media.message.error_code == MEDIA_NOT_FETCHED:
            self.title, self.ask = _("%(file)s: not passed on by WhatsApp") % file, _("Ask for it again")
        else:
            self.title = _("%(file)s: download failed") % file
            # Without WhatsApp's id there is nothing to download: only the sender has the file.
            self.again, self.ask = (_("Download again"), "") if media.media_id else ("", _("Ask for it again"))


def name_of(kind: str, *, voice: bool = False) -> str:
    """What we call a file of this kind."""
    return _("Voice note") if voice else str(NOUNS.get(kind) or _("Sticker"))


def _wave(values: list[float]) -> str:
    """The waveform as an SVG path of 52 strokes in a box of 208 × 28; a flat line when nothing is known."""
    strokes = []
    for bar in range(WAVE_BARS):
        value = values[bar * len(values) // WAVE_BARS] if values else 0
        half = 1 + min(max(float(value), 0), 100) / 100 * 11.5
        strokes.append(f"M{bar * 4 + 2} {14 - half:.1f}v{half * 2:.1f}")
    return "".join(strokes)
