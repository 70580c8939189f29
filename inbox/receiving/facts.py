"""The facts of a batch: events with the number and the people that they name, and the rows that they concern."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from core.postgres import bulk
from inbox.conversations import Threads
from inbox.receiving import identities
from inbox.receiving.left_out import PERSONAL
from whatsapp import event_time, events
from whatsapp.models import PhoneNumber


class Parsed(NamedTuple):
    """One usable event of a notification."""

    #: One of whatsapp.events.AnyEvent; the kind by which facts are looked up tells which.
    event: Any
    notification: int
    received_at: datetime


class Fact(NamedTuple):
    """An event about one of our numbers. ``position`` is its place in the order of the journal.

    ``chat`` names whose conversation it is, the group or the person; ``author`` the person.
    """

    event: Any
    notification: int
    received_at: datetime
    position: int
    number: PhoneNumber
    chat: identities.Mention
    author: identities.Mention

    @property
    def at(self) -> datetime:
        return event_time.resolve(self.event.at, self.received_at)[0]

    @property
    def names(self) -> tuple[int, str]:
        """The number and the id of the message that a status, reaction or revision is about."""
        return self.number.pk, getattr(self.event, "target_wamid", "") or self.event.wamid


@dataclass(frozen=True, slots=True)
class Target:
    """A message that a fact is about; ``wamid`` as its row has it."""

    message: int
    conversation: int
    wamid: str


#: By our number, WhatsApp's id as the notification writes it, and the contact whose conversation it is about (None
#: where the id alone identifies the message).
Targets = dict[tuple[int, str, int | None], Target]
Contacts = dict[identities.Mention, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Facts by kind, and the rows that they concern as far as they are known."""

    facts: Mapping[type[events.Event], list[Fact]]
    contacts: Contacts
    targets: Targets
    threads: Threads
    #: AWS's id of the send that a status is about, by notification.
    sent_ids: Mapping[int, str]
    #: Messages of ours whose wamid a status told: id, wamid.
    unnamed: list[bulk.Row]

    def of(self, *kinds: type[events.Event]) -> list[Fact]:
        return [fact for kind in kinds for fact in self.facts.get(kind, ())]

    def target(self, fact: Fact) -> Target | None:
        """The message that a status, reaction or revision is about, None while we do not have it."""
        names = fact.names
        return self.targets.get((*names, None)) or self.targets.get((*names, self.contacts.get(fact.chat)))


def personal(parsed: Iterable[Parsed], numbers: Mapping[str, PhoneNumber]) -> dict[type[events.Event], list[Fact]]:
    """The events about people, by kind, with their number and the people that they name."""
    facts: defaultdict[type[events.Event], list[Fact]] = defaultdict(list)
    for position, (event, notification, received_at) in enumerate(parsed):
        if not isinstance(event, PERSONAL):
            continue
        number = numbers[event.phone_number_id]
        scope = number.identity_scope
        author = identities.person(scope, event.party, getattr(event, "previous", None))
        group_id = getattr(event, "group_id", "")
        chat = identities.group(scope, group_id) if group_id else author
        facts[type(event)].append(Fact(event, notification, received_at, position, number, chat, author))
    return facts
