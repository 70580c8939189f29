"""Files in requests: in a form, as base64, behind a link, or uploaded before."""

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

#: Time limit for downloading a linked file.
LINK_SECONDS = 60.0
DATA_URL = re.compile(r"\s*data:[^,]{0,200};base64,", re.IGNORECASE)
#: Many encoders break base64 into lines.
BREAKS = b" \t\r\n"


def sources(fields: SendRequest | UploadRequest, file: UploadedFile | None) -> list[str]:
    """The field that names the file, as a list of one or none. Raises Problem for more than one."""
    given = {
        "file": file,
        "link": fields.link,
        "mediaFile": fields.mediaFile,
        "mediaId": getattr(fields, "mediaId", None),
    }
    found = [name for name, value in given.items() if value is not None]
    if len(found) > 1:
        raise invalid(found[1], f"Send one file, not several ({', '.join(found)}).")
    return found


def take(
    fields: SendRequest | UploadRequest, file: UploadedFile | None, *, program: Program, number: PhoneNumber
) -> Upload | None:
    """Store the file of a request and return it; None when it has none. Raises Problem, StorageError."""
    found = sources(fields, file)
    if not found:
        return None
    match found[0]:
        case "mediaId":
            return _uploaded(str(getattr(fields, "mediaId", "")), program, number)
        case "link":
            return _linked(fields, program, number)
        case "mediaFile":
            return _receive(io.BytesIO(_decoded(fields.mediaFile or "")), "", fields, program, number)
    assert file is not None  # noqa: S101 - the only source left
    return _receive(file, file.name or "", fields, program, number)


def _receive(
    file: IO[bytes] | UploadedFile,
    name: str,
    fields: SendRequest | UploadRequest,
    program: Program,
    number: PhoneNumber,
) -> Upload:
    try:
        return uploads.receive(
            file,
            number=number,
            file_name=file_names.clean(fields.fileName or name),
            kind=_kind(fields),
            voice=fields.voice,
            program=program,
        )
    except TooMuchError as error:
        raise Problem(429, "too_many_requests", str(error), headers={"Retry-After": str(error.seconds)}) from None
    except uploads.FileRefusedError as error:
        raise Problem(422, "file_refused", str(error)) from None


def _kind(fields: SendRequest | UploadRequest) -> Kind | None:
    """What to send the file as: ``kind``, or a ``mediaType`` that is the name of a kind."""
    for kind in (fields.kind, (fields.mediaType or "").lower()):
        if kind in MEDIA_KINDS:
            return Kind(kind)
    return None


def _uploaded(media_id: str, program: Program, number: PhoneNumber) -> Upload:
    try:
        pk = uuid.UUID(media_id)
    except ValueError:
        raise invalid("mediaId", "This is not the mediaId of an upload by POST /api/media.") from None
    upload = access.uploads_visible_to(program).filter(pk=pk).first()
    if upload is None:
        raise invalid("mediaId", "There is no unsent upload with this id. Uploads can be sent once, within a day.")
    if upload.number_id != number.pk:
        raise invalid("mediaId", "This file was uploaded for another number.")
    return upload


def _decoded(text: str) -> bytes:
    if match := DATA_URL.match(text):
        text = text[match.end() :]
    try:
        content = base64.b64decode(text.encode("ascii").translate(None, BREAKS), validate=True)
    except (binascii.Error, ValueError):
        raise invalid("mediaFile", "The field mediaFile is not valid base64.") from None
    if len(content) > MAX_BASE64_FILE:
        raise Problem(
            413,
            "too_large",
            f"Files as base64 are limited to {MAX_BASE64_FILE // 2**20} MB. Send larger files as a form.",
        )
    return content


def _linked(fields: SendRequest | UploadRequest, program: Program, number: PhoneNumber) -> Upload:
    try:
        with (
            tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="inbox-link-") as file,
            safe_http.fetch(
                fields.link or "",
                limit=settings.MEDIA_MAX_BYTES,
                seconds=LINK_SECONDS,
                private=safe_http.simulator_hosts(),
            ) as (address, pieces),
        ):
            for piece in pieces:
                file.write(piece)
            file.seek(0)
            name = unquote(address.path.rpartition("/")[2])
            return _receive(file, name, fields, program, number)
    except safe_http.OutsideError as error:
        raise Problem(422, "link_failed", str(error), errors=[{"field": "link", "message": str(error)}]) from None
