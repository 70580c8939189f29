"""Events that cannot be applied, and why. The reasons are listed with the notification for administrators."""

from __future__ import annotations

from inbox import statuses
from whatsapp import events

#: Events that create a contact for whom they name. A status does not: it may be about another system's message.
#: Tuples, because isinstance() takes several times as long with a union of types.
RESOLVED = (
    events.MessageReceived,
    events.CallChanged,
    events.ReactionChanged,
    events.MessageEdited,
    events.MessageRevoked,
    events.ContactChanged,
)
PERSONAL = (*RESOLVED, events.StatusChanged, events.PaymentChanged)


def left_out(event: events.AnyEvent) -> tuple[str, bool]:
    """Why an event is left out (a sentence, empty if it is not), and whether it can be used all the same."""
    if isinstance(event, events.BadLeaf):
        return event.reason, False
    if isinstance(event, events.Unrecognized):
        if not event.path:  # nothing of WhatsApp's, such as an alarm on AWS's topic
            return "", True
        return f"Not understood: {event.what}.", True
    if isinstance(event, events.StatusChanged) and event.status not in statuses.COLUMNS:
        return f"Not understood: status “{event.status}”.", bool(event.phone_number_id)
    if isinstance(event, PERSONAL):
        if not event.phone_number_id:
            return "It does not say which of our numbers it is for.", False
        names = [event.party, getattr(event, "previous", None)]
        named = any(name and (name.user_id or name.parent_user_id or name.wa_id) for name in names)
        if not named and not getattr(event, "group_id", "") and isinstance(event, RESOLVED):
            return "It does not say who the person is.", False
    return "", True
