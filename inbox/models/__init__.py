"""Rows of the product: agents, contacts, conversations, messages, their media, what is being sent, programs."""

from inbox.models.agents import Agent
from inbox.models.contacts import Contact, ContactIdentity
from inbox.models.conversations import Conversation
from inbox.models.media import Media
from inbox.models.messages import Message, PendingStatus, Reaction, Revision
from inbox.models.programs import ApiToken, KeptAnswer, Program, WebhookDelivery, WebhookEndpoint
from inbox.models.sending import Draft, Outbox, OutboxEntry, Pace, ReadReceipt, Upload

__all__ = [
    "Agent",
    "ApiToken",
    "Contact",
    "ContactIdentity",
    "Conversation",
    "Draft",
    "KeptAnswer",
    "Media",
    "Message",
    "Outbox",
    "OutboxEntry",
    "Pace",
    "PendingStatus",
    "Program",
    "Reaction",
    "ReadReceipt",
    "Revision",
    "Upload",
    "WebhookDelivery",
    "WebhookEndpoint",
]
