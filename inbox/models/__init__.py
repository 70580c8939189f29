"""Rows of the product: agents, contacts, conversations, messages, their media, and what is being sent."""

from inbox.models.agents import Agent
from inbox.models.contacts import Contact, ContactIdentity
from inbox.models.conversations import Conversation
from inbox.models.media import Media
from inbox.models.messages import Message, PendingStatus, Reaction, Revision
from inbox.models.sending import Draft, Outbox, OutboxEntry, Pace, Upload

__all__ = [
    "Agent",
    "Contact",
    "ContactIdentity",
    "Conversation",
    "Draft",
    "Media",
    "Message",
    "Outbox",
    "OutboxEntry",
    "Pace",
    "PendingStatus",
    "Reaction",
    "Revision",
    "Upload",
]
