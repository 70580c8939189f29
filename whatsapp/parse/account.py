"""Updates about our numbers, accounts and templates, each as one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from whatsapp import events
from whatsapp.parse import fields
from whatsapp.parse.fields import MAX_SUMMARY, Change, Leaf, mapping, moment, words

TEMPLATE_FIELDS = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "template_correct_category_detection",
    }
)

#: Events of phone_number_quality_update that rate the number. "Unflagged" may be yellow or green.
QUALITY = {"FLAGGED": "RED", "UNFLAGGED": "UNKNOWN"}

#: How deep into a value, and how many, facts are told; the rest is in the raw leaf.
MAX_FACT_DEPTH = 4
MAX_FACTS = 40
#: Uninformative facts: the event's time, and misplaced parts of Meta's samples.
UNTOLD = frozenset({"timestamp", "field", "object", "messaging product"})


def template(change: Change) -> Iterator[events.AnyEvent]:
    """A message template was approved, rejected, edited, recategorized or rated."""
    value = change.value
    name = words(value.get("message_template_name"))
    event = words(value.get("event"))
    category = (
        words(value.get("new_category"))
        or words(value.get("message_template_category"))
        or words(value.get("category"))
    )
    quality = words(value.get("new_quality_score"))
    reason = _reason(value)
    told = {
        "now": plain(event),
        "category": plain(category),
        "category soon" if "new_category" in value else "category should be": plain(
            words(value.get("correct_category"))
        ),
        "quality": plain(quality),
        "because": reason if reason != words(value.get("reason")) else plain(reason),
    }
    facts = ", ".join(f"{key} {fact}" for key, fact in told.items() if fact)
    language = words(value.get("message_template_language")).replace("-", "_")
    yield events.TemplateChanged(
        **about(change),
        webhook_field=change.field,
        template_id=fields.identifier(value.get("message_template_id")),
        name=name,
        language=language,
        summary=sentence(f"Template {name} ({language}): {facts or 'changed'}"),
        status=event[: fields.MAX_WORD],
        category=category[: fields.MAX_WORD],
        quality=quality[: fields.MAX_WORD],
        reason=reason,
    )


def _reason(value: Leaf) -> str:
    """Why a template was rejected or paused: Meta's keyword, and its advice if any."""
    rejection, other = mapping(value.get("rejection_info")), mapping(value.get("other_info"))
    told = (
        words(value.get("reason")),
        words(rejection.get("reason")),
        words(rejection.get("recommendation")),
        words(other.get("description")),
    )
    return " ".join(dict.fromkeys(part for part in told if part not in ("", "NONE")))


def number(change: Change) -> Iterator[events.AnyEvent]:
    """Any other update about a number or account. Known fields have sentences of their own, others list their facts."""
    write = SENTENCES.get(change.field)
    text, changes = write(change.value) if write else (_facts_of(change), {})
    yield events.NumberChanged(
        **about(change),
        webhook_field=change.field,
        summary=sentence(text),
        changes={key: value for key, value in changes.items() if value},
    )


def about(change: Change) -> dict[str, Any]:
    """The event arguments of a change without leaves. These fields usually have no metadata; some name the number by
    its digits, some by its id, most only the account."""
    value = change.value
    found = change.about(value, change.path)
    found["at"] = found["at"] or change.at
    # When a partner is added or removed, the entry is the business portfolio's.
    found["waba_id"] = fields.identifier(mapping(value.get("waba_info")).get("waba_id")) or change.waba_id
    if not change.display_phone_number:
        found["display_phone_number"] = fields.phone(value.get("display_phone_number") or value.get("phone_number"))
    if not change.phone_number_id:
        named = mapping(value.get("phone_number_settings")).get("phone_number_id")
        if value.get("entity_type") == "PHONE_NUMBER":
            named = value.get("entity_id")
        found["phone_number_id"] = fields.identifier(named)
    return found


def _quality(value: Leaf) -> tuple[str, dict[str, str]]:
    event = words(value.get("event"))
    limit = words(value.get("current_limit")) or words(value.get("max_daily_conversations_per_business"))
    changes = {"quality": QUALITY.get(event, "")}
    if event == "THROUGHPUT_UPGRADE":
        return "Throughput was upgraded", {"throughput": "HIGH", "messaging_limit": limit}
    return f"Quality: {plain(event)}" + (f", limit {limit}" if limit else ""), changes | {"messaging_limit": limit}


