"""What views answer to a form: what changed for a script, a redirect without scripts, or why nothing was done."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from inbox.models import Conversation
from inbox.web.agent_request import AgentRequest
from inbox.web.views import changes


def to_composer(conversation_id: int) -> HttpResponse:
    """Back to the conversation, at its composer."""
    return redirect(reverse("inbox:conversation", args=[conversation_id]) + "#composer")


def to_message(conversation_id: int, message_id: int) -> HttpResponse:
    """Back to the conversation, at one of its messages."""
    return redirect(f"{reverse('inbox:conversation', args=[conversation_id])}?at={message_id}#message-{message_id}")


def sent(request: AgentRequest, conversation: Conversation) -> HttpResponse:
    """The answer to a form that became messages."""
    return changed(request) if request.htmx else to_composer(conversation.pk)


def changed(request: AgentRequest) -> HttpResponse:
    """What changed since the page's cursor. 204 without a usable cursor: the page learns of the change by itself."""
    try:
        return changes.fragment(request)
    except Http404:
        return HttpResponse(status=204)


def refused(sentence: str, reason: str = "", *, status: int = 422) -> HttpResponse:
    """Nothing was done, and why. ``reason`` is one of inbox.sending.queue.Reason, for scripts."""
    response = HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    response.headers["Reason"] = reason
    return response
