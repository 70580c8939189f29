"""What an agent has written and not sent yet: kept per conversation, and the tokens that make one press one message."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from inbox.models import Agent, Conversation, Draft, Message, Upload

#: Names the tokens of drafts, so that every window that shows a draft holds the same one.
TOKENS = uuid.UUID("5d0c3c52-3a5e-4a0f-9d0a-5c1f6f2f8a11")
#: Characters of a draft that are kept; WhatsApp takes 4,096.
LENGTH = 20_000


def of(conversation: Conversation, agent: Agent) -> Draft | None:
    return Draft.objects.filter(conversation=conversation, agent=agent).first()


def opened(conversation: Conversation, agent: Agent) -> Draft:
    """The agent's draft in this conversation, created if missing, for an upload to belong to."""
    return Draft.objects.get_or_create(conversation=conversation, agent=agent)[0]


def save(
    conversation: Conversation,
    agent: Agent,
    *,
    text: str,
    quoted: Message | None,
    captions: Mapping[uuid.UUID, str],
    token: uuid.UUID | None = None,
) -> Draft | None:
    """Save what the agent has written; delete the draft when it is empty and has no files. Safe to repeat.

    Returns the draft. ``token`` is that of the form it was written in; other windows that show the draft get it too.
    """
    with transaction.atomic():
        draft = Draft.objects.select_for_update().filter(conversation=conversation, agent=agent).first()
        if not text and quoted is None and (draft is None or not draft.uploads.exists()):
            if draft is not None:
                draft.delete()
            return None
        known = {} if token is None else {"token": token}
        values = {"text": text[:LENGTH], "quoted": quoted, "updated_at": timezone.now()} | known
        draft, _ = Draft.objects.update_or_create(conversation=conversation, agent=agent, defaults=values)
        for upload in draft.uploads.filter(pk__in=captions):
            if upload.caption != captions[upload.pk]:
                Upload.objects.filter(pk=upload.pk).update(caption=captions[upload.pk])
        return draft


def sent(conversation: Conversation, agent: Agent, token: uuid.UUID, text: str) -> None:
    """Delete the draft whose form was sent with this token and text. Safe to repeat.

    What was written since under another token stays. Files that another window added meanwhile move to a new draft.
    """
    with transaction.atomic():
        draft = Draft.objects.select_for_update().filter(conversation=conversation, agent=agent).first()
        if draft is None or (token_of(draft) != token and draft.text.strip() not in ("", text)):
            return
        left = list(draft.uploads.values_list("pk", flat=True))
        draft.delete()
        if left:
            Upload.objects.filter(pk__in=left).update(draft=opened(conversation, agent))


def token_of(draft: Draft | None) -> uuid.UUID:
    """The token of a form that shows this draft, the same in every window."""
    if draft is None:
        return uuid.uuid4()
    return draft.token or uuid.uuid5(TOKENS, str(draft.pk))


def message_token(form_token: uuid.UUID, *content: object) -> uuid.UUID:
    """The client token of a message with this content. The same form and content mean the same press of Send; other
    content is another message, so that text written after the form was shown is never taken for sent."""
    return uuid.uuid5(form_token, "\x1f".join(str(part) for part in content))


def upload_token(upload_id: uuid.UUID) -> uuid.UUID:
    """The client token of the message with this upload, which is sent once, from whichever window."""
    return uuid.uuid5(upload_id, "message")
