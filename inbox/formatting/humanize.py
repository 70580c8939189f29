"""Names, phone numbers, sizes, durations and times as people read them, in the reader's language."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

import phonenumbers
from django.utils.formats import date_format, number_format
from django.utils.translation import get_language, ngettext

from core.translation import gettext as _
from inbox.models import Contact

__all__ = [
    "clock",
    "day_name",
    "display_name",
    "format_day",
    "initials",
    "moment",
    "phone_words",
    "row_time",
    "size",
    "time_left",
    "wait",
]

#: Characters that would reorder or hide the text around a name: directional marks, embeddings, isolates, invisible and
#: control characters. Joiners stay: Persian words and family emoji need them.
UNSAFE_IN_NAMES = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
NAME_LENGTH = 80


def clean_name(name: str) -> str:
    """A name that cannot disturb the line it stands in, at most 80 characters; empty when nothing visible is left."""
    words = " ".join(UNSAFE_IN_NAMES.sub(" ", name[: NAME_LENGTH * 4]).split())
    return words[: NAME_LENGTH - 1] + "…" if len(words) > NAME_LENGTH else words


def display_name(contact: Contact) -> str:
    """The contact's profile name, otherwise their username, otherwise their phone number."""
    name = clean_name(contact.profile_name)
    if name:
        return name
    if contact.username:
        return f"@{clean_name(contact.username)}"
    if contact.phone:
        return phone_words(contact.phone)
    return _("Group") if contact.is_group else _("Unknown contact")


@lru_cache(maxsize=4096)
def phone_words(phone: str) -> str:
    """+351912345678 → +351 912 345 678; anything else is returned unchanged."""
    try:
        number = phonenumbers.parse(phone if phone.startswith("+") else f"+{phone}")
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def initials(name: str) -> str:
    """Up to two letters for an avatar: "Amara Okafor" → "AO"; "@" for a username, empty for a number or emoji."""
    if name.startswith("@"):
        return "@"
    letters = [word[0] for word in name.split() if word[0].isalpha()]
    return "".join(letters[:1] + letters[1:][-1:]).upper()[:2]


def size(count: int) -> str:
    """Bytes in decimal units, in the reader's number format: 412 kB, 1.8 MB, 24.6 MB."""
    if count < 1000:
        return _("%(size)s B") % {"size": count}
    if count < 1_000_000:
        return _("%(size)s kB") % {"size": number_format(round(count / 1000))}
    if count < 1_000_000_000:
        return _("%(size)s MB") % {"size": number_format(count / 1_000_000, 1)}
    return _("%(size)s GB") % {"size": number_format(count / 1_000_000_000, 1)}


def wait(seconds: float) -> str:
    """A duration in its largest useful units: 40 s, 35 min, 1 h 50, 23 h, 3 days."""
    seconds = max(int(seconds), 0)
    if seconds < 60:
        return _("%(seconds)d s") % {"seconds": seconds}
    minutes = seconds // 60
    if minutes < 60:
        return _("%(minutes)d min") % {"minutes": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours >= 24:
        days = hours // 24
        return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
    if not minutes:
        return _("%(hours)d h") % {"hours": hours}
    return _("%(hours)d h %(minutes)02d") % {"hours": hours, "minutes": minutes}


def time_left(seconds: float) -> str:
    """The time until a window closes; static/js/live/countdown.js counts on in the same form: 23 h 58, 12 min."""
    if seconds <= 0:
        return _("no time")
    return _("less than a minute") if seconds < 60 else wait(min(seconds, 86_399))


@lru_cache(maxsize=4096)
def _date(day: date, name: str, _language: str) -> str:
    """``day`` in a format of config/formats: a page shows the same few days many times."""
    return date_format(day, name)


def format_day(day: date, name: str) -> str:
    """``day`` in the reader's language, in the format of config/formats that ``name`` names."""
    return _date(day, name, get_language() or "")


def day_name(day: date, today: date) -> str:
    """The heading of a day in a thread: Today, Yesterday, Friday 20 November, 20 November 2025."""
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return format_day(day, "WEEKDAY_AND_DAY_FORMAT" if day.year == today.year else "LONG_DATE_FORMAT")


def row_time(at: datetime, today: date) -> str:
    """The time in a list row, from a local datetime: 10:42 today, Sat this week, 20 Nov this year, 20 Nov 2025."""
    day = at.date()
    if day == today:
        return hour(at)
    if today - timedelta(days=6) <= day < today:
        return format_day(day, "WEEKDAY_FORMAT")
    return format_day(day, "DAY_AND_MONTH_FORMAT" if day.year == today.year else "DAY_AND_YEAR_FORMAT")


def hour(at: datetime) -> str:
    """The time of day of a local datetime: 10:42."""
    return f"{at.hour:02}:{at.minute:02}"


def clock(seconds: float) -> str:
    """A duration as players show it: 12 → "0:12", 3725 → "1:02:05"."""
    minutes, rest = divmod(max(round(seconds), 1 if seconds > 0 else 0), 60)  # what plays is never 0:00
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(at: datetime) -> str:
    """A point in time in full, from a local datetime: 20 November 2026, 10:42:05."""
    day = format_day(at.date(), "LONG_DATE_FORMAT")
    return _("%(day)s, %(time)s") % {"day": day, "time": f"{at.hour:02}:{at.minute:02}:{at.second:02}"}
