"""One conversation: its page, more of its messages, one message, and marking it as read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from core.integers import small_integer
from core.postgres import keyset
from inbox import access
from inbox.changes import pages
from inbox.formatting.humanize import display_name
from inbox.models import Conversation, Message
from inbox.sending import read_receipts
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import composer, contact_panel, conversation_row, message_details
from inbox.web.presenters import days as days_presenter
from inbox.web.queries import conversation as conversation_query
from inbox.web.queries import conversation_list, list_state, thread
from inbox.web.queries.conversation_list import Filters
from inbox.web.queries.thread import Stretch
from inbox.web.views.conversations import list_context


def find(request: AgentRequest, pk: int) -> Conversation:
    """The conversation if the agent may see it; missing and forbidden are both 404."""
    visible = conversation_list.visible(conversation_list.numbers_of(request))
    return get_object_or_404(visible.select_related("number"), pk=pk)


def stretch(request: AgentRequest, conversation: Conversation) -> Stretch:
    """The part of the thread that the address asks for: ?at=ID, ?on=DATE, ?before=PLACE, ?after=PLACE, ?from=PLACE
    with &to=PLACE, or the newest."""
    try:
        if "from" in request.GET:
            places = (keyset.Place.parse(request.GET.get(name, "")) for name in ("from", "to"))
            return thread.between(conversation, *places)
        if "before" in request.GET:
            return thread.older_than(conversation, keyset.Place.parse(request.GET["before"]))
        if "after" in request.GET:
            return thread.newer_than(conversation, keyset.Place.parse(request.GET["after"]))
    except keyset.BadPlaceError as error:
        raise Http404 from error
    if (day := first_of_day(request, conversation)) is not None:
        return thread.around(conversation, day)
    if (at := small_integer(request.GET.get("at", ""))) is not None:
        return thread.around(conversation, get_object_or_404(conversation.messages, pk=at))
    return thread.newest(conversation)


def first_of_day(request: AgentRequest, conversation: Conversation) -> Message | None:
    """The first message of the reader's day ?on=DATE, or the next there is; None if not asked for. 404 for no date."""
    if "on" not in request.GET:
        return None
    try:
        day = date.fromisoformat(request.GET["on"])
        moment = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Http404 from error
    return thread.first_since(conversation, moment)


def thread_context(request: AgentRequest, conversation: Conversation) -> dict[str, object]:
    name = display_name(conversation.contact)
    part = stretch(request, conversation)
    first_unread = thread.first_unread(conversation, part)
    agent = request.user
    days = days_presenter.of(
        part.messages,
        name=name,
        unread=conversation.unread_count,
        first_unread=first_unread,
        deleted=access.sees_deleted_text(agent),
        window_open=conversation.window_open,
    )
    return {
        "conversation": conversation,
        "name": name,
        "days": days,
        "first_unread": first_unread,
        "unread_above": first_unread is not None and all(message.pk != first_unread for message in part.messages),
        "older": part.older,
        "newer": part.newer,
        "query": Filters.of(request).query(),
    }


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def conversation(request: AgentRequest, pk: int) -> HttpResponse:
    """The conversation with its details: a whole page, or for htmx only what stands beside the list.

    ?reply=MESSAGE quotes that message in the composer.
    """
    return page(request, pk)


def page(request: AgentRequest, pk: int, *, problem: str = "", status: int = 200) -> HttpResponse:
    """The conversation with its composer; ``problem`` is why what was written into that could not be sent."""
    agent = request.user
    state = list_state.read(agent)
    opened = conversation_query.opened(conversation_list.visible(state.numbers).filter(pk=pk), agent)
    if opened is None:
        raise Http404
    found = opened.conversation
    if (day := first_of_day(request, found)) is not None:
        return redirect(f"{reverse('inbox:conversation', args=[pk])}?at={day.pk}#message-{day.pk}")
    context = thread_context(request, found) | contact_panel.of(found, state.numbers, staff=agent.is_staff)
    quoted = composer.quotable(found, request.GET.get("reply", ""))
    name = display_name(found.contact)
    shown = composer.of(found, agent, opened.draft, name=name, quoted=quoted, problem=problem)
    context |= {
        "composer": shown,
        "cursor": state.cursor,
        "at_details": "details" in request.GET,
        "open_id": str(found.pk),
        "is_pinned": opened.pinned,
    }
    if request.htmx and not request.htmx.history_restore_request:
        context["unread"] = conversation_row.badge(state.unread)
        return pages.read_at(state.cursor, render(request, "inbox/thread/_conversation.html", context))
    return render(request, "inbox/conversation.html", context | list_context(request, state), status=status)


@require_GET
@never_cache
def messages(request: AgentRequest, pk: int) -> HttpResponse:
    """Another part of the thread, chosen as in stretch()."""
    agent = request.user
    visible = Conversation.objects.filter(pk=pk, number__in=access.visible_numbers(agent))
    opened = conversation_query.opened(visible, agent)
    if opened is None:
        raise Http404
    context = thread_context(request, opened.conversation)
    return pages.read_at(opened.cursor, render(request, "inbox/thread/_messages.html", context))


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def message(request: AgentRequest, pk: int) -> HttpResponse:
    """One message with its whole text and its details; for htmx only the details."""
    found = thread.fetch(access.messages_visible_to(request.user).filter(pk=pk))
    if not found:
        raise Http404
    row = found[0]
    name = display_name(row.conversation.contact)
    deleted = access.sees_deleted_text(request.user)
    window_open = row.conversation.window_open
    days = days_presenter.of(found, name=name, whole_text=True, deleted=deleted, window_open=window_open)
    context = {
        "days": days,
        "bubble": days[0].entries[0].bubble,
        "message": row,
        "facts": message_details.facts(row),
        "copied": row.text if deleted or not row.revoked_at else "",
        "link": request.build_absolute_uri(f"{reverse('inbox:conversation', args=[row.conversation_id])}?at={row.pk}"),
        "reactions": message_details.REACTIONS,
        "ours": next((one.emoji for one in row.shown_reactions if one.contact is None), ""),  # type: ignore[attr-defined]
        "name": name,
        "conversation": row.conversation,
    }
    template = "inbox/dialogs/_message.html" if request.htmx else "inbox/message.html"
    return render(request, template, context)


@require_POST
def read(request: AgentRequest, pk: int) -> HttpResponse:
    """Mark the conversation as read up to the state that the page shows. ``changed`` names that state: if the
    conversation has changed since, nothing happens, and the page asks again once it shows the change. Safe to
    repeat."""
    changed = small_integer(request.POST.get("changed", ""))
    if changed is None:
        return HttpResponse("changed is missing.", status=400, content_type="text/plain")
    found = find(request, pk)
    unread = Conversation.objects.unread().filter(pk=found.pk, changed_xid=changed)
    with transaction.atomic():
        if unread.update(unread_count=0):
            read_receipts.mark_read(found)
            pages.announce([(found.number_id, found.pk)])
    return HttpResponse(status=204)
