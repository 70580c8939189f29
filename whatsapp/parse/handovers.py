"""Handovers between Meta's AI agent and the team, and the agent's summaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from whatsapp import events
from whatsapp.events import Kind, Party
from whatsapp.parse import account, fields
from whatsapp.parse.fields import Change, Leaf, mapping, objects, words

FIELD = "messaging_handovers"
#: Meta's name of its AI agent in handovers.
AI_AGENT = "meta_business_agent"


def handover(change: Change) -> Iterator[events.AnyEvent]:
    """The AI agent took a conversation or handed it over: an update of the number, and a message in the thread."""
    yield from account.number(change)
    value = change.value
    step = words(value.get("type")) or next((key for key in value if key.startswith("control")), "")
    part = mapping(value.get(step))
    payload = {
        "type": "handover",
        "step": step[: fields.MAX_WORD],
        "to": _receiver(part),
        "reason": words(part.get("metadata")),
        "summary": _summary(part) or _summary(value),
    }
    yield from _unread(change, part, f"{change.path}.{step}")
    sender = mapping(value.get("sender"))
    party = change.contacts.party(
        wa_id=fields.phone(sender.get("phone_number") or sender.get("wa_id")),
        user_id=fields.user_id(sender.get("user_id")),
        parent_user_id=fields.user_id(sender.get("parent_user_id")),
    )
    about = change.about(value, change.path)
    about["at"] = about["at"] or change.at
    about["wamid"] = fields.derived_id("handover", change.phone_number_id, value)
    yield _line(about, party, {key: word for key, word in payload.items() if word})


def context(change: Change) -> Iterator[events.AnyEvent]:
    """The AI agent's summary, sent with the customer's messages: a message above the first of them."""
    if not change.value.get("conversation_context"):
        return
    yield from _unread(change, change.value, change.path)
    summary = _summary(change.value)
    if not summary:
        return
    found = [fields.content(leaf) for leaf in objects(change.value.get("messages"))]
    parties = {change.party(leaf, "from") for leaf in found}
    if len(parties) != 1:
        yield events.Unrecognized(
            **change.about(change.value, f"{change.path}.conversation_context"), what="conversation_context of nobody"
        )
        return
    about = change.about({"conversation_context": change.value["conversation_context"]}, change.path)
    about |= {"path": f"{change.path}.conversation_context", "at": fields.moment(found[0].get("timestamp"))}
    about["wamid"] = fields.derived_id("summary", change.phone_number_id, [leaf.get("id") for leaf in found], summary)
    yield _line(about, parties.pop(), {"type": "ai_summary", "summary": summary})


def _line(about: dict[str, Any], party: Party, payload: dict[str, str]) -> events.MessageReceived:
    return events.MessageReceived(**about, party=party, kind=Kind.SYSTEM, payload=payload, opens_window=False)


def _receiver(part: Leaf) -> str:
    """Who answers from now on: "ai_agent", "team", or empty when unknown."""
    if _role(part, "new") == AI_AGENT:
        return "ai_agent"
    return "team" if _role(part, "new") or _role(part, "previous") == AI_AGENT else ""


def _role(part: Leaf, side: str) -> str:
    owner = mapping(part.get(f"{side}_owner"))
    names = (part.get(f"{side}_owner_role"), part.get(f"{side}_owner_app_role"), owner.get("app_role"))
    return next((words(name).lower() for name in names if words(name)), "")


def _summary(leaf: Leaf) -> str:
    told = mapping(leaf.get("conversation_context")).get("summary")
    return words(mapping(told).get("text")) or words(told)


def _unread(change: Change, leaf: Leaf, path: str) -> Iterator[events.AnyEvent]:
    """Report a context without a summary, which would be lost silently."""
    if leaf.get("conversation_context") and not _summary(leaf):
        path = f"{path}.conversation_context"
        yield events.Unrecognized(**change.about(leaf, path), what="conversation_context without a summary")
