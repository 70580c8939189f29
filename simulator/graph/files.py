"""The Graph API's files: upload, look-up, the download that expires, deletion."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

from django.http import HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse

from simulator import media
from simulator.graph import inspection
from simulator.network.errors import GraphError, unknown_object
from simulator.network.faults import MediaFault
from simulator.network.store import StoredMedia
from simulator.network.world import Number
from simulator.web import SimulatorRequest, drop, graph_body, require_token

#: What may be uploaded, and how large it may be.
LIMITS = {each: most for types, most in inspection.KINDS.values() for each in types}
CHUNK = 64 * 1024


def upload(request: SimulatorRequest, number: Number) -> HttpResponse:
    """POST /{number}/media: keeps the file for 30 days and answers its id."""
    body = graph_body(request)
    file = request.FILES.get("file")
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, message="(#100) The parameter messaging_product is required.")
    if file is None:
        raise GraphError(100, message="(#100) The parameter file is required.")
    declared = str(body.get("type") or file.content_type or "").lower()
    essence = declared.split(";")[0].strip()
    if essence not in LIMITS:
        listed = ", ".join(LIMITS)
        raise GraphError(
            100,
            message="(#100) Param file must be a file with one of the following types: "
            f"{listed}. Received file of type '{essence or 'application/octet-stream'}'.",
        )
    size = file.size or 0
    if not 0 < size <= LIMITS[essence]:
        raise GraphError(131053, f"A file of type {essence} can have at most {LIMITS[essence]} bytes; this has {size}.")
    kept = media.keep(
        request.exchange,
        number.phone_number_id,
        file.read(),
        declared,
        file_name=file.name or "",
        days=media.UPLOADED_DAYS,
    )
    return JsonResponse({"id": kept.media_id})


def node(request: SimulatorRequest, media_id: str) -> HttpResponse:
    """GET or DELETE /{media id}. A ``phone_number_id`` in the query must be the number's that holds the file."""
    exchange = request.exchange
    found = exchange.store.media(media_id)
    owner = request.GET.get("phone_number_id", "")
    if found is None or not media.alive(exchange, found) or owner not in ("", found.number_id):
        raise unknown_object(media_id, request.method or "get")
    if media.refuses(exchange, found):
        raise GraphError(2, message="An unexpected error has occurred. Please retry your request later.")
    if request.method == "DELETE":
        exchange.store.change_media(media_id, deleted=1)
        exchange.store.media_path(found).unlink(missing_ok=True)
        return JsonResponse({"success": True})
    if request.method != "GET":
        raise unknown_object(media_id, request.method or "get")
    return JsonResponse(
        {
            "messaging_product": "whatsapp",
            "url": media.address(exchange, found),
            "mime_type": found.mime_type,
            "sha256": found.sha256,
            "file_size": found.size,
            "id": found.media_id,
        }
    )


def download(request: SimulatorRequest) -> HttpResponseBase:
    """GET the address of a file: 401 without the token, 404 once the five minutes are over."""
    try:
        require_token(request)
    except GraphError:
        return HttpResponse(status=401)
    exchange = request.exchange
    found = media.at_address(exchange, request.GET.dict())
    if found is None or not media.alive(exchange, found):
        return HttpResponse(status=404)
    if media.refuses(exchange, found):
        return HttpResponse(status=503)
    wrong = media.fault(exchange, found)
    path = exchange.store.media_path(found)
    chunks = _chunks(path, found, wrong, request.META.get("simulator.connection"))
    response = StreamingHttpResponse(chunks, content_type=found.mime_type)
    response["Content-Length"] = str(found.size)
    response["Content-Disposition"] = f'inline;filename="{found.media_id}"'
    return response


def _chunks(path: Path, found: StoredMedia, wrong: MediaFault, connection: socket.socket | None) -> Iterator[bytes]:
    """The bytes, with what is wrong with them."""
    left = found.size // 2 if wrong is MediaFault.TRUNCATED else found.size
    with path.open("rb") as file:
        while left > 0:
            chunk = file.read(min(CHUNK, left))
            if not chunk:
                return
            left -= len(chunk)
            if wrong is MediaFault.WRONG_HASH and left == 0:
                chunk = chunk[:-1] + bytes([chunk[-1] ^ 0xFF])
            yield chunk
    if wrong is MediaFault.TRUNCATED:
        drop(connection)
