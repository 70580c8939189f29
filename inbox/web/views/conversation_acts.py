"""What an agent does with a whole conversation from the list's side: pin it on top, mark it as unread."""

from __future__ import annotations

from typing import cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox.changes import pages
from inbox.models import Agent, Conversation, PinnedConversation
from inbox.web.queries import conversation_list
from inbox.web.queries.conversation_list import Filters
from inbox.web.views.conversation import find


@require_POST
def pin(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the conversation on top of this agent's list, or with ``pinned`` empty no longer. Safe to repeat.

    Answers 422 with a sentence when as many are pinned as can be.
    """
    found, agent = find(conversation_list.numbers_of(request), pk), cast(Agent, request.user)
    with transaction.atomic():
        # Two presses at once count each other's pins.
        Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
        pins = PinnedConversation.objects.filter(agent=agent)
        if not request.POST.get("pinned"):
            pins.filter(conversation=found).delete()
        elif not pins.filter(conversation=found).exists():
            if pins.count() >= PinnedConversation.MAX:
                sentence = f"{PinnedConversation.MAX} conversations are pinned already. Unpin one of them first."
                return HttpResponse(sentence, status=422, content_type="text/plain")
            PinnedConversation.objects.create(agent=agent, conversation=found)
    return _back(request, reverse("inbox:conversation", args=[found.pk]))


@require_POST
def unread(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark the conversation as unread for everybody who answers for its number. Safe to repeat; no receipt is sent."""
    found = find(conversation_list.numbers_of(request), pk)
    with transaction.atomic():
        if Conversation.objects.filter(pk=found.pk, unread_count=0).update(unread_count=1):
            pages.announce([(found.number_id, found.pk)])
    return _back(request, reverse("inbox:conversations"))


def _back(request: HttpRequest, address: str) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return HttpResponseRedirect(address + Filters.of(request).query())
