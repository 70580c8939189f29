"""Reads request bodies, JSON or forms with a file, in bounded memory."""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, TypeVar

import pydantic
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from core.integers import small_integer
from inbox.api.problems import Problem, invalid, of_validation

#: The largest file as base64 in JSON, in bytes. Forms, for larger ones, are not held in memory.
MAX_BASE64_FILE = 16 * 1024 * 1024
#: Base64 is four characters for three bytes; line breaks make 78 of 76 characters.
MAX_BASE64 = MAX_BASE64_FILE * 4 // 3 * 78 // 76 + 400
#: The file and the other fields.
MAX_JSON = MAX_BASE64_FILE * 4 // 3 + 1024 * 1024
#: Bytes of a form without its file.
MAX_FORM_FIELDS = 1024 * 1024
MAX_DEPTH = 20
SMALL = 1024 * 1024
CHUNK_BYTES = 64 * 1024
#: Parsing a large JSON body takes several times its size in memory, so one process parses few at once.
_large = threading.BoundedSemaphore(2)
LARGE_PATIENCE = 20.0

M = TypeVar("M", bound=pydantic.BaseModel)


@dataclass(slots=True)
class Body:
    """The fields of a request, the file of a form, and a digest that identifies a repeated request."""

    fields: dict[str, Any]
    fingerprint: str
    file: UploadedFile | None = field(default=None)


@contextmanager
def read(request: HttpRequest) -> Iterator[Body]:
    """The body, for the duration of the block. Raises Problem."""
    if not request.headers.get("Content-Length") and request.headers.get("Transfer-Encoding"):
        raise Problem(411, "length_required", "Send a Content-Length header.")
    match request.content_type:
        case "application/json":
            with _json(request) as body:
                yield body
        case "multipart/form-data":
            body = _form(request)
            try:
                yield body
            finally:
                if body.file is not None:
                    body.file.close()
        case _:
            raise Problem(415, "unsupported_media_type", "Send application/json or multipart/form-data.")


def validated(model: type[M], fields: dict[str, Any]) -> M:
    """The fields as this model. Raises Problem."""
    try:
        return model.model_validate(fields)
    except pydantic.ValidationError as error:
        raise of_validation(error.errors(include_url=False, include_context=False, include_input=False)) from None


@contextmanager
def _json(request: HttpRequest) -> Iterator[Body]:
    length = _length(request)
    if length > MAX_JSON:
        raise Problem(
            413,
            "too_large",
            f"JSON bodies are limited to {MAX_JSON // 2**20} MB. Send larger files as a form (multipart/form-data).",
        )
    if length <= SMALL:
        raw = request.read(length)
        yield Body(_parse(raw), _fingerprint(request, raw))
        return
    with tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR, prefix="inbox-api-") as spooled:
        while chunk := request.read(CHUNK_BYTES):
            spooled.write(chunk)
        if not _large.acquire(timeout=LARGE_PATIENCE):
            raise Problem(503, "busy", "Too many large requests at the same time.", headers={"Retry-After": "5"})
        try:
            spooled.seek(0)
            raw = spooled.read()
            body = Body(_parse(raw), _fingerprint(request, raw))
            del raw
            yield body
        finally:
            _large.release()


def _length(request: HttpRequest) -> int:
    length = small_integer(request.headers.get("Content-Length") or "0", 15)
    if length is None:
        raise Problem(400, "bad_request", "The Content-Length header is not a number.")
    return length


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        value = json.loads(raw.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "bad_request", "The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise invalid("", "The body must be a JSON object.")
    _refuse_hostile(value)
    return value


def _no_constant(constant: str) -> float:
    raise ValueError(constant)


def _refuse_hostile(value: Any) -> None:
    """Refuse what PostgreSQL cannot store: NUL characters and lone surrogates. Raises Problem."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise invalid("", f"The body is nested more than {MAX_DEPTH} levels deep.")
        if isinstance(item, dict):
            waiting += [(part, depth + 1) for pair in item.items() for part in pair]
        elif isinstance(item, list):
            waiting += [(part, depth + 1) for part in item]
        elif isinstance(item, str) and not clean(item):
            raise invalid("", "A text contains a NUL character or a lone surrogate.")


def clean(text: str) -> bool:
    """Whether a text can be stored."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _form(request: HttpRequest) -> Body:
    limit = settings.MEDIA_MAX_BYTES + MAX_FORM_FIELDS
    if _length(request) > limit:
        raise Problem(413, "too_large", f"Forms are limited to {limit // 2**20} MB, including the file.")
    try:
        fields: dict[str, Any] = {name: request.POST[name] for name in request.POST}
        files = request.FILES
    except MultiPartParserError:
        raise Problem(400, "bad_request", "The form could not be read.") from None
    _refuse_hostile(fields)
    uploads = [file for name in files for file in files.getlist(name)]
    if len(uploads) > 1:
        raise invalid("file", "Send one file in one request.")
    for name in ("template", "location", "contacts", "interactive"):
        if name in fields:
            fields[name] = _nested(name, fields[name])
    file = uploads[0] if uploads else None
    return Body(fields, _form_fingerprint(request, fields, file), file)


def _nested(name: str, text: str) -> Any:
    """The value of a form field that holds JSON."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise invalid(name, f"The field {name} of a form must hold JSON.") from None
    _refuse_hostile(value)
    return value


def _fingerprint(request: HttpRequest, raw: bytes) -> str:
    return hashlib.sha256(f"{request.method} {request.path}\n".encode() + hashlib.sha256(raw).digest()).hexdigest()


def _form_fingerprint(request: HttpRequest, fields: dict[str, Any], file: UploadedFile | None) -> str:
    """A digest of the form's content, since its boundary differs each time."""
    content = json.dumps([fields, file.name if file else ""], sort_keys=True).encode()
    return _fingerprint(request, content + (_digest(file) if file else b""))


def _digest(file: IO[bytes] | UploadedFile) -> bytes:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK_BYTES):
        digest.update(chunk)
    file.seek(0)
    return digest.digest()
