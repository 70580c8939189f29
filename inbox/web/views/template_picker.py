"""Dialogs to choose a message template, fill it in with a preview and send it; pages without scripts."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from inbox.models import Conversation
from inbox.sending.queue import Intent
from inbox.web.agent_request import AgentRequest
from inbox.web.presenters import stand_in
from inbox.web.presenters import template_picker as picker
from inbox.web.presenters.composer import Card
from inbox.web.views.conversation import find
from inbox.web.views.dialogs import dialog_methods, message_token, queue, show
from inbox.web.views.responses import sent
from inbox.web.views.uploads import header_file
from whatsapp import template_sync
from whatsapp.events import Kind
from whatsapp.models import MessageTemplate


@require_GET
@never_cache
def template_picker(request: AgentRequest, pk: int) -> HttpResponse:
    """The templates of the number's account. ?q=TEXT, ?language=CODE and ?category=NAME filter the list."""
    conversation = find(request, pk)
    narrowed = {name: request.GET.get(name, "") for name in ("language", "category")}
    everything = picker.choices(conversation)
    if not everything and conversation.number.waba_id:
        template_sync.enqueue(conversation.number.waba_id)
    context = {
        "choices": picker.choices(conversation, words=request.GET.get("q", ""), **narrowed),
        "words": request.GET.get("q", ""),
        "languages": sorted({(one.language, picker.language_words(one.language)) for one in everything}),
        "categories": sorted({one.category for one in everything if one.category}),
        "none": not everything,
        **narrowed,
    }
    if "list" in request.GET:
        return render(request, "inbox/dialogs/_template_list.html", context | {"conversation": conversation})
    return show(request, conversation, "template_picker", context)


def _found(conversation: Conversation, template_id: int) -> MessageTemplate:
    templates = MessageTemplate.objects.filter(waba_id=conversation.number.waba_id, gone_at=None).exclude(waba_id="")
    return get_object_or_404(templates, pk=template_id)


@dialog_methods
@never_cache
def template(request: AgentRequest, pk: int, template_id: int) -> HttpResponse:
    """One template to fill in, with its preview; POST sends it."""
    conversation = find(request, pk)
    row = _found(conversation, template_id)
    posted = request.method == "POST"
    media_kind = picker.form(row, None, has_media=True, check=False).media_kind
    upload, wrong = header_file(request, conversation, media_kind) if posted and media_kind else (None, "")
    form = picker.form(
        row,
        request.POST if posted else None,
        has_media=upload is not None or bool(wrong),
        check=posted,
        name=conversation.contact.profile_name,
    )
    problem = wrong
    intent = Intent(kind=Kind.TEMPLATE, text=form.text, payload=form.payload, upload=upload)
    if posted and conversation.messages.filter(client_token=message_token(request, intent)).exists():
        # The same press again: its file belongs to the message already.
        return sent(request, conversation)
    if posted and form.valid and not wrong:
        problem = queue(request, conversation, intent)
        if not problem:
            picker.used(row)
            return sent(request, conversation)
    context = {
        "form": form,
        **_preview(request, form),
        "problem": problem,
        "card": Card.of(upload) if upload is not None else None,
        "posted": posted,
        "incomplete": not form.valid if posted else bool(form.blanks),
        "language": picker.language_words(row.language),
    }
    return show(request, conversation, "template", context, status=422 if posted else 200)


@require_POST
def template_preview(request: AgentRequest, pk: int, template_id: int) -> HttpResponse:
    """The template with the values so far."""
    conversation = find(request, pk)
    form = picker.form(_found(conversation, template_id), request.POST, has_media=True, check=True)
    return render(request, "inbox/dialogs/_preview.html", _preview(request, form))


def _preview(request: AgentRequest, form: picker.Form) -> dict[str, Any]:
    drawn = stand_in.of_dialog(request.user, Kind.TEMPLATE, form.text, form.payload)
    return {"preview": form.preview, "stand_in": drawn, "incomplete": not form.valid}
