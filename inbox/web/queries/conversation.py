"""One conversation as its page shows it."""

from __future__ import annotations

from dataclasses import dataclass

from inbox.models import Agent, Contact, Conversation, Draft
from inbox.models.conversations import ConversationQuerySet
from inbox.web.queries import rows
from whatsapp.models import PhoneNumber


def _all(model: type[Conversation | Contact | PhoneNumber | Draft], *without: str) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if field.name not in without]


CONVERSATION = rows.Columns(Conversation, "c", _all(Conversation))
CONTACT = rows.Columns(Contact, "k", _all(Contact))
NUMBER = rows.Columns(PhoneNumber, "n", _all(PhoneNumber, "access_token"))
DRAFT = rows.Columns(Draft, "d", _all(Draft))
READ = f"""
SELECT {CONVERSATION.sql}, {CONTACT.sql}, {NUMBER.sql}, {DRAFT.sql},
       EXISTS (SELECT FROM inbox_pinnedconversation p WHERE p.conversation_id = c.id AND p.agent_id = %s),
       pg_current_snapshot()::text
FROM chosen JOIN inbox_conversation c ON c.id = chosen.id
JOIN inbox_contact k ON k.id = c.contact_id JOIN whatsapp_phonenumber n ON n.id = c.number_id
LEFT JOIN inbox_draft d ON d.conversation_id = c.id AND d.agent_id = %s
"""  # noqa: S608  # our own columns


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with its contact and number, and what one agent has in it."""

    conversation: Conversation
    draft: Draft | None
    pinned: bool
    #: Of live updates, at this moment. Read messages after it.
    cursor: str


def opened(chosen: ConversationQuerySet, agent: Agent) -> Opened | None:
    """The one conversation that the queryset chooses, in one query; None when there is none."""
    found = rows.read(chosen, READ, agent.pk, agent.pk)
    if not found:
        return None
    values = list(found[0])
    conversation, contact = CONVERSATION.take(values), CONTACT.take(values)
    conversation._state.fields_cache |= {"contact": contact, "number": NUMBER.take(values)}
    draft = DRAFT.take(values) if values[0] is not None else None
    pinned, cursor = values[-2:]
    return Opened(conversation, draft, pinned, cursor)
