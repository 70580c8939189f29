"""What the lines say that stand in a thread and that nobody wrote: changed numbers, hand-overs, steps of groups."""

from __future__ import annotations

from typing import Any

from inbox.formatting.humanize import phone_words

#: The icon of a line, by the type of its payload.
ICONS = {"call_transcript": "file", "handover": "bot", "ai_summary": "bot", "group": "person"}
AI_AGENT = "Meta Business Agent"
#: What happened to a group as a whole.
GROUP_STEPS = {
    "deleted": "The group was deleted",
    "suspended": "WhatsApp suspended the group",
    "unsuspended": "WhatsApp lifted the group’s suspension",
}
#: What people of a group did.
PEOPLE_STEPS = {
    "joined": "joined the group",
    "left": "left the group",
    "removed": "removed from the group",
    "asked": "asked to join the group",
    "withdrew": "no longer asks to join the group",
}
#: More names than these are a number.
NAMES = 3


def icon(payload: dict[str, Any]) -> str:
    return ICONS.get(str(payload.get("type")), "swap")


def words(payload: dict[str, Any], name: str = "") -> str:
    """The line itself; ``name`` is what the contact is called, where the line has room for it."""
    match payload.get("type"):
        case "call_transcript":
            return "Transcript of the call"
        case "ai_summary":
            return f"Summary by {AI_AGENT}"
        case "handover":
            return _handover(payload)
        case "group":
            return _group(payload)
    return str(payload.get("body") or (f"{name} changed their number or id." if name else "Changed their number or id"))


def detail(payload: dict[str, Any]) -> str:
    """What stands below the line: the summary of a hand-over, the description of a group."""
    return str(payload.get("summary") or payload.get("description") or "")


def preview(payload: dict[str, Any]) -> str:
    """The one line of the conversation list: the summary tells more than that there is one."""
    return ": ".join(filter(None, [words(payload), str(payload.get("summary") or "")]))


def _handover(payload: dict[str, Any]) -> str:
    match payload.get("to"), payload.get("step"):
        case "ai_agent", _:
            said = f"{AI_AGENT} answers from now on"
        case "team", "control_taken":
            said = f"The team took over from {AI_AGENT}"
        case "team", _:
            said = f"{AI_AGENT} handed over to the team"
        case _:
            said = f"The conversation changed hands between {AI_AGENT} and the team"
    return f"{said}: {payload['reason']}" if payload.get("reason") else said


def _group(payload: dict[str, Any]) -> str:
    step, subject = str(payload.get("step") or ""), str(payload.get("subject") or "")
    if step == "created":
        return f"The group “{subject}” was created" if subject else "The group was created"
    if step in PEOPLE_STEPS:
        return f"{_names(payload.get('people'))} {_verb(step, payload.get('people'))}"
    if step == "settings":
        changed = [
            f"New name of the group: {subject}" if subject else "",
            "New description" if payload.get("description") else "",
            "New picture" if payload.get("picture") else "",
        ]
        return " · ".join(filter(None, changed))
    return GROUP_STEPS.get(step) or f"The group changed: {step or 'WhatsApp does not say how'}"


def _verb(step: str, people: object) -> str:
    many = isinstance(people, list) and len(people) > 1
    if step == "removed":
        return f"{'were' if many else 'was'} {PEOPLE_STEPS[step]}"
    return "no longer ask to join the group" if many and step == "withdrew" else PEOPLE_STEPS[step]


def called(name: str) -> str:
    """Somebody of a group by the name in a payload, which is a phone number where WhatsApp tells no name."""
    return phone_words(name) if name.startswith("+") else name or "Somebody"


def _names(people: object) -> str:
    known = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    names = [called(str(person.get("name") or "")) for person in known]
    if not names:
        return "Somebody"
    if len(names) > NAMES:
        return f"{', '.join(names[:NAMES])} and {len(names) - NAMES} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
