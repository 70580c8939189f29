"""Small pieces of the page that stand in many templates: icons and ticks."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from inbox import wording

register = template.Library()

#: What a status looks like: the icon, and the word for who does not see it.
TICKS = {
    "queued": ("queued", "Queued"),
    "sending": ("sending", "Sending"),
    "sent": ("tick-sent", "Sent"),
    "delivered": ("tick-double", "Delivered"),
    "read": ("tick-double", "Read"),
    "played": ("tick-double", "Played"),
    "failed": ("alert", "Not sent"),
    "unknown": ("unknown", "May have been sent"),
}


@register.simple_tag
@cache
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of static/icons.svg: {% icon "clock" %}, {% icon "clock" "icon--small" %}. Says nothing by itself."""
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="{}#icon-{}"/></svg>',
        " " if classes else "",
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag
@cache
def brand() -> SafeString:
    return format_html('<svg aria-hidden="true"><use href="{}#brand"/></svg>', static("icons.svg"))


@register.simple_tag
@cache
def tick(status: str) -> SafeString:
    """The mark for what became of a message of ours; nothing for a status that is none."""
    if status not in TICKS:
        return SafeString("")
    name, word = TICKS[status]
    microphone = icon("mic", "tick__mic") if status == "played" else ""
    return format_html(
        '<span class="tick tick--{}">{}{}<span class="visually-hidden">{}</span></span>',
        status,
        icon(name),
        microphone,
        word,
    )


@cache
def _messages_in_admin() -> str:
    return reverse("admin:index") + "inbox/message/"


@register.simple_tag
def inspect_href(message_id: int) -> str:
    """Where an administrator reads a message as it came."""
    return f"{_messages_in_admin()}{message_id}/change/"


@register.filter
def left(moment: datetime) -> str:
    """How long it is until a moment, in words: 23 h 58."""
    return wording.wait((moment - timezone.now()).total_seconds())
