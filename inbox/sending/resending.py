"""Whether a message of ours that failed can be sent again, so that the button for it is never a dead end."""

from __future__ import annotations

from inbox.models import Media, Message
from whatsapp.errors import WINDOW_CLOSED, Scope, explain
from whatsapp.events import MEDIA_KINDS, Origin

#: Refusals that depend on the customer service window, and so on the moment. 470 is the on-premises API's.
OF_THE_WINDOW = frozenset({WINDOW_CLOSED, 470})


def can_succeed(message: Message) -> bool:
    """Whether sending the same once more may work, the window aside: WhatsApp would take it as it is, and its file is
    here. What the phone app sent is sent there."""
    if message.origin not in (Origin.AGENT, Origin.API):
        return False
    explanation = explain(message.error_code or 0)
    # What is wrong with the receiver may have changed; what is wrong with the message has not.
    refused = explanation.permanent and explanation.scope is Scope.MESSAGE
    if refused and message.error_code not in OF_THE_WINDOW:
        return False
    media = getattr(message, "media", None)
    if media is None:
        return message.kind not in MEDIA_KINDS
    return media.state in (Media.State.STORED, Media.State.PREPARING)