def _name(value: Leaf) -> tuple[str, dict[str, str]]:
    decision, name = words(value.get("decision")), words(value.get("requested_verified_name"))
    reason = words(value.get("rejection_reason"))
    text = f"Display name {name}: {plain(decision)}" + (f", {plain(reason)}" if reason not in ("", "NONE") else "")
    return text, {"verified_name": name if decision == "APPROVED" else ""}


def _capability(value: Leaf) -> tuple[str, dict[str, str]]:
    limit = words(value.get("max_daily_conversations_per_business")) or words(
        value.get("max_daily_conversation_per_phone")
    )
    numbers = words(value.get("max_phone_numbers_per_business") or value.get("max_phone_numbers_per_waba"))
    parts = [f"messaging limit {limit}" if limit else "", f"up to {numbers} phone numbers" if numbers else ""]
    return "Limits: " + (", ".join(filter(None, parts)) or "changed"), {"messaging_limit": limit}


def _account(value: Leaf) -> tuple[str, dict[str, str]]:
    told = {key: part for key, part in value.items() if key not in ("event", "phone_number", "waba_info")}
    parts = [plain(words(value.get("event"))), *facts(told)]
    return "Account: " + (", ".join(filter(None, parts)) or "changed").replace("waba ban", "ban"), {}


def _alert(value: Leaf) -> tuple[str, dict[str, str]]:
    alert = mapping(value.get("alert_info")) or value
    severity = plain(words(alert.get("alert_severity")))
    told = (plain(words(alert.get("alert_type"))), words(alert.get("alert_description")))
    return f"Alert ({severity or 'of unknown weight'}): " + (": ".join(filter(None, told)) or "no details"), {}


def _handover(value: Leaf) -> tuple[str, dict[str, str]]:
    """Meta Business Agent takes a conversation or hands it to us; the customer is named by phone only."""
    step = plain(words(value.get("type"))) or next(
        (plain(key) for key in value if key.startswith("control")), "changed"
    )
    person = words(mapping(value.get("sender")).get("phone_number"))
    return f"AI agent's conversation: {step}" + (f", with {person}" if person else ""), {}


def _flow(value: Leaf) -> tuple[str, dict[str, str]]:
    return words(value.get("message")) or "Flow: " + ", ".join(facts(value)), {}


SENTENCES: dict[str, Callable[[Leaf], tuple[str, dict[str, str]]]] = {
    "phone_number_quality_update": _quality,
    "phone_number_name_update": _name,
    "business_capability_update": _capability,
    "account_update": _account,
    "account_alerts": _alert,
    "flows": _flow,
    "messaging_handovers": _handover,
}


def sentence(text: str) -> str:
    """The text with a full stop, at most MAX_SUMMARY characters."""
    text = text.rstrip(" .")
    return f"{text}." if len(text) < MAX_SUMMARY else f"{text[: MAX_SUMMARY - 1]}…"


def plain(word: str) -> str:
    """PIN_RESET_REQUEST → pin reset request. Other text is unchanged."""
    spaced = word.replace("_", " ")
    return spaced.lower() if word == word.upper() or word == word.lower() else word


def facts(part: Leaf) -> list[str]:
    """All facts in an object, in order: "event: pin changed"."""
    found: list[str] = []
    _collect(part, "", found, MAX_FACT_DEPTH)
    return found


def _collect(part: object, name: str, found: list[str], depth: int) -> None:
    if len(found) >= MAX_FACTS:
        return
    if isinstance(part, dict | list):
        named = part.items() if isinstance(part, dict) else ((name, child) for child in part)
        for key, child in named if depth else ():
            _collect(child, plain(str(key)), found, depth - 1)
        return
    text = ("yes" if part else "no") if isinstance(part, bool) else words(part)
    at = moment(part) if any(hint in name for hint in ("time", "expiration", "date")) else None
    if at:
        text = f"{at:%Y-%m-%d %H:%M} UTC"
    elif name in ("type", "event") or (text.isupper() and len(text) > 3):  # but not the country PT
        text = plain(text)
    if text and name not in UNTOLD:
        found.append(f"{name}: {text}")


def _facts_of(change: Change) -> str:
    told = facts({key: part for key, part in change.value.items() if key not in ("metadata", "contacts")})
    return f"{plain(change.field).capitalize()}: " + (", ".join(told) or "no details")
