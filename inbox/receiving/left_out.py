"""What of a notification cannot be applied, and why: listed with the notification, so that nothing goes by unseen."""

from __future__ import annotations

from inbox import statuses
from whatsapp import events

#: Events that make a contact of whoever they name. A status does not: it may be about another system's message.
Resolved = (
    events.MessageReceived
    | events.CallChanged
    | events.ReactionChanged
    | events.MessageEdited
    | events.MessageRevoked
    | events.ContactChanged
)
Personal = Resolved | events.StatusChanged | events.PaymentChanged


def left_out(event: events.AnyEvent) -> tuple[str, bool]:
    """Why an event is left out, as a sentence that is empty when it is not, and whether any of it can be used."""
    if isinstance(event, events.BadLeaf):
        return event.reason, False
    if isinstance(event, events.Unrecognized):
        if not event.path:  # an alarm on AWS's topic, say: nothing of WhatsApp's
            return "", True
        return f"Not understood: {event.what}.", True
    if isinstance(event, events.StatusChanged) and event.status not in statuses.COLUMNS:
        return f"Not understood: status “{event.status}”.", bool(event.phone_number_id)
    if isinstance(event, Personal):
        if not event.phone_number_id:
            return "It does not say which of our numbers it is for.", False
        names = [event.party, getattr(event, "previous", None)]
        named = any(name and (name.user_id or name.parent_user_id or name.wa_id) for name in names)
        if not named and not getattr(event, "group_id", "") and isinstance(event, Resolved):
            return "It does not say who the person is.", False
    return "", True
