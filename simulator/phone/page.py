"""The phone page: who you are, the chat, what goes wrong. Every control is a plain form; scripts only fetch less."""

from __future__ import annotations

import json
import mimetypes
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.http import FileResponse, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template import Context, Engine
from django.utils.http import content_disposition_header

from simulator import inbound
from simulator.control import everything
from simulator.control.api import add_person, draft_from, receipt
from simulator.inbound import Draft
from simulator.network import world
from simulator.network.exchange import DELIVERED_AFTER, Exchange
from simulator.network.faults import Receipts
from simulator.network.world import Person
from simulator.phone import bubbles, panel
from simulator.phone.chat_forms import back, chat_of
from simulator.samples import recordings
from simulator.samples.catalog import Sample
from simulator.web import BadRequest, SimulatorRequest

HERE = Path(__file__).resolve().parent
_ENGINE = Engine(dirs=[str(HERE / "templates")])
#: No script, style or connection but our own; players' files come from here too. The form of the plug leads to the side
#: door, which is another port.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'self' http://127.0.0.1:*; base-uri 'none'; frame-ancestors 'none'"
)
#: Types that the browser may show; what else was sent is downloaded. Never HTML or SVG.
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/mp4", "video/3gpp")
EMOJI = ("👍", "❤️", "😂", "😮", "😢", "🙏")

#: The sheet behind the paper clip: what is sent, and what is written on it.
ATTACHMENTS = (
    ("image/photo-box", "Photo", "picture"),
    ("image/photo-street", "Photo, evening", "picture"),
    ("video/film", "Video", "video"),
    ("voice/voice", "Voice note", "mic"),
    ("audio/song", "Music", "audio"),
    ("document/invoice", "PDF", "file"),
    ("document/orders", "CSV", "file"),
    ("document/letter", "Word", "file"),
    ("sticker/sticker", "Sticker", "sticker"),
    ("sticker/sticker-animated", "Moving sticker", "sticker"),
    ("location/", "Place", "place"),
    ("contacts/", "Contact card", "card"),
    ("order/", "Order", "order"),
    ("interactive/", "Form answer", "done"),
    ("call/", "Call", "call"),
    ("system/", "New number", "swap"),
    ("unsupported/", "Unsupported", "unsupported"),
    ("unknown/", "Unheard of", "unknown"),
)


def page(request: SimulatorRequest) -> HttpResponse:
    """GET /: the whole page, for one person and one of our numbers."""
    return _render("phone.html", _context(request))


def live(request: SimulatorRequest) -> HttpResponse:
    """GET /live?since=: what may have changed since, or 204."""
    exchange = request.exchange
    revision = str(exchange.store.revision)
    typing_ends = exchange.is_typing(*chat_of(request)) is not (request.GET.get("typing") == "yes")
    if request.GET.get("since") == revision and not typing_ends:
        return HttpResponse(status=204)
    return _render("_live.html", _context(request))


def _context(request: SimulatorRequest) -> dict[str, Any]:
    exchange = request.exchange
    number, person = chat_of(request)
    revision = exchange.store.revision
    shown = bubbles.thread(exchange, exchange.chats.thread(number.phone_number_id, person.key))
    theirs = [each for each in shown if not each.mine and each.note != "echo"]
    waiting: dict[str, int] = {}
    for (who, _), count in exchange.chats.unread().items():
        waiting[who] = waiting.get(who, 0) + count
    here = exchange.chats.unread(person=person.key)
    quoted = exchange.chats.get(request.GET.get("reply", ""))
    return {
        "revision": revision,
        "person": person,
        "number": number,
        "people": [{"person": each, "waiting": waiting.get(each.key, 0)} for each in exchange.store.people()],
        "numbers": [
            {"number": each, "waiting": here.get((person.key, each.phone_number_id), 0)} for each in world.NUMBERS
        ],
        "thread": shown,
        "by_hand": exchange.store.faults().receipts is not Receipts.AUTO,
        "last_received": theirs[-1] if theirs else None,
        "unopened": exchange.store.faults().receipts is Receipts.AUTO and (person.key, number.phone_number_id) in here,
        "typing": exchange.is_typing(number, person),
        "quoted": quoted,
        "quote": bubbles.summary(quoted) if quoted else "",
        "attachments": ATTACHMENTS,
        "emoji": EMOJI,
        "clock": time.strftime("%H:%M"),
        "address": urlencode({"person": person.key, "number": number.phone_number_id}),
    } | panel.context(exchange, person)


