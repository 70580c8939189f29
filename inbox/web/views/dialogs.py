"""Dialogs that send a location, a contact card or a message with buttons; pages of their own without scripts."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from inbox import drafts
from inbox.formatting.humanize import display_name
from inbox.media import uploads
from inbox.models import Conversation, Media, Upload
from inbox.sending import queue as sending_queue
from inbox.sending.queue import Intent, NotSendableError
from inbox.web.agent_request import AgentRequest
from inbox.web.forms import BUTTONS, PHONES, ROWS, ContactForm, InteractiveForm, LocationForm
from inbox.web.presenters import interactive as interactive_presenter
from inbox.web.presenters import stand_in
from inbox.web.presenters.composer import Card, is_uuid
from inbox.web.views.compose import token
from inbox.web.views.conversation import find
from inbox.web.views.responses import sent
from inbox.web.views.uploads import header_file
from whatsapp import phone_numbers
from whatsapp.events import Kind

#: Types of messages with buttons whose header may show a file.
MEDIA_HEADERS = ("buttons", "link", "flow")

dialog_methods = require_http_methods(["GET", "POST"])


def show(
    request: AgentRequest, conversation: Conversation, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """A form for the page's dialog, or as a page of its own. ``name`` is the template's."""
    partial = f"inbox/dialogs/_{name}.html"
    context |= {"conversation": conversation, "name": display_name(conversation.contact), "partial": partial}
    context.setdefault("token", token(request.POST) if request.POST else uuid.uuid4())
    return render(request, partial if request.htmx else "inbox/dialog.html", context, status=status)


def message_token(request: AgentRequest, intent: Intent) -> uuid.UUID:
    """The client token of what a dialog sends. ``press`` is the browser's own name for one press of Send: it drew the
    message before that had a row. Without scripts it follows from the form's token and the content."""
    if is_uuid(press := request.POST.get("press", "")):
        return uuid.UUID(press)
    content = json.dumps([intent.kind, intent.text, intent.payload], sort_keys=True, default=str)
    return drafts.message_token(token(request.POST), content)


def queue(request: AgentRequest, conversation: Conversation, intent: Intent) -> str:
    """Queue a dialog's message. The reason if it cannot be sent, else empty. Safe to repeat."""
    client_token = message_token(request, intent)
    try:
        sending_queue.queue(conversation, intent, client_token=client_token, agent=request.user)
    except (NotSendableError, uploads.FileRefusedError) as error:
        return str(error)
    return ""


def _form_view(
    request: AgentRequest, conversation: Conversation, template: str, kind: Kind, form: Any, context: dict[str, Any]
) -> HttpResponse:
    """Show the form, or send what it makes. ``context`` may hold the header's ``upload`` and a ``problem`` with it."""
    context = {"form": form, "problem": "", "upload": None} | context
    if request.method == "POST" and form.is_valid() and not context["problem"]:
        payload, upload = form.payload(), context["upload"]
        if upload is not None:
            payload["header"] = {"type": upload.kind}
        text = form.cleaned_data["text"].replace("\r\n", "\n") if "text" in form.fields else ""
        context["problem"] = queue(request, conversation, Intent(kind=kind, text=text, payload=payload, upload=upload))
        if not context["problem"]:
            return sent(request, conversation)
    return show(request, conversation, template, context, status=422 if request.method == "POST" else 200)


@dialog_methods
@never_cache
def location(request: AgentRequest, pk: int) -> HttpResponse:
    """Send a location."""
    conversation = find(request, pk)
    return _form_view(request, conversation, "location", Kind.LOCATION, LocationForm(request.POST or None), {})


@dialog_methods
@never_cache
def contact(request: AgentRequest, pk: int) -> HttpResponse:
    """Send a contact card."""
    conversation = find(request, pk)
    country = phone_numbers.country_of(conversation.number.display_number)
    form = ContactForm(request.POST or None, country=country)
    phones = [form[f"phone_{index}"] for index in range(1, PHONES + 1)]
    return _form_view(request, conversation, "contact", Kind.CONTACTS, form, {"phones": phones})


@dialog_methods
@never_cache
def interactive(request: AgentRequest, pk: int) -> HttpResponse:
    """Send a message with buttons. ?type=TYPE preselects the type."""
    conversation = find(request, pk)
    form = InteractiveForm(
        request.POST or None, initial={"type": request.GET.get("type", "buttons"), "button": gettext("Choose")}
    )
    if "again" in request.POST:
        # Without scripts: another type was chosen, so show its fields with the same values.
        form = InteractiveForm(initial=request.POST.dict())
    upload, problem = None, ""
    if form.is_bound and form.chosen in MEDIA_HEADERS:
        if _left_already(request, conversation):
            return sent(request, conversation)
        upload, problem = header_file(request, conversation)
    context = _interactive_context(request, form, upload)
    context |= {"upload": upload, "problem": problem, "card": Card.of(upload) if upload is not None else None}
    return _form_view(request, conversation, "interactive", Kind.INTERACTIVE, form, context)


def _left_already(request: AgentRequest, conversation: Conversation) -> bool:
    """Whether this press of Send came before: the file in its header belongs to a message by now."""
    word = request.POST.get("upload", "")
    return is_uuid(word) and Media.objects.filter(pk=word, message__conversation=conversation).exists()


def _interactive_context(request: AgentRequest, form: InteractiveForm, upload: Upload | None) -> dict[str, Any]:
    text = str(form["text"].value() or "")
    payload = form.payload()
    if upload is not None:
        payload["header"] = {"type": upload.kind}
    return {
        "chosen": form.chosen,
        "buttons": [form[f"button_{index}"] for index in range(1, BUTTONS + 1)],
        "rows": [
            [form[f"{part}_{index}"] for part in ("section", "row", "description")] for index in range(1, ROWS + 1)
        ],
        "sectioned": any(form[f"section_{index}"].value() for index in range(1, ROWS + 1)),
        "preview": interactive_presenter.draw(Kind.INTERACTIVE, payload, text),
        "stand_in": stand_in.of_dialog(request.user, Kind.INTERACTIVE, text, payload),
        "incomplete": not form.is_valid(),
    }


@require_POST
def interactive_preview(request: AgentRequest, pk: int) -> HttpResponse:
    """The message as it would look, valid or not."""
    conversation = find(request, pk)
    form = InteractiveForm(request.POST)
    upload = None
    if form.chosen in MEDIA_HEADERS and not request.FILES:
        upload, _ = header_file(request, conversation)
    return render(request, "inbox/dialogs/_preview.html", _interactive_context(request, form, upload))
