"""AWS's client: one for each service and Region, which repeats nothing, and what its exceptions mean."""

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
    """One request, never repeated, and its answer. Raises ProviderError."""
    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except (faults.ClientError, faults.BotoCoreError, ResponseParserError, ValueError) as error:
        raise error_of(error) from error
    return answer


def error_of(error: Exception) -> ProviderError:
    """What an exception of AWS's client means. The text has AWS's words on what it refused, without account numbers."""
    if isinstance(error, faults.ClientError):
        return _refused(error)
    if isinstance(error, NO_CREDENTIALS):
        return ProviderError("The machine has no credentials for AWS.", retryable=True, explanation=_NO_CREDENTIALS)
    if isinstance(error, NEVER_LEFT) or _certificate_failed(error):
        return ProviderError("AWS could not be reached.", retryable=True)
    if isinstance(error, faults.ReadTimeoutError):
        return ProviderError("AWS did not answer in time.", retryable=True, may_have_sent=True)
    if isinstance(error, faults.HTTPClientError):
        return ProviderError("The connection to AWS broke before it answered.", retryable=True, may_have_sent=True)
    if isinstance(error, faults.ParamValidationError):
        return ProviderError("AWS does not take a request like this one; it was not sent.")
    if isinstance(error, ResponseParserError):
        return ProviderError("AWS's answer cannot be read.", retryable=True, may_have_sent=True)
    if isinstance(error, ValueError | faults.NoRegionError | faults.InvalidRegionError | faults.UnknownEndpointError):
        return ProviderError("The AWS Region or the address of AWS is not one that can be used.")
    # Something that was not foreseen, at a moment that is not known.
    return ProviderError(f"AWS's client failed ({type(error).__name__}).", retryable=True, may_have_sent=True)


def _certificate_failed(error: Exception) -> bool:
    """Whether the other side could not show who it is, so that nothing was said to it."""
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
    said = f"AWS answered {status} ({name})" + (f": {words}" if words else ".")
    if name in THROTTLED or status == 429:
        return ProviderError(said, code=0, http_status=status, retryable=True, explanation=_TOO_FAST)
    if name in EXPLANATIONS:
        return ProviderError(said, http_status=status, explanation=EXPLANATIONS[name])
    if status >= 500:
        # It may have been given to Meta before whatever failed did.
        return ProviderError(said, http_status=status, retryable=True, may_have_sent=True, explanation=_AWS_SIDE)
    if status == 403:
        return ProviderError(said, http_status=status, explanation=_ACCESS_DENIED)
    if 400 <= status < 500:
        return ProviderError(said, http_status=status, explanation=_not_accepted(words))
    return ProviderError(said, http_status=status, retryable=True, may_have_sent=True, explanation=_AWS_SIDE)


def _not_accepted(words: str) -> Explanation:
    return Explanation(
        f"AWS did not accept the request: {words}" if words else "AWS did not accept the request.",
        "Write it again, or differently; tell an administrator if it keeps happening.",
        permanent=True,
    )


#: Every service has its own word for it.
THROTTLED = frozenset(
    {"ThrottledRequestException", "ThrottlingException", "TooManyRequestsException", "Throttling", "SlowDown"}
)
_NO_CREDENTIALS = Explanation(
    "The server has no credentials for AWS.",
    "Ask an administrator to give the machine a role, or to set WHATSAPP_AWS_ACCESS_KEY_ID and its secret.",
    Scope.NUMBER,
)
_BAD_CREDENTIALS = Explanation(
    "AWS refused the server's credentials.",
    "Ask an administrator to check the keys or the role, and that the server's clock is right.",
    Scope.NUMBER,
)
_ACCESS_DENIED = Explanation(
    "The server's AWS credentials may not do this.",
    "Ask an administrator to give them the rights in docs/aws.md, for this number and the bucket.",
    Scope.NUMBER,
)
_META_REFUSES = Explanation(
    "Meta refuses AWS's access to the business account.",
    "Ask an administrator to look at the account in AWS End User Messaging and in WhatsApp Manager.",
    Scope.NUMBER,
)
_NOT_FOUND = Explanation(
    "AWS does not know the number in this Region, or what was asked for.",
    "Ask an administrator to check the number's AWS id and Region.",
    Scope.NUMBER,
)
_TOO_FAST = Explanation(
    "Too many requests were made to AWS in a short time.",
    "It is tried again by itself, a little later.",
    Scope.NUMBER,
    retryable=True,
)
_AWS_SIDE = Explanation(
    "AWS, or WhatsApp behind it, has a problem on its side.",
    "Wait for the receipt: the message may have gone out. Send it again if none comes.",
    retryable=True,
    may_have_sent=True,
)
_LIMIT = Explanation(
    "A limit of the AWS account is reached.",
    "Ask an administrator to look at the quotas of AWS End User Messaging Social.",
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
