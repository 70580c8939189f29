"""Files on their way into a message: received, prepared by the worker, looked at, and removed again."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from inbox import access, drafts
from inbox.media import sentences, uploads
from inbox.media.content_types import INLINE_TYPES
from inbox.media.storage import StorageError
from inbox.media.uploads import TooMuchError
from inbox.models import Conversation, Upload
from inbox.web.presenters.composer import Card, is_uuid
from inbox.web.queries import conversation_list
from inbox.web.views.compose import agent_of, refused, wants_fragment
from inbox.web.views.conversation import find
from inbox.web.views.media import send_file
from whatsapp.events import MEDIA_KINDS, Kind

#: What the header of a template or of a message with buttons may show.
HEADER_KINDS = (Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT)


def mine(request: HttpRequest, upload_id: uuid.UUID) -> Upload:
    """An upload of this agent's own, of a number they still see; everything else is 404."""
    own = Upload.objects.filter(agent=agent_of(request), number_id__in=access.numbers_visible_to(request.user))
    return get_object_or_404(own.select_related("draft", "agent"), pk=upload_id)


def _card(request: HttpRequest, upload: Upload) -> HttpResponse:
    if wants_fragment(request) or upload.draft is None:
        return render(request, "inbox/_card.html", {"card": Card.of(upload)})
    return redirect(reverse("inbox:conversation", args=[upload.draft.conversation_id]) + "#composer")


@require_POST
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Receive one file (``file``) into the agent's draft; ``voice`` for a recording made here, ``kind`` for what it is
    to go as, ``position`` for its place among the draft's files. Answers its card of the tray. 422 with a sentence for
    a file that cannot be sent as anything."""
    conversation = find(conversation_list.numbers_of(request), pk)
    file = request.FILES.get("file")
    if file is None or file.file is None:
        return refused("The file did not come. Try it again.")
    word = request.POST.get("kind", "")
    try:
        row = uploads.receive(
            file.file,
            number=conversation.number,
            file_name=file.name or "",
            kind=Kind(word) if word in MEDIA_KINDS else None,
            voice="voice" in request.POST,
            agent=agent_of(request),
            draft=None if "header" in request.POST else drafts.opened(conversation, agent_of(request)),
            position=_position(request.POST.get("position", "")),
        )
    except TooMuchError as error:
        answer = refused(str(error), "file_not_ready")
        answer.status_code = 429
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    except (uploads.FileRefusedError, StorageError) as error:
        return refused(str(error), "file_not_ready")
    return render(request, "inbox/_card.html", {"card": Card.of(row)})


def _position(word: str) -> int | None:
    return int(word) if word.isascii() and word.isdigit() and len(word) < 5 else None


def header_file(request: HttpRequest, conversation: Conversation, kind: str = "") -> tuple[Upload | None, str]:
    """The file for the header of what a dialog sends (``upload`` names it, or a plain form brings it as ``file``), and
    what is wrong with it. ``kind``: what it has to be; without it a photo, a video or a document."""
    file = request.FILES.get("file")
    word = request.POST.get("upload", "")
    upload = None
    if file is not None and file.file is not None:
        try:
            upload = uploads.receive(
                file.file,
                number=conversation.number,
                file_name=file.name or "",
                kind=Kind(kind) if kind else None,
                agent=agent_of(request),
            )
        except (uploads.FileRefusedError, StorageError) as error:
            return None, str(error)
    elif is_uuid(word):
        own = Upload.objects.filter(agent=agent_of(request), number=conversation.number, draft=None)
        upload = own.filter(pk=word).first()
        if upload is None:
            return None, "The file for the header was removed meanwhile. Choose it again."
    if upload is None:
        return None, ""
    if upload.state == Upload.State.REFUSED:
        return None, sentences.shown(upload.error)
    if upload.kind not in ((kind,) if kind else HEADER_KINDS):
        return None, f"This header shows a {kind}." if kind else "A header shows a photo, a video or a document."
    return upload, ""


@require_GET
@never_cache
def show(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """The card of one file, as far as it is prepared."""
    return _card(request, mine(request, upload_id))


@require_POST
def as_document(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Send it as a document instead. Answers its card."""
    row = uploads.change_kind(mine(request, upload_id), Kind.DOCUMENT)
    return _card(request, row)


@require_POST
def discard(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Remove it. Safe to repeat."""
    row = Upload.objects.filter(pk=upload_id, agent=agent_of(request)).select_related("draft").first()
    if row is not None:
        uploads.discard(row)
    if wants_fragment(request) or row is None or row.draft is None:
        return HttpResponse(status=204)
    return redirect(reverse("inbox:conversation", args=[row.draft.conversation_id]) + "#composer")


@require_safe
def file(request: HttpRequest, upload_id: uuid.UUID) -> HttpResponse:
    """The prepared file, to look at or listen to before it is sent: of the types that we trust."""
    row = mine(request, upload_id)
    if row.state != Upload.State.READY or not row.file or row.content_type not in INLINE_TYPES:
        raise Http404
    return send_file(row.file, row.content_type, "inline")
