"""The admin of the product: what an administrator needs to find and mend at three in the morning."""

from inbox.admin import (
    agents,
    contacts,
    imported_items,
    journal,
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
    "media",
    "messages",
    "numbers",
    "outbox",
    "programs",
    "reconciliations",
]
