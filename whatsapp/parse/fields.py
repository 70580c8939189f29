"""Typed access to the parts of a leaf, and what all leaves share: people, errors, place."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from whatsapp import events
from whatsapp.events import OWN_ID, Fault, Party

Leaf = dict[str, Any]

#: The longest ids and keywords that rows keep. A longer id can't be real, and cut it would name something else.
MAX_WAMID = 255
MAX_ID = 64
MAX_PHONE = 32
MAX_USER_ID = 160
MAX_NAME = 512
MAX_USERNAME = 128
MAX_WORD = 64
MAX_SUMMARY = 500

EARLIEST = 1_230_768_000  # 2009, the year of WhatsApp
LATEST = 4_102_444_800  # 2100
MAX_INTEGER = 2_147_483_647  # a PostgreSQL integer

_PHONE_PUNCTUATION = str.maketrans("", "", "+-.() \u00a0")


class LeafError(Exception):
    """A leaf that can't be understood. The text is the reason for BadLeaf."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an entry: what all its leaves share."""

    field: str
    value: Leaf
    path: str
    waba_id: str = ""
    phone_number_id: str = ""
    display_phone_number: str = ""
    #: The entry's time, for leaves without one.
    at: datetime | None = None
    historic: bool = False
    standby: bool = False
    contacts: Contacts = dataclasses.field(default_factory=lambda: Contacts())

    def about(self, leaf: Leaf, path: str) -> dict[str, Any]:
        """The keyword arguments that all events share."""
        return {
            "phone_number_id": self.phone_number_id,
            "display_phone_number": self.display_phone_number,
            "waba_id": self.waba_id,
            "at": moment(leaf.get("timestamp")),
            "path": path,
            "raw": leaf,
        }

    def party(self, leaf: Leaf, key: str, wa_id_key: str = "") -> Party:
        """The person named by ``key``: "from" belongs to from_user_id and from_parent_user_id."""
        return self.contacts.party(
            wa_id=phone(leaf.get(wa_id_key or key)),
            user_id=user_id(leaf.get(f"{key}_user_id")),
            parent_user_id=user_id(leaf.get(f"{key}_parent_user_id")),
        )

    def bad(self, leaf: object, path: str, reason: str) -> events.BadLeaf:
        raw = leaf if isinstance(leaf, dict) else {"value": leaf}
        return events.BadLeaf(reason=reason, **(self.about(raw, path) | {"at": self.at}))

    def ours(self, value: object) -> bool:
        """Whether this is our own number, however it is written."""
        written = digits(words(value))
        return written != "" and written == digits(self.display_phone_number)


class Contacts:
    """The people that a change names, found by user id, then by wa_id, never by position (Meta, May 2026)."""

    def __init__(self, contacts: list[Any] | None = None, value: Leaf | None = None) -> None:
        self._by_user_id: dict[str, Party] = {}
        self._by_wa_id: dict[str, Party] = {}
        parties = [self._add(contact) for contact in contacts if isinstance(contact, dict)] if contacts else []
        # A single contact beside leaves about one person is that person, even if the ids are written differently.
        self._only = parties[0] if len(parties) == 1 and value is not None and _about_one_person(value) else None

    def _add(self, leaf: Leaf) -> Party:
        profile = mapping(leaf.get("profile"))
        party = Party(
            wa_id=phone(leaf.get("wa_id")),
            user_id=user_id(leaf.get("user_id")),
            parent_user_id=user_id(leaf.get("parent_user_id")),
            name=words(profile.get("name"))[:MAX_NAME],
            username=username(profile.get("username") or leaf.get("username")),
        )
        if party.user_id:
            self._by_user_id.setdefault(party.user_id, party)
        if party.wa_id:
            self._by_wa_id.setdefault(party.wa_id, party)
        return party

    @property
    def only(self) -> Party | None:
        """The only contact of a change whose leaves are all about one person; else None."""
        return self._only

    def party(self, *, wa_id: str, user_id: str = "", parent_user_id: str = "") -> Party:
        """The person with these ids, with what the change says about them.

        If nobody matches, the only contact does when all leaves are about one person: Meta omits ids on either side.
        Where its ids differ, only its name is used: two ids of one kind are never merged.
        """
        known = self._by_user_id.get(user_id) if user_id else None
        if known is None and wa_id:
            known = self._by_wa_id.get(wa_id)
            if known is not None and user_id and known.user_id and known.user_id != user_id:
                known = None  # the number now belongs to somebody else
        known = known or self._only
        if known is None:
            return Party(wa_id=wa_id, user_id=user_id, parent_user_id=parent_user_id)
        same_wa_id = not wa_id or not known.wa_id or known.wa_id == wa_id
        same_user_id = not user_id or not known.user_id or known.user_id == user_id
        if same_user_id and (same_wa_id or user_id):
            wa_id = wa_id or known.wa_id
            user_id = user_id or known.user_id
            parent_user_id = parent_user_id or known.parent_user_id
        return Party(
            wa_id=wa_id, user_id=user_id, parent_user_id=parent_user_id, name=known.name, username=known.username
        )


#: The keys by which leaves name people, and the lists of such leaves.
_PEOPLE = ("from", "from_user_id", "to", "to_user_id", "recipient_id", "recipient_user_id", "wa_id", "user_id")
_LISTS = ("messages", "message_echoes", "statuses", "calls", "user_preferences")


