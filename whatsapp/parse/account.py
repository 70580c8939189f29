"""What WhatsApp tells about our numbers, accounts, templates and groups: one readable sentence each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from whatsapp import events
from whatsapp.parse import leaves
from whatsapp.parse.leaves import Change, Leaf, mapping, objects, words

MAX_SUMMARY = 500

TEMPLATE_FIELDS = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
        "template_correct_category_detection",
    }
)

#: Events of phone_number_quality_update that say how the number is rated. No longer flagged may be yellow or green.
QUALITY = {"FLAGGED": "RED", "UNFLAGGED": "UNKNOWN"}


def template(change: Change) -> Iterator[events.AnyEvent]:
    """A message template was approved, rejected, edited, re-categorised or re-rated."""
    value = change.value
    name = words(value.get("message_template_name"))
    event = words(value.get("event"))
    category = (
        words(value.get("new_category"))
        or words(value.get("message_template_category"))
        or words(value.get("category"))
    )
    quality = words(value.get("new_quality_score"))
    reason = words(value.get("reason"))
    told = {
        "now": event.lower().replace("_", " "),
        "category": category.lower(),
        "category soon" if "new_category" in value else "category should be": words(
            value.get("correct_category")
        ).lower(),
        "quality": quality.lower(),
        "because": "" if reason == "NONE" else reason.lower().replace("_", " "),
    }
    facts = ", ".join(f"{key} {fact}" for key, fact in told.items() if fact)
    language = words(value.get("message_template_language")).replace("-", "_")
    yield events.TemplateChanged(
        **_about(change),
        webhook_field=change.field,
        template_id=leaves.identifier(value.get("message_template_id")),
        name=name,
        language=language,
        summary=f"Template {name} ({language}): {facts or 'changed'}."[:MAX_SUMMARY],
        status=event[: leaves.MAX_WORD],
        category=category[: leaves.MAX_WORD],
        quality=quality[: leaves.MAX_WORD],
        reason="" if reason == "NONE" else reason,
    )


def number(change: Change) -> Iterator[events.AnyEvent]:
    """Anything else about a number or account. Known fields get words of their own, the rest its facts in order."""
    write = SENTENCES.get(change.field)
    sentence, changes = write(change.value) if write else (_facts(change), {})
    yield events.NumberChanged(
        **_about(change),
        webhook_field=change.field,
        summary=sentence[:MAX_SUMMARY],
        changes={key: value for key, value in changes.items() if value},
    )


def _about(change: Change) -> dict[str, Any]:
    about = change.about(change.value, change.path)
    about["at"] = about["at"] or change.at
    # When a partner comes or goes the entry is the business portfolio's.
    about["waba_id"] = leaves.identifier(mapping(change.value.get("waba_info")).get("waba_id")) or change.waba_id
    if not change.display_phone_number:
        # These fields have no metadata; some name the number by its digits only.
        about["display_phone_number"] = leaves.phone(
            change.value.get("display_phone_number") or change.value.get("phone_number")
        )
    return about


def _quality(value: Leaf) -> tuple[str, dict[str, str]]:
    event = words(value.get("event"))
    limit = words(value.get("current_limit")) or words(value.get("max_daily_conversations_per_business"))
    changes = {"quality": QUALITY.get(event, "")}
    if event == "THROUGHPUT_UPGRADE":
        return "Throughput was upgraded.", {"throughput": "HIGH", "messaging_limit": limit}
    sentence = f"Quality: {_plain(event)}" + (f", limit {limit}." if limit else ".")
    return sentence, changes | {"messaging_limit": limit}


def _name(value: Leaf) -> tuple[str, dict[str, str]]:
    decision, name = words(value.get("decision")), words(value.get("requested_verified_name"))
    reason = words(value.get("rejection_reason"))
    sentence = f"Display name {name}: {_plain(decision)}" + (
        f", {_plain(reason)}." if reason not in ("", "NONE") else "."
    )
    return sentence, {"verified_name": name if decision == "APPROVED" else ""}


def _capability(value: Leaf) -> tuple[str, dict[str, str]]:
    limit = words(value.get("max_daily_conversations_per_business")) or words(
        value.get("max_daily_conversation_per_phone")
    )
    numbers = words(value.get("max_phone_numbers_per_business") or value.get("max_phone_numbers_per_waba"))
    parts = [f"messaging limit {limit}" if limit else "", f"up to {numbers} phone numbers" if numbers else ""]
    return "Limits: " + (", ".join(filter(None, parts)) or "changed") + ".", {"messaging_limit": limit}


def _account(value: Leaf) -> tuple[str, dict[str, str]]:
    parts = [_plain(words(value.get("event")))]
    ban = mapping(value.get("ban_info"))
    if ban:
        told = (_plain(words(ban.get("waba_ban_state"))), words(ban.get("waba_ban_date")))
        parts.append("ban: " + " ".join(filter(None, told)))
    violation = words(mapping(value.get("violation_info")).get("violation_type"))
    if violation:
        parts.append(f"violation: {_plain(violation)}")
    restrictions = objects(value.get("restriction_info"))
    parts += [_plain(words(restriction.get("restriction_type"))) for restriction in restrictions]
    return "Account: " + (", ".join(filter(None, parts)) or "changed") + ".", {}


def _groups(value: Leaf) -> tuple[str, dict[str, str]]:
    steps = []
    for group in objects(value.get("groups")):
        subject = words(group.get("subject"))
        steps.append(_plain(words(group.get("type"))) + (f" “{subject}”" if subject else ""))
    return f"Groups: {', '.join(filter(None, steps)) or 'changed'}.", {}


SENTENCES: dict[str, Callable[[Leaf], tuple[str, dict[str, str]]]] = {
    "phone_number_quality_update": _quality,
    "phone_number_name_update": _name,
    "business_capability_update": _capability,
    "account_update": _account,
    "group_lifecycle_update": _groups,
    "group_participants_update": _groups,
    "group_settings_update": _groups,
    "group_status_update": _groups,
}


def _plain(word: str) -> str:
    return word.lower().replace("_", " ")


def _facts(change: Change) -> str:
    """The field and every short fact of its value, one level deep."""
    skipped = ("messaging_product", "metadata", "contacts")
    facts = []
    for key, value in change.value.items():
        if key in skipped:
            continue
        text = _plain(words(value)) if not isinstance(value, bool) else str(value).lower()
        if isinstance(value, dict | list):
            text = json.dumps(value, ensure_ascii=False)[:120]
        facts.append(f"{_plain(key)}: {text}")
    return f"{_plain(change.field).capitalize()}: " + (", ".join(facts) or "no details") + "."
