"""Meta's error codes in plain words: what happened, what to do next, and whether trying again can help.

The source is Meta's page "Error codes" (12 Dec 2025) with codes added until September 2026. The same codes come in two
ways: in the answer to a request, and later in ``errors`` of a status or message. Only the code counts: titles change,
and rate limits come as HTTP 400. `whatsapp.providers.base.ProviderError` carries the code of an answer.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from prometheus_client import Counter

#: ``where``: "sending" and "media" are answers to our requests, "receipt" is what WhatsApp told later. Code 0: no code.
REPORTED = Counter("inbox_whatsapp_errors", "Errors that WhatsApp reported, by code.", ["where", "code", "number"])

#: The customer stopped marketing messages: remember it, and never try again.
STOPPED_MARKETING = 131050
#: Too many messages to one person: only that person has to wait.
PAIR_RATE = 131056
#: The customer service window is closed: only a message template may be sent.
WINDOW_CLOSED = 131047
#: The number is not known to WhatsApp, or the access token may not use it.
UNKNOWN_NUMBER = 33
#: A customer's file that WhatsApp could not get, mostly because it is over 100 MB.
MEDIA_NOT_FETCHED = 131052
#: A customer's message of a kind that WhatsApp does not pass on.
UNSUPPORTED_TYPE = 131051
#: A customer's message that only the phone app shows (Meta "Unsupported messages", June 2026).
UNAVAILABLE = 131060
#: The phone app's owner did not share the history.
HISTORY_DECLINED = 2593109


class Scope(enum.Enum):
    """What else fails for the same reason."""

    MESSAGE = "message"
    RECIPIENT = "recipient"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an error code means, for agents. ``problem`` and ``next_step`` are whole sentences in the active language.

    ``retryable``: the same request may succeed later, with increasing waits.
    ``permanent``: this message can never be sent as it is.
    ``may_have_sent``: the message may have been sent; wait for its receipts before repeating anything.
    With neither ``retryable`` nor ``permanent`` somebody has to act first, or a day has to pass.
    """

    english_problem: str
    english_next_step: str
    scope: Scope = Scope.MESSAGE
    retryable: bool = False
    permanent: bool = False
    may_have_sent: bool = False

    @property
    def problem(self) -> str:
        return gettext(self.english_problem)

    @property
    def next_step(self) -> str:
        return gettext(self.english_next_step)

    @property
    def text(self) -> str:
        """Both sentences."""
        return f"{self.problem} {self.next_step}"

    @property
    def pauses_number(self) -> bool:
        """Whether every message from this number would fail until somebody acts."""
        return self.scope is Scope.NUMBER and not self.retryable


def explain(code: int, *, http_status: int = 0) -> Explanation:
    """Explain a code, or for code 0 (none, or Meta's authentication error) the HTTP status. Never raises."""
    found = EXPLANATIONS.get(code)
    if found is not None:
        return found
    if 200 <= code <= 299:
        return _NO_PERMISSION
    if code == 0 and http_status == 401:
        return _BAD_TOKEN
    if code == 0 and http_status == 429:
        return EXPLANATIONS[4]
    if code == 0 and http_status >= 500:
        return _META_SIDE
    return Explanation(
        gettext("WhatsApp reported the unknown error %(code)s.") % {"code": code}
        if code
        else _("WhatsApp gave no reason."),
        _("Check the details, then try again or ask an administrator."),
    )


def explain_received(code: int) -> Explanation:
    """Explain a code on a message of a customer: why the message, or a part of it, is missing. Never raises.

    `explain` would mislead: these codes are not about sending.
    """
    return RECEIVED.get(code) or Explanation(
        gettext("WhatsApp reported error %(code)s for this message.") % {"code": code}
        if code
        else _("WhatsApp reported a problem without a code."),
        _("Ask the customer to send it again if something is missing."),
    )


_BAD_TOKEN = Explanation(
    _("The number’s access token has expired or isn’t valid."),
    _("Ask an administrator to enter a new access token for the number."),
    Scope.NUMBER,
)
_NO_PERMISSION = Explanation(
    _("The number’s access token doesn’t have permission for this."),
    _("Ask an administrator to grant the token permission for WhatsApp messaging."),
    Scope.NUMBER,
)
_META_SIDE = Explanation(
    _("WhatsApp has a temporary problem."),
    _("The message may have been sent. Send it again only if no receipt arrives."),
    retryable=True,
    may_have_sent=True,
)
_CALL_RATE = Explanation(
    _("Too many requests to WhatsApp in a short time."),
    _("We’ll try again automatically."),
    Scope.NUMBER,
    retryable=True,
)
_RESTRICTED = Explanation(
    _("WhatsApp has restricted or locked the business account."),
    _("Nothing can be sent until it is unlocked. Ask an administrator to check the account in WhatsApp Manager."),
    Scope.NUMBER,
)
_NOT_REGISTERED = Explanation(
    _("The number isn’t ready to send: its display name or registration is missing."),
    _("Ask an administrator to finish setting up the number in WhatsApp Manager."),
    Scope.NUMBER,
)
_PAYMENT = Explanation(
    _("WhatsApp couldn’t bill the business account."),
    _("Ask an administrator to check the payment method in WhatsApp Manager."),
    Scope.NUMBER,
)
_BAD_PARAMETER = Explanation(
    _("WhatsApp rejected the format of this message."),
    _("Change the message and send it again. Tell an administrator if it keeps happening."),
    permanent=True,
)
_WINDOW_CLOSED = Explanation(
    _("The customer last wrote more than 24 hours ago."),
    _("You can only send a template until they reply."),
    permanent=True,
)
_TEMPLATE_VALUES = Explanation(
    _("The values don’t fit the message template."),
    _("Check the values, then send the template again."),
    permanent=True,
)

