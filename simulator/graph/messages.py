"""POST /{number}/messages: what the business sends, marks as read, or is typing."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.http import HttpResponse, JsonResponse

from simulator import media
from simulator.graph import inspection, linked_files, validation
from simulator.graph.validation import files, templates
from simulator.network import chats, script
from simulator.network.errors import REFUSALS, GraphError
from simulator.network.exchange import DELIVERED_AFTER, SENT_AFTER, Exchange
from simulator.network.faults import ConnectionDropped, Line, Receipts, WindowError
from simulator.network.script import Target
from simulator.network.store import ChatMessage
from simulator.network.world import Number, Person
from simulator.web import SimulatorRequest, graph_body
from whatsapp import phone_numbers

#: What WhatsApp says about somebody it does not know.
NOBODY = ""
#: A reaction can be given for so long (reference §8).
REACTION_SECONDS = 30 * 24 * 3600


def messages(request: SimulatorRequest, number: Number) -> HttpResponse:
    """A message, a read mark, or a typing sign: one address for all three, as Meta has it."""
    return take(request.exchange, number, graph_body(request))


def take(exchange: Exchange, number: Number, body: dict[str, Any]) -> HttpResponse:
    """The same, whoever brings it."""
    if "status" in body:
        return script.played(exchange.store, Target.READ, lambda: _mark_read(exchange, number, body))
    return script.played(exchange.store, Target.SEND, lambda: _send(exchange, number, body))


def _send(exchange: Exchange, number: Number, body: dict[str, Any]) -> HttpResponse:
    faults = exchange.store.faults()
    if faults.line is Line.BEFORE:
        raise ConnectionDropped
    refusal = REFUSALS.get(faults.refuse)
    if refusal and not refusal.later:
        raise GraphError(refusal.code)
    kind = validation.check(exchange, number, body)
    digits = _dialled(number, str(body.get("to") or ""))
    if kind == "template":
        template = templates.find(exchange, number, body["template"], by_user_id=not digits)
        body["template"] |= {"_definition": template, "_category": template["category"]}
    person, answer_contact = _recipient(exchange, body, digits)
    at_once = kind != "template" and faults.window_error is WindowError.AT_ONCE
    if person and at_once and not exchange.window_open(number, person):
        raise GraphError(131047)
    if faults.rates:
        exchange.rates.spend(number.phone_number_id, digits or str(body["recipient"]), faults.throughput)
    message = _accept(exchange, number, body, kind, person)
    hooks = _follow(exchange, number, message, person, refusal.code if refusal else 0)
    if faults.receipts_first:
        exchange.courier.wait_for(hooks, 3)
    time.sleep(faults.slow)
    if faults.line is Line.AFTER:
        raise ConnectionDropped
    accepted: dict[str, Any] = {"id": message.wamid}
    if kind == "template":
        accepted["message_status"] = "accepted"
    return JsonResponse({"messaging_product": "whatsapp", "contacts": [answer_contact], "messages": [accepted]})


def _mark_read(exchange: Exchange, number: Number, body: dict[str, Any]) -> HttpResponse:
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, message="(#100) The parameter messaging_product is required.")
    if body.get("status") != "read":
        raise GraphError(100, message="(#100) Param status must be one of {read}")
    indicator = body.get("typing_indicator")
    if indicator is not None and (not isinstance(indicator, dict) or indicator.get("type") != "text"):
        raise GraphError(100, message="(#100) Param typing_indicator['type'] must be one of {text}")
    message = exchange.chats.get(str(body.get("message_id", "")))
    if message is None or not message.mine or message.number_id != number.phone_number_id:
        raise GraphError(131009, "message_id is not a message that this number received.")
    exchange.chats.business_read(message)
    person = exchange.store.person(message.person)
    if indicator and person:
        exchange.typing(number, person, now=True)
    return JsonResponse({"success": True})


def _dialled(number: Number, address: str) -> str:
    """The digits that ``to`` means, empty without one.

    Without a plus, a whole number is left alone; one that cannot be whole gets the country code of the business's own.
    """
    if not address:
        return ""
    digits = "".join(filter(str.isdigit, address))
    if not digits or any(character.isalpha() for character in address):
        raise GraphError(131009, "to is not a phone number.")
    if not address.strip().startswith("+") and not phone_numbers.is_complete(digits):
        digits = number.country_code + digits
    if not 6 <= len(digits) <= 20:
        raise GraphError(131009, "to is not a phone number.")
    if digits == number.digits:
        raise GraphError(131021)
    return digits


def _recipient(exchange: Exchange, body: dict[str, Any], digits: str) -> tuple[Person | None, dict[str, Any]]:
    """Who the message is for, and the entry of ``contacts`` in the answer. ``to`` wins over ``recipient``."""
    if digits:
        person = exchange.store.person_by(wa_id=digits)
        entry = {"input": str(body["to"]), "wa_id": digits}
        return person, entry | ({"user_id": person.user_id} if person else {})
    user_id = str(body["recipient"])
    return exchange.store.person_by(user_id=user_id), {"input": user_id, "user_id": user_id}


def _accept(exchange: Exchange, number: Number, body: dict[str, Any], kind: str, person: Person | None) -> ChatMessage:
    """Put the message on the person's phone."""
    file = files.attached(kind, body.get(kind))
    message = exchange.chats.add(
        wamid=chats.new_wamid(person.wa_id if person else number.digits),
        number_id=number.phone_number_id,
        person=person.key if person else NOBODY,
        mine=False,
        kind=kind,
        leaf=body | {"type": kind},
        at=time.time(),
        media_id=str(file[1].get("id") or "") if file else "",
        status="accepted",
        callback_data=str(body.get("biz_opaque_callback_data") or ""),
    )
    if person:
        exchange.typing(number, person, now=False)
    return message


