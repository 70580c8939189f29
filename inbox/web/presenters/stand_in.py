"""Bubbles of messages that have no row yet: what the browser shows when an agent presses Send, filled in by
static/js/sending/pending-bubbles.js, until the row with the same token takes its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils import timezone

from inbox import drafts
from inbox.media.uploads import media_of
from inbox.models import Agent, Media, Message, Upload
from inbox.web.presenters import message as message_presenter
from inbox.web.presenters.message import Bubble
from whatsapp.events import Direction, Kind, Origin, Status

#: Stands where the browser puts the text.
PLACEHOLDER = "…"


def of_text(agent: Agent) -> Bubble:
    """A text message of this agent, without its text."""
    return _bubble(_message(agent, Kind.TEXT, PLACEHOLDER))


def of_file(upload: Upload, agent: Agent, href: str, *, captioned: bool) -> Bubble:
    """The message that this upload will be, with or without room for a caption. ``href`` shows the file until then."""
    message = _message(agent, Kind(upload.kind), PLACEHOLDER if captioned else "")
    message.media = media_of(upload, message)
    bubble = replace(_bubble(message), token=str(drafts.upload_token(upload.pk)))
    media = bubble.body.media
    if media is None:
        return bubble
    # Its links lead to the upload: those of the message do not exist yet.
    picture = href if media.picture else ""
    media = replace(media, source=href, view=href, download=href, picture=picture)
    return replace(bubble, body=replace(bubble.body, media=media))


def of_any_file(agent: Agent, *, captioned: bool) -> Bubble:
    """A file that is still being uploaded, without its name, with or without room for a caption."""
    message = _message(agent, Kind.DOCUMENT, PLACEHOLDER if captioned else "")
    message.media = Media(message=message, state=Media.State.PREPARING)
    return _bubble(message)


def of_dialog(agent: Agent, kind: Kind, text: str, payload: dict[str, Any]) -> Bubble:
    """The message that a dialog makes of what is filled in so far."""
    return _bubble(_message(agent, kind, text, payload))


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


def _bubble(message: Message) -> Bubble:
    message.shown_reactions = []  # type: ignore[attr-defined]
    return message_presenter.bubble(message, timezone.get_current_timezone(), name="", actions=False)
