"""What became of a message: why it was not sent, may not have been or still waits, and what an agent can do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from inbox.models import Message
from inbox.sending import resending
from inbox.web.presenters.base import Drawn, stored
from whatsapp.errors import Explanation, explain, explain_received
from whatsapp.events import Kind, Status


@dataclass(frozen=True, slots=True)
class Outcome(Drawn):
    #: What the bubble says: failed, unknown (it may have been sent), waiting, remark (it arrived, and WhatsApp reported
    #: an error), or nothing.
    state: str = ""
    text: str = ""
    #: WhatsApp's error code and its own text.
    code: int | None = None
    detail: str = ""
    cancellable: bool = False
    #: Text of the button that sends it again; empty when that cannot help.
    send_again: str = ""
    sent_again: bool = False
    #: It keeps its conversation under "Failed".
    unsettled: bool = False


NOTHING = Outcome()


def of(message: Message, *, window_open: bool, explained: bool) -> Outcome:
    """The outcome of a message. ``window_open``: whether the conversation takes free-form messages now. ``explained``:
    whether the body of a customer's message already says what is missing."""
    if message.inbound:
        return NOTHING if explained or not message.error_code else _received_with_error(message, message.error_code)
    if message.failed_at is None and message.status not in (Status.FAILED, Status.QUEUED, Status.UNKNOWN):
        return NOTHING
    code = message.error_code
    reason = _sentences(explain(code)) if code else stored(message.error) or _("WhatsApp gave no reason.")
    return _of_ours(message, reason, _send_again(message, window_open=window_open))


def _received_with_error(message: Message, code: int) -> Outcome:
    return Outcome("remark", _sentences(explain_received(code)), code, message.error)


def _of_ours(message: Message, reason: str, send_again: bool) -> Outcome:
    code, detail = message.error_code, message.error if message.error_code else ""
    sent_again, unsettled = message.resent_at is not None, message.unsettled
    match message.status:
        case Status.FAILED:
            button = _("Send again") if send_again else ""
            text = _("Not sent: %(reason)s") % {"reason": reason}
            return Outcome("failed", text, code, detail, False, button, sent_again, unsettled)
        case Status.QUEUED:
            if not (message.error or code):
                return Outcome(cancellable=True)
            text = _("Waiting to be sent: %(reason)s") % {"reason": reason}
            return Outcome("waiting", text, code, detail, cancellable=True)
        case _ if message.failed_at:
            # It arrived: the ticks stay, and so does what WhatsApp reported afterwards.
            text = _("Delivered, but WhatsApp reported afterwards: %(reason)s") % {"reason": reason}
            return Outcome("remark", text, code, detail)
        case _:
            button = _("Send again anyway") if send_again else ""
            text = _("May have been sent: %(reason)s") % {"reason": stored(message.error) or _unanswered()}
            return Outcome("unknown", text, code, detail, False, button, sent_again, unsettled)


def _unanswered() -> str:
    return _("the connection was lost before WhatsApp answered. We’ll know when WhatsApp confirms.")


def _send_again(message: Message, *, window_open: bool) -> bool:
    """Whether sending the same once more may work now."""
    if message.resent_at is not None or not (window_open or message.kind == Kind.TEMPLATE):
        return False
    return resending.can_succeed(message)


def _sentences(explanation: Explanation) -> str:
    return explanation.text
