"""The composer: its form, what Send does with it, and the draft that is kept while somebody writes."""

from __future__ import annotations

import uuid
from typing import cast

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox import drafts
from inbox.formatting.humanize import display_name
from inbox.media import uploads
from inbox.media.storage import StorageError
from inbox.models import Agent, Conversation, Message, Upload
from inbox.sending import queue, read_receipts
from inbox.sending.queue import Intent, NotSendableError
from inbox.web.presenters import composer
from inbox.web.queries import conversation_list
from inbox.web.views import changes
from inbox.web.views.conversation import find, page
from whatsapp import limits
from whatsapp.events import Kind

#: Files that a form without scripts may bring. A page with scripts has uploaded its own before.
FILES = 30


def agent_of(request: HttpRequest) -> Agent:
    """Who asks; the middleware let nobody else in."""
    return cast(Agent, request.user)


def wants_fragment(request: HttpRequest) -> bool:
    """Whether a script asks, which puts what comes into the page it has."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def written(data: QueryDict, name: str) -> str:
    """What somebody wrote into a field: line ends as we keep them, without what no text may hold."""
    return data.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def token(data: QueryDict) -> uuid.UUID:
    """The form's token. Without a usable one every press is a message of its own."""
    return given_token(data) or uuid.uuid4()


def given_token(data: QueryDict) -> uuid.UUID | None:
    """The form's token; None when there is no usable one."""
    word = data.get("token", "")
    return uuid.UUID(word) if composer.is_uuid(word) else None


def sent(request: HttpRequest, conversation: Conversation) -> HttpResponse:
    """The answer to a form that became messages: what changed, drawn as for every live page; without scripts the
    thread."""
    if wants_fragment(request):
        return changed(request)
    return redirect(reverse("inbox:conversation", args=[conversation.pk]) + "#composer")


def changed(request: HttpRequest) -> HttpResponse:
    """What changed since the page's cursor. Without a usable one nothing: it is done all the same, and the page hears
    of it by itself."""
    try:
        return changes.fragment(request)
    except Http404:
        return HttpResponse(status=204)


def refused(sentence: str, reason: str = "") -> HttpResponse:
    """The answer to a script: nothing was sent, and why. ``reason`` is a word of inbox.sending.queue.Reason."""
    response = HttpResponse(sentence, status=422, content_type="text/plain; charset=utf-8")
    response.headers["Reason"] = reason
    return response


@require_GET
@never_cache
def compose(request: HttpRequest, pk: int) -> HttpResponse:
    """The composer alone, with the draft in it. ?reply=MESSAGE answers that message."""
    conversation = find(conversation_list.numbers_of(request), pk)
    quoted = composer.quotable(conversation, request.GET.get("reply", ""))
    name = display_name(conversation.contact)
    shown = composer.of(
        conversation, agent_of(request), drafts.of(conversation, agent_of(request)), name=name, quoted=quoted
    )
    return render(request, "inbox/_composer.html", {"conversation": conversation, "composer": shown, "name": name})


@require_POST
def send(request: HttpRequest, pk: int) -> HttpResponse:
    """Make messages of the form: the text, or files with their captions. All of them, or none.

    The text beside files is the caption of the first that can have one, unless it is too long for a caption or that
    file has one of its own.

    Safe to repeat: the same form again is the same messages. What cannot be sent comes back with the reason, and with
    everything that was written.
    """
    conversation = find(conversation_list.numbers_of(request), pk)
    agent = agent_of(request)
    try:
        receive_files(request, conversation)
        with transaction.atomic():
            if not _queue(request, conversation, agent):
                raise NotSendableError("There is nothing to send yet.", queue.Reason.INVALID)
            drafts.sent(conversation, agent, token(request.POST), written(request.POST, "text").strip())
    except (NotSendableError, uploads.FileRefusedError, StorageError) as error:
        reason = error.reason if isinstance(error, NotSendableError) else queue.Reason.FILE_NOT_READY
        if wants_fragment(request):
            return refused(str(error), reason)
        _keep(request, conversation, agent)
        return page(request, conversation.pk, problem=str(error), status=422)
    return sent(request, conversation)


