"""Whether a failed message can be sent again: the page offers the button only then."""

from __future__ import annotations

from inbox.models import Media, Message
from whatsapp.errors import WINDOW_CLOSED, Scope, explain
from whatsapp.events import MEDIA_KINDS, Origin

#: Refusals because of the customer service window, which may be open again. 470 is the on-premises API's.
OF_THE_WINDOW = frozenset({WINDOW_CLOSED, 470})


def can_succeed(message: Message) -> bool:
    """Whether sending it again may work, the window aside: WhatsApp may accept it unchanged, and its file is stored.
    False for messages from the phone app."""
    if message.origin not in (Origin.AGENT, Origin.API):
        return False
    explanation = explain(message.error_code or 0)
    # A problem with the recipient may be over; a problem with the message is not.
    refused = explanation.permanent and explanation.scope is Scope.MESSAGE
    if refused and message.error_code not in OF_THE_WINDOW:
        return False
    media = getattr(message, "media", None)
    if media is None:
        return message.kind not in MEDIA_KINDS
    return media.state in (Media.State.STORED, Media.State.PREPARING)
