"""Match the ids in payloads to contacts.

A person is matched by business-scoped user id, then by parent id, then by phone number (with the variants of Brazil,
Mexico and Argentina). Ids that come together are linked. Ids that belong to two contacts are never merged here, nor is
a phone number that comes with another user id than before, because numbers are reassigned.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.postgres import bulk
from whatsapp import phone_numbers
from whatsapp.events import Party

#: (kind, scope, value) of an identity.
Key = tuple[str, str, str]

#: Advisory lock: one transaction creates contacts at a time, so that two workers create one contact for a stranger.
NEW_CONTACTS_LOCK = 7_281_001


@dataclass(frozen=True, slots=True)
class Mention:
    """A person or group as one event names them, with the most trusted identity first.

    ``user_id`` is the one among ``keys``; None if there is none, or if it may replace another (``person``'s previous).
    """

    keys: tuple[Key, ...]
    user_id: Key | None = None

    @property
    def is_group(self) -> bool:
        return self.keys[0][0] == "group_id"


def person(scope: str, party: Party, previous: Party | None = None) -> Mention:
    """A person named on a number with this identity ``scope``. ``previous`` are the ids they had before, as a system
    message says: those match the contact, and the new ones are added to it."""
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
    """A group, which has one conversation with each of our numbers in it."""
    return Mention((("group_id", scope, group_id[:160]),))


class KnownIdentities:
    """The identities of a batch and the contacts they belong to."""

    def __init__(self) -> None:
        self.owner: dict[Key, int] = {}
        self.user_ids: dict[int, set[Key]] = {}

    def learn(self, key: Key, contact: int) -> None:
        self.owner[key] = contact
        if key[0] == "user_id":
            self.user_ids.setdefault(contact, set()).add(key)

    def find(self, mention: Mention) -> int | None:
        """The contact of a mention, None for a stranger."""
        for key in mention.keys:
            contact = self.owner.get(key)
            if contact is None:
                owners = (self.owner.get(("wa_id", "", other)) for other in _variants(key))
                contact = next((owner for owner in owners if owner is not None), None)
            if contact is not None and (key[0] != "wa_id" or self._may_be(contact, mention)):
                return contact
        return None

    def _may_be(self, contact: int, mention: Mention) -> bool:
        """Whether a phone number may identify this contact: not if the contact has another user id in the scope."""
        if mention.user_id is None:
            return True
        scope = mention.user_id[1]
        known = [key for key in self.user_ids.get(contact, ()) if key[1] == scope]
        return not known or mention.user_id in known


def _variants(key: Key) -> list[str]:
    return phone_numbers.variants(key[2]) if key[0] == "wa_id" else []


def resolve(mentions: Iterable[Mention]) -> dict[Mention, int]:
    """The contact of every mention. Creates contacts for strangers and links ids that come together."""
    # Those with most ids first: they tell which others are the same person.
    ordered = sorted(dict.fromkeys(mentions), key=lambda mention: -len(mention.keys))
    keys = {key for mention in ordered for key in mention.keys}
    owners = _owners(keys)
    if len(owners) == len(keys):
        # Every id is known: the most trusted decides, as in ``KnownIdentities.find``.
        return {mention: owners[mention.keys[0]] for mention in ordered}
    bulk.fetch("SELECT pg_advisory_xact_lock(%s)", NEW_CONTACTS_LOCK)
    return _write(ordered, _read(keys))


def find(mentions: set[Mention]) -> dict[Mention, int]:
    """The contacts of those mentions that are known. Writes nothing."""
    known = _read({key for mention in mentions for key in mention.keys})
    return {mention: contact for mention in mentions if (contact := known.find(mention)) is not None}


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


def _read(keys: set[Key]) -> KnownIdentities:
    """All identities of the contacts with these keys, or with variants of the same phone numbers."""
    keys = keys | {("wa_id", "", other) for key in keys for other in _variants(key)}
    known = KnownIdentities()
    for kind, scope, value, contact in bulk.run(
        """
        SELECT kind, scope, value, contact_id FROM inbox_contactidentity WHERE contact_id IN (
            SELECT contact_id FROM inbox_contactidentity
            JOIN jsonb_to_recordset(%s) AS k (kind text, scope text, value text) USING (kind, scope, value)
        )
        """,
        _rows(keys),
    ):
        known.learn((kind, scope, value), contact)
    return known


def _write(mentions: list[Mention], known: KnownIdentities) -> dict[Mention, int]:
    strangers = [mention for mention in mentions if known.find(mention) is None]
    spare = iter(bulk.new_ids("inbox_contact", len(strangers)))
    found: dict[Mention, int] = {}
    contacts: list[bulk.Row] = []
    identities: list[bulk.Row] = []
    for mention in mentions:
        contact = known.find(mention)
        if contact is None:
            contact = next(spare)
            contacts.append({"id": contact, "is_group": mention.is_group})
        found[mention] = contact
        for key in mention.keys:
            if key not in known.owner:
                known.learn(key, contact)
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
