"""A stretch of a conversation's messages, with all that their bubbles show: the newest, those before or after a place,
or those around one message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch, prefetch_related_objects

from core.postgres import keyset
from inbox.models import Agent, Conversation, Media, Message, Reaction, Revision
from inbox.models.messages import MessageQuerySet
from inbox.web.queries import rows
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


MESSAGE = rows.Columns(Message, "m", MESSAGE_COLUMNS)
MEDIA = rows.Columns(Media, "f", MEDIA_COLUMNS)
AGENT = rows.Columns(Agent, "a", ["id", "username", "first_name", "last_name"])
READ = f"""
SELECT {MESSAGE.sql}, {MEDIA.sql}, {AGENT.sql},
       EXISTS (SELECT FROM inbox_reaction r WHERE r.message_id = m.id AND r.emoji <> '')
FROM chosen JOIN inbox_message m ON m.id = chosen.id
LEFT JOIN inbox_media f ON f.message_id = m.id
LEFT JOIN inbox_agent a ON a.id = m.agent_id
ORDER BY m.sent_at, m.id
"""  # noqa: S608  # our own columns


def fetch(messages: MessageQuerySet) -> list[Message]:
    """The messages in the thread's order with everything that their bubbles show: one query, and one more for each of
    reactions, quotes, group members and edits if there are any, however many messages there are."""
    found, reacted = [], []
    media_from, agent_from = MESSAGE.size, MESSAGE.size + MEDIA.size
    for row in rows.read(messages, READ):
        message = MESSAGE.instance(row[:media_from])
        cache = message._state.fields_cache
        cache["media"] = cache["agent"] = None
        if row[media_from] is not None:
            cache["media"] = media = MEDIA.instance(row[media_from:agent_from])
            media._state.fields_cache["message"] = message
        if row[agent_from] is not None:
            cache["agent"] = AGENT.instance(row[agent_from:-1])
        if row[-1]:
            reacted.append(message)
        else:
            message.shown_reactions = []  # type: ignore[attr-defined]
        found.append(message)
    _add(found, reacted)
    return found


def _add(messages: list[Message], reacted: list[Message]) -> None:
    """Read what only some messages have: reactions, what they answer, who of a group wrote them, earlier versions."""
    if reacted:
        reactions = Reaction.objects.exclude(emoji="").select_related("contact").order_by("at", "id")
        prefetch_related_objects(reacted, Prefetch("reactions", reactions, to_attr="shown_reactions"))
    answers = []
    for message in messages:
        if message.quoted_id:
            answers.append(message)
        else:
            message._state.fields_cache["quoted"] = None
    if answers:
        quoted = Message.objects.select_related("media", "author", "agent").defer("media__excerpt")
        prefetch_related_objects(answers, Prefetch("quoted", quoted))
    if members := [message for message in messages if message.author_id]:
        prefetch_related_objects(members, "author")
    if edited := [message for message in messages if message.edited_at]:
        edits = Revision.objects.filter(kind=Revision.Kind.EDIT).order_by("at", "id")
        prefetch_related_objects(edited, Prefetch("revisions", edits))


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
    page = found[-size:]
    return page, _beginning(page) if len(found) > size else None


def _forwards(messages: MessageQuerySet, size: int = PAGE_SIZE) -> tuple[list[Message], keyset.Place | None]:
    found = fetch(messages.in_order()[: size + 1])
    return found[:size], _end(found[:size]) if len(found) > size else None


def _beginning(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[0].sent_at, messages[0].pk) if messages else None


def _end(messages: list[Message]) -> keyset.Place | None:
    return keyset.Place(messages[-1].sent_at, messages[-1].pk) if messages else None
