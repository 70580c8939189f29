"""The line that stands for a message where another one answers it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from inbox.formatting import humanize, summary
from inbox.models import Message
from inbox.web import icons
from inbox.web.presenters import message_content
from inbox.web.presenters.base import Drawn, address


@dataclass(frozen=True, slots=True)
class Quote(Drawn):
    author: str
    text: str
    icon: SafeString = icons.NOTHING
    #: Leads to the message in its thread.
    href: str = ""
    thumbnail: str = ""


def of(message: Message, name: str) -> Quote | None:
    """What this message answers, None when it answers nothing; ``name`` is what the contact is called."""
    if message.quoted is not None:
        return line(message.quoted, name)
    if product := message_content.referred_product(message.context):
        return Quote(_("Product in the catalog"), product, icons.icon("order", icons.SMALL))
    return Quote("", _("Message not available")) if message.quoted_wamid else None


def line(quoted: Message, name: str) -> Quote:
    """One line for a message that is answered. Reads its media, author and agent."""
    if quoted.revoked_at:
        return Quote(sender(quoted, name), _("Deleted message"), icons.icon("bin", icons.SMALL))
    media = getattr(quoted, "media", None)
    return Quote(
        author=sender(quoted, name),
        text=summary.of_message(quoted),
        icon=icons.icon(message_content.icon(quoted.kind, voice=bool(media and media.voice)), icons.SMALL),
        href=f"{address('inbox:conversation').format(quoted.conversation_id)}?at={quoted.pk}#message-{quoted.pk}",
        thumbnail=address("media_thumbnail", uuid.UUID).format(media.pk) if media and media.thumbnail else "",
    )


def sender(message: Message, name: str) -> str:
    """Who wrote a message; ``name`` is what the contact is called."""
    if not message.inbound:
        return str(message.agent) if message.agent else _("We")
    return humanize.display_name(message.author) if message.author else name
