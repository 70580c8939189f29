"""Meta's error codes in plain words: what happened, what to do next, and whether trying again can help.

The source is Meta's page "Error codes" (12 Dec 2025) with codes added until September 2026. The same codes come in two
ways: in the answer to a request, and later in ``errors`` of a status or message. Only the code counts: titles change,
and rate limits come as HTTP 400. `whatsapp.providers.base.ProviderError` carries the code of an answer.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

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
    """One code in words for an agent. ``words`` and ``next_step`` are whole sentences.

    ``retryable``: the same request may succeed later by itself, with increasing waits.
    ``permanent``: this message will never go out as it is.
    ``may_have_sent``: the message may have gone out all the same, so its receipts decide before anything is repeated.
    With neither ``retryable`` nor ``permanent`` somebody has to do something first, or a day has to pass.
    """

    words: str
    next_step: str
    scope: Scope = Scope.MESSAGE
    retryable: bool = False
    permanent: bool = False
    may_have_sent: bool = False

    @property
    def pauses_number(self) -> bool:
        """Whether everything else from this number would fail too until somebody acts."""
        return self.scope is Scope.NUMBER and not self.retryable


def explain(code: int, *, http_status: int = 0) -> Explanation:
    """What a code means; for code 0 (none, or Meta's authentication error) what the HTTP status does.

    Never raises: a code that nobody has told us about is said to be one.
    """
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
        f"WhatsApp reported error {code}, which is not known here yet." if code else "WhatsApp gave no reason.",
        "Look at the details, then try again or ask an administrator.",
    )


def explain_received(code: int) -> Explanation:
    """What a code means that stands on a message of the customer's: why it, or a part of it, is not here.

    Never raises. Such codes say nothing about sending, so that ``explain`` would mislead.
    """
    return RECEIVED.get(code) or Explanation(
        f"WhatsApp reported error {code} with this message."
        if code
        else "WhatsApp reported a problem, without a code.",
        "Ask the customer to send it again if something is missing.",
    )


_BAD_TOKEN = Explanation(
    "The number's access token has expired or is not valid.",
    "Ask an administrator to enter a new access token for the number.",
    Scope.NUMBER,
)
_NO_PERMISSION = Explanation(
    "The number's access token may not do this.",
    "Ask an administrator to give the token the permissions for WhatsApp messaging.",
    Scope.NUMBER,
)
_META_SIDE = Explanation(
    "WhatsApp has a problem on its side.",
    "Wait for the receipt: the message may have gone out. Send it again if none comes.",
    retryable=True,
    may_have_sent=True,
)
_CALL_RATE = Explanation(
    "Too many requests were made to WhatsApp in a short time.",
    "It is tried again by itself, a little later.",
    Scope.NUMBER,
    retryable=True,
)
_RESTRICTED = Explanation(
    "WhatsApp has restricted or locked the business account.",
    "Ask an administrator to look at the account in WhatsApp Manager; nothing can be sent until it is unlocked.",
    Scope.NUMBER,
)
_NOT_REGISTERED = Explanation(
    "The number is not set up to send: its display name or its registration is missing.",
    "Ask an administrator to finish the number's setup in WhatsApp Manager.",
    Scope.NUMBER,
)
_PAYMENT = Explanation(
    "WhatsApp cannot bill the business account.",
    "Ask an administrator to check the payment method in WhatsApp Manager.",
    Scope.NUMBER,
)
_BAD_PARAMETER = Explanation(
    "WhatsApp did not accept how the message was put together.",
    "Write it again, or differently; tell an administrator if it keeps happening.",
    permanent=True,
)
_WINDOW_CLOSED = Explanation(
    "More than 24 hours have passed since the customer last wrote.",
    "Send a message template; the customer's answer opens the conversation again.",
    permanent=True,
)
_TEMPLATE_VALUES = Explanation(
    "The values filled into the message template do not fit it.",
    "Check the number and form of the values, then send the template again.",
    permanent=True,
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
        "The number sends more messages a second than WhatsApp allows it.",
        "It is tried again by itself, a little later.",
        Scope.NUMBER,
        retryable=True,
    ),
    131057: Explanation(
        "WhatsApp is upgrading the number, which takes a few minutes.",
        "It is tried again by itself.",
        Scope.NUMBER,
        retryable=True,
    ),
    PAIR_RATE: Explanation(
        "Too many messages went to this customer in a short time.",
        "It is tried again by itself, a little later.",
        Scope.RECIPIENT,
        retryable=True,
    ),
    131048: Explanation(
        "WhatsApp limits the number because too many customers blocked or reported it.",
        "Stop sending for now, and ask an administrator to look at the number's quality in WhatsApp Manager.",
        Scope.NUMBER,
    ),
    131064: Explanation(
        "WhatsApp limits message templates because too many were put into the wrong category.",
        "Wait some hours or days, and ask an administrator to correct the templates' categories.",
    ),
    131049: Explanation(
        "WhatsApp held the message back because this customer gets many marketing messages.",
        "Wait at least 24 hours before you try again; trying sooner makes it worse.",
        Scope.RECIPIENT,
    ),
    STOPPED_MARKETING: Explanation(
        "This customer has stopped marketing messages from you.",
        "Do not send marketing to them again; answers to their questions still arrive.",
        Scope.RECIPIENT,
        permanent=True,
    ),
    WINDOW_CLOSED: _WINDOW_CLOSED,
    470: _WINDOW_CLOSED,  # the same in the on-premises API
    131026: Explanation(
        "WhatsApp cannot deliver to this person: not on WhatsApp, an old app, or its terms not accepted.",
        "Reach them another way, and ask them to update WhatsApp.",
        Scope.RECIPIENT,
        permanent=True,
    ),
    131036: Explanation(
        "The message did not reach at least one of the customer's devices.",
        "Ask the customer whether it arrived before you send it again.",
        may_have_sent=True,
    ),
    131021: Explanation(
        "The receiver is the number itself.", "Choose another receiver.", Scope.RECIPIENT, permanent=True
    ),
    130403: Explanation(
        "You have blocked this person.", "Unblock them to write to them.", Scope.RECIPIENT, permanent=True
    ),
    130472: Explanation(
        "WhatsApp keeps this customer out of marketing messages as part of an experiment.",
        "Reach them another way, or wait until they write.",
        Scope.RECIPIENT,
        permanent=True,
    ),
    130497: Explanation(
        "The business account may not write to customers in this country.",
        "Reach them another way.",
        Scope.RECIPIENT,
        permanent=True,
    ),
    130501: Explanation(
        "WhatsApp does not pass on messages of this type.",
        "Ask the customer to send it in another form.",
        permanent=True,
    ),
    UNSUPPORTED_TYPE: Explanation(
        "WhatsApp does not pass on messages of this type.",
        "Ask the customer to send it in another form.",
        permanent=True,
    ),
    UNAVAILABLE: Explanation(
        "Only the WhatsApp Business app on the phone has this message.",
        "Read it there, or ask the customer to send it again.",
        permanent=True,
    ),
    131035: Explanation(
        "WhatsApp could not deliver some notifications in time, so messages may be missing here.",
        "Compare with the customer's phone if something seems to be missing, and tell an administrator.",
        permanent=True,
    ),
    MEDIA_NOT_FETCHED: Explanation(
        "WhatsApp could not pass this file on, most often because it is over 100 MB.",
        "Ask the customer to send it in another way, or smaller.",
        permanent=True,
    ),
    131053: Explanation(
        "WhatsApp did not accept the file: its type or its content is not allowed.",
        "Convert the file to a type that WhatsApp takes, or send it as a document.",
        permanent=True,
    ),
    131062: Explanation(
        "This message needs the customer's phone number, and only a user id is known.",
        "Ask the customer for their phone number, or send another message.",
        permanent=True,
    ),
    UNKNOWN_NUMBER: Explanation(
        "WhatsApp does not know this number of yours, or its access token may not use it.",
        "Ask an administrator to check the number's id, and that the number still exists in WhatsApp Manager.",
        Scope.NUMBER,
    ),
    100: _BAD_PARAMETER,
    131008: _BAD_PARAMETER,
    131009: _BAD_PARAMETER,
    135000: _BAD_PARAMETER,
    131030: Explanation(
        "The number is a test number, and this person is not on its list of receivers.",
        "Ask an administrator to add them to the list in WhatsApp's developer settings, or to connect a real number.",
        Scope.RECIPIENT,
        permanent=True,
    ),
    132000: _TEMPLATE_VALUES,
    132012: _TEMPLATE_VALUES,
    132018: _TEMPLATE_VALUES,
    132001: Explanation(
        "The message template does not exist in this language, or is not approved.",
        "Choose another template or language.",
        permanent=True,
    ),
    132005: Explanation(
        "The message template is too long with its values filled in.", "Shorten the values.", permanent=True
    ),
    132007: Explanation(
        "The message template breaks WhatsApp's policy.",
        "Choose another template, and ask an administrator to correct this one.",
        permanent=True,
    ),
    132015: Explanation(
        "The message template is paused because customers rated it badly.",
        "Choose another template, or wait until WhatsApp allows this one again.",
    ),
    132016: Explanation(
        "The message template was disabled for good because customers rated it badly.",
        "Choose another template.",
        permanent=True,
    ),
    132068: Explanation(
        "The form (Flow) in this message is blocked.",
        "Ask an administrator to correct the Flow in WhatsApp Manager.",
        permanent=True,
    ),
    132069: Explanation(
        "The form (Flow) in this message is slowed down by WhatsApp.",
        "Try again in an hour, or send another message.",
    ),
    368: _RESTRICTED,
    131031: _RESTRICTED,
    131037: _NOT_REGISTERED,
    131045: _NOT_REGISTERED,
    133010: _NOT_REGISTERED,
    133016: Explanation(
        "The number was registered too often and is locked for 72 hours.",
        "Ask an administrator to register it again after that.",
        Scope.NUMBER,
    ),
    131042: _PAYMENT,
    134011: _PAYMENT,
    2593107: Explanation(
        "The history of the phone app was asked for more than once.",
        "Nothing is to be done: it can be shared only once.",
        permanent=True,
    ),
    2593108: Explanation(
        "The history of the phone app was asked for too late.",
        "Ask an administrator to connect the number again, and to ask within 24 hours.",
        permanent=True,
    ),
    HISTORY_DECLINED: Explanation(
        "The phone app's owner did not share the history.",
        "Nothing is missing from now on; older messages stay on the phone.",
        permanent=True,
    ),
}

_TYPE_NOT_PASSED_ON = Explanation(
    "A message of a kind that WhatsApp does not pass on to businesses.",
    "Ask the customer to send it another way.",
)
_LOST_ON_THE_WAY = Explanation(
    "WhatsApp had a problem on its side and did not pass this message on.",
    "Ask the customer to send it again.",
)

#: Codes on messages of customers. Meta documents 131051, 131060 (June 2026) and 131052; 130501 stands on messages in
#: groups, 501 on those of the on-premises API, and the others are its words for troubles of its own.
RECEIVED: dict[int, Explanation] = {
    501: _TYPE_NOT_PASSED_ON,
    130501: _TYPE_NOT_PASSED_ON,
    UNSUPPORTED_TYPE: _TYPE_NOT_PASSED_ON,
    UNAVAILABLE: Explanation(
        "Only the WhatsApp Business app on the phone shows this message. It is usually the first one of a chat, after"
        " a tap on an advertisement.",
        "Read it in the phone app, or ask the customer to send it again.",
    ),
    MEDIA_NOT_FETCHED: Explanation(
        "WhatsApp could not get this file from the customer, most often because it is over 100 MB.",
        "Ask the customer to send it again, smaller or another way.",
    ),
    131053: Explanation(
        "WhatsApp could not process this file.",
        "Ask the customer to send it again, or as a document.",
    ),
    1: _LOST_ON_THE_WAY,
    2: _LOST_ON_THE_WAY,
    131000: _LOST_ON_THE_WAY,
    131016: _LOST_ON_THE_WAY,
}
