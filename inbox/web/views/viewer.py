"""One file in full size: its image, video, pages or text, with links to its neighbours in the conversation."""

from __future__ import annotations

import contextlib
import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from inbox import access
from inbox.formatting import humanize
from inbox.media import document_contents, pdf_pages, text_preview
from inbox.media.storage import MissingFileError, StorageError
from inbox.models import Media, Message
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters.attachment import Attachment
from inbox.web.presenters.quote import sender
from inbox.web.queries import gallery


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def viewer(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """The file as a page of its own, or to htmx and the lightbox only what shows it. Missing, hidden, deleted by its
    sender and not stored look the same: 404."""
    visible = access.media_visible_to(request.user).select_related(
        "message__conversation__contact", "message__author", "message__agent"
    )
    media = get_object_or_404(visible, pk=media_id, state=Media.State.STORED)
    message: Message = media.message
    name = humanize.display_name(message.conversation.contact)
    shown = Attachment.of(media, message.kind, name)
    context: dict[str, Any] = {
        "media": shown,
        "size": _size(media),
        "message": message,
        "name": name,
        "sender": sender(message, name),
        "moment": humanize.moment(timezone.localtime(message.sent_at)),
        "neighbours": gallery.around(message) if message.kind in gallery.KINDS and not message.revoked_at else None,
    }
    if shown.opens == "pages":
        context["pages"] = range(1, min(media.pages or 0, pdf_pages.MOST) + 1)
        context["more"] = max(0, (media.pages or 0) - pdf_pages.MOST)
    elif shown.opens == "contents":
        with contextlib.suppress(StorageError, MissingFileError):  # then it only says so
            context["contents"] = document_contents.read(media)
    elif shown.opens == "words":
        with contextlib.suppress(StorageError, MissingFileError):  # then it only says so
            context["words"] = text_preview.read(media)
    template = "inbox/viewer/_viewer.html" if request.htmx else "inbox/viewer.html"
    return render(request, template, context)


def _size(media: Media) -> tuple[int, int] | None:
    """Width and height of a picture or film as it is seen, when we know them."""
    return (media.width, media.height) if media.width and media.height else None
