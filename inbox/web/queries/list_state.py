"""What every page of the inbox shows around its rows: the agent's numbers, unread conversations, pins and drafts."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox import access
from inbox.models import Agent
from inbox.web.drawn import Drawn
from inbox.web.queries import rows
from whatsapp.models import PhoneNumber

#: Colors of our numbers.
SWATCHES = 6
#: Unread conversations are counted up to this; badges then say "99+".
COUNT_LIMIT = 100
#: Waiting messages are counted up to this: a page does not wait for a million to be counted.
WAITING_LIMIT = 10_000
#: Characters of a draft that a row of the list has room for.
DRAFT_LENGTH = 120

# One statement, which begins with the cursor for live updates: everything in it is as that cursor says.
READ = """
SELECT pg_current_snapshot()::text,
    (SELECT coalesce(json_agg(json_build_array(
        n.id, n.name, n.display_number, n.phone_number_id, o.reason, n.send_rate, n.throughput,
        (SELECT count(*) FROM (SELECT FROM inbox_outboxentry e WHERE e.number_id = n.id LIMIT %s) w)
    ) ORDER BY n.id), '[]')
    FROM chosen JOIN whatsapp_phonenumber n ON n.id = chosen.id
    LEFT JOIN inbox_outbox o ON o.number_id = n.id AND o.active),
    (SELECT count(*) FROM (
        SELECT FROM inbox_conversation c
        WHERE c.number_id = ANY (ARRAY(SELECT id FROM chosen)) AND c.unread_count > 0 LIMIT %s
    ) u),
    ARRAY(SELECT conversation_id FROM inbox_pinnedconversation WHERE agent_id = %s),
    (SELECT coalesce(json_agg(json_build_array(conversation_id, left(btrim(text), %s))), '[]') FROM inbox_draft d
    WHERE agent_id = %s AND (text ~ '\\S' OR EXISTS (SELECT FROM inbox_upload u WHERE u.draft_id = d.id)))
"""


@dataclass(frozen=True, slots=True)
class Number(Drawn):
    """One of our numbers as the list shows it: its name and the color of its square."""

    id: int
    name: str
    swatch: int


@dataclass(frozen=True, slots=True)
class Outbox:
    """The messages of one number that wait to be sent. ``reason``: why sending is paused; None when it is not."""

    number: Number
    reason: str | None
    send_rate: int
    throughput: str
    waiting: int


@dataclass(frozen=True, slots=True)
class ListState:
    #: Of live updates, at the moment of the rest.
    cursor: str
    #: Those that the agent sees, in the order of their ids.
    numbers: list[Number]
    outboxes: list[Outbox]
    #: Conversations with unread messages, counted up to COUNT_LIMIT.
    unread: int
    #: Ids of conversations, which the agent may no longer see.
    pinned: list[int]
    #: The beginning of each draft by conversation, "files" where there are only files, as scripts show it.
    drafts: dict[int, str]


def read(agent: Agent) -> ListState:
    """The state of one agent's list, in one query. Read the rows of a page after it."""
    parameters = (WAITING_LIMIT, COUNT_LIMIT, agent.pk, DRAFT_LENGTH, agent.pk)
    ((cursor, known, unread, pinned, drafts),) = rows.read(access.visible_numbers(agent), READ, *parameters)
    numbers, outboxes = [], []
    for index, (id, name, display, phone_number_id, reason, send_rate, throughput, waiting) in enumerate(known):
        row = PhoneNumber(name=name, display_number=display, phone_number_id=phone_number_id)
        numbers.append(number := Number(id, str(row), index % SWATCHES))
        if reason is not None or waiting:
            outboxes.append(Outbox(number, reason, send_rate, throughput, waiting))
    beginnings = {conversation: text.strip() or _("files") for conversation, text in drafts}
    return ListState(cursor, numbers, outboxes, unread, pinned, beginnings)
