"""All files of a conversation, in the page's dialog or as a page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from core.postgres import keyset
from inbox.web.presenters import contact_panel
from inbox.web.queries import conversation_list
from inbox.web.views.conversation import find
from inbox.web.views.dialogs import show


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def all_files(request: HttpRequest, pk: int) -> HttpResponse:
    """Newest first, older than ?before=PLACE. 404 for a place that is none."""
    conversation = find(conversation_list.numbers_of(request), pk)
    try:
        place = keyset.Place.parse(request.GET["before"]) if "before" in request.GET else None
    except keyset.BadPlaceError as error:
        raise Http404 from error
    files, older = contact_panel.all_files(conversation, place)
    context = {"files": files, "older": older}
    if place is not None and request.htmx:  # type: ignore[attr-defined]
        return render(request, "inbox/_file_grid.html", context | {"conversation": conversation})
    return show(request, conversation, "all_files", context)
