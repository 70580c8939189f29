"""The admin of the product: what an administrator needs to find and mend at three in the morning."""

from inbox.admin import agents, contacts, journal, media, messages, numbers

__all__ = ["agents", "contacts", "journal", "media", "messages", "numbers"]
