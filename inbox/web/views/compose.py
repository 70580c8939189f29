"""The composer: its form, sending it, and the draft that is saved while an agent writes."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox import drafts
from inbox.formatting.humanize import display_name
from inbox.media import uploads
from inbox.media.storage import StorageError
from inbox.models import Agent, Conversation, Message, Upload
from inbox.sending import queue, read_receipts
from inbox.sending.queue import Intent, NotSendableError
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import composer
from inbox.web.views.conversation import find, page
from inbox.web.views.responses import refused, sent
from whatsapp import limits
from whatsapp.events import Kind

#: Files that a form without scripts may bring. A page with scripts has uploaded its own before.
FILES = 30


def written(data: QueryDict, name: str) -> str:
    """A field's text with plain line ends and without NUL characters."""
    return data.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def token(data: QueryDict) -> uuid.UUID:
    """The form's token, or a new one: then sending the form twice sends two messages."""
    return given_token(data) or uuid.uuid4()


def given_token(data: QueryDict) -> uuid.UUID | None:
    """The form's token; None when it is missing or not a UUID."""
    value = data.get("token", "")
    return uuid.UUID(value) if composer.is_uuid(value) else None


@require_GET
@never_cache
def compose(request: AgentRequest, pk: int) -> HttpResponse:
    """The composer alone, with the draft in it. ?reply=MESSAGE answers that message."""
    conversation = find(request, pk)
    quoted = composer.quotable(conversation, request.GET.get("reply", ""))
    name = display_name(conversation.contact)
    shown = composer.of(conversation, request.user, drafts.of(conversation, request.user), name=name, quoted=quoted)
    return render(
        request, "inbox/composer/_composer.html", {"conversation": conversation, "composer": shown, "name": name}
    )


@require_POST
def send(request: AgentRequest, pk: int) -> HttpResponse:
    """Queue the form's messages: the text, and files with their captions. All of them, or none.

    Text beside files becomes the caption of the first file that can have one, unless it is too long for a caption or
    the file has one of its own.

    Safe to repeat: the same form gives the same messages. If something cannot be sent, the form comes back with the
    reason and everything that was written.
    """
    conversation = find(request, pk)
    agent = request.user
    try:
        received = receive_files(request, conversation)
        with transaction.atomic():
            if not _queue(request, conversation, agent, received):
                raise NotSendableError(_("There is nothing to send yet."), queue.Reason.INVALID)
            drafts.sent(conversation, agent, token(request.POST), written(request.POST, "text").strip())
    except (NotSendableError, uploads.FileRefusedError, StorageError) as error:
        reason = error.reason if isinstance(error, NotSendableError) else queue.Reason.FILE_NOT_READY
        if request.htmx:
            return refused(str(error), reason)
        _keep(request, conversation, agent)
        return page(request, conversation.pk, problem=str(error), status=422)
    return sent(request, conversation)


def _queue(request: AgentRequest, conversation: Conversation, agent: Agent, received: list[uuid.UUID]) -> list[Message]:
    """The messages of the form, queued. ``received``: the files that came with it."""
    text = written(request.POST, "text").strip()
    quoted = composer.quotable(conversation, request.POST.get("quoted", ""))
    files = {upload_id: _file(conversation, agent, upload_id) for upload_id in _upload_ids(request, received)}
    captions = {
        upload_id: written(request.POST, f"caption-{upload_id}").strip() if file.kind in limits.CAPTIONED else ""
        for upload_id, file in files.items()
    }
    first = next((upload_id for upload_id, file in files.items() if file.kind in limits.CAPTIONED), None)
    made: list[Message] = []
    if first is not None and not captions[first] and len(text) <= limits.CAPTION:
        captions[first] = text
    elif text:
        payload = {"preview_url": "preview_url" in request.POST}
        intent = Intent(kind=Kind.TEXT, text=text, payload=payload, quoted=quoted)
        made.append(_queue_text(conversation, agent, intent, token(request.POST)))
    for upload_id, file in files.items():
        if isinstance(file, Message):
            made.append(file)
            continue
        quotes = None if made else quoted
        intent = Intent(kind=Kind(file.kind), text=captions[upload_id], upload=file, quoted=quotes)
        client_token = drafts.upload_token(upload_id)
        made.append(queue.queue(conversation, intent, client_token=client_token, agent=agent))
    return made


def _queue_text(conversation: Conversation, agent: Agent, intent: Intent, form_token: uuid.UUID) -> Message:
    """The text message. The form's token is its client token, by which the browser recognises the message that it
    shows already. A different text sent with the same token before, from another window, is left as it is."""
    made = queue.queue(conversation, intent, client_token=form_token, agent=agent)
    if (made.conversation_id, made.agent_id, made.text) == (conversation.pk, agent.pk, intent.text):
        return made
    client_token = drafts.message_token(form_token, conversation.pk, intent.text)
    return queue.queue(conversation, intent, client_token=client_token, agent=agent)


def _file(conversation: Conversation, agent: Agent, upload_id: uuid.UUID) -> Upload | Message:
    """The file to send, or the message that an earlier request with the same form made of it. Raises
    FileRefusedError."""
    message = conversation.messages.filter(client_token=drafts.upload_token(upload_id)).first()
    file = message or Upload.objects.filter(pk=upload_id, agent=agent, number=conversation.number).first()
    if file is None:
        raise uploads.FileRefusedError(
            _("A file was removed from this message in the meantime. Check it and send again.")
        )
    return file


def _upload_ids(request: AgentRequest, received: list[uuid.UUID]) -> list[uuid.UUID]:
    """The files that the form names, then those that came with it, each once."""
    ids = [uuid.UUID(value) for value in request.POST.getlist("upload") if composer.is_uuid(value)]
    return list(dict.fromkeys([*ids, *received]))


def receive_files(request: AgentRequest, conversation: Conversation) -> list[uuid.UUID]:
    """Keep the files that a form without scripts brought, under the agent's draft. Raises FileRefusedError."""
    received: list[uuid.UUID] = []
    files = request.FILES.getlist("files")
    if len(files) > FILES:
        sentence = _("Send at most %(count)d files at once. Choose fewer, then send the rest.")
        raise uploads.FileRefusedError(sentence % {"count": FILES})
    for file in files:
        if file.file is None:
            continue
        upload = uploads.receive(
            file.file,
            number=conversation.number,
            file_name=file.name or "",
            agent=request.user,
            draft=drafts.opened(conversation, request.user),
        )
        received.append(upload.pk)
    return received


@require_POST
def draft(request: AgentRequest, pk: int) -> HttpResponse:
    """Save the draft. Safe to repeat."""
    conversation = find(request, pk)
    _keep(request, conversation, request.user)
    return HttpResponse(status=204)


def _keep(request: AgentRequest, conversation: Conversation, agent: Agent) -> None:
    captions = {
        uuid.UUID(name[8:]): written(request.POST, name)
        for name in request.POST
        if name.startswith("caption-") and composer.is_uuid(name[8:])
    }
    quoted = composer.quotable(conversation, request.POST.get("quoted", ""))
    text, form_token = written(request.POST, "text"), given_token(request.POST)
    drafts.save(conversation, agent, text=text, quoted=quoted, captions=captions, token=form_token)


@require_POST
def typing(request: AgentRequest, pk: int) -> HttpResponse:
    """Show the customer “typing…” for the next 25 seconds."""
    read_receipts.typing(find(request, pk))
    return HttpResponse(status=204)