def _render(template: str, context: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(_ENGINE.get_template(template).render(Context(context)))
    response["Content-Security-Policy"] = _POLICY
    response["Referrer-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    return response


def say(request: SimulatorRequest) -> HttpResponse:
    """POST /say: the person sends something: text, a thing of the sheet, a file, or an answer to buttons."""
    number, person = chat_of(request)
    form = request.POST
    kind, _, sample = (form.get("what") or form.get("kind") or "text").partition("/")
    file = request.FILES.get("file")
    data: dict[str, Any] = {
        "kind": kind,
        "sample": sample,
        "text": form.get("text", ""),
        "target": form.get("target", ""),
    }
    attached: Sample | None = None
    if file is not None and file.size:
        attached = Sample(file.read(), file.content_type or "application/octet-stream", file.name or "file")
        data["kind"], attached = _as_whatsapp(attached, recorded=bool(form.get("recorded")))
    elif kind == "share_number":
        data["kind"], data["payload"] = "contacts", _own_card(request.exchange, person)
    elif form.get("payload"):
        data["payload"] = json.loads(form["payload"])
    if data["kind"] == "text" and not data["text"].strip():
        raise BadRequest("There is nothing to send: write something first.")
    if kind in ("unsupported", "unknown", "interactive", "call", "system"):
        data["text"] = ""
    draft = replace(draft_from(data, attached), forwarded=bool(form.get("forwarded")))
    inbound.write(request.exchange, person, number, draft)
    return back(request, number, person)


def _as_whatsapp(file: Sample, *, recorded: bool) -> tuple[str, Sample]:
    """The kind that WhatsApp would make of a file, and the file: a browser's recording becomes a voice note."""
    if recorded:
        try:
            content = recordings.to_voice(file.content)
        except ValueError as error:
            raise BadRequest(str(error)) from None
        return "voice", Sample(content, "audio/ogg; codecs=opus", "voice.ogg")
    family = file.mime_type.split("/")[0]
    if file.mime_type == "image/svg+xml" or family not in ("image", "video", "audio"):
        return "document", file
    return family, file


def _own_card(exchange: Exchange, person: Person) -> list[dict[str, Any]]:
    """What "share my number" sends: a phone number and no name (reference §4). From then on it is no secret."""
    if not person.wa_id:
        digits = "".join(filter(str.isdigit, person.user_id))[:6]
        person = replace(person, wa_id=f"48555{digits}")
        exchange.store.save_person(person)
    return [{"phones": [{"phone": f"+{person.wa_id}", "wa_id": person.wa_id, "type": "CELL"}]}]


def change(request: SimulatorRequest) -> HttpResponse:
    """POST /change: a reaction on any bubble, or an edit or deletion of an own one."""
    number, person = chat_of(request)
    form = request.POST
    act = form.get("act") or ("reaction" if "emoji" in form else "")
    text = form.get("emoji", "") if act == "reaction" else form.get("text", "")
    draft = draft_from({"kind": act, "target": form.get("target", ""), "text": text})
    if act not in ("reaction", "edit", "revoke"):
        raise BadRequest("A message can be reacted to, edited, or deleted.")
    inbound.write(request.exchange, person, number, draft)
    return back(request, number, person)


def receipts(request: SimulatorRequest) -> HttpResponse:
    """POST /receipt: a tick under the player's thumb, or a failure with any code."""
    number, person = chat_of(request)
    form, code = request.POST, request.POST.get("code", "").strip()
    if code and not code.isdigit():
        raise BadRequest("An error code is a number.")
    receipt(request.exchange, form.get("wamid", ""), form.get("status", ""), int(code or 0))
    return back(request, number, person)


def heard(request: SimulatorRequest) -> HttpResponse:
    """POST /heard: the person plays a voice note, which is reported unless the player gives the receipts."""
    number, person = chat_of(request)
    message = request.exchange.chats.get(request.POST.get("wamid", ""))
    automatic = request.exchange.store.faults().receipts is Receipts.AUTO
    if automatic and message and not message.mine and message.status != "failed":
        request.exchange.report(message, "played", delay=DELIVERED_AFTER)
    return back(request, number, person)


def open_chat(request: SimulatorRequest) -> HttpResponse:
    """POST /open: the chat is on the screen."""
    number, person = chat_of(request)
    if request.exchange.store.faults().receipts is Receipts.AUTO:
        request.exchange.open_chat(number, person)
    return back(request, number, person)


def people(request: SimulatorRequest) -> HttpResponse:
    """POST /people: another person."""
    number, _ = chat_of(request)
    form = request.POST
    person = add_person(
        request.exchange, name=form.get("name", ""), wa_id=form.get("wa_id", ""), username=form.get("username", "")
    )
    return HttpResponseRedirect("/?" + urlencode({"person": person.key, "number": number.phone_number_id}), status=303)


def send_many(request: SimulatorRequest, name: str) -> HttpResponse:
    """POST /everything or /thousand."""
    number, person = chat_of(request)
    if name == "everything":
        everything.send(request.exchange, person, number)
    else:
        drafts = [Draft(text=f"Message {n} of 1,000") for n in range(1, 1001)]
        inbound.write_all(request.exchange, person, number, drafts)
    return back(request, number, person)


def file(request: SimulatorRequest, media_id: str) -> HttpResponse:
    """GET /files/<media id>: a file for the phone's own screen."""
    media = request.exchange.store.media(media_id)
    path = request.exchange.store.media_path(media) if media else None
    if media is None or path is None or not path.exists():
        raise BadRequest("There is no such file.", 404)
    essence = media.mime_type.split(";")[0]
    inline = essence in _SHOWN or essence.startswith("audio/")
    response = HttpResponse(content_type=essence if inline else "application/octet-stream")
    # Without ranges a browser can neither seek nor tell how long a recording is.
    response["Accept-Ranges"] = "bytes"
    first, last = _asked_range(request.headers.get("Range", ""), media.size)
    if (first, last) != (0, media.size - 1):
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{media.size}"
    with path.open("rb") as stored:
        stored.seek(first)
        response.content = stored.read(last - first + 1)
    response["Content-Length"] = str(len(response.content))
    name = media.file_name or media.media_id
    response["Content-Disposition"] = content_disposition_header(not inline, name) or "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _asked_range(header: str, size: int) -> tuple[int, int]:
    """The first and last byte of a single range; the whole file for anything else."""
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", header)
    if not found or int(found[1]) >= size:
        return 0, size - 1
    return int(found[1]), min(int(found[2] or size), size - 1)


def static(request: SimulatorRequest, name: str) -> HttpResponseBase:
    """GET /static/<name>: one of the page's own styles and scripts."""
    known = {path.name: path for path in (HERE / "static").iterdir() if path.suffix in (".css", ".js")}
    if name not in known:
        raise BadRequest("There is no such file.", 404)
    response = FileResponse(known[name].open("rb"), content_type=mimetypes.guess_type(name)[0])
    response["Cache-Control"] = "no-cache"
    return response
