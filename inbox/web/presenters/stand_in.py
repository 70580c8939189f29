"""Bubbles of messages that have no row yet: what the browser shows at the press of Send, filled in by
static/js/stand-in.js, until the row with the same token takes its place."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from inbox import drafts
from inbox.media.uploads import media_of
from inbox.models import Agent, Media, Message, Upload
from inbox.web.presenters import message as message_presenter
from inbox.web.presenters.attachment import Attachment
from inbox.web.presenters.message import Bubble
from whatsapp.events import Direction, Kind, Origin, Status

#: Stands where the browser puts the words.
WORDS = "…"


def of_words(agent: Agent) -> Bubble:
    """A text message of this agent, without its words."""
    return _draw(_message(agent, Kind.TEXT, WORDS))


def of_file(upload: Upload, agent: Agent, href: str, *, captioned: bool) -> Bubble:
    """The message that this upload will be, with room for a caption or without. ``href`` shows the file until then."""
    message = _message(agent, Kind(upload.kind), WORDS if captioned else "")
    message.media = media_of(upload, message)
    bubble = _draw(message)
    if bubble.media is not None:
        _show(bubble.media, href)
        bubble.settle()
    bubble.token = str(drafts.upload_token(upload.pk))
    return bubble


def of_any_file(agent: Agent, *, captioned: bool) -> Bubble:
    """A file that the inbox does not have yet, without its name, with room for a caption or without."""
    message = _message(agent, Kind.DOCUMENT, WORDS if captioned else "")
    message.media = Media(message=message, state=Media.State.PREPARING)
    return _draw(message)


def of_dialog(agent: Agent, kind: Kind, text: str, payload: dict[str, Any]) -> Bubble:
    """The message that a dialog makes of what is filled in so far."""
    return _draw(_message(agent, kind, text, payload))


def _message(agent: Agent, kind: Kind, text: str, payload: dict[str, Any] | None = None) -> Message:
    return Message(
        payload=payload or {},
        direction=Direction.OUTBOUND,
        kind=kind,
        origin=Origin.AGENT,
        agent=agent,
        text=text,
        status=Status.QUEUED,
        sent_at=timezone.now(),
    )


def _draw(message: Message) -> Bubble:
    message.shown_reactions = []  # type: ignore[attr-defined]
    bubble = message_presenter.draw(message, timezone.get_current_timezone(), name="")
    bubble.actions = bubble.cancellable = False
    return bubble


def _show(media: Attachment, href: str) -> None:
    """Its addresses lead to the upload: the message's own do not exist yet."""
    media.picture = href if media.picture else ""
    media.source = media.view = media.download = href