def _queue(request: HttpRequest, conversation: Conversation, agent: Agent) -> list[Message]:
    text = written(request.POST, "text").strip()
    quoted = composer.quotable(conversation, request.POST.get("quoted", ""))
    files = {upload_id: _file(conversation, agent, upload_id) for upload_id in _upload_ids(request)}
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
        made.append(_queue_words(conversation, agent, intent, token(request.POST)))
    for upload_id, file in files.items():
        if isinstance(file, Message):
            made.append(file)
            continue
        quotes = None if made else quoted
        intent = Intent(kind=Kind(file.kind), text=captions[upload_id], upload=file, quoted=quotes)
        client_token = drafts.upload_token(upload_id)
        made.append(queue.queue(conversation, intent, client_token=client_token, agent=agent))
    return made


def _queue_words(conversation: Conversation, agent: Agent, intent: Intent, form_token: uuid.UUID) -> Message:
    """The message of the words: the form's token is its client token, which the browser that drew it knows. Other words
    that left under this token before, from another window, stay what they are."""
    made = queue.queue(conversation, intent, client_token=form_token, agent=agent)
    if (made.conversation_id, made.agent_id, made.text) == (conversation.pk, agent.pk, intent.text):
        return made
    client_token = drafts.message_token(form_token, conversation.pk, intent.text)
    return queue.queue(conversation, intent, client_token=client_token, agent=agent)


def _file(conversation: Conversation, agent: Agent, upload_id: uuid.UUID) -> Upload | Message:
    """A file that is to be sent, or the message that an earlier request of the same press made of it. Raises
    FileRefusedError."""
    again = conversation.messages.filter(client_token=drafts.upload_token(upload_id)).first()
    file = again or Upload.objects.filter(pk=upload_id, agent=agent, number=conversation.number).first()
    if file is None:
        raise uploads.FileRefusedError("A file of this message was removed meanwhile. Look, and send again.")
    return file


def _upload_ids(request: HttpRequest) -> list[uuid.UUID]:
    """The files that the form names, and those that came with it."""
    ids = [uuid.UUID(word) for word in request.POST.getlist("upload") if composer.is_uuid(word)]
    return list(dict.fromkeys([*ids, *getattr(request, "received", [])]))


def receive_files(request: HttpRequest, conversation: Conversation) -> None:
    """Keep the files that a form without scripts brought, under the agent's draft. Raises FileRefusedError."""
    received: list[uuid.UUID] = []
    request.received = received  # type: ignore[attr-defined]
    files = request.FILES.getlist("files")
    if len(files) > FILES:
        raise uploads.FileRefusedError(f"Send at most {FILES} files at once. Choose fewer, then send the rest.")
    for file in files:
        if file.file is None:
            continue
        upload = uploads.receive(
            file.file,
            number=conversation.number,
            file_name=file.name or "",
            agent=agent_of(request),
            draft=drafts.opened(conversation, agent_of(request)),
        )
        received.append(upload.pk)


@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is written so far. Safe to repeat."""
    conversation = find(conversation_list.numbers_of(request), pk)
    _keep(request, conversation, agent_of(request))
    return HttpResponse(status=204)


def _keep(request: HttpRequest, conversation: Conversation, agent: Agent) -> None:
    captions = {
        uuid.UUID(name[8:]): written(request.POST, name)
        for name in request.POST
        if name.startswith("caption-") and composer.is_uuid(name[8:])
    }
    quoted = composer.quotable(conversation, request.POST.get("quoted", ""))
    text, form_token = written(request.POST, "text"), given_token(request.POST)
    drafts.save(conversation, agent, text=text, quoted=quoted, captions=captions, token=form_token)


@require_POST
def typing(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the customer that somebody writes, for the next 25 seconds."""
    read_receipts.typing(find(conversation_list.numbers_of(request), pk))
    return HttpResponse(status=204)
