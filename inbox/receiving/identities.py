"""From the ids in payloads to contacts: who is the same person, who is new, and who must not be mixed up.

A person is matched by business-scoped user id, then by the parent id, then by phone (with the variants that Brazil,
Mexico and Argentina write), never by position. Ids that come together are linked. Ids that already belong to two
contacts, or a phone that comes with another user id than before (numbers are handed on), never merge by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.postgres import bulk
from whatsapp import phone_numbers
from whatsapp.events import Party

#: (kind, scope, value) of an identity.
Key = tuple[str, str, str]

#: One contact-making transaction at a time, so that a stranger seen by two workers becomes one contact.
NEW_CONTACTS_LOCK = 7_281_001


@dataclass(frozen=True, slots=True)
class Mention:
    """A person or group as one event names them: identities in the order in which they are trusted.

    ``user_id`` is the one in ``keys``, None when there is none or when it may replace another (``person``'s previous).
    """

    keys: tuple[Key, ...]
    user_id: Key | None = None

    @property
    def is_group(self) -> bool:
        return self.keys[0][0] == "group_id"


def person(scope: str, party: Party, previous: Party | None = None) -> Mention:
    """A person named on a number with this identity ``scope``. ``previous`` are the ids that a system message says
    they had before: those find the contact, and the others are added to it."""
    keys: dict[Key, None] = {}
    for names in (previous, party):
        if names is None:
            continue
        if names.user_id:
            keys["user_id", scope, names.user_id[:160]] = None
        if names.parent_user_id:
            keys["parent_user_id", "", names.parent_user_id[:160]] = None
        if names.wa_id:
            keys["wa_id", "", names.wa_id[:160]] = None
    user_id = ("user_id", scope, party.user_id[:160]) if party.user_id and previous is None else None
    return Mention(tuple(keys), user_id)


def group(scope: str, group_id: str) -> Mention:
    """A group, which has one conversation with each of our numbers that is in it."""
    return Mention((("group_id", scope, group_id[:160]),))


class Book:
    """Which identity belongs to which contact, as far as one batch needs to know."""

    def __init__(self) -> None:
        self.owner: dict[Key, int] = {}
        self.user_ids: dict[int, set[Key]] = {}

    def learn(self, key: Key, contact: int) -> None:
        self.owner[key] = contact
        if key[0] == "user_id":
            self.user_ids.setdefault(contact, set()).add(key)

    def find(self, mention: Mention) -> int | None:
        """The contact of a mention, None when it is a stranger."""
        for key in mention.keys:
            contact = self.owner.get(key)
            if contact is None:
                owners = (self.owner.get(("wa_id", "", other)) for other in _variants(key))
                contact = next((owner for owner in owners if owner is not None), None)
            if contact is not None and (key[0] != "wa_id" or self._may_be(contact, mention)):
                return contact
        return None

    def _may_be(self, contact: int, mention: Mention) -> bool:
        """Whether a phone may stand for this contact: not when the contact has another user id in the same scope."""
        if mention.user_id is None:
            return True
        scope = mention.user_id[1]
        known = [key for key in self.user_ids.get(contact, ()) if key[1] == scope]
        return not known or mention.user_id in known


def _variants(key: Key) -> list[str]:
    return phone_numbers.variants(key[2]) if key[0] == "wa_id" else []


def resolve(mentions: Iterable[Mention]) -> dict[Mention, int]:
    """The contact of every mention; strangers become contacts, ids that come together are linked."""
    # Those that carry most ids first: they tell which of the others are the same person.
    ordered = sorted(dict.fromkeys(mentions), key=lambda mention: -len(mention.keys))
    keys = {key for mention in ordered for key in mention.keys}
    owners = _owners(keys)
    if len(owners) == len(keys):
        # Every id is known: the most trusted one decides, as in ``Book.find``.
        return {mention: owners[mention.keys[0]] for mention in ordered}
    bulk.fetch("SELECT pg_advisory_xact_lock(%s)", NEW_CONTACTS_LOCK)
    return _write(ordered, _read(keys))


def find(mentions: set[Mention]) -> dict[Mention, int]:
    """The contacts of those mentions that are known. Makes and links nothing."""
    book = _read({key for mention in mentions for key in mention.keys})
    return {mention: contact for mention in mentions if (contact := book.find(mention)) is not None}


def _rows(keys: set[Key]) -> list[bulk.Row]:
    return [{"kind": kind, "scope": scope, "value": value} for kind, scope, value in sorted(keys)]


def _owners(keys: set[Key]) -> dict[Key, int]:
    return {
        (kind, scope, value): contact
        for kind, scope, value, contact in bulk.run(
            """
            SELECT kind, scope, value, contact_id FROM inbox_contactidentity
            JOIN jsonb_to_recordset(%s) AS k (kind text, scope text, value text) USING (kind, scope, value)
            """,
            _rows(keys),
        )
    }


def _read(keys: set[Key]) -> Book:
    """All identities of the contacts that these keys, or other writings of the same phones, belong to."""
    keys = keys | {("wa_id", "", other) for key in keys for other in _variants(key)}
    book = Book()
    for kind, scope, value, contact in bulk.run(
        """
        SELECT kind, scope, value, contact_id FROM inbox_contactidentity WHERE contact_id IN (
            SELECT contact_id FROM inbox_contactidentity
            JOIN jsonb_to_recordset(%s) AS k (kind text, scope text, value text) USING (kind, scope, value)
        )
        """,
        _rows(keys),
    ):
        book.learn((kind, scope, value), contact)
    return book


def _write(mentions: list[Mention], book: Book) -> dict[Mention, int]:
    strangers = [mention for mention in mentions if book.find(mention) is None]
    spare = iter(bulk.new_ids("inbox_contact", len(strangers)))
    found: dict[Mention, int] = {}
    contacts: list[bulk.Row] = []
    identities: list[bulk.Row] = []
    for mention in mentions:
        contact = book.find(mention)
        if contact is None:
            contact = next(spare)
            contacts.append({"id": contact, "is_group": mention.is_group})
        found[mention] = contact
        for key in mention.keys:
            if key not in book.owner:
                book.learn(key, contact)
                identities.append({"contact_id": contact, "kind": key[0], "scope": key[1], "value": key[2]})
    bulk.run(
        """
        INSERT INTO inbox_contact (id, is_group, profile_name, username, created_at)
        SELECT id, is_group, '', '', statement_timestamp()
        FROM jsonb_to_recordset(%s) AS r (id bigint, is_group boolean)
        """,
        contacts,
    )
    bulk.run(
        """
        INSERT INTO inbox_contactidentity (contact_id, kind, scope, value, created_at)
        SELECT contact_id, kind, scope, value, statement_timestamp()
        FROM jsonb_to_recordset(%s) AS r (contact_id bigint, kind text, scope text, value text)
        """,
        identities,
    )
    return found