_UNSUPPORTED_TYPE = Explanation(
    _("WhatsApp doesn’t support messages of this type."), _("Ask the customer to send it another way."), permanent=True
)

EXPLANATIONS: dict[int, Explanation] = {
    1: _META_SIDE,
    2: _META_SIDE,
    131000: _META_SIDE,
    131016: _META_SIDE,
    133004: _META_SIDE,
    3: _NO_PERMISSION,
    10: _NO_PERMISSION,
    131005: _NO_PERMISSION,
    190: _BAD_TOKEN,
    4: _CALL_RATE,
    17: _CALL_RATE,  # the same, counted by user instead of app (Graph API "Rate limits")
    613: _CALL_RATE,
    80007: _CALL_RATE,
    80008: _CALL_RATE,
    130429: Explanation(
        _("The number reached the sending rate that WhatsApp allows."),
        _("We’ll try again automatically."),
        Scope.NUMBER,
        retryable=True,
    ),
    131057: Explanation(
        _("WhatsApp is upgrading the number. This takes a few minutes."),
        _("We’ll try again automatically."),
        Scope.NUMBER,
        retryable=True,
    ),
    PAIR_RATE: Explanation(
        _("Too many messages to this customer in a short time."),
        _("We’ll try again automatically."),
        Scope.RECIPIENT,
        retryable=True,
    ),
    131048: Explanation(
        _("WhatsApp has limited the number because too many customers blocked or reported it."),
        _("Stop sending for now. Ask an administrator to check the number’s quality in WhatsApp Manager."),
        Scope.NUMBER,
    ),
    131064: Explanation(
        _("WhatsApp has limited your message templates because too many are in the wrong category."),
        _("Ask an administrator to correct the categories. The limit ends after some hours or days."),
    ),
    131049: Explanation(
        _("WhatsApp didn’t deliver this because the customer gets too many marketing messages."),
        _("Wait at least 24 hours before trying again; trying sooner makes it worse."),
        Scope.RECIPIENT,
    ),
    STOPPED_MARKETING: Explanation(
        _("This customer has stopped marketing messages from you."),
        _("Don’t send them marketing again. They still receive your replies."),
        Scope.RECIPIENT,
        permanent=True,
    ),
    WINDOW_CLOSED: _WINDOW_CLOSED,
    470: _WINDOW_CLOSED,  # the same in the on-premises API
    131026: Explanation(
        _(
            "WhatsApp can’t deliver to this person. They may not use WhatsApp, need an update, or haven’t "
            "accepted its terms."
        ),
        _("Contact them another way, and ask them to update WhatsApp."),
        Scope.RECIPIENT,
        permanent=True,
    ),
    131036: Explanation(
        _("The message didn’t reach at least one of the customer’s devices."),
        _("Ask the customer whether it arrived before sending it again."),
        may_have_sent=True,
    ),
    131021: Explanation(
        _("A number can’t send messages to itself."), _("Choose another recipient."), Scope.RECIPIENT, permanent=True
    ),
    130403: Explanation(
        _("You have blocked this person."), _("Unblock them to send messages."), Scope.RECIPIENT, permanent=True
    ),
    130472: Explanation(
        _("WhatsApp excludes this customer from marketing messages as part of an experiment."),
        _("Contact them another way, or wait until they write."),
        Scope.RECIPIENT,
        permanent=True,
    ),
    130497: Explanation(
        _("The business account can’t send messages to this country."),
        _("Contact them another way."),
        Scope.RECIPIENT,
        permanent=True,
    ),
    130501: _UNSUPPORTED_TYPE,
    UNSUPPORTED_TYPE: _UNSUPPORTED_TYPE,
    UNAVAILABLE: Explanation(
        _("This message is only available in the WhatsApp Business app on the phone."),
        _("Read it there, or ask the customer to send it again."),
        permanent=True,
    ),
    131035: Explanation(
        _("WhatsApp couldn’t deliver some notifications in time. Messages may be missing here."),
        _("Tell an administrator. Ask the customer if something seems to be missing."),
        permanent=True,
    ),
    MEDIA_NOT_FETCHED: Explanation(
        _("WhatsApp couldn’t deliver this file, usually because it is larger than 100 MB."),
        _("Ask the customer to send a smaller file or use another way."),
        permanent=True,
    ),
    131053: Explanation(
        _("WhatsApp rejected the file: its type or content isn’t allowed."),
        _("Convert the file to a supported type, or send it as a document."),
        permanent=True,
    ),
    131062: Explanation(
        _("This message needs the customer’s phone number, but only their user ID is known."),
        _("Ask the customer for their phone number, or send another kind of message."),
        permanent=True,
    ),
    UNKNOWN_NUMBER: Explanation(
        _("WhatsApp doesn’t know this number, or its access token can’t use it."),
        _("Ask an administrator to check the number’s ID, and that the number still exists in WhatsApp Manager."),
        Scope.NUMBER,
    ),
    100: _BAD_PARAMETER,
    131008: _BAD_PARAMETER,
    131009: _BAD_PARAMETER,
    135000: _BAD_PARAMETER,
    131030: Explanation(
        _("This is a test number, and this person isn’t on its list of recipients."),
        _("Ask an administrator to add them in WhatsApp’s developer settings, or to connect a real number."),
        Scope.RECIPIENT,
        permanent=True,
    ),
    132000: _TEMPLATE_VALUES,
    132012: _TEMPLATE_VALUES,
    132018: _TEMPLATE_VALUES,
    132001: Explanation(
        _("The message template doesn’t exist in this language, or isn’t approved."),
        _("Choose another template or language."),
        permanent=True,
    ),
    132005: Explanation(
        _("The message template is too long with these values."), _("Shorten the values."), permanent=True
    ),
    132007: Explanation(
        _("The message template violates WhatsApp’s policy."),
        _("Choose another template, and ask an administrator to correct this one."),
        permanent=True,
    ),
    132015: Explanation(
        _("WhatsApp paused the message template because of its low quality rating."),
        _("Choose another template, or wait until WhatsApp allows this one again."),
    ),
    132016: Explanation(
        _("WhatsApp disabled the message template permanently because of its low quality rating."),
        _("Choose another template."),
        permanent=True,
    ),
    132068: Explanation(
        _("WhatsApp blocked the form (Flow) in this message."),
        _("Ask an administrator to correct the Flow in WhatsApp Manager."),
        permanent=True,
    ),
    132069: Explanation(
        _("WhatsApp has rate-limited the form (Flow) in this message."),
        _("Try again in an hour, or send another message."),
    ),
    368: _RESTRICTED,
    131031: _RESTRICTED,
    131037: _NOT_REGISTERED,
    131045: _NOT_REGISTERED,
    133010: _NOT_REGISTERED,
    133016: Explanation(
        _("The number was registered too many times and is locked for 72 hours."),
        _("Ask an administrator to register it again after that."),
        Scope.NUMBER,
    ),
    131042: _PAYMENT,
    134011: _PAYMENT,
    2593107: Explanation(
        _("The phone app’s history can be shared only once."),
        _("You don’t need to do anything."),
        permanent=True,
    ),
    2593108: Explanation(
        _("The phone app’s history was requested too late."),
        _("Ask an administrator to connect the number again and request the history within 24 hours."),
        permanent=True,
    ),
    HISTORY_DECLINED: Explanation(
        _("The owner of the phone app didn’t share its history."),
        _("Older messages stay on the phone; new messages arrive here."),
        permanent=True,
    ),
}

