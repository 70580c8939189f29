"""Search in one conversation: texts of messages and names of files."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.db.models import F, Func, Q, TextField
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from core.postgres import keyset
from inbox import access
from inbox.formatting import folding, humanize
from inbox.formatting.humanize import display_name
from inbox.formatting.summary import summarize
from inbox.models import Agent, Conversation, Message
from inbox.web import icons
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import message_content
from inbox.web.presenters.base import Drawn
from inbox.web.views.conversation import find
from whatsapp.events import Direction

PAGE_SIZE = 30
#: Longest search, in characters; the rest is ignored.
LENGTH = 200
#: Characters shown before and after a match.
BEFORE, AFTER = 40, 120


@dataclass(slots=True)
class Hit(Drawn):
    """A matching message: who wrote it when, and the text around the match."""

    id: str
    href: str
    author: str
    when: str
    icon: SafeString
    before: str
    found: str
    after: str


class Folded(Func):
    """A text without case and accents, like inbox.formatting.folding.fold()."""

    function = "inbox_folded"
    output_field = TextField()


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def search(request: AgentRequest, pk: int) -> HttpResponse:
    """?q=TEXT, newest first, older than ?before=PLACE: a page, or for htmx only the results."""
    conversation = find(request, pk)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:LENGTH]
    try:
        place = keyset.Place.parse(request.GET["before"]) if "before" in request.GET else None
    except keyset.BadPlaceError as error:
        raise Http404 from error
    name = display_name(conversation.contact)
    found = _matching(conversation, words, place, request.user) if words else []
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    context = {
        "conversation": conversation,
        "name": name,
        "words": words,
        "hits": [_hit(message, words, name) for message in found],
        "further": place is not None,
        "older": keyset.Place(found[-1].sent_at, found[-1].pk) if more else None,
    }
    template = "inbox/thread/_search.html" if request.htmx else "inbox/search.html"
    return render(request, template, context)


def _matching(conversation: Conversation, words: str, place: keyset.Place | None, agent: Agent) -> list[Message]:
    """Up to one message more than a page. Deleted messages only for agents who may read them."""
    sought = folding.fold(words)
    messages = Message.objects.filter(conversation_id=conversation.pk).alias(
        said=Folded(F("text")), named=Folded(F("media__file_name"))
    )
    messages = messages.filter(Q(said__contains=sought) | Q(named__contains=sought))
    if not access.sees_deleted_text(agent):
        messages = messages.filter(revoked_at=None)
    if place is not None:
        messages = messages.filter(keyset.before("sent_at", place))
    found = messages.select_related("media", "author", "agent").defer("media__excerpt")
    return list(found.order_by("-sent_at", "-id")[: PAGE_SIZE + 1])


def _hit(message: Message, words: str, name: str) -> Hit:
    media = getattr(message, "media", None)
    text = unicodedata.normalize("NFC", message.text)
    place = folding.find(text, words)
    if place is None:
        text = media.file_name if media and media.file_name else summarize(message.kind, message.text, message.payload)
        text = unicodedata.normalize("NFC", text)
        place = folding.find(text, words)
    start, end = place or (0, 0)
    moment = timezone.localtime(message.sent_at)
    author = display_name(message.author) if message.author else name
    if message.direction == Direction.OUTBOUND:
        author = str(message.agent) if message.agent else gettext("We")
    return Hit(
        id=str(message.pk),
        href=f"{reverse('inbox:conversation', args=[message.conversation_id])}?at={message.pk}#message-{message.pk}",
        author=author,
        when=f"{humanize.row_time(moment, timezone.localdate())}, {humanize.hour(moment)}"
        if moment.date() != timezone.localdate()
        else humanize.hour(moment),
        icon=icons.icon(message_content.icon(message.kind, voice=bool(media and media.voice)), icons.SMALL),
        before=("…" if start > BEFORE else "") + text[max(start - BEFORE, 0) : start],
        found=text[start:end],
        after=text[end : end + AFTER] + ("…" if len(text) > end + AFTER else ""),
    )
