"""Answers as JSON, written without being validated again: tests check them against the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse

CONTENT_TYPE = "application/json; charset=utf-8"


def json_response(body: Any, status: int = 200) -> HttpResponse:
    """``body`` as JSON. Pieces of JSON (orjson.Fragment) are written as they are, lazy texts translated."""
    try:
        content = orjson.dumps(body, default=str)
    except orjson.JSONEncodeError:
        # A number of more than 64 bits in what WhatsApp described.
        content = json.dumps(body, cls=DjangoJSONEncoder).encode()
    return HttpResponse(content, status=status, content_type=CONTENT_TYPE)
