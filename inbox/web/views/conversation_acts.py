"""Actions on a conversation in the list: pin it, mark it as unread."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from inbox.changes import pages
from inbox.models import Agent, Conversation, PinnedConversation
from inbox.web.agent_request import AgentRequest
from inbox.web.queries.conversation_list import Filters
from inbox.web.views.conversation import find


@require_POST
def pin(request: AgentRequest, pk: int) -> HttpResponse:
    """Pin the conversation to the top of this agent's list, or unpin it with ``pinned`` empty. Safe to repeat. 422 with
    the reason when the agent has pinned as many as they may."""
    found, agent = find(request, pk), request.user
    with transaction.atomic():
        # Otherwise two requests at once could exceed the limit.
        Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        pins = PinnedConversation.objects.filter(agent=agent)
        if not request.POST.get("pinned"):
            pins.filter(conversation=found).delete()
        elif not pins.filter(conversation=found).exists():
            if pins.count() >= PinnedConversation.MAX:
                return HttpResponse(_too_many_pins(), status=422, content_type="text/plain")
            PinnedConversation.objects.create(agent=agent, conversation=found)
    return _back(request, reverse("inbox:conversation", args=[found.pk]))


@require_POST
def unread(request: AgentRequest, pk: int) -> HttpResponse:
    """Mark the conversation as unread for everybody who answers for its number. Safe to repeat; no receipt is sent."""
    found = find(request, pk)
    with transaction.atomic():
        if Conversation.objects.filter(pk=found.pk, unread_count=0).update(unread_count=1):
            pages.announce([(found.number_id, found.pk)])
    return _back(request, reverse("inbox:conversations"))


def _too_many_pins() -> str:
    most = PinnedConversation.MAX
    sentence = ngettext(
        "You can pin at most %(count)d conversation. Unpin it first.",
        "You can pin at most %(count)d conversations. Unpin one of them first.",
        most,
    )
    return sentence % {"count": most}


def _back(request: AgentRequest, address: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(status=204)
    return HttpResponseRedirect(address + Filters.of(request).query())
