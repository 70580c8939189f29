"""All files of a conversation, in the page's dialog or as a page."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from core.postgres import keyset
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import contact_panel
from inbox.web.views.conversation import find
from inbox.web.views.dialogs import show


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def all_files(request: AgentRequest, pk: int) -> HttpResponse:
    """Newest first, older than ?before=PLACE. 404 for a place that is none."""
    conversation = find(request, pk)
    try:
        place = keyset.Place.parse(request.GET["before"]) if "before" in request.GET else None
    except keyset.BadPlaceError as error:
        raise Http404 from error
    files, older = contact_panel.all_files(conversation, place)
    context = {"files": files, "older": older}
    if place is not None and request.htmx:
        return render(request, "inbox/details/_file_grid.html", context | {"conversation": conversation})
    return show(request, conversation, "all_files", context)
