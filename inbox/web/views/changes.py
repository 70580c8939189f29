"""What changed since a page was loaded: rows for the list and messages for the open conversation."""

from __future__ import annotations

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core.integers import small_integer
from inbox import access
from inbox.changes import pages as feed
from inbox.formatting.humanize import display_name
from inbox.models import Conversation, Message
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import contact_panel, conversation_row, days, sending_banner
from inbox.web.queries import conversation_list, list_state, thread
from inbox.web.queries.conversation_list import Filters
from inbox.web.queries.list_state import Number

#: With more changed conversations or messages than this, the page is told to reload instead.
LIMIT = 200


@require_GET
@never_cache
def changes(request: AgentRequest) -> HttpResponse:
    """?since=CURSOR, ?open=CONVERSATION and the list's filters. Changes may be repeated, none is left out."""
    return fragment(request)


def fragment(request: AgentRequest) -> HttpResponse:
    """What changed since the cursor in the request's address.

    The answer carries the next cursor, taken before anything was read. Elements carry the transaction that changed
    them, so that the page skips what it already shows. 404 if the open conversation is no longer visible.
    """
    open_text = request.GET.get("open", "")
    if (open_id := small_integer(open_text)) is None and open_text:
        raise Http404
    filters = Filters.of(request)
    state = list_state.read(request.user)
    try:
        since = feed.since(request.GET.get("since", ""), state.cursor)
    except ValueError:
        raise Http404 from None
    numbers = state.numbers
    changed = list(
        conversation_list.visible(numbers).filter(since).select_related("number").order_by("-changed_xid")[: LIMIT + 1]
    )
    opened, messages = _opened(numbers, open_id, since, changed)
    name = display_name(opened.contact) if opened else ""
    # The open conversation keeps its row in a list that has no place for it any more.
    shown = [one for one in changed if filters.lets_in(one) or one.pk == open_id]
    context = {
        "cursor": state.cursor,
        "reload": len(changed) > LIMIT or len(messages) > LIMIT,
        "rows": conversation_row.rows(shown, numbers, state.drafts, filters.query()),
        "gone": [one.pk for one in changed if not filters.lets_in(one)],
        "open_id": str(open_id),
        "conversation": opened,
        "name": name,
        "files": contact_panel.files(opened) if opened and any(hasattr(one, "media") for one in messages) else None,
        "days": days.of(
            messages,
            name=name,
            deleted=access.sees_deleted_text(request.user),
            window_open=opened is not None and opened.window_open,
        ),
        "unread": conversation_row.badge(state.unread),
        "banners": sending_banner.of(state.outboxes),
    }
    return render(request, "inbox/page/_changes.html", context)


def _opened(
    numbers: list[Number], open_id: int | None, since: Q, changed: list[Conversation]
) -> tuple[Conversation | None, list[Message]]:
    """The open conversation if it may be seen, and its changed messages in the thread's order."""
    if open_id is None:
        return None, []
    opened = next((one for one in changed if one.pk == open_id), None)
    opened = opened or conversation_list.visible(numbers).filter(pk=open_id).select_related("number").first()
    if opened is None:
        raise Http404
    messages = Message.objects.filter(since, conversation_id=open_id)
    return opened, thread.fetch(messages.order_by("-changed_xid", "-id")[: LIMIT + 1])
