"""Meta's Cloud API: the Graph API over HTTPS with the number's access token."""

from __future__ import annotations

import base64
import binascii
import contextlib
import email.utils
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.translation import gettext as _
from requests.auth import AuthBase

from whatsapp import compose, errors
from whatsapp.models import PhoneNumber
from whatsapp.providers import wire
from whatsapp.providers.base import (
    Accepted,
    Download,
    MediaInfo,
    NumberInfo,
    ProviderError,
    StoredFile,
    TemplateInfo,
)
from whatsapp.providers.multipart import MultipartFile

#: Clients without a name of their own have been answered with HTML or 403 by the download host.
USER_AGENT = "whatsapp-inbox/1.0"
CONNECT_SECONDS = 5
READ_SECONDS = 20
#: For a whole file, however slow: its address expires after 5 minutes.
DOWNLOAD_SECONDS = 300
CHUNK_BYTES = 64 * 1024
#: The largest JSON answer in bytes, and the longest time that it may take to arrive.
ANSWER_MAX_BYTES = 4 * 1024 * 1024
ANSWER_SECONDS = 60
NUMBER_FIELDS = (
    "display_phone_number,verified_name,quality_rating,throughput,whatsapp_business_manager_messaging_limit,status"
)
TEMPLATE_FIELDS = "id,name,language,status,category,components,parameter_format,quality_score,rejected_reason"
#: Message templates of one page, and pages at most: Meta allows an account 6,000.
TEMPLATE_PAGE = 100
TEMPLATE_PAGES = 500
#: WhatsApp looks into a file before it answers an upload.
UPLOAD_READ_SECONDS = 120
#: Answers without a code from what stands before WhatsApp's application (proxies, gateways): nothing was accepted.
REFUSED_AT_THE_DOOR = frozenset({401, 403, 404, 405, 411, 413, 414, 415, 421, 429, 431})


