"""The list of conversations, alone or with an open thread beside it."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from core.postgres import keyset
from inbox.changes import pages
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import conversation_row, sending_banner
from inbox.web.queries import conversation_list, list_state
from inbox.web.queries.conversation_list import Filters
from inbox.web.queries.list_state import ListState


def list_context(request: AgentRequest, state: ListState) -> dict[str, object]:
    """What the list needs; ``state`` is that of this agent. 404 for an invalid place."""
    filters = Filters.of(request)
    try:
        place = keyset.Place.parse(request.GET["before"]) if "before" in request.GET else None
    except keyset.BadPlaceError as error:
        raise Http404 from error
    numbers, drafts = state.numbers, state.drafts
    pinned = conversation_list.pinned(state, filters)
    page, next_place = conversation_list.page(numbers, filters, place, [one.pk for one in pinned])
    query = filters.query()
    return {
        "rows": conversation_row.rows(page, numbers, drafts, query),
        "pinned_rows": conversation_row.rows(pinned, numbers, drafts, query) if place is None else [],
        "numbers": numbers,
        "number": next((number for number in numbers if number.id == filters.number), None),
        "filters": filters,
        "all_href": "/" + Filters(number=filters.number, sought=filters.sought).query(),
        "chips": [
            (word, name, "/" + Filters(word, filters.number, filters.sought).query())
            for word, name in conversation_list.FILTERS.items()
        ],
        "every_number_href": "/" + Filters(filters.word, None, filters.sought).query(),
        "number_hrefs": [(one, "/" + Filters(filters.word, one.id, filters.sought).query()) for one in numbers],
        "unsought_href": "/" + Filters(filters.word, filters.number).query(),
        "older_href": "/" + filters.query(before=str(next_place)) if next_place else "",
        "from_the_top": place is None,
        "unread": conversation_row.badge(state.unread),
        "banners": sending_banner.of(state.outboxes),
    }


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def conversations(request: AgentRequest) -> HttpResponse:
    """The list with nothing open; to htmx the list alone, or its next older rows."""
    state = list_state.read(request.user)
    context = {"cursor": state.cursor, "open_id": ""} | list_context(request, state)
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, "inbox/conversations.html", context)
    part = "list/_list" if request.htmx.target == "list" else "list/_rows"
    return pages.read_at(state.cursor, render(request, f"inbox/{part}.html", context))
