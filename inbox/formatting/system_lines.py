"""System lines of a thread, which nobody wrote: changed numbers, hand-overs to an AI agent, changes of groups."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from inbox.formatting.humanize import phone_words

#: The icon of a line, by the type of its payload.
ICONS = {"call_transcript": "file", "handover": "bot", "ai_summary": "bot", "group": "person"}
#: Meta's name for it, the same in every language.
AI_AGENT = "Meta Business Agent"
#: Changes of a group as a whole.
GROUP_STEPS = {
    "deleted": gettext_lazy("The group was deleted"),
    "suspended": gettext_lazy("WhatsApp suspended the group"),
    "unsuspended": gettext_lazy("WhatsApp lifted the group’s suspension"),
}
#: More people than these are not named but counted.
NAMES = 3


def icon(payload: dict[str, Any]) -> str:
    return ICONS.get(str(payload.get("type")), "swap")


def line(payload: dict[str, Any], name: str = "") -> str:
    """The line itself. ``name`` is the contact's, where the line has room for it."""
    match payload.get("type"):
        case "call_transcript":
            return _("Transcript of the call")
        case "ai_summary":
            return _("Summary by %(agent)s") % {"agent": AI_AGENT}
        case "handover":
            return _handover(payload)
        case "group":
            return _group(payload)
    if payload.get("body"):
        return str(payload["body"])
    if name:
        return _("%(name)s changed their number or ID.") % {"name": name}
    return _("Changed their number or ID")


def detail(payload: dict[str, Any]) -> str:
    """The text below the line: the summary of a hand-over, the description of a group."""
    return str(payload.get("summary") or payload.get("description") or "")


def preview(payload: dict[str, Any]) -> str:
    """The line for the conversation list, with the summary if there is one."""
    return ": ".join(filter(None, [line(payload), str(payload.get("summary") or "")]))


def _handover(payload: dict[str, Any]) -> str:
    match payload.get("to"), payload.get("step"):
        case "ai_agent", _step:
            text = _("%(agent)s answers from now on")
        case "team", "control_taken":
            text = _("The team took over from %(agent)s")
        case "team", _step:
            text = _("%(agent)s handed over to the team")
        case _:
            text = _("The conversation changed hands between %(agent)s and the team")
    text = text % {"agent": AI_AGENT}
    return f"{text}: {payload['reason']}" if payload.get("reason") else text


def _group(payload: dict[str, Any]) -> str:
    step, subject = str(payload.get("step") or ""), str(payload.get("subject") or "")
    if step == "created":
        return _("The group “%(name)s” was created") % {"name": subject} if subject else _("The group was created")
    if step == "settings":
        changed = [
            _("New group name: %(name)s") % {"name": subject} if subject else "",
            _("New description") if payload.get("description") else "",
            _("New picture") if payload.get("picture") else "",
        ]
        return " · ".join(filter(None, changed))
    if step in GROUP_STEPS:
        return str(GROUP_STEPS[step])
    return _people_step(step, payload.get("people")) or _other_step(step)


def _other_step(step: str) -> str:
    return _("The group changed: %(step)s") % {"step": step} if step else _("The group changed")


def _people_step(step: str, people: object) -> str:
    """What people of a group did; empty for an unknown step."""
    known = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    values = {"names": _names([called(str(person.get("name") or "")) for person in known])}
    count = max(len(known), 1)
    match step:
        case "joined":
            return ngettext("%(names)s joined the group", "%(names)s joined the group", count) % values
        case "left":
            return ngettext("%(names)s left the group", "%(names)s left the group", count) % values
        case "removed":
            text = ngettext("%(names)s was removed from the group", "%(names)s were removed from the group", count)
            return text % values
        case "asked":
            return ngettext("%(names)s asked to join the group", "%(names)s asked to join the group", count) % values
        case "withdrew":
            text = ngettext(
                "%(names)s no longer asks to join the group", "%(names)s no longer ask to join the group", count
            )
            return text % values
    return ""


def called(name: str) -> str:
    """Somebody of a group by the name in a payload, which is a phone number where WhatsApp tells no name."""
    return phone_words(name) if name.startswith("+") else name or _("Unknown contact")


def _names(names: list[str]) -> str:
    """Amara, Bo and Chen; Amara, Bo, Chen and 4 more."""
    if len(names) > NAMES:
        more = len(names) - NAMES
        text = ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more)
        return text % {"names": ", ".join(names[:NAMES]), "count": more}
    if len(names) > 1:
        return _("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}
    return names[0] if names else _("Unknown contact")