class BearerAuth(AuthBase):
    """Sets the token on one request. As an auth object it also keeps requests from reading ~/.netrc."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


class MetaProvider:
    """Meta's Cloud API for one number. See whatsapp.providers.base.Provider for what each method promises."""

    def __init__(self, number: PhoneNumber) -> None:
        self.number = number

    def send(self, body: dict[str, Any]) -> Accepted:
        answer = self._call("POST", self.number.phone_number_id, "messages", json_body=body)
        rows = answer.get("messages")
        row = rows[0] if isinstance(rows, list) and rows and isinstance(rows[0], dict) else {}
        wamid = row.get("id")
        if not isinstance(wamid, str) or not wamid:
            raise ProviderError(
                _("WhatsApp’s response has no ID for the message."), http_status=200, may_have_sent=True
            )
        status = str(row.get("message_status") or "")
        return Accepted(wamid, held="" if status == "accepted" else status)

    def mark_read(self, wamid: str, *, typing: bool = False) -> None:
        body = compose.mark_read(wamid, typing=typing)
        self._call("POST", self.number.phone_number_id, "messages", json_body=body)

    def upload_media(self, file: StoredFile) -> str:
        fields = {"messaging_product": "whatsapp", "type": file.mime_type}
        with file.open() as (content, size):
            body = MultipartFile(fields, content, size=size, mime_type=file.mime_type, file_name=file.file_name)
            answer = self._call("POST", self.number.phone_number_id, "media", upload=body)
        media_id = answer.get("id")
        if not isinstance(media_id, str | int) or not media_id:
            raise ProviderError(_("WhatsApp’s response has no ID for the file."), http_status=200, retryable=True)
        return str(media_id)

    def templates(self) -> Iterator[TemplateInfo]:
        params = {"fields": TEMPLATE_FIELDS, "limit": str(TEMPLATE_PAGE)}
        seen: set[str] = set()
        for _page in range(TEMPLATE_PAGES):
            answer = self._call("GET", self.number.waba_id, "message_templates", params=params)
            rows = answer.get("data")
            if not isinstance(rows, list):
                raise ProviderError(_("WhatsApp’s list of message templates can’t be read."), retryable=True)
            yield from (_template(row) for row in rows if isinstance(row, dict) and row.get("name"))
            cursor = _next_cursor(answer.get("paging"))
            if not cursor:
                return
            if cursor in seen:
                break
            seen.add(cursor)
            params["after"] = cursor
        # Returning would look like a complete list, and unlisted templates count as deleted.
        raise ProviderError(_("WhatsApp’s list of message templates never ends."), retryable=True)

    def media_info(self, media_id: str) -> MediaInfo:
        answer = self._call("GET", media_id, params={"phone_number_id": self.number.phone_number_id})
        url = answer.get("url")
        if not isinstance(url, str) or not url:
            raise ProviderError(_("WhatsApp’s response has no address for this file."), retryable=True)
        return MediaInfo(
            url=url,
            mime_type=str(answer.get("mime_type") or ""),
            sha256=hex_digest(answer.get("sha256")),
            size=_integer(answer.get("file_size")),
        )

    @contextlib.contextmanager
    def download(self, url: str) -> Iterator[Download]:
        check_media_url(url)
        try:
            response = wire.session(USER_AGENT).get(
                url,
                auth=self._auth(),
                # The digest and length are those of the uncompressed file.
                headers={"Accept-Encoding": "identity"},
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
            )
        except requests.RequestException as error:
            raise _unreachable(error) from None
        with contextlib.closing(response):
            if response.status_code != 200:
                raise ProviderError(
                    _("WhatsApp’s file server responded with %(status)s.") % {"status": response.status_code},
                    http_status=response.status_code,
                    retryable=True,
                    retry_after=_retry_after(response),
                )
            yield Download(size=_integer(response.headers.get("Content-Length")), chunks=_chunks(response))

    def delete_media(self, media_id: str) -> None:
        try:
            self._call("DELETE", media_id)
        except ProviderError as error:
            if error.http_status != 404:
                raise

    def number_info(self) -> NumberInfo:
        answer = self._call("GET", self.number.phone_number_id, params={"fields": NUMBER_FIELDS})
        throughput = answer.get("throughput")
        return NumberInfo(
            display_phone_number=str(answer.get("display_phone_number") or ""),
            verified_name=str(answer.get("verified_name") or ""),
            quality=str(answer.get("quality_rating") or ""),
            throughput=str(throughput.get("level") or "") if isinstance(throughput, dict) else "",
            messaging_limit=str(answer.get("whatsapp_business_manager_messaging_limit") or ""),
            status=str(answer.get("status") or ""),
        )

    def subscribed_apps(self) -> list[str]:
        answer = self._call("GET", self.number.waba_id, "subscribed_apps")
        data = answer.get("data")
        apps = [row.get("whatsapp_business_api_data") for row in data if isinstance(row, dict)] if data else []
        return [str(app.get("name") or app.get("id") or "") for app in apps if isinstance(app, dict)]

    def _auth(self) -> BearerAuth:
        try:
            token = self.number.access_token
        except ImproperlyConfigured as error:
            raise ProviderError(str(error), code=190) from None
        if not token:
            raise ProviderError(_("The number has no access token. Ask an administrator to enter one."), code=190)
        return BearerAuth(token)

    def _call(
        self,
        method: str,
        *path: str,
        params: dict[str, str] | None = None,
        json_body: dict[str, Any] | None = None,
        upload: MultipartFile | None = None,
    ) -> dict[str, Any]:
        """Make one request to the Graph API, never repeated, and return its JSON. Raises ProviderError."""
        # IDs come from payloads: none may change the path.
        if not all(re.fullmatch(r"[A-Za-z0-9_-]{1,128}", segment) for segment in path):
            raise ProviderError(_("An ID of the number, or one that WhatsApp sent, isn’t valid."))
        url = "/".join([settings.WHATSAPP_GRAPH_URL, settings.WHATSAPP_GRAPH_VERSION, *path])
        auth, session = self._auth(), wire.session(USER_AGENT)
        try:
            response = session.request(
                method,
                url,
                params=params,
                json=json_body,
                data=upload,
                headers={"Content-Type": upload.content_type} if upload else None,
                auth=auth,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, UPLOAD_READ_SECONDS if upload else READ_SECONDS),
            )
            with contextlib.closing(response):
                body = _answer(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable(error) from None
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            answer = None
        if response.status_code == 200 and isinstance(answer, dict) and "error" not in answer:
            return answer
        raise _refused(method, response, answer, self.number.access_token)


def check_media_url(url: str) -> None:
    """Raise ProviderError unless ``url`` is an address that may receive a number's token.

    That is https on port 443 of a host in WHATSAPP_MEDIA_HOSTS, named exactly; or, where the simulator is configured
    (development), its own origin. The whole authority is compared, so that nothing is left to read in two ways.
    """
    if not re.fullmatch(r"[!-\[\]-~]+", url):  # printable ASCII without space and backslash
        raise ProviderError(_("WhatsApp sent a file address that isn’t valid."))
    parts = urlsplit(url)
    authority = parts.netloc.lower()
    if parts.scheme == "https" and authority.removesuffix(":443") in settings.WHATSAPP_MEDIA_HOSTS:
        return
    if settings.WHATSAPP_SIMULATOR_URL:
        simulator = urlsplit(settings.WHATSAPP_SIMULATOR_URL)
        if (parts.scheme, authority) == (simulator.scheme, simulator.netloc.lower()):
            return
    raise ProviderError(
        _(
            "WhatsApp sent a file address outside its own servers, so it was not opened. If the host belongs to "
            "WhatsApp, an administrator can add it to WHATSAPP_MEDIA_HOSTS."
        )
    )


def hex_digest(value: object) -> str:
    """A SHA-256 in either of Meta's forms (64 hex digits, or base64 of 32 bytes) as lower-case hex; else empty."""
    if not isinstance(value, str):
        return ""
    if re.fullmatch(r"[0-9a-fA-F]{64}", value):
        return value.lower()
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return digest.hex() if len(digest) == 32 else ""


def _template(row: dict[str, Any]) -> TemplateInfo:
    quality = row.get("quality_score")
    components = row.get("components")
    reason = str(row.get("rejected_reason") or "")
    return TemplateInfo(
        id=str(row.get("id") or ""),
        name=str(row["name"]),
        language=str(row.get("language") or ""),
        status=str(row.get("status") or "").upper(),
        category=str(row.get("category") or "").upper(),
        components=[part for part in components if isinstance(part, dict)] if isinstance(components, list) else [],
        parameter_format=str(row.get("parameter_format") or "").upper(),
        quality=str(quality.get("score") or "") if isinstance(quality, dict) else "",
        reason="" if reason.upper() == "NONE" else reason,
    )


def _next_cursor(paging: object) -> str:
    """Where the next page of a list begins; empty on the last one, which has cursors too but no ``next``."""
    if not isinstance(paging, dict) or not paging.get("next"):
        return ""
    cursors = paging.get("cursors")
    return str(cursors.get("after") or "") if isinstance(cursors, dict) else ""


def _answer(response: requests.Response) -> bytes:
    """The answer's body, cut off at the limit: then it is no valid JSON, which the caller notices."""
    deadline = time.monotonic() + ANSWER_SECONDS
    body = bytearray()
    while len(body) < ANSWER_MAX_BYTES and (chunk := response.raw.read1(CHUNK_BYTES, decode_content=True)):
        body += chunk
        if time.monotonic() > deadline:
            raise requests.ReadTimeout
    return bytes(body)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    try:
        # read1 returns what has arrived, so that a slow server can't block one read for hours.
        while chunk := response.raw.read1(CHUNK_BYTES, decode_content=False):
            yield chunk
            if time.monotonic() > deadline:
                raise ProviderError(_("WhatsApp’s file server was too slow."), retryable=True)
    except urllib3.exceptions.TimeoutError:
        raise ProviderError(_("WhatsApp’s file server stopped sending during the download."), retryable=True) from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise ProviderError(_("The connection to WhatsApp was lost during the download."), retryable=True) from None


def _unreachable(error: Exception) -> ProviderError:
    """A request without an answer as a ProviderError, without the address: the text is shown to agents."""
    left = wire.may_have_left(error)
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return ProviderError(_("WhatsApp didn’t respond in time."), retryable=True, may_have_sent=left)
    if left:
        return ProviderError(
            _("The connection to WhatsApp was lost before it responded."), retryable=True, may_have_sent=True
        )
    if isinstance(error, requests.exceptions.SSLError):
        return ProviderError(
            _(
                "Couldn’t connect to WhatsApp securely. Check the server’s clock, its certificate list and any "
                "proxy in between."
            ),
            retryable=True,
        )
    return ProviderError(_("Couldn’t reach WhatsApp."), retryable=True)


def _refused(method: str, response: requests.Response, answer: Any, token: str) -> ProviderError:
    """WhatsApp's error as a ProviderError, without the token: WhatsApp quotes a malformed one, and the text is shown
    and logged."""
    fault = answer.get("error") if isinstance(answer, dict) else None
    fault = fault if isinstance(fault, dict) else {}
    code = _integer(fault.get("code")) or 0
    if method == "POST" and (code, fault.get("error_subcode")) == (100, 33):
        code = errors.UNKNOWN_NUMBER  # what is posted to is always the number; what is read may be a file that is gone
    status = response.status_code
    data = fault.get("error_data")
    details = data.get("details") if isinstance(data, dict) else ""
    reason = ". ".join(str(part).strip(". ") for part in (fault.get("message"), details) if part)
    reason = reason.replace(token, "(the token)")[:500]
    # Rate limits come as 400, so the code counts more than the status.
    explanation = errors.explain(code, http_status=status)
    return ProviderError(
        _("WhatsApp responded with %(status)s: %(reason)s") % {"status": status, "reason": reason or "–"},
        code=code,
        http_status=status,
        retryable=explanation.retryable or status == 429 or status >= 500 or (status < 400 and not code),
        retry_after=_retry_after(response),
        may_have_sent=explanation.may_have_sent or not _certainly_refused(code, status),
    )


def _certainly_refused(code: int, status: int) -> bool:
    """Whether an error answer means that nothing was done."""
    if code in errors.EXPLANATIONS or 200 <= code <= 299:
        return True
    return 400 <= status < 500 if code else status in REFUSED_AT_THE_DOOR


def _retry_after(response: requests.Response) -> float | None:
    """The Retry-After header in seconds, from either of its forms; None when absent or nonsense."""
    value = response.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,7}", value):
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when - timezone.now()).total_seconds()) if when.tzinfo else None


def _integer(value: object) -> int | None:
    """A count that Meta writes as a number or a string."""
    digits = str(value)
    return int(digits) if re.fullmatch(r"[0-9]{1,15}", digits) else None
