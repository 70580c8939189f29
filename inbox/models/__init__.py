"""Rows of the product: agents, contacts, conversations, messages and their media."""

from inbox.models.agents import Agent
from inbox.models.contacts import Contact, ContactIdentity
from inbox.models.conversations import Conversation
from inbox.models.media import Media
from inbox.models.messages import Message, PendingStatus, Reaction, Revision

__all__ = [
    "Agent",
    "Contact",
    "ContactIdentity",
    "Conversation",
    "Media",
    "Message",
    "PendingStatus",
    "Reaction",
    "Revision",
]
