"""Icons and status ticks as HTML, rendered once per process (and language)."""

from __future__ import annotations

from functools import cache

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy

NOTHING = SafeString("")
SMALL = "icon--small"
#: The icon of a message's status, and its name for screen readers.
TICKS = {
    "queued": ("queued", gettext_lazy("Queued")),
    "sending": ("sending", gettext_lazy("Sending")),
    "sent": ("tick-sent", gettext_lazy("Sent")),
    "delivered": ("tick-double", gettext_lazy("Delivered")),
    "read": ("tick-double", gettext_lazy("Read")),
    "played": ("tick-double", gettext_lazy("Played")),
    "failed": ("alert", gettext_lazy("Not sent")),
    "unknown": ("unknown", gettext_lazy("May have been sent")),
}


@cache
def icon(name: str, classes: str = "") -> SafeString:
    """An icon of static/icons.svg, nothing for an empty name. Hidden from screen readers: text must stand beside it."""
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


def tick(status: str) -> SafeString:
    """The mark of an outbound message's status, in the reader's language; nothing for any other status."""
    return _tick(status, get_language() or "") if status in TICKS else NOTHING


@cache
def _tick(status: str, _language: str) -> SafeString:
    name, label = TICKS[status]
    return format_html(
        '<span class="tick tick--{}">{}{}<span class="visually-hidden">{}</span></span>',
        status,
        icon(name),
        icon("mic", "tick__mic") if status == "played" else NOTHING,
        label,
    )
