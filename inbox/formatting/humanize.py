"""Facts as people read them: names, phone numbers, sizes, waits and days."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, timedelta
from functools import lru_cache

import phonenumbers

from inbox.models import Contact

__all__ = [
    "clock",
    "day_name",
    "display_name",
    "initials",
    "moment",
    "phone_words",
    "row_time",
    "size",
    "time_left",
    "wait",
]

#: What would turn or hide the text around a name: directional marks, embeddings, isolates, invisible and control
#: characters. Joiners stay: Persian words and family emoji need them.
UNSAFE_IN_NAMES = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
NAME_LENGTH = 80
MONTHS = list(calendar.month_name)


def clean_name(name: str) -> str:
    """A name that cannot disturb the line it stands in, at most 80 characters; empty when nothing visible is left."""
    words = " ".join(UNSAFE_IN_NAMES.sub(" ", name[: NAME_LENGTH * 4]).split())
    return words[: NAME_LENGTH - 1] + "…" if len(words) > NAME_LENGTH else words


def display_name(contact: Contact) -> str:
    """What we call a contact: the profile name, else the username, else the phone number."""
    name = clean_name(contact.profile_name)
    if name:
        return name
    if contact.username:
        return f"@{clean_name(contact.username)}"
    if contact.phone:
        return phone_words(contact.phone)
    return "Group" if contact.is_group else "Somebody without a name"


@lru_cache(maxsize=4096)
def phone_words(phone: str) -> str:
    """+351912345678 → +351 912 345 678; what is not a phone number comes back as it is."""
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
    """Bytes as file managers write them, in thousands: 412 kB, 1.8 MB, 24.6 MB."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    if count < 1_000_000_000:
        return f"{count / 1_000_000:.1f} MB"
    return f"{count / 1_000_000_000:.1f} GB"


def wait(seconds: float) -> str:
    """A stretch of time in its largest useful units: 40 s, 35 min, 1 h 50, 23 h, 3 days."""
    seconds = max(int(seconds), 0)
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02}" if minutes else f"{hours} h"
    days = hours // 24
    return "1 day" if days == 1 else f"{days} days"


def time_left(seconds: float) -> str:
    """The time until a window closes, as static/js/countdown.js goes on counting it: 23 h 58, 12 min."""
    if seconds <= 0:
        return "no time"
    return "less than a minute" if seconds < 60 else wait(min(seconds, 86_399))


def day_name(day: date, today: date) -> str:
    """The name of a day in a thread: Today, Yesterday, Friday 20 November, 20 November 2025."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day.year == today.year:
        return f"{day:%A} {day.day} {day:%B}"
    return f"{day.day} {day:%B} {day.year}"


def row_time(at: datetime, today: date) -> str:
    """The time in a list row, from a local datetime: 10:42 today, Sat this week, 20 Nov this year, 20 Nov 2025."""
    day = at.date()
    if day == today:
        return hour(at)
    if today - timedelta(days=6) <= day < today:
        return f"{at:%a}"
    return f"{at.day} {at:%b}" if day.year == today.year else f"{at.day} {at:%b} {at.year}"


def hour(at: datetime) -> str:
    """The time of day of a local datetime: 10:42."""
    return f"{at.hour:02}:{at.minute:02}"


def clock(seconds: float) -> str:
    """A length of time as players show it: 12 → "0:12", 3725 → "1:02:05"."""
    minutes, rest = divmod(max(round(seconds), 1 if seconds > 0 else 0), 60)  # nothing that plays has no length
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(at: datetime) -> str:
    """A point in time in full, from a local datetime: 20 November 2026, 10:42:05."""
    return f"{at.day} {MONTHS[at.month]} {at.year}, {at.hour:02}:{at.minute:02}:{at.second:02}"
