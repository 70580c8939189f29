"""A stretch of a conversation's messages: the newest, those before or after a place, or those around one message."""

from __future__ import annotations

from dataclasses import dataclass

from inbox import bubbles, keyset
from inbox.models import Conversation, Message
from inbox.models.messages import MessageQuerySet

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages in the thread's order; ``older`` and ``newer`` are where more of them begin, None at the ends."""

    messages: list[Message]
    older: keyset.Place | None = None
    newer: keyset.Place | None = None


def newest(conversation: Conversation) -> Stretch:
    messages, older = _backwards(_of(conversation))
    return Stretch(messages, older)


def older_than(conversation: Conversation, place: keyset.Place) -> Stretch:
    messages, older = _backwards(_of(conversation).filter(keyset.before("sent_at", place)))
    return Stretch(messages, older, _end(messages))


def newer_than(conversation: Conversation, place: keyset.Place) -> Stretch:
    messages, newer = _forwards(_of(conversation).filter(keyset.after("sent_at", place)))
    return Stretch(messages, _beginning(messages), newer)


def around(conversation: Conversation, message: Message) -> Stretch:
    """Half a page before the message, the message, and half a page after it."""
    place = keyset.Place(message.sent_at, message.pk)
    before, older = _backwards(_of(conversation).filter(keyset.before("sent_at", place)), PAGE_SIZE // 2)
    after, newer = _forwards(
        _of(conversation).filter(keyset.after("sent_at", keyset.Place(place.at, place.id - 1))), PAGE_SIZE // 2
    )
    return Stretch(before + after, older, newer)


def _of(conversation: Conversation) -> MessageQuerySet:
    return Message.objects.filter(conversation_id=conversation.pk)


def _backwards(messages: MessageQuerySet, size: int = PAGE_SIZE) -> tuple[list[Message], keyset.Place | None]:
    found = bubbles.fetch(messages.order_by("-sent_at", "-id")[: size + 1])
    page = found[size - 1 :: -1] if len(found) > size else found[::-1]
    return page, _beginning(page) if len(found) > size else None


def _forwards(messages: MessageQuerySet, size: int = PAGE_SIZE) -> tuple[list[Message], keyset.Place | None]:
    found = bubbles.fetch(messages.in_order()[: size + 1])
    return found[:size], _end(found[:size]) if len(found) > size else None


def _beginning(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[0].sent_at, messages[0].pk) if messages else None


def _end(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[-1].sent_at, messages[-1].pk) if messages else None
