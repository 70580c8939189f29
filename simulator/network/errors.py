"""Meta's error answers: the shape, and the codes that the simulator can give."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.http import JsonResponse


@dataclass(frozen=True, slots=True)
class Refusal:
    """One code of Meta's error table. ``later``: the send is accepted, and a failed status follows."""

    code: int
    title: str
    details: str
    http_status: int = 400
    later: bool = False


_REFUSALS = (
    Refusal(1, "An unknown error occurred", "An unknown error occurred.", 500),
    Refusal(2, "Service temporarily unavailable", "An unexpected error has occurred. Retry your request later.", 503),
    Refusal(3, "API Method", "The app may not use this method.", 403),
    Refusal(4, "Application request limit reached", "The app has reached its API call rate limit."),
    Refusal(10, "Application does not have permission for this action", "Permission is not granted.", 403),
    Refusal(190, "Error validating access token", "The session has been invalidated.", 401),
    Refusal(368, "Temporarily blocked for policies violations", "The account is restricted.", 403),
    Refusal(80007, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    Refusal(130403, "User is blocked", "The business has blocked this user."),
    Refusal(130429, "Rate limit hit", "Message failed to send because there were too many messages sent."),
    Refusal(130472, "User's number is part of an experiment", "User's number is part of an experiment.", later=True),
    Refusal(130497, "Business account is restricted from messaging users in this country", "", 403),
    Refusal(131000, "Something went wrong", "Message failed to send due to an unknown error.", 500),
    Refusal(131005, "Access denied", "Permission is either not granted or has been removed.", 403),
    Refusal(131008, "Required parameter is missing", "A required parameter is missing."),
    Refusal(131009, "Parameter value is not valid", "One or more parameter values are invalid."),
    Refusal(131016, "Service unavailable", "A service is temporarily unavailable.", 503),
    Refusal(131021, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    Refusal(131026, "Message undeliverable", "Unable to deliver the message.", later=True),
    Refusal(131031, "Business Account locked", "The account has been locked.", 403),
    Refusal(131037, "Display name approval needed", "The number needs display name approval before sending."),
    Refusal(131042, "Business eligibility payment issue", "There was an error with the payment method.", later=True),
    Refusal(
        131047,
        "Re-engagement message",
        "Message failed to send because more than 24 hours have passed since the customer last replied to this number.",
        later=True,
    ),
    Refusal(131045, "Incorrect certificate", "Message failed to send due to a phone number registration error."),
    Refusal(131048, "Spam rate limit hit", "Message failed to send because of restrictions on this number."),
    Refusal(
        131049,
        "This message was not delivered to maintain healthy ecosystem engagement.",
        "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
        later=True,
    ),
    Refusal(131050, "User has stopped marketing messages", "The user has chosen to stop these messages.", later=True),
    Refusal(131051, "Unsupported message type", "Message type is currently not supported."),
    Refusal(131052, "Media download error", "Unable to download the media sent by the user."),
    Refusal(131053, "Media upload error", "Unable to upload the media used in the message.", later=True),
    Refusal(131056, "(Business Account, Consumer Account) pair rate limit hit", "Too many messages to this user."),
    Refusal(131057, "Business Account is in maintenance mode", "The account is being upgraded."),
    Refusal(131062, "Business-scoped user id is not allowed", "This message needs the user's phone number."),
    Refusal(131064, "Messaging limit reached", "The account breaks the rules for the categories of templates."),
    Refusal(132000, "Number of parameters does not match the expected number of params", ""),
    Refusal(132001, "Template name does not exist in the translation", "", 404),
    Refusal(132005, "Translated text too long", "The text with its parameters is too long."),
    Refusal(132007, "Template format character policy violated", "The template breaks WhatsApp's policy."),
    Refusal(132012, "Parameter format does not match format in the created template", ""),
    Refusal(132015, "Template is paused", "The template is paused because of its quality."),
    Refusal(132016, "Template is disabled", "The template was paused too often and is now disabled."),
    Refusal(132018, "There's an issue with the parameters in your template", ""),
    Refusal(132068, "Flow is in blocked state", "The Flow is blocked."),
    Refusal(132069, "Flow is in throttled state", "The Flow was used too often within the last hour."),
    Refusal(133004, "Server temporarily unavailable", "The server is temporarily unavailable.", 503),
    Refusal(133010, "Phone number not registered", "The phone number is not registered."),
    Refusal(134011, "WhatsApp Payments terms of service has not been accepted", "The terms were not accepted.", 403),
)
REFUSALS = {each.code: each for each in _REFUSALS}


class GraphError(Exception):
    """An answer that is an error, in Meta's shape (reference: Graph API, handling errors)."""

    def __init__(
        self, code: int, details: str = "", *, message: str = "", status: int = 0, subcode: int = 0, kind: str = ""
    ) -> None:
        refusal = REFUSALS.get(code)
        self.code = code
        self.status = status or (refusal.http_status if refusal else 400)
        self.message = message or f"(#{code}) {refusal.title if refusal else 'Invalid parameter'}"
        self.details = details or (refusal.details if refusal else "")
        self.subcode = subcode
        self.kind = kind or "OAuthException"
        super().__init__(self.message)

    def response(self) -> JsonResponse:
        error: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.code in (1, 2):
            error["is_transient"] = True
        if self.details and self.code > 10 and self.code != 190:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        error["fbtrace_id"] = "A" + secrets.token_urlsafe(16)
        response = JsonResponse({"error": error}, status=self.status)
        if self.code == 190:
            response["WWW-Authenticate"] = 'OAuth "Facebook Platform" "invalid_token" "Invalid OAuth access token."'
        return response


def unknown_object(node: str, method: str = "get") -> GraphError:
    """What Meta answers for an id that does not exist, has expired, or is somebody else's."""
    return GraphError(
        100,
        message=f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due "
        "to missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api",
        subcode=33,
        kind="GraphMethodException",
    )


def dead_token() -> GraphError:
    """What a token gets that was good until somebody changed the password or took it back."""
    message = "Error validating access token: The session has been invalidated because the user changed their password."
    return GraphError(190, message=message, subcode=460)


def invalid_token() -> GraphError:
    return GraphError(190, message="Invalid OAuth access token - Cannot parse access token")


def webhook_error(code: int, details: str = "") -> dict[str, Any]:
    """One entry of ``errors`` as statuses and messages carry it; a code that the simulator does not know gets a title
    that says so."""
    refusal = REFUSALS.get(code) or Refusal(code, f"Error {code}", "")
    return {
        "code": code,
        "title": refusal.title,
        "message": refusal.title,
        "error_data": {"details": details or refusal.details},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
