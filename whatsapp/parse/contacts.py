"""Updates about people: marketing preferences, the phone app's contact list."""

from __future__ import annotations

from collections.abc import Iterator

from whatsapp import events
from whatsapp.events import Party
from whatsapp.parse import fields
from whatsapp.parse.fields import Change, Leaf, LeafError, mapping, words

#: Preferences that we act on; ``signup`` is an opt-in link. Others still tell which ids belong together.
PREFERENCES = frozenset({"stop", "resume", "signup"})
MARKETING = "marketing_messages"
#: ``action`` in the phone app's contact list → whether the phone still has the contact.
SAVED = {"add": True, "edit": True, "update": True, "remove": False}


def preference(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A person stopped, resumed or signed up for marketing messages."""
    party = change.contacts.party(
        wa_id=fields.phone(leaf.get("wa_id")),
        user_id=fields.user_id(leaf.get("user_id")),
        parent_user_id=fields.user_id(leaf.get("parent_user_id")),
    )
    value = words(leaf.get("value"))
    known = value in PREFERENCES and leaf.get("category") in (None, MARKETING)
    yield events.ContactChanged(**change.about(leaf, path), party=_named(party), marketing=value if known else "")
    if not known:
        what = (
            f"preference “{value[: fields.MAX_WORD]}” for {words(leaf.get('category'))[: fields.MAX_WORD] or 'nothing'}"
        )
        yield events.Unrecognized(**change.about(leaf, path), what=what)


def state_sync(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A person was added, changed or removed in the phone app's contact list."""
    contact = mapping(leaf.get("contact"))
    party = Party(
        wa_id=fields.phone(contact.get("phone_number")),
        user_id=fields.user_id(contact.get("user_id")),
        parent_user_id=fields.user_id(contact.get("parent_user_id")),
        name=(words(contact.get("full_name")) or words(contact.get("first_name")))[: fields.MAX_NAME],
        username=fields.username(contact.get("username")),
    )
    about = change.about(leaf, path) | {"at": fields.moment(mapping(leaf.get("metadata")).get("timestamp"))}
    action = words(leaf.get("action"))
    yield events.ContactChanged(**about, party=_named(party), saved=SAVED.get(action))
    if action not in SAVED:
        yield events.Unrecognized(**about, what=f"contact list action “{action[: fields.MAX_WORD]}”")


def _named(party: Party) -> Party:
    if not fields.named(party):
        raise LeafError("It does not say who the person is.")
    return party
