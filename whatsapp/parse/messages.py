"""Messages and what people do with them: leaves of ``messages`` and ``message_echoes`` into events."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whatsapp import events
from whatsapp.events import Direction, Kind, Origin, Party, Status
from whatsapp.parse import fields, kinds
from whatsapp.parse.fields import Change, Leaf, LeafError, content, mapping, words

#: System messages with a person's new ids. Other types never link ids.
NEW_IDS = frozenset({"user_changed_number", "user_changed_user_id"})
SYSTEM_TYPES = NEW_IDS | {"customer_identity_changed"}
#: Their names in older payloads.
FORMER_SYSTEM_TYPES = {"customer_changed_number": "user_changed_number"}

#: Meta's keys of an ad referral → ours.
REFERRAL = {
    "source_url": "source_url",
    "source_id": "source_id",
    "source_type": "source_type",
    "headline": "headline",
    "body": "body",
    "media_type": "media_type",
    "image_url": "media_url",
    "video_url": "media_url",
    "thumbnail_url": "thumbnail_url",
    "ctwa_clid": "ctwa_clid",
}

#: Only text and captions can be edited. Anything else would erase what the customer wrote.
EDITABLE = frozenset({"text", "image", "video", "document"})

#: Statuses of our own messages in the history. Unknown ones were sent, as the phone shows them.
HISTORY_STATUSES = {
    "SENT": Status.SENT,
    "DELIVERED": Status.DELIVERED,
    "READ": Status.READ,
    "PLAYED": Status.PLAYED,
    "PENDING": Status.UNKNOWN,  # still being sent by the phone
    "ERROR": Status.FAILED,
}


def inbound(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A message that a customer wrote."""
    yield from _read(leaf, change, path, change.party(content(leaf), "from"), Direction.INBOUND, Origin.CUSTOMER)


def echo(leaf: Leaf, change: Change, path: str) -> Iterator[events.AnyEvent]:
    """A message that a colleague wrote in the phone app, or Meta's AI agent while it handles the conversation."""
    origin = Origin.AI_AGENT if change.standby else Origin.PHONE_APP
    told = content(leaf)
    party = Party() if told.get("recipient_type") == "group" else change.party(told, "to")
    yield from _read(leaf, change, path, party, Direction.OUTBOUND, origin)


def historic(leaf: Leaf, change: Change, path: str, party: Party) -> Iterator[events.AnyEvent]:
    """A message of the phone app's history with ``party``; ``from`` tells who wrote it."""
    if change.ours(leaf.get("from")) or _to(leaf, party):
        yield from _read(leaf, change, path, party, Direction.OUTBOUND, Origin.PHONE_APP)
    else:
        yield from _read(leaf, change, path, party, Direction.INBOUND, Origin.CUSTOMER)


def _to(leaf: Leaf, party: Party) -> bool:
    """Whether this person is the message's recipient."""
    return (party.wa_id != "" and fields.phone(leaf.get("to")) == party.wa_id) or (
        party.user_id != "" and fields.user_id(leaf.get("to_user_id")) == party.user_id
    )


def _read(
    leaf: Leaf, change: Change, path: str, party: Party, direction: Direction, origin: Origin
) -> Iterator[events.AnyEvent]:
    about = change.about(leaf, path) | {"wamid": fields.wamid(leaf.get("id"), "message id"), "party": party}
    leaf = content(leaf)
    to_group = leaf.get("to") if leaf.get("recipient_type") == "group" else None
    group_id = fields.identifier(leaf.get("group_id") or to_group, fields.MAX_USER_ID)
    kind = leaf.get("type")
    if not group_id and not fields.named(party) and kind != "system":
        raise LeafError("It does not say who the person is.")
    match kind:
        case "reaction":
            yield _reaction(leaf, about | {"direction": direction, "group_id": group_id})
        case "edit":
            yield _edit(leaf, about | {"direction": direction})
        case "revoke":
            target = fields.wamid(mapping(leaf.get("revoke")).get("original_message_id"), "id of the deleted message")
            yield events.MessageRevoked(**about, direction=direction, target_wamid=target)
        case "system":
            yield from _system(leaf, change, about | {"group_id": group_id}, party)
        case "request_welcome":
            # The customer opened the chat and wrote nothing. The feature was withdrawn on 26 Mar 2026.
            yield events.Unrecognized(**change.about(leaf, path), what="request_welcome")
        case _:
            yield _message(leaf, change, about | {"direction": direction, "origin": origin, "group_id": group_id})
            problem = "" if leaf.get("errors") else kinds.problem(leaf)
            if problem:
                yield change.bad(leaf, path, problem)


