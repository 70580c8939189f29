"""What an agent does to one message: react to it, take it back before it leaves, send it again, dismiss it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox import access
from inbox.media import uploads
from inbox.models import Message
from inbox.sending import queue
from inbox.sending.queue import NotSendableError
from inbox.web.views.compose import agent_of, changed, refused, wants_fragment


def visible(request: HttpRequest, pk: int) -> Message:
    """A message that this agent may see; everything else is 404."""
    messages = access.messages_visible_to(request.user)
    return get_object_or_404(messages.select_related("number", "conversation__number", "conversation__contact"), pk=pk)


def _done(request: HttpRequest, message: Message, problem: str = "") -> HttpResponse:
    """The changed bubbles for a script, else the way back to the message; or why nothing happened."""
    if wants_fragment(request):
        return refused(problem) if problem else changed(request)
    if problem:
        context = {"sentence": problem, "conversation_id": message.conversation_id, "message_id": message.pk}
        return render(request, "inbox/refused.html", context, status=422)
    address = reverse("inbox:conversation", args=[message.conversation_id])
    return redirect(f"{address}?at={message.pk}#message-{message.pk}")


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message again that failed, or may have. A second press is the same new message."""
    message = visible(request, pk)
    try:
        queue.resend(message, agent=agent_of(request))
    except (NotSendableError, uploads.FileRefusedError) as error:
        return _done(request, message, str(error))
    return _done(request, message)


@require_POST
def dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """Leave a message that failed, or may have, at that. Safe to repeat."""
    message = visible(request, pk)
    try:
        queue.dismiss(message)
    except NotSendableError as error:
        return _done(request, message, str(error))
    return _done(request, message)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a message back that has not left yet."""
    message = visible(request, pk)
    if message.inbound or not queue.cancel(message):
        return _done(request, message, "It is too late: the message has left already.")
    return _done(request, message)


@require_POST
def react(request: HttpRequest, pk: int) -> HttpResponse:
    """Put ``emoji`` on a message; empty takes ours back. Safe to repeat."""
    message = visible(request, pk)
    try:
        queue.react(message, request.POST.get("emoji", "").replace("\x00", "").strip()[:64], agent=agent_of(request))
    except NotSendableError as error:
        return _done(request, message, str(error))
    return _done(request, message)
