"""Files that an agent is about to send: upload, preview, send as a document instead, remove."""

from __future__ import annotations

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from core.integers import small_integer
from inbox import access, drafts
from inbox.media import sentences, uploads
from inbox.media.content_types import INLINE_TYPES
from inbox.media.storage import StorageError
from inbox.media.uploads import TooMuchError
from inbox.models import Conversation, Upload
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters.composer import Card, is_uuid
from inbox.web.views.conversation import find
from inbox.web.views.media import send_file
from inbox.web.views.responses import refused, to_composer
from whatsapp.events import MEDIA_KINDS, Kind

#: Kinds of files that the header of a template or of a message with buttons may have.
HEADER_KINDS = (Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT)
#: What to choose instead, by the kind that the header needs; without one any of HEADER_KINDS will do.
WRONG_KIND = {
    "": gettext_lazy("Choose a photo, a video or a document for the header."),
    Kind.IMAGE: gettext_lazy("Choose a photo for this header."),
    Kind.VIDEO: gettext_lazy("Choose a video for this header."),
    Kind.DOCUMENT: gettext_lazy("Choose a document for this header."),
}


def mine(request: AgentRequest, upload_id: uuid.UUID) -> Upload:
    """An upload of this agent's own, of a number they still see; everything else is 404."""
    uploads_of_agent = access.uploads_visible_to(request.user).select_related("draft", "agent")
    return get_object_or_404(uploads_of_agent, pk=upload_id)


def _card(request: AgentRequest, upload: Upload) -> HttpResponse:
    if request.htmx or upload.draft is None:
        return render(request, "inbox/composer/_card.html", {"card": Card.of(upload)})
    return to_composer(upload.draft.conversation_id)


@require_POST
def upload(request: AgentRequest, pk: int) -> HttpResponse:
    """Receive one file (``file``) into the agent's draft and answer its card for the tray. ``voice``: a recording made
    on the page; ``kind``: the kind of message it becomes; ``position``: its place among the draft's files; ``header``:
    for a dialog, in no draft. 422 with the reason for a file that cannot be sent."""
    conversation = find(request, pk)
    file = request.FILES.get("file")
    if file is None or file.file is None:
        return refused(_("The file did not arrive. Try again."))
    kind = request.POST.get("kind", "")
    try:
        row = uploads.receive(
            file.file,
            number=conversation.number,
            file_name=file.name or "",
            kind=Kind(kind) if kind in MEDIA_KINDS else None,
            voice="voice" in request.POST,
            agent=request.user,
            draft=None if "header" in request.POST else drafts.opened(conversation, request.user),
            position=small_integer(request.POST.get("position", ""), 4),
        )
    except TooMuchError as error:
        answer = refused(str(error), "file_not_ready", status=429)
        answer.headers["Retry-After"] = str(error.seconds)
        return answer
    except (uploads.FileRefusedError, StorageError) as error:
        return refused(str(error), "file_not_ready")
    return render(request, "inbox/composer/_card.html", {"card": Card.of(row)})


def header_file(request: AgentRequest, conversation: Conversation, kind: str = "") -> tuple[Upload | None, str]:
    """The file for the header of a dialog's message, or why there is none: (upload, problem). ``upload`` in the form
    names it, or a form without scripts brings it as ``file``. ``kind``: the kind that the header needs; without it any
    of HEADER_KINDS."""
    file = request.FILES.get("file")
    upload_id = request.POST.get("upload", "")
    upload = None
    if file is not None and file.file is not None:
        try:
            upload = uploads.receive(
                file.file,
                number=conversation.number,
                file_name=file.name or "",
                kind=Kind(kind) if kind else None,
                agent=request.user,
            )
        except (uploads.FileRefusedError, StorageError) as error:
            return None, str(error)
    elif is_uuid(upload_id):
        own = Upload.objects.filter(agent=request.user, number=conversation.number, draft=None)
        upload = own.filter(pk=upload_id).first()
        if upload is None:
            return None, _("The header’s file was removed in the meantime. Choose it again.")
    if upload is None:
        return None, ""
    if upload.state == Upload.State.REFUSED:
        return None, sentences.shown(upload.error)
    if upload.kind not in ((kind,) if kind else HEADER_KINDS):
        return None, str(WRONG_KIND[kind])
    return upload, ""


@require_GET
@never_cache
def show(request: AgentRequest, upload_id: uuid.UUID) -> HttpResponse:
    """The card of one file in its present state."""
    return _card(request, mine(request, upload_id))


@require_POST
def as_document(request: AgentRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Send the file as a document instead. Answers its card."""
    row = uploads.change_kind(mine(request, upload_id), Kind.DOCUMENT)
    return _card(request, row)


@require_POST
def discard(request: AgentRequest, upload_id: uuid.UUID) -> HttpResponse:
    """Remove the file. Safe to repeat."""
    row = Upload.objects.filter(pk=upload_id, agent=request.user).select_related("draft").first()
    if row is not None:
        uploads.discard(row)
    if request.htmx or row is None or row.draft is None:
        return HttpResponse(status=204)
    return to_composer(row.draft.conversation_id)


@require_safe
def file(request: AgentRequest, upload_id: uuid.UUID) -> HttpResponse:
    """The prepared file, to look at or listen to before sending; 404 for types that may not be shown in a page."""
    row = mine(request, upload_id)
    if row.state != Upload.State.READY or not row.file or row.content_type not in INLINE_TYPES:
        raise Http404
    return send_file(row.file, row.content_type, "inline")
