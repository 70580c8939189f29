"""What an agent's list shows to nobody else: the conversations they pinned, and what they wrote and did not send."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from inbox.models import Agent

#: Characters of a draft that a row of the list has room for.
DRAFT_LENGTH = 120
#: What stands for a draft of files without words; static/js/draft.js says the same.
FILES_ONLY = "files"

# One round trip for both, and written out: the list asks for them before everything else, each time it is opened.
FIND = """
SELECT conversation_id, NULL FROM inbox_pinnedconversation WHERE agent_id = %(agent)s
UNION ALL
SELECT conversation_id, left(btrim(text), %(length)s) FROM inbox_draft d
WHERE agent_id = %(agent)s AND (text ~ '\\S' OR EXISTS (SELECT FROM inbox_upload u WHERE u.draft_id = d.id))
"""


@dataclass(frozen=True, slots=True)
class Marks:
    """Conversations by id."""

    pinned: list[int]
    #: The beginning of what is written; FILES_ONLY where there are only files.
    drafts: dict[int, str]


def of(agent: Agent) -> Marks:
    """The marks of one agent, in one query. They may be on conversations that the agent no longer sees."""
    marks = Marks([], {})
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"agent": agent.pk, "length": DRAFT_LENGTH})
        for conversation_id, draft in cursor.fetchall():
            if draft is None:
                marks.pinned.append(conversation_id)
            else:
                marks.drafts[conversation_id] = draft.strip() or FILES_ONLY
    return marks
