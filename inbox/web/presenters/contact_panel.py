"""The panel beside a thread: the contact, which of our numbers they write to, and their newest files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from core.postgres import keyset
from inbox.formatting import humanize
from inbox.models import Conversation, Media, Message
from inbox.models.messages import MessageQuerySet
from inbox.web.presenters import conversation_row
from inbox.web.presenters.attachment import Attachment
from inbox.web.queries import groups, rows, thread
from inbox.web.queries.list_state import Number
from whatsapp.events import Kind

GRID = 9
#: A page of all files.
PAGE_SIZE = 60
#: The grid looks into this many of the newest messages, so that a long thread without files stays cheap.
LOOK_BACK = 300


MESSAGE = rows.Columns(Message, "m", ["id", "kind", "sent_at", "direction", "conversation"])
READ = f"""
SELECT {thread.MEDIA.sql}, {MESSAGE.sql}
FROM chosen JOIN inbox_media f ON f.id = chosen.id JOIN inbox_message m ON m.id = f.message_id
ORDER BY m.sent_at DESC, m.id DESC
"""  # noqa: S608  # our own columns


@dataclass(frozen=True, slots=True)
class NumberUsed:
    conversation_id: int
    name: str
    swatch: int
    when: str


def of(conversation: Conversation, numbers: Sequence[Number], *, staff: bool) -> dict[str, object]:
    """``numbers`` are those that the agent sees; ids are shown to administrators only."""
    contact = conversation.contact
    return {
        "contact": contact,
        "initials": humanize.initials(humanize.display_name(contact)),
        "hue": conversation_row.hue(conversation),
        "phone": humanize.phone_words(contact.phone) if contact.phone else "",
        "username": humanize.clean_name(contact.username),
        "since": timezone.localtime(contact.created_at),
        "identities": list(contact.identities.order_by("kind", "id")) if staff else [],
        "numbers_used": _numbers_used(conversation, numbers),
        "files": files(conversation),
        "group": groups.of(conversation),
    }


def _numbers_used(conversation: Conversation, numbers: Sequence[Number]) -> list[NumberUsed]:
    today = timezone.localdate()
    by_id = {number.id: number for number in numbers}
    used = [(conversation.pk, conversation.number_id, conversation.last_message_at)]
    if len(numbers) > 1:
        others = Conversation.objects.filter(number_id__in=by_id, contact_id=conversation.contact_id)
        used = list(others.newest_first().values_list("pk", "number_id", "last_message_at"))
    return [
        NumberUsed(pk, by_id[number].name, by_id[number].swatch, humanize.row_time(timezone.localtime(at), today))
        for pk, number, at in used
    ]


def files(conversation: Conversation) -> list[Attachment]:
    """The newest stored files, for the grid."""
    newest = Message.objects.filter(conversation_id=conversation.pk).order_by("-sent_at", "-id").values("pk")
    kept = _read(_kept(Message.objects.filter(pk__in=newest[:LOOK_BACK]))[:GRID])
    return [Attachment.of(media, media.message.kind, "") for media in kept]


def all_files(
    conversation: Conversation, place: keyset.Place | None = None
) -> tuple[list[Attachment], keyset.Place | None]:
    """One page of all stored files, newest first, older than ``place``; and the place of the next page, None at the
    end."""
    messages = Message.objects.filter(conversation_id=conversation.pk)
    if place is not None:
        messages = messages.filter(keyset.before("sent_at", place))
    found = _read(_kept(messages)[: PAGE_SIZE + 1])
    older = None
    if len(found) > PAGE_SIZE:
        last = found[PAGE_SIZE - 1].message
        older = keyset.Place(last.sent_at, last.pk)
    return [Attachment.of(one, one.message.kind, "") for one in found[:PAGE_SIZE]], older


def _kept(messages: MessageQuerySet) -> QuerySet[Media]:
    """The stored files of these messages, newest first. What its sender deleted is not shown beside the thread."""
    media = Media.objects.filter(
        message__in=messages.filter(revoked_at=None).values("pk"), state=Media.State.STORED
    ).exclude(message__kind=Kind.STICKER)
    return media.order_by("-message__sent_at", "-message__id")


def _read(files: QuerySet[Media]) -> list[Media]:
    """The files with what the grid shows of them and their messages, newest first, in one query."""
    found = []
    for row in rows.read(files, READ):
        media, message = thread.MEDIA.instance(row[: thread.MEDIA.size]), MESSAGE.instance(row[thread.MEDIA.size :])
        media._state.fields_cache["message"] = message
        found.append(media)
    return found
