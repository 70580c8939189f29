"""A stretch of a conversation's messages, with all that their bubbles show: the newest, those before or after a place,
or those around one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, prefetch_related_objects

from core.postgres import keyset
from inbox.models import Conversation, Message, Reaction, Revision
from inbox.models.messages import MessageQuerySet
from whatsapp.events import Direction, Kind

PAGE_SIZE = 50
#: What a thread opens with: two screens at once, and the rest while they are read.
FIRST_PAGE_SIZE = 30
#: A part of a day that comes back to the page holds a page of messages, and those that came late into its midst.
PART_SIZE = 500


#: The columns that a bubble needs of its message; the rest is for the admin and for receiving.
MESSAGE_COLUMNS = [
    "id", "number_id", "conversation_id", "author_id", "agent_id", "direction", "kind", "origin", "text", "payload",
    "sent_at", "created_at", "bad_timestamp", "status", "delivered_at", "read_at", "played_at", "failed_at",
    "error_code", "error", "quoted_wamid", "quoted_id", "forwarded", "frequently_forwarded", "context", "revoked_at",
    "edited_at", "resent_at", "dismissed_at", "client_token", "wamid", "historic", "standby", "changed_xid",
]  # fmt: skip
MEDIA_COLUMNS = [
    "id", "message_id", "media_id", "extension", "file_name", "mime_type", "content_type", "size", "voice", "animated",
    "duration", "pages", "thumbnail", "thumbnail_width", "thumbnail_height", "playable", "waveform", "state",
    "preview_state", "attempts", "next_try_at", "error", "preview_error",
]  # fmt: skip


def fetch(messages: MessageQuerySet) -> list[Message]:
    """The messages, in the order asked for, with everything that their bubbles show: two queries, and one more for
    each of quotes, group members and edits if there are any, however many messages there are."""
    found = list(
        messages.select_related("media", "agent").only(
            *MESSAGE_COLUMNS,
            *(f"media__{column}" for column in MEDIA_COLUMNS),
            *(f"agent__{column}" for column in ("username", "first_name", "last_name")),
        )
    )
    reactions = Reaction.objects.exclude(emoji="").select_related("contact").order_by("at", "id")
    prefetch_related_objects(found, Prefetch("reactions", reactions, to_attr="shown_reactions"))
    if answers := [message for message in found if message.quoted_id]:
        prefetch_related_objects(
            answers,
            Prefetch("quoted", Message.objects.select_related("media", "author", "agent").defer("media__excerpt")),
        )
    if members := [message for message in found if message.author_id]:
        prefetch_related_objects(members, "author")
    if edited := [message for message in found if message.edited_at]:
        edits = Revision.objects.filter(kind=Revision.Kind.EDIT).order_by("at", "id")
        prefetch_related_objects(edited, Prefetch("revisions", edits))
    return found


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages in the thread's order; ``older`` and ``newer`` are where more of them begin, None at the ends."""

    messages: list[Message]
    older: keyset.Place | None = None
    newer: keyset.Place | None = None


def newest(conversation: Conversation) -> Stretch:
    messages, older = _backwards(_of(conversation), FIRST_PAGE_SIZE)
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


def between(conversation: Conversation, first: keyset.Place, last: keyset.Place) -> Stretch:
    """Everything from one place to another, both included, at most PART_SIZE messages."""
    messages = _of(conversation).filter(
        keyset.after("sent_at", keyset.Place(first.at, first.id - 1)),
        keyset.before("sent_at", keyset.Place(last.at, last.id + 1)),
    )
    return Stretch(fetch(messages.in_order()[:PART_SIZE]))


def first_since(conversation: Conversation, moment: datetime) -> Message | None:
    """The first message at or after a moment, the newest if there is none, None in an empty thread."""
    messages = _of(conversation)
    return messages.filter(sent_at__gte=moment).in_order().first() or messages.in_order().last()


def first_unread(conversation: Conversation, part: Stretch) -> int | None:
    """The id of the oldest message that the unread count counts; asks the database only if it is not in ``part``."""
    count = conversation.unread_count
    if not count:
        return None
    if part.newer is None:
        counted = [
            message.pk
            for message in part.messages
            if message.inbound and not message.historic and message.kind != Kind.SYSTEM
        ]
        if len(counted) >= count or part.older is None:
            return counted[-count:][0] if counted else None
    inbound = _of(conversation).filter(direction=Direction.INBOUND, historic=False).exclude(kind=Kind.SYSTEM)
    return inbound.order_by("-sent_at", "-id").values_list("pk", flat=True)[count - 1 : count].first()


def _of(conversation: Conversation) -> MessageQuerySet:
    return Message.objects.filter(conversation_id=conversation.pk)


def _backwards(messages: MessageQuerySet, size: int = PAGE_SIZE) -> tuple[list[Message], keyset.Place | None]:
    found = fetch(messages.order_by("-sent_at", "-id")[: size + 1])
    page = found[size - 1 :: -1] if len(found) > size else found[::-1]
    return page, _beginning(page) if len(found) > size else None


def _forwards(messages: MessageQuerySet, size: int = PAGE_SIZE) -> tuple[list[Message], keyset.Place | None]:
    found = fetch(messages.in_order()[: size + 1])
    return found[:size], _end(found[:size]) if len(found) > size else None


def _beginning(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[0].sent_at, messages[0].pk) if messages else None


def _end(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[-1].sent_at, messages[-1].pk) if messages else None
