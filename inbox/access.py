"""Who may see what: the only way from an agent to rows, used by pages, API, media and live updates alike."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from inbox.models import Agent, Contact, Conversation, Media, Message
from inbox.models.conversations import ConversationQuerySet
from inbox.models.messages import MessageQuerySet
from whatsapp.models import PhoneNumber


def numbers_visible_to(agent: Agent | AnonymousUser) -> list[int]:
    """Primary keys of the numbers whose conversations this agent sees; none for a stranger."""
    if not isinstance(agent, Agent) or not agent.is_active:
        return []
    # A paused number keeps its conversations readable; an unknown one belongs to nobody yet.
    numbers = PhoneNumber.objects.exclude(state=PhoneNumber.State.UNKNOWN)
    if not agent.is_superuser:
        numbers = numbers.filter(agents=agent)
    return list(numbers.order_by("id").values_list("id", flat=True))


def conversations_visible_to(agent: Agent | AnonymousUser) -> ConversationQuerySet:
    return Conversation.objects.filter(number_id__in=numbers_visible_to(agent))


def messages_visible_to(agent: Agent | AnonymousUser) -> MessageQuerySet:
    return Message.objects.filter(number_id__in=numbers_visible_to(agent))


def media_visible_to(agent: Agent | AnonymousUser) -> QuerySet[Media]:
    if isinstance(agent, Agent) and agent.is_active and agent.is_superuser:
        # Administrators look at the files of numbers that nobody accepted yet, before they accept them.
        return Media.objects.all()
    return Media.objects.filter(message__number_id__in=numbers_visible_to(agent))


def contacts_visible_to(agent: Agent | AnonymousUser) -> QuerySet[Contact]:
    return Contact.objects.filter(conversations__number_id__in=numbers_visible_to(agent)).distinct()
