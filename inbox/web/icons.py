"""Icons and ticks as they stand in pages: HTML of ours alone, each drawn once per process."""

from __future__ import annotations

from functools import cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

NOTHING = SafeString("")
SMALL = "icon--small"
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


@cache
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of static/icons.svg, nothing for no name. It says nothing by itself: words stand beside it."""
    if not name:
        return NOTHING
    return format_html(
        '<svg class="icon{}{}" aria-hidden="true"><use href="{}#icon-{}"/></svg>',
        " " if classes else "",
        classes,
        static("icons.svg"),
        name,
    )


@cache
def brand() -> SafeString:
    return format_html('<svg aria-hidden="true"><use href="{}#brand"/></svg>', static("icons.svg"))


@cache
def tick(status: str) -> SafeString:
    """The mark for what became of a message of ours; nothing for a status that is none."""
    if status not in TICKS:
        return NOTHING
    name, word = TICKS[status]
    return format_html(
        '<span class="tick tick--{}">{}{}<span class="visually-hidden">{}</span></span>',
        status,
        icon(name),
        icon("mic", "tick__mic") if status == "played" else NOTHING,
        word,
    )
