"""Our id in ``biz_opaque_callback_data``. WhatsApp repeats it in every status, which identifies a send whose answer was
lost."""

from __future__ import annotations

import uuid

from core.integers import small_integer

MESSAGE = "inbox:"
REACTION = "inbox-reaction:"


def of_message(client_token: uuid.UUID) -> str:
    return f"{MESSAGE}{client_token}"


def of_reaction(reaction_id: int) -> str:
    return f"{REACTION}{reaction_id}"


def message_token(text: str) -> uuid.UUID | None:
    """The ``client_token`` of a message, None for anything else."""
    if not text.startswith(MESSAGE):
        return None
    try:
        return uuid.UUID(text.removeprefix(MESSAGE))
    except ValueError:
        return None


def reaction_id(text: str) -> int | None:
    """The id of a reaction, None for anything else."""
    return small_integer(text.removeprefix(REACTION)) if text.startswith(REACTION) else None
