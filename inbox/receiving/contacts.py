"""The contacts of a batch: found or made, with the names, phones and preferences that its events tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.postgres import bulk
from core.postgres.cursors import bigints
from inbox.receiving import identities
from inbox.receiving.facts import Contacts, Fact


def resolve(facts: list[Fact]) -> Contacts:
    """The contact of everybody whom these facts name. Strangers become contacts; what is told about them is kept."""
    mentions: dict[identities.Mention, None] = {}
    for fact in facts:
        mentions[fact.chat] = None
        if fact.author.keys:
            mentions[fact.author] = None
    contacts = identities.resolve(mentions)
    described = []
    for fact in facts:
        party = fact.event.party
        contact = contacts.get(fact.author)
        if contact is not None:
            phone = f"+{party.wa_id}" if party.wa_id.isdigit() else ""
            marketing = getattr(fact.event, "marketing", "")
            described.append((contact, Description(fact.at, phone, party.name, party.username, marketing)))
    _describe(described)
    return contacts


@dataclass(frozen=True, slots=True)
class Description:
    """What one event says about a contact: later values replace earlier ones, empty ones replace nothing."""

    at: datetime
    phone: str = ""
    name: str = ""
    username: str = ""
    marketing: str = ""


def _describe(described: Iterable[tuple[int, Description]]) -> None:
    """Keep names, phones and preferences on contacts, writing only those that differ."""
    newest: dict[int, bulk.Row] = {}
    for contact, new in sorted(described, key=lambda pair: pair[1].at):
        row = newest.setdefault(contact, {"id": contact, "phone": "", "name": "", "username": "", "marketing": ""})
        values = {"phone": new.phone, "name": new.name, "username": new.username, "marketing": new.marketing}
        row |= {name: value for name, value in values.items() if value} | {"at": new.at}
    bulk.run(
        """
        UPDATE inbox_contact c
        SET phone = coalesce(nullif(left(r.phone, 32), ''), c.phone),
            profile_name = coalesce(nullif(left(r.name, 512), ''), c.profile_name),
            username = coalesce(nullif(left(r.username, 128), ''), c.username),
            marketing_stopped_at = CASE
                WHEN r.marketing = 'stop' THEN coalesce(c.marketing_stopped_at, r.at)
                WHEN r.marketing IN ('resume', 'signup') THEN NULL
                ELSE c.marketing_stopped_at END
        FROM jsonb_to_recordset(%s) AS r (
            id bigint, phone text, name text, username text, marketing text, at timestamptz
        )
        WHERE c.id = r.id
        """,
        _differing(newest),
    )


def _differing(described: dict[int, bulk.Row]) -> list[bulk.Row]:
    """Those that say something new: nearly every message repeats a name that is known."""
    known = bulk.fetch(
        """
        SELECT id, coalesce(phone, ''), profile_name, username FROM inbox_contact
        WHERE id = ANY(%s::bigint[]) ORDER BY id
        """,
        bigints(described),
    )
    found = []
    for contact, *kept in known:
        row = described[contact]
        values = (row["phone"][:32], row["name"][:512], row["username"][:128])
        if row["marketing"] or any(new and new != old for new, old in zip(values, kept, strict=True)):
            found.append(row)
    return found