def _message(leaf: Leaf, change: Change, about: dict[str, Any]) -> events.MessageReceived:
    context = mapping(leaf.get("context"))
    inbound = about["direction"] == Direction.INBOUND
    status = None
    if change.historic and not inbound:
        word = words(mapping(leaf.get("history_context")).get("status")).upper()
        status = HISTORY_STATUSES.get(word, Status.SENT)
    return events.MessageReceived(
        **about,
        **kinds.read(leaf),
        # ``id`` in webhooks is ``message_id`` in a repeated request of the AI agent.
        quoted_wamid=fields.identifier(context.get("id") or context.get("message_id"), fields.MAX_WAMID),
        forwarded=fields.flag(context.get("forwarded")),
        frequently_forwarded=fields.flag(context.get("frequently_forwarded")),
        referred_product=_product(mapping(context.get("referred_product"))),
        referral=_referral(mapping(leaf.get("referral"))),
        faults=fields.faults(leaf.get("errors")),
        historic=change.historic,
        standby=change.standby,
        status=status,
        opens_window=inbound and not change.historic,
    )


def _product(leaf: Leaf) -> dict[str, str]:
    if not leaf:
        return {}
    found = {"catalog_id": words(leaf.get("catalog_id")), "product_id": words(leaf.get("product_retailer_id"))}
    return {key: value for key, value in found.items() if value}


def _referral(leaf: Leaf) -> dict[str, str]:
    if not leaf:
        return {}
    found = {ours: words(leaf.get(theirs)) for theirs, ours in REFERRAL.items() if words(leaf.get(theirs))}
    welcome = words(mapping(leaf.get("welcome_message")).get("text"))
    return found | ({"welcome_message": welcome} if welcome else {})


def _reaction(leaf: Leaf, about: dict[str, Any]) -> events.ReactionChanged:
    part = mapping(leaf.get("reaction"))
    target = fields.wamid(part.get("message_id"), "id of the message reacted to")
    # A missing or empty emoji removes a reaction.
    return events.ReactionChanged(**about, target_wamid=target, emoji=words(part.get("emoji"))[: fields.MAX_WORD])


def _edit(leaf: Leaf, about: dict[str, Any]) -> events.MessageEdited:
    part = mapping(leaf.get("edit"))
    target = fields.wamid(part.get("original_message_id"), "id of the edited message")
    message = mapping(part.get("message"))
    kind = words(message.get("type"))
    text = kinds.read(message)["text"]
    # Captions may be removed, texts may not.
    if kind not in EDITABLE or not mapping(message.get(kind)) or (kind == "text" and not text):
        raise LeafError("It does not say what the edited message says now.")
    return events.MessageEdited(**about, target_wamid=target, text=text)


def _system(leaf: Leaf, change: Change, about: dict[str, Any], party: Party) -> Iterator[events.AnyEvent]:
    """A customer changed number or user id: a message in their thread, and the new ids of the same person.

    ``from`` is the old number, ``system.wa_id`` the new one (``new_wa_id`` in the on-premises API).
    """
    part = mapping(leaf.get("system"))
    kind = words(part.get("type"))
    kind = FORMER_SYSTEM_TYPES.get(kind, kind)
    payload = {"type": kind if kind in SYSTEM_TYPES else "other", "body": words(part.get("body"))}
    new = Party(
        wa_id=fields.phone(part.get("wa_id") or part.get("new_wa_id")),
        user_id=fields.user_id(part.get("user_id")),
        parent_user_id=fields.user_id(part.get("parent_user_id")),
    )
    # The sender may be named by the new ids already, which don't find the person's thread.
    old = Party(
        wa_id=party.wa_id,
        user_id=fields.user_id(part.get("previous_user_id")) or _unless(party.user_id, new.user_id),
        parent_user_id=fields.user_id(part.get("previous_parent_user_id"))
        or _unless(party.parent_user_id, new.parent_user_id),
    )
    if not fields.named(old):
        old = party if fields.named(party) else new
    if not fields.named(old) and not about["group_id"]:
        raise LeafError("It does not say who the person is.")
    yield events.MessageReceived(
        **(about | {"party": old}),
        kind=Kind.SYSTEM,
        payload=payload,
        historic=change.historic,
        standby=change.standby,
        opens_window=False,
    )
    if kind in NEW_IDS and fields.named(new) and new != old:
        yield events.ContactChanged(**change.about(leaf, about["path"]), party=new, previous=old)


def _unless(found: str, other: str) -> str:
    return found if found != other else ""