def _about_one_person(value: Leaf) -> bool:
    first: list[object] | None = None
    for key in _LISTS:
        for leaf in map(content, objects(value.get(key))):
            people = [leaf.get(name) for name in _PEOPLE]
            if first is None:
                first = people
            elif people != first:
                return False
    return first is not None


Reader = Callable[[Leaf, Change, str], Iterable[events.AnyEvent]]


def each(change: Change, key: str, read: Reader, *, needs_number: bool = True) -> Iterator[events.AnyEvent]:
    """The events of every leaf under ``key``. A leaf that can't be understood becomes a BadLeaf; others continue."""
    leaves = change.value.get(key)
    if leaves is None:
        return
    if not isinstance(leaves, list):
        yield change.bad(leaves, f"{change.path}.{key}", f"“{key}” is not a list.")
        return
    for index, leaf in enumerate(leaves):
        path = f"{change.path}.{key}[{index}]"
        if not isinstance(leaf, dict):
            yield change.bad(leaf, path, f"This item of “{key}” is not an object.")
        elif needs_number and not change.phone_number_id:
            yield change.bad(leaf, path, "It does not say which of our numbers it is about.")
        else:
            try:
                found = list(read(leaf, change, path))
            except LeafError as error:
                yield change.bad(leaf, path, str(error))
            else:
                yield from found


# --- typed access: each takes anything and gives its type, empty when the part is missing or of another type ---------


def mapping(value: object) -> Leaf:
    """An object; empty for anything else."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> list[Leaf]:
    """The objects in a list; a single object counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def content(leaf: Leaf) -> Leaf:
    """The leaf with its content on the first level. In echoes of Meta's AI agent it is one level deeper: ``{"id",
    "timestamp", "message": {"to", "type", "text"}}`` (Meta "Standby webhooks", August 2026)."""
    inner = leaf.get("message")
    return inner | leaf if isinstance(inner, dict) else leaf


def words(value: object) -> str:
    """Text as written, whitespace included; a number as its digits."""
    if type(value) is str:
        return value
    if type(value) is int or type(value) is float:
        return str(value)
    return ""


def identifier(value: object, longest: int = MAX_ID) -> str:
    """An id, from text or a whole number; empty when missing, of another type or too long."""
    if type(value) is not str:
        if type(value) is not int:
            return ""
        value = str(value)
    value = value.strip()
    return value if len(value) <= longest else ""


def user_id(value: object) -> str:
    return identifier(value, MAX_USER_ID)


def named(party: Party) -> bool:
    """Whether there is an id for this person."""
    return bool(party.wa_id or party.user_id or party.parent_user_id)


def wamid(value: object, what: str) -> str:
    """A message id. Raises LeafError when there is none: without it, messages can't be told apart."""
    found = identifier(value, MAX_WAMID)
    if not found:
        raise LeafError(f"It has no usable {what}.")
    return found


def derived_id(prefix: str, *parts: object) -> str:
    """An id for a message without one from WhatsApp: the same for the same parts."""
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
    return f"{OWN_ID}{prefix}.{digest[:40]}"


def phone(value: object) -> str:
    """A wa_id or phone number as digits without a plus."""
    text = identifier(value)
    if text.isascii() and text.isdigit():
        return text if len(text) <= MAX_PHONE else ""
    bare = text.translate(_PHONE_PUNCTUATION)
    found = bare if digits(bare) == bare else text
    return found if len(found) <= MAX_PHONE else ""


def digits(text: str) -> str:
    """The ASCII digits in ``text``."""
    return text if text.isascii() and text.isdigit() else "".join(c for c in text if c in "0123456789")


def username(value: object) -> str:
    """Without the @ in some of Meta's samples."""
    return words(value).strip().lstrip("@")[:MAX_USERNAME]


def flag(value: object) -> bool:
    return value is True or value == "true"


def number(value: object) -> float | None:
    """A float from a number or its text; None for anything else, NaN and infinity included."""
    if type(value) is int or type(value) is float or type(value) is str:
        try:
            found = float(value)
        except (ValueError, OverflowError):
            return None
        if abs(found) <= 1e300:
            return found
    return None


def whole(value: object) -> int | None:
    """A whole number from 0 to PostgreSQL's largest integer."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= MAX_INTEGER:
        return value
    return None


def moment(value: object) -> datetime | None:
    """WhatsApp's time: whole seconds since 1970, as text or number, between 2009 and 2100; else None.

    int() alone would accept Arabic digits, spaces and minus signs, and dates out of PostgreSQL's range.
    """
    if type(value) is str:
        if len(value) > 12 or not value.isascii() or not value.isdigit():
            return None
        value = int(value)
    elif type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and EARLIEST <= value <= LATEST:
        return datetime.fromtimestamp(value, UTC)
    return None


def faults(value: object) -> tuple[Fault, ...]:
    """Meta's ``errors``. Only the code is stable; titles change, details tell what happened here."""
    if not value:
        return ()
    found = []
    for leaf in objects(value):
        title = words(leaf.get("title")) or words(leaf.get("message"))
        details = words(mapping(leaf.get("error_data")).get("details")) or words(leaf.get("details"))
        if not details and words(leaf.get("message")) != title:
            details = words(leaf.get("message"))
        found.append(Fault(code=whole(leaf.get("code")) or 0, title=title, details=details))
    return tuple(found)
