"""Signed addresses of stored files, as answers give them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest
from django.utils.encoding import iri_to_uri
from django.utils.http import content_disposition_header

from inbox.media.content_types import INLINE_TYPES
from inbox.media.storage import media_storage

DOWNLOAD_TYPE = "application/octet-stream"
#: Makes an address of the storage absolute; None where addresses would have expired before they are used.
Absolute = Callable[[str], str] | None


def absolute(request: HttpRequest) -> Callable[[str], str]:
    """What `request.build_absolute_uri` does, with the request's own address worked out once for a page of files."""
    origin = request.build_absolute_uri("/")
    return lambda url: iri_to_uri(urljoin(origin, url)) or ""


def signed(key: str, content_type: str, name: str) -> str:
    """The address of a stored file for MEDIA_URL_EXPIRES seconds. Browsers show the types that we trust and save the
    others, under ``name``."""
    inline = content_type in INLINE_TYPES
    return media_storage().signed_url(
        key,
        content_type=content_type if inline else DOWNLOAD_TYPE,
        disposition=content_disposition_header(not inline, name) or "inline",
        expires=settings.MEDIA_URL_EXPIRES,
    )
