"""The conversation list: its filters, and its pages of conversations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import F
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from core.integers import small_integer
from core.postgres import keyset
from inbox import access
from inbox.models import Contact, Conversation
from inbox.models.conversations import ConversationQuerySet
from inbox.web.queries import contact_search, rows
from inbox.web.queries.list_state import SWATCHES, ListState, Number
from whatsapp import limits

PAGE_SIZE = 25
#: A window that closes sooner than this is marked in the list.
CLOSING_SOON = timedelta(hours=2)
#: A search looks at this many of the newest conversations before it asks the indexes of contacts;
NEWEST = 150
#: where those find many, at this many before it goes through all: what one in a hundred has fills a page of these.
NEWER = 25_000
#: So many contacts are few: their conversations are looked up one by one.
FEW = 20_000
#: The filters by their name in addresses.
FILTERS = {
    "unread": gettext_lazy("Unread"),
    "closing": gettext_lazy("Closing within 2 h"),
    "failed": gettext_lazy("Failed"),
}


CONVERSATION = rows.Columns(
    Conversation,
    "c",
    [
        "id", "number", "contact", "last_message", "last_message_at", "last_message_kind", "last_message_direction",
        "last_message_status", "last_message_preview", "unread_count", "oldest_failure_at", "window_closes_at",
        "changed_xid",
    ],
)  # fmt: skip
CONTACT = rows.Columns(Contact, "k", ["id", "phone", "profile_name", "username", "is_group"])
READ = f"""
SELECT {CONVERSATION.sql}, {CONTACT.sql}
FROM chosen JOIN inbox_conversation c ON c.id = chosen.id JOIN inbox_contact k ON k.id = c.contact_id
ORDER BY c.last_message_at DESC, c.id DESC
"""  # noqa: S608  # our own columns


def read(conversations: ConversationQuerySet) -> list[Conversation]:
    """The conversations with what a row shows of them and their contacts, newest first, in one query."""
    found = []
    for row in rows.read(conversations, READ):
        conversation = CONVERSATION.instance(row[: CONVERSATION.size])
        conversation._state.fields_cache["contact"] = CONTACT.instance(row[CONVERSATION.size :])
        found.append(conversation)
    return found


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to; the same words in every address, so that a list can be bookmarked."""

    #: "", "unread", "closing" (the customer service window closes within CLOSING_SOON) or "failed".
    word: str = ""
    number: int | None = None
    #: What is searched in names, usernames and phone numbers.
    sought: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Filters:
        number_text = request.GET.get("number", "")
        number = small_integer(number_text)
        if number_text and number is None:
            raise Http404
        word = request.GET.get("filter", "")
        sought = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[: contact_search.MAX_LENGTH]
        return cls(word if word in FILTERS else "", number, sought)

    def query(self, **changes: str) -> str:
        """The part of an address that keeps these filters: "?filter=unread&number=3", or nothing."""
        parts = {"filter": self.word, "number": str(self.number or ""), "q": self.sought} | changes
        words = urlencode({name: value for name, value in parts.items() if value})
        return f"?{words}" if words else ""

    def lets_in(self, conversation: Conversation) -> bool:
        if self.number is not None and conversation.number_id != self.number:
            return False
        if self.sought and not contact_search.is_found(conversation.contact, self.sought):
            return False
        match self.word:
            case "unread":
                return conversation.unread_count > 0
            case "closing":
                return closes_soon(conversation.window_closes_at, timezone.now())
            case "failed":
                return conversation.oldest_failure_at is not None
        return True


def closes_soon(closes_at: datetime | None, now: datetime) -> bool:
    return closes_at is not None and now < closes_at < now + CLOSING_SOON


def numbers_of(request: HttpRequest) -> list[Number]:
    """The numbers that this agent sees, coloured in their order."""
    numbers = access.visible_numbers(request.user).only("name", "display_number", "phone_number_id")
    return [Number(number.pk, str(number), index % SWATCHES) for index, number in enumerate(numbers)]


def visible(numbers: Sequence[Number]) -> ConversationQuerySet:
    """Conversations of numbers that numbers_of() found for this agent, with what a row shows of the contact."""
    return Conversation.objects.filter(number_id__in=[number.id for number in numbers]).select_related("contact")


def pinned(state: ListState, filters: Filters) -> list[Conversation]:
    """What an agent keeps on top of the list, newest first: nothing in a list that is narrowed to something else."""
    if filters.word or filters.sought or not state.pinned:
        return []
    return read(_of_filter(state.numbers, filters).filter(pk__in=state.pinned))


def _of_filter(numbers: Sequence[Number], filters: Filters) -> ConversationQuerySet:
    return visible([number for number in numbers if filters.number in (None, number.id)])


def page(
    numbers: Sequence[Number],
    filters: Filters,
    place: keyset.Place | None = None,
    without: Sequence[int] = (),
) -> tuple[list[Conversation], keyset.Place | None]:
    """One page of conversations with their contacts, newest first, older than ``place``, except those ``without``; and
    the place of the next page, None at the end."""
    conversations = _of_filter(numbers, filters).newest_first()
    match filters.word:
        case "unread":
            conversations = conversations.unread()
        case "failed":
            conversations = conversations.failed()
        case "closing":
            now = timezone.now()
            # The message that opened the window is within the day before it closes: the index on it finds the few rows.
            conversations = conversations.filter(
                last_message_at__gt=now - limits.WINDOW,
                window_closes_at__gt=now,
                window_closes_at__lt=now + CLOSING_SOON,
            )
    if without:
        conversations = conversations.exclude(pk__in=without)
    if place is not None:
        conversations = conversations.filter(keyset.before("last_message_at", place))
    found = _sought(conversations, filters.sought) if filters.sought else read(conversations[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    next_place = keyset.Place(found[-1].last_message_at, found[-1].pk) if more else None
    return found, next_place


def _sought(conversations: ConversationQuerySet, sought: str) -> list[Conversation]:
    """The first page, and one more, of those whose contact is found by a search.

    What many have is soon found among the newest, what few have in the indexes of contacts. The planner cannot tell
    them apart: it does not know how rare the beginning of a word is, and walks through everything for one name.
    """
    found = contact_search.found(sought)

    def among(newest: int) -> list[Conversation]:
        page = conversations.filter(pk__in=conversations.values("pk")[:newest], contact__in=found)
        return list(page[: PAGE_SIZE + 1])

    if len(page := among(NEWEST)) > PAGE_SIZE:
        return page
    # An order that no index has: else the limit tempts the planner to read the table until it has seen enough.
    few = list(found.order_by(F("pk") + 0)[: FEW + 1])
    if len(few) <= FEW:
        return list(conversations.filter(contact__in=few)[: PAGE_SIZE + 1])
    if len(page := among(NEWER)) > PAGE_SIZE:
        return page
    return list(conversations.filter(contact__in=found)[: PAGE_SIZE + 1])