_TYPE_NOT_PASSED_ON = Explanation(
    _("WhatsApp doesn’t deliver this type of message to businesses."),
    _("Ask the customer to send it another way."),
)
_LOST_ON_THE_WAY = Explanation(
    _("WhatsApp had a problem and didn’t deliver this message."),
    _("Ask the customer to send it again."),
)

#: Codes on messages of customers. Meta documents 131051, 131060 (June 2026) and 131052; 130501 stands on messages in
#: groups, 501 on those of the on-premises API, and the others are its words for troubles of its own.
RECEIVED: dict[int, Explanation] = {
    501: _TYPE_NOT_PASSED_ON,
    130501: _TYPE_NOT_PASSED_ON,
    UNSUPPORTED_TYPE: _TYPE_NOT_PASSED_ON,
    UNAVAILABLE: Explanation(
        _(
            "This message is only available in the WhatsApp Business app on the phone. It is usually the first message "
            "after a tap on an ad."
        ),
        _("Read it in the phone app, or ask the customer to send it again."),
    ),
    MEDIA_NOT_FETCHED: Explanation(
        _("WhatsApp couldn’t get this file from the customer, usually because it is larger than 100 MB."),
        _("Ask the customer to send a smaller file or use another way."),
    ),
    131053: Explanation(
        _("WhatsApp couldn’t process this file."),
        _("Ask the customer to send it again, or as a document."),
    ),
    1: _LOST_ON_THE_WAY,
    2: _LOST_ON_THE_WAY,
    131000: _LOST_ON_THE_WAY,
    131016: _LOST_ON_THE_WAY,
}
