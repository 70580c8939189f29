"""The admin of the inbox: numbers, people, programs, the webhook journal, and every message and file."""

from inbox.admin import (
    agents,
    contacts,
    imported_items,
    journal,
    labels,
    media,
    messages,
    numbers,
    outbox,
    programs,
    reconciliations,
)

__all__ = [
    "agents",
    "contacts",
    "imported_items",
    "journal",
    "labels",
    "media",
    "messages",
    "numbers",
    "outbox",
    "programs",
    "reconciliations",
]

labels.apply()
