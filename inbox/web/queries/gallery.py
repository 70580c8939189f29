"""The pictures and films of a conversation in the thread's order: what the lightbox walks through."""

from __future__ import annotations

from dataclasses import dataclass

from core.postgres import keyset
from inbox.models import Media, Message
from inbox.models.messages import MessageQuerySet
from whatsapp.events import Kind

#: As the index message_gallery has them, so that a walk reads nothing else of the conversation.
KINDS = (Kind.IMAGE, Kind.VIDEO)
#: How many are shown on either side of the one that is open.
NEAR = 4


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands around one file: the nearest ones before and after it in the thread's order, and the two ends. An
    end is None when nothing lies in that direction."""

    before: list[Media]
    after: list[Media]
    first: Media | None
    last: Media | None


def around(message: Message) -> Neighbours:
    """The stored pictures and films of the message's conversation around it: four queries at most, however long the
    conversation is. The caller has checked who asks."""
    place = keyset.Place(message.sent_at, message.pk)
    shown = _shown(message.conversation_id)
    earlier = shown.filter(keyset.before("sent_at", place))
    later = shown.filter(keyset.after("sent_at", place))
    before = _media(earlier.order_by("-sent_at", "-id")[:NEAR])
    after = _media(later.in_order()[:NEAR])
    return Neighbours(
        before=before[::-1],
        after=after,
        first=_end(earlier.in_order(), before),
        last=_end(later.order_by("-sent_at", "-id"), after),
    )


def _shown(conversation_id: int) -> MessageQuerySet:
    """Deleted messages show nothing; a file without a picture of it has nothing to show."""
    return Message.objects.filter(
        conversation_id=conversation_id, kind__in=KINDS, revoked_at=None, media__state=Media.State.STORED
    ).exclude(media__thumbnail="")


def _media(messages: MessageQuerySet) -> list[Media]:
    found = messages.select_related("media").only("id", "sent_at", "kind", "media__id", "media__content_type")
    return [message.media for message in found]


def _end(messages: MessageQuerySet, near: list[Media]) -> Media | None:
    """The outermost one. ``near`` goes from the middle outwards and has it when there are not many."""
    if len(near) < NEAR:
        return near[-1] if near else None
    return _media(messages[:1])[0]
