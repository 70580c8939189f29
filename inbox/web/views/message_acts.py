"""Actions on one message: react, cancel before sending, send again, dismiss."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inbox import access
from inbox.media import uploads
from inbox.models import Message
from inbox.sending import queue
from inbox.sending.queue import NotSendableError
from inbox.web.agent_request import AgentRequest
from inbox.web.views.responses import changed, refused, to_message


def visible(request: AgentRequest, pk: int) -> Message:
    """The message if the agent may see it; missing and forbidden are both 404."""
    messages = access.messages_visible_to(request.user)
    return get_object_or_404(messages.select_related("number", "conversation__number", "conversation__contact"), pk=pk)


def _done(request: AgentRequest, message: Message, problem: str = "") -> HttpResponse:
    """What changed for a script, else a redirect to the message; or why nothing was done."""
    if request.htmx:
        return refused(problem) if problem else changed(request)
    if problem:
        context = {"sentence": problem, "conversation_id": message.conversation_id, "message_id": message.pk}
        return render(request, "inbox/refused.html", context, status=422)
    return to_message(message.conversation_id, message.pk)


@require_POST
def resend(request: AgentRequest, pk: int) -> HttpResponse:
    """Send a message again that failed or may have failed. Safe to repeat: it makes one new message."""
    message = visible(request, pk)
    try:
        queue.resend(message, agent=request.user)
    except (NotSendableError, uploads.FileRefusedError) as error:
        return _done(request, message, str(error))
    return _done(request, message)


@require_POST
def dismiss(request: AgentRequest, pk: int) -> HttpResponse:
    """Dismiss the failure of a message: the list no longer marks it. Safe to repeat."""
    message = visible(request, pk)
    try:
        queue.dismiss(message)
    except NotSendableError as error:
        return _done(request, message, str(error))
    return _done(request, message)


@require_POST
def cancel(request: AgentRequest, pk: int) -> HttpResponse:
    """Cancel a message that has not been sent yet."""
    message = visible(request, pk)
    if message.inbound or not queue.cancel(message):
        return _done(request, message, _("Too late: the message has already been sent."))
    return _done(request, message)


@require_POST
def react(request: AgentRequest, pk: int) -> HttpResponse:
    """React with ``emoji``; empty removes our reaction. Safe to repeat."""
    message = visible(request, pk)
    try:
        queue.react(message, request.POST.get("emoji", "").replace("\x00", "").strip()[:64], agent=request.user)
    except NotSendableError as error:
        return _done(request, message, str(error))
    return _done(request, message)