def _follow(exchange: Exchange, number: Number, message: ChatMessage, person: Person | None, refuse: int) -> list[int]:
    """Queue the statuses that follow an accepted message. Returns the ids of the webhooks."""
    code = refuse or _undeliverable(exchange, number, message, person)
    if code:
        return exchange.report(message, "failed", delay=SENT_AFTER, code=code)
    part = message.leaf.get(message.kind)
    if message.kind == "reaction" and isinstance(part, dict):
        return _react(exchange, message, part)
    file = files.attached(message.kind, part)
    if file and file[1].get("link"):
        threading.Thread(target=_fetch, args=(exchange, number, message, *file), daemon=True).start()
        return []
    if file:
        found = exchange.store.media(message.media_id)
        details = _fault(exchange, found.media_id, *file) if found else "The file is gone."
        if details:
            return exchange.report(message, "failed", delay=SENT_AFTER, code=131053, details=details)
    return _succeed(exchange, message)


def _undeliverable(exchange: Exchange, number: Number, message: ChatMessage, person: Person | None) -> int:
    """The code of the failed status that an accepted message ends with, 0 when it reaches the person."""
    if person is None or exchange.blocks(person) == "all":
        return 131026
    if message.kind == "template":
        marketing = message.leaf["template"]["_category"] == "MARKETING"
        return 131050 if marketing and exchange.blocks(person) == "marketing" else 0
    return 0 if exchange.window_open(number, person) else 131047


def _react(exchange: Exchange, message: ChatMessage, part: dict[str, Any]) -> list[int]:
    """A reaction only ever gets "sent" (reference §5), and fails on what is unknown here or too old."""
    target = exchange.chats.get(part["message_id"])
    chat = (message.number_id, message.person)
    if target is None or (target.number_id, target.person) != chat or target.at < time.time() - REACTION_SECONDS:
        details = "The message is unknown, or older than 30 days."
        return exchange.report(message, "failed", delay=SENT_AFTER, code=131009, details=details)
    exchange.chats.react(part["message_id"], mine=False, emoji=part["emoji"])
    if exchange.store.faults().receipts is Receipts.HELD:
        return []
    return exchange.report(message, "sent", delay=SENT_AFTER)


def _succeed(exchange: Exchange, message: ChatMessage) -> list[int]:
    receipts = exchange.store.faults().receipts
    hooks = [] if receipts is Receipts.HELD else exchange.report(message, "sent", delay=SENT_AFTER)
    if receipts is Receipts.AUTO:
        hooks += exchange.report(message, "delivered", delay=DELIVERED_AFTER)
    return hooks


def _fault(exchange: Exchange, media_id: str, word: str, part: dict[str, Any]) -> str:
    """Why WhatsApp cannot send this file as it was asked to, empty when it can."""
    found = exchange.store.media(media_id)
    if found is None:
        return "The file is gone."
    voice = part.get("voice") is True
    path = exchange.store.media_path(found)
    return inspection.fault_of(path, word, found.mime_type, voice=voice, file_name=found.file_name)


def _fetch(exchange: Exchange, number: Number, message: ChatMessage, word: str, part: dict[str, Any]) -> None:
    """Fetch a file that was sent as a link, as Meta does after it has answered, and report what became of it."""
    try:
        content, mime_type = linked_files.fetch(str(part["link"]), most=inspection.KINDS[word][1])
    except linked_files.Unreachable as error:
        exchange.report(message, "failed", code=131053, details=str(error))
    else:
        kept = media.keep(exchange, number.phone_number_id, content, mime_type, days=media.UPLOADED_DAYS)
        exchange.chats.attach(message, kept.media_id)
        details = _fault(exchange, kept.media_id, word, part)
        if details:
            exchange.report(message, "failed", code=131053, details=details)
        else:
            _succeed(exchange, message)
    finally:
        exchange.store.close()
