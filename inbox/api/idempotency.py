"""`Idempotency-Key`: a repeated request takes effect once and gets the same answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from inbox.api.problems import Problem, invalid
from inbox.models import KeptAnswer, Program

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{1,255}")
#: How long answers are kept.
LIFETIME = timedelta(hours=48)
NAMESPACE = uuid.UUID("6f1ab2a6-6f0e-4f0b-9d0b-4f5be2a0c3d1")

#: Does the work of a request, once for each token. Returns the HTTP status and the answer.
Act = Callable[[uuid.UUID], tuple[int, dict[str, Any]]]


def answer(request: HttpRequest, program: Program, fingerprint: str, act: Act) -> HttpResponse:
    """The answer of ``act``, or the kept answer to the same request. Raises Problem, and whatever ``act`` raises.

    Only successes are kept, since a failed request had no effect and may be repeated. Two requests at the same time
    both call ``act`` with the same token, so there is one effect; both get the answer that was kept first.
    """
    key = request.headers.get(HEADER)
    if key is None:
        status, body = act(uuid.uuid4())
        return JsonResponse(body, status=status)
    if not KEY.fullmatch(key):
        raise invalid(HEADER, f"The {HEADER} header takes 1 to 255 printable ASCII characters.")
    kept, _ = KeptAnswer.objects.get_or_create(program=program, key=key, defaults={"fingerprint": fingerprint})
    if kept.fingerprint != fingerprint:
        raise Problem(422, "idempotency_key_reused", f"This {HEADER} was used for another request. Use a new one.")
    if kept.status is not None:
        return _replay(kept)
    try:
        status, body = act(uuid.uuid5(NAMESPACE, f"{program.pk} {fingerprint} {key}"))
    except Exception:
        KeptAnswer.objects.filter(pk=kept.pk, status=None).delete()
        raise
    if not KeptAnswer.objects.filter(pk=kept.pk, status=None).update(status=status, body=body):
        # Another request with this key finished first, or failed and deleted the row.
        kept, _ = KeptAnswer.objects.get_or_create(
            program=program, key=key, defaults={"fingerprint": fingerprint, "status": status, "body": body}
        )
        if kept.fingerprint == fingerprint and kept.status is not None:
            return _replay(kept)
    return JsonResponse(body, status=status)


def _replay(kept: KeptAnswer) -> HttpResponse:
    return JsonResponse(kept.body, status=kept.status, headers={"Idempotent-Replayed": "true"})


def forget() -> int:
    """Delete answers older than LIFETIME. Returns how many."""
    deleted, _ = KeptAnswer.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()
    return deleted
