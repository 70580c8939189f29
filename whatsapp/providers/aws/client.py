"""AWS clients, one per service and Region, that never retry, and AWS's exceptions as ProviderError."""

from __future__ import annotations

import re
import ssl
import threading
from typing import Any

import boto3
from botocore import exceptions as faults
from botocore.config import Config
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from whatsapp.errors import Explanation, Scope
from whatsapp.providers.base import ProviderError

CONNECT_SECONDS = 5
READ_SECONDS = 20
MAX_WORDS = 300
#: AWS's accounts in its own words ("User: arn:aws:iam::123456789012:role/inbox is not authorized …").
ACCOUNT = re.compile(r"(?<=:)[0-9]{12}(?=:)")

#: No request was written: the connection was never made.
NEVER_LEFT = (
    faults.EndpointConnectionError,
    faults.ConnectTimeoutError,
    faults.ProxyConnectionError,
)
NO_CREDENTIALS = (
    faults.NoCredentialsError,
    faults.PartialCredentialsError,
    faults.CredentialRetrievalError,
    faults.TokenRetrievalError,
    faults.UnauthorizedSSOTokenError,
    faults.ProfileNotFound,
)

_clients: dict[tuple[str, ...], Any] = {}
_lock = threading.Lock()


def client(service: str, region: str, *, read_seconds: float = READ_SECONDS) -> Any:
    """This process's client of a service in a Region. Made once: that takes tenths of a second; safe for threads.

    It makes every request once. boto3 would repeat a send whose answer got lost, and the customer would get it twice.
    Raises ProviderError.
    """
    keys = (settings.WHATSAPP_AWS_ACCESS_KEY_ID, settings.WHATSAPP_AWS_SECRET_ACCESS_KEY)
    url = settings.WHATSAPP_AWS_URL if service == "socialmessaging" else ""
    place = (service, region, str(read_seconds), url, *keys)
    with _lock:
        if place not in _clients:
            try:
                # A session of its own: boto3's default one is not safe to make clients from in several threads.
                _clients[place] = boto3.session.Session().client(
                    service,  # type: ignore[call-overload]  # its stubs know literal names only
                    region_name=region,
                    endpoint_url=url or None,
                    aws_access_key_id=keys[0] or None,
                    aws_secret_access_key=keys[1] or None,
                    config=Config(
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=read_seconds,
                        retries={"total_max_attempts": 1},
                        # One for each of the worker's places, and for the pages.
                        max_pool_connections=32,
                    ),
                )
            except (faults.BotoCoreError, ValueError) as error:
                raise error_of(error) from error
        return _clients[place]


