"""Files of messages: check access, then redirect to a short-lived signed address in storage."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from typing import IO

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from inbox import access
from inbox.media import fetch as files
from inbox.media import file_names, pdf_pages
from inbox.media.content_types import INLINE_TYPES
from inbox.media.storage import StorageError, media_storage
from inbox.media.storage.local import SignedFileSystemStorage, signature_holds
from inbox.models import Media
from inbox.models.media import copy_type
from inbox.web.agent_request import AgentRequest

DOWNLOAD_TYPE = "application/octet-stream"
#: Seconds that a signed address must still be valid when a browser takes the redirect from its cache.
MARGIN_SECONDS = 60
BLOCK_BYTES = 64 * 1024
#: A file that we serve ourselves can neither load nor run anything, nor be framed. Without `sandbox`: Chromium would
#: show no PDF.
FILE_POLICY = (
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"
)


@require_safe
def original(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """The original file: shown inline if its detected type is trusted, otherwise downloaded."""
    media = find_stored(request, media_id)
    if media.content_type in INLINE_TYPES:
        return send_file(media.file, media.content_type, _disposition(media, attachment=False))
    return send_file(media.file, DOWNLOAD_TYPE, _disposition(media, attachment=True))


@require_safe
def download(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """The original file as a download, under the name that the sender gave it."""
    media = find_stored(request, media_id)
    return send_file(media.file, DOWNLOAD_TYPE, _disposition(media, attachment=True))


@require_safe
def thumbnail(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """The file's thumbnail."""
    media = find_stored(request, media_id)
    if not media.thumbnail:
        raise Http404
    return send_file(media.thumbnail, "image/webp", "inline")


@require_safe
def playable(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """The copy for browsers that cannot play or show the original."""
    media = find_stored(request, media_id)
    if not media.playable:
        raise Http404
    return send_file(media.playable, copy_type(media.playable.name or ""), "inline")


@require_safe
def page(request: AgentRequest, media_id: uuid.UUID, number: int) -> HttpResponse:
    """One page of a document as an image. 503 while too many are being rendered; page-pane.js asks again."""
    try:
        key = pdf_pages.picture(find_stored(request, media_id), number)
    except pdf_pages.NoPageError as error:
        raise Http404 from error
    except (pdf_pages.BusyError, StorageError):
        return HttpResponse("Ask again.", status=503, content_type="text/plain", headers={"Retry-After": "3"})
    return send_file(key, "image/webp", "inline")


@require_POST
def fetch_again(request: AgentRequest, media_id: uuid.UUID) -> HttpResponse:
    """Request the download of a missing file again. Pages learn the result from live updates."""
    media = get_object_or_404(access.media_visible_to(request.user), pk=media_id)
    files.fetch_again(media)
    if request.htmx:
        return HttpResponse(status=204)
    back = request.META.get("HTTP_REFERER", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return redirect(back if safe else "/")


@login_not_required
@require_safe
def local_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """A file of SignedFileSystemStorage, for everybody with its signed address, with byte ranges for seeking.

    The signature is the permission, as with S3: access was checked when the address was made.
    """
    if not isinstance(default_storage, SignedFileSystemStorage):
        raise Http404
    query = {word: request.GET.get(word, "") for word in ("type", "disposition", "expires", "signature")}
    if not signature_holds(name, query):
        return HttpResponse(_("This link is invalid or has expired."), status=403, content_type="text/plain")
    try:
        file = default_storage.open(name, "rb")
        size = file.size
    except (IsADirectoryError, SuspiciousOperation):
        raise Http404 from None
    except OSError as error:
        if isinstance(error, FileNotFoundError) and default_storage.is_there():
            raise Http404 from None
        sentence = _("File storage is not responding. Try again later.")
        return HttpResponse(sentence, status=503, content_type="text/plain", headers={"Retry-After": "30"})
    response = _ranged(request.headers.get("Range", ""), file, size)
    response.headers["Content-Type"] = query["type"]
    response.headers["Content-Disposition"] = query["disposition"]
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = f"private, max-age={max(0, int(query['expires']) - int(time.time()))}"
    return response


def find_stored(request: AgentRequest, media_id: uuid.UUID) -> Media:
    """The stored file if the agent may see its message; missing, forbidden and not stored are all 404."""
    visible = access.media_visible_to(request.user).select_related("message")
    return get_object_or_404(visible, pk=media_id, state=Media.State.STORED)


def _disposition(media: Media, *, attachment: bool) -> str:
    return content_disposition_header(attachment, file_names.download_name(media)) or "inline"


def send_file(file: FieldFile | str, content_type: str, disposition: str) -> HttpResponse:
    """A redirect to a short-lived signed address of a stored file or key. The caller has checked access."""
    expires = settings.MEDIA_URL_EXPIRES
    name = file if isinstance(file, str) else file.name or ""
    url = media_storage().signed_url(name, content_type=content_type, disposition=disposition, expires=expires)
    response = HttpResponseRedirect(url)
    # Browsers may cache the redirect while the address works, so that showing a page again loads no file again.
    response.headers["Cache-Control"] = f"private, max-age={max(0, expires - MARGIN_SECONDS)}"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _ranged(header: str, file: IO[bytes], size: int) -> HttpResponse | StreamingHttpResponse:
    """The whole file, or the part that the Range header names."""
    part = _part(header, size)
    if part == (0, 0) and size:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    start, stop = part or (0, size)
    response = StreamingHttpResponse(_Blocks(file, start, stop), status=206 if part else 200)
    response.headers["Content-Length"] = str(stop - start)
    response.headers["Accept-Ranges"] = "bytes"
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def _part(header: str, size: int) -> tuple[int, int] | None:
    """(start, stop) of the one range in a Range header (RFC 9110 §14.1.2), (0, 0) when the file has no such part.
    None means the whole file: no header, one that is not understood, or several ranges at once."""
    match = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", header)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return (max(0, size - int(last)), size) if int(last) else (0, 0)
    if last and int(last) < int(first):
        return None
    return (int(first), min(int(last) + 1, size) if last else size) if int(first) < size else (0, 0)


class _Blocks:
    """The bytes of an open file from ``start`` up to ``stop``. Django calls ``close`` at the end of the response, even
    if the browser disconnects before the first block."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self._file, self._start, self._stop = file, start, stop

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(self._start)
        left = self._stop - self._start
        while left and (block := self._file.read(min(BLOCK_BYTES, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        self._file.close()
