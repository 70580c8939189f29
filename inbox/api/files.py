"""Files that programs give us: in a form, as base64, behind a link, or uploaded before."""

from __future__ import annotations

import base64
import binascii
import io
import re
import tempfile
import uuid
from typing import IO
from urllib.parse import unquote

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from core import safe_http
from inbox import access
from inbox.api.problems import Problem, invalid
from inbox.api.request_bodies import MAX_BASE64_FILE
from inbox.api.requests import SendRequest, UploadRequest
from inbox.media import file_names, uploads
from inbox.media.uploads import TooMuchError
from inbox.models import Program, Upload
from whatsapp.events import MEDIA_KINDS, Kind
from whatsapp.models import PhoneNumber

#: Seconds for the whole of a linked file.
LINK_SECONDS = 60.0
DATA_URL = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
#: Between the characters of base64: many encoders break it into lines.
BREAKS = b" \t\r\n"


def sources(wanted: SendRequest | UploadRequest, file: UploadedFile | None) -> list[str]:
    """The fields that name a file. More than one is refused. Raises Problem."""
    given = {
        "file": file,
        "link": wanted.link,
        "mediaFile": wanted.mediaFile,
        "mediaId": getattr(wanted, "mediaId", None),
    }
    found = [name for name, value in given.items() if value is not None]
    if len(found) > 1:
        raise invalid(found[1], f"Give one file, not several ({', '.join(found)}).")
    return found


def take(
    wanted: SendRequest | UploadRequest, file: UploadedFile | None, *, program: Program, number: PhoneNumber
) -> Upload | None:
    """The file that a request names, in our storage; None when it names none. Raises Problem, StorageError."""
    found = sources(wanted, file)
    if not found:
        return None
    match found[0]:
        case "mediaId":
            return _earlier(str(getattr(wanted, "mediaId", "")), program, number)
        case "link":
            return _linked(wanted, program, number)
        case "mediaFile":
            return _receive(io.BytesIO(_decoded(wanted.mediaFile or "")), "", wanted, program, number)
    assert file is not None  # noqa: S101 - the only source left
    return _receive(file, file.name or "", wanted, program, number)


def _receive(
    file: IO[bytes] | UploadedFile,
    name: str,
    wanted: SendRequest | UploadRequest,
    program: Program,
    number: PhoneNumber,
) -> Upload:
    try:
        return uploads.receive(
            file,
            number=number,
            file_name=file_names.clean(wanted.fileName or name),
            kind=_kind(wanted),
            voice=wanted.voice,
            program=program,
        )
    except TooMuchError as error:
        raise Problem(429, "too_many_requests", str(error), headers={"Retry-After": str(error.seconds)}) from None
    except uploads.FileRefusedError as error:
        raise Problem(422, "file_refused", str(error)) from None


def _kind(wanted: SendRequest | UploadRequest) -> Kind | None:
    """What it shall go as: said by ``kind``, or by a ``mediaType`` that is the name of a kind."""
    for word in (wanted.kind, (wanted.mediaType or "").lower()):
        if word in MEDIA_KINDS:
            return Kind(word)
    return None


def _earlier(word: str, program: Program, number: PhoneNumber) -> Upload:
    try:
        pk = uuid.UUID(word)
    except ValueError:
        raise invalid("mediaId", "This is not an id that POST /api/media answered.") from None
    upload = access.uploads_visible_to(program).filter(pk=pk).first()
    if upload is None:
        raise invalid("mediaId", "There is no uploaded file with this id: it was sent already, or is older than a day.")
    if upload.number_id != number.pk:
        raise invalid("mediaId", "The file was uploaded for another of our numbers.")
    return upload


def _decoded(text: str) -> bytes:
    if match := DATA_URL.match(text):
        text = text[match.end() :]
    try:
        content = base64.b64decode(text.encode("ascii").translate(None, BREAKS), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("mediaFile", "The field mediaFile is not base64.") from None
    if len(content) > MAX_BASE64_FILE:
        raise Problem(
            413, "too_large", f"A file as base64 may have {MAX_BASE64_FILE // 2**20} MB; send a form instead."
        )
    return content


def _linked(wanted: SendRequest | UploadRequest, program: Program, number: PhoneNumber) -> Upload:
    try:
        with (
            tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="inbox-link-") as file,
            safe_http.fetch(
                wanted.link or "",
                limit=settings.MEDIA_MAX_BYTES,
                seconds=LINK_SECONDS,
                private=safe_http.simulator_hosts(),
            ) as (address, pieces),
        ):
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            name = unquote(address.path.rpartition("/")[2])
            return _receive(file, name, wanted, program, number)
    except safe_http.OutsideError as error:
        raise Problem(422, "link_failed", str(error), errors=[{"field": "link", "message": str(error)}]) from None