def call(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """Make one request, never repeated, and return its answer. Raises ProviderError."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except (faults.ClientError, faults.BotoCoreError, ResponseParserError, ValueError) as error:
        raise error_of(error) from error
    return answer


def error_of(error: Exception) -> ProviderError:
    """An exception of AWS's client as a ProviderError, whose text quotes AWS without account numbers."""
    if isinstance(error, faults.ClientError):
        return _refused(error)
    if isinstance(error, NO_CREDENTIALS):
        return ProviderError(_("The server has no credentials for AWS."), retryable=True, explanation=_NO_CREDENTIALS)
    if isinstance(error, NEVER_LEFT) or _certificate_failed(error):
        return ProviderError(_("Couldn’t reach AWS."), retryable=True)
    if isinstance(error, faults.ReadTimeoutError):
        return ProviderError(_("AWS didn’t respond in time."), retryable=True, may_have_sent=True)
    if isinstance(error, faults.HTTPClientError):
        return ProviderError(
            _("The connection to AWS was lost before it responded."), retryable=True, may_have_sent=True
        )
    if isinstance(error, faults.ParamValidationError):
        return ProviderError(_("The request isn’t valid for AWS and was not sent."))
    if isinstance(error, ResponseParserError):
        return ProviderError(_("AWS’s response can’t be read."), retryable=True, may_have_sent=True)
    if isinstance(error, ValueError | faults.NoRegionError | faults.InvalidRegionError | faults.UnknownEndpointError):
        return ProviderError(_("The AWS Region or the AWS endpoint isn’t valid."))
    # Unexpected, and it may have happened after the request was sent.
    return ProviderError(
        _("The AWS client failed (%(error)s).") % {"error": type(error).__name__}, retryable=True, may_have_sent=True
    )


def _certificate_failed(error: Exception) -> bool:
    """Whether the TLS certificate was not accepted, so that nothing was sent."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        inner = getattr(cause, "kwargs", {}).get("error") if isinstance(cause, faults.BotoCoreError) else None
        reason = getattr(cause, "reason", None)
        cause = next(
            (each for each in (inner, reason, cause.__cause__, cause.__context__) if isinstance(each, BaseException)),
            None,
        )
    return False


def _refused(error: faults.ClientError) -> ProviderError:
    details = error.response.get("Error", {})
    name = str(details.get("Code") or "")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    words = ACCOUNT.sub("…", " ".join(str(details.get("Message") or "").split()))[:MAX_WORDS]
    said = _("AWS responded with %(status)s (%(name)s): %(reason)s") % {"status": status, "name": name, "reason": words}
    if name in THROTTLED or status == 429:
        return ProviderError(said, code=0, http_status=status, retryable=True, explanation=_TOO_FAST)
    if name in EXPLANATIONS:
        return ProviderError(said, http_status=status, explanation=EXPLANATIONS[name])
    if status >= 500:
        # AWS may have passed it to Meta before it failed.
        return ProviderError(said, http_status=status, retryable=True, may_have_sent=True, explanation=_AWS_SIDE)
    if status == 403:
        return ProviderError(said, http_status=status, explanation=_ACCESS_DENIED)
    if 400 <= status < 500:
        return ProviderError(said, http_status=status, explanation=_not_accepted(words))
    return ProviderError(said, http_status=status, retryable=True, may_have_sent=True, explanation=_AWS_SIDE)


def _not_accepted(words: str) -> Explanation:
    return Explanation(
        _("AWS rejected the request: %(reason)s") % {"reason": words}
        if words
        else gettext_noop("AWS rejected the request."),
        gettext_noop("Change the message and send it again. Tell an administrator if it keeps happening."),
        permanent=True,
    )


#: Every service has its own word for it.
THROTTLED = frozenset(
    {"ThrottledRequestException", "ThrottlingException", "TooManyRequestsException", "Throttling", "SlowDown"}
)
_NO_CREDENTIALS = Explanation(
    gettext_noop("The server has no credentials for AWS."),
    gettext_noop(
        "Ask an administrator to give the server an IAM role or set WHATSAPP_AWS_ACCESS_KEY_ID and its secret."
    ),
    Scope.NUMBER,
)
_BAD_CREDENTIALS = Explanation(
    gettext_noop("AWS rejected the server’s credentials."),
    gettext_noop("Ask an administrator to check the keys or the role, and the server’s clock."),
    Scope.NUMBER,
)
_ACCESS_DENIED = Explanation(
    gettext_noop("The server’s AWS credentials don’t have permission for this."),
    gettext_noop("Ask an administrator to grant the permissions listed in docs/aws.md for this number and the bucket."),
    Scope.NUMBER,
)
_META_REFUSES = Explanation(
    gettext_noop("Meta denied AWS access to the business account."),
    gettext_noop("Ask an administrator to check the account in AWS End User Messaging and in WhatsApp Manager."),
    Scope.NUMBER,
)
_NOT_FOUND = Explanation(
    gettext_noop("AWS doesn’t know this number, or what was requested, in this Region."),
    gettext_noop("Ask an administrator to check the number’s AWS ID and Region."),
    Scope.NUMBER,
)
_TOO_FAST = Explanation(
    gettext_noop("Too many requests to AWS in a short time."),
    gettext_noop("We’ll try again automatically."),
    Scope.NUMBER,
    retryable=True,
)
_AWS_SIDE = Explanation(
    gettext_noop("AWS or WhatsApp has a temporary problem."),
    gettext_noop("The message may have been sent. Send it again only if no receipt arrives."),
    retryable=True,
    may_have_sent=True,
)
_LIMIT = Explanation(
    gettext_noop("The AWS account has reached a limit."),
    gettext_noop("Ask an administrator to check the quotas of AWS End User Messaging Social."),
    Scope.NUMBER,
)
EXPLANATIONS = {
    "AccessDeniedException": _ACCESS_DENIED,
    "AccessDenied": _ACCESS_DENIED,
    "AccessDeniedByMetaException": _META_REFUSES,
    "ResourceNotFoundException": _NOT_FOUND,
    "LimitExceededException": _LIMIT,
    **dict.fromkeys(
        (
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "IncompleteSignature",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "OptInRequired",
        ),
        _BAD_CREDENTIALS,
    ),
}
