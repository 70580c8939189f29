"""Rows of the product: people, conversations, messages, media, what is being sent, programs, what was moved in."""

from inbox.models.agents import Agent
from inbox.models.contacts import Contact, ContactIdentity
from inbox.models.conversations import Conversation, PinnedConversation
from inbox.models.imports import ImportedItem, ImportPosition, Reconciliation, ReconciliationFault
from inbox.models.media import Media
from inbox.models.messages import Message, PendingStatus, Reaction, Revision
from inbox.models.operations import Probe, SlowAnswer, WorkerProcess
from inbox.models.programs import ApiToken, KeptAnswer, Program, WebhookDelivery, WebhookEndpoint
from inbox.models.sending import Draft, Outbox, OutboxEntry, Pace, ReadReceipt, Upload
from inbox.models.usage import OpenStream, Usage

__all__ = [
    "Agent",
    "ApiToken",
    "Contact",
    "ContactIdentity",
    "Conversation",
    "Draft",
    "ImportPosition",
    "ImportedItem",
    "KeptAnswer",
    "Media",
    "Message",
    "OpenStream",
    "Outbox",
    "OutboxEntry",
    "Pace",
    "PendingStatus",
    "PinnedConversation",
    "Probe",
    "Program",
    "Reaction",
    "ReadReceipt",
    "Reconciliation",
    "ReconciliationFault",
    "Revision",
    "SlowAnswer",
    "Upload",
    "Usage",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WorkerProcess",
]
