"""The webhook as a plain Django view that handles everything in the request through the ORM, for comparison."""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bench.understanding import one_by_one


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    expected = hmac.new(settings.WHATSAPP_APP_SECRETS[0].encode(), request.body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(f"sha256={expected}", request.headers.get("X-Hub-Signature-256", "")):
        return HttpResponse(status=401)
    one_by_one(request.body)
    return HttpResponse("OK")


urlpatterns = [path("plain/", webhook)]
