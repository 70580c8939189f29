"""The API reference: a page for people and the OpenAPI document for programs."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from inbox.api.authentication import program_of
from inbox.api.problems import Problem
from inbox.api.root import description


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every call with its fields, to read and to try. For signed-in agents."""
    settings = {
        "url": reverse("api:openapi-json"),
        "layout": "BaseLayout",
        "deepLinking": True,
        "persistAuthorization": False,
        "defaultModelsExpandDepth": 0,
    }
    return render(request, "api/reference.html", {"settings": settings})


@login_not_required  # a token is enough
@csrf_exempt  # it changes nothing
def document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document, for signed-in agents and programs with a token."""
    if request.method not in ("GET", "HEAD"):
        return Problem(405, "method_not_allowed", "Use GET.", headers={"Allow": "GET, HEAD"}).response()
    if not request.user.is_authenticated and program_of(request.headers.get("Authorization", "")) is None:
        return Problem(
            401,
            "unauthorized",
            "Send a valid API token, or sign in.",
            headers={"WWW-Authenticate": 'Bearer realm="inbox"'},
        ).response()
    return JsonResponse(description())
