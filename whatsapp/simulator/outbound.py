"""POST /{number}/messages: what the business sends, marks as read, or is typing."""

from __future__ import annotations

import threading
import time
from typing import Any

import requests
from django.http import HttpResponse, JsonResponse

from whatsapp.simulator import chats, graph_media, media, validation
from whatsapp.simulator.errors import REFUSALS, GraphError
from whatsapp.simulator.exchange import DELIVERED_AFTER, SENT_AFTER, Exchange
from whatsapp.simulator.faults import Line, Receipts
from whatsapp.simulator.store import ChatMessage
from whatsapp.simulator.web import ConnectionDropped, SimulatorRequest, graph_body
from whatsapp.simulator.world import NUMBERS, Number, Person

#: Types that a file of each kind may have; a document may have any that can be uploaded.
_FAMILIES = {"image": "image/", "video": "video/", "audio": "audio/", "sticker": "image/webp"}
LINK_TIMEOUT = 10
#: What WhatsApp says about somebody it does not know.
NOBODY = ""


def messages(request: SimulatorRequest, number: Number) -> HttpResponse:
    """A message, a read mark, or a typing sign: one address for all three, as Meta has it."""
    exchange = request.exchange
    body = graph_body(request)
    if "status" in body:
        return _mark_read(exchange, number, body)
    faults = exchange.store.faults()
    if faults.line is Line.BEFORE:
        raise ConnectionDropped
    refusal = REFUSALS.get(faults.refuse)
    if refusal and not refusal.later:
        raise GraphError(refusal.code)
    kind = validation.check(exchange, number, body)
    if kind == "template":
        template = validation.template_of(exchange, body["template"])
        body["template"] |= {"_definition": template, "_category": template["category"]}
    person, answer_contact = _recipient(exchange, number, body)
    message = _accept(exchange, number, body, kind, person)
    hooks = _follow(exchange, number, message, person, refusal.code if refusal else 0)
    if faults.receipts_first:
        exchange.courier.wait_for(hooks, 3)
    if faults.line is Line.AFTER:
        raise ConnectionDropped
    accepted: dict[str, Any] = {"id": message.wamid}
    if kind == "template":
        accepted["message_status"] = "accepted"
    return JsonResponse({"messaging_product": "whatsapp", "contacts": [answer_contact], "messages": [accepted]})


def _mark_read(exchange: Exchange, number: Number, body: dict[str, Any]) -> HttpResponse:
    if body.get("status") != "read":
        raise GraphError(100, message="(#100) Param status must be one of {read}")
    message = exchange.chats.get(str(body.get("message_id", "")))
    if message is None or not message.mine or message.number_id != number.phone_number_id:
        raise GraphError(131009, "message_id is not a message that this number received.")
    exchange.chats.business_read(message)
    person = exchange.store.person(message.person)
    if body.get("typing_indicator") and person:
        exchange.typing(number, person, now=True)
    return JsonResponse({"success": True})


def _recipient(exchange: Exchange, number: Number, body: dict[str, Any]) -> tuple[Person | None, dict[str, Any]]:
    """Who the message is for, and the entry of ``contacts`` in the answer. ``to`` wins over ``recipient``."""
    address = str(body.get("to") or "")
    digits = "".join(filter(str.isdigit, address))
    if address and not digits:
        raise GraphError(131009, "to is not a phone number.")
    if digits in [each.digits for each in NUMBERS]:
        raise GraphError(131021)
    if address:
        person = exchange.store.person_by(wa_id=digits)
        entry = {"input": address, "wa_id": digits}
        return person, entry | ({"user_id": person.user_id} if person else {})
    user_id = str(body["recipient"])
    return exchange.store.person_by(user_id=user_id), {"input": user_id, "user_id": user_id}


def _accept(exchange: Exchange, number: Number, body: dict[str, Any], kind: str, person: Person | None) -> ChatMessage:
    """Put the message on the person's phone."""
    part = body.get(kind)
    media_id = str(part.get("id") or "") if kind in validation.FILE_TYPES and isinstance(part, dict) else ""
    message = exchange.chats.add(
        wamid=chats.new_wamid(person.wa_id if person else number.digits),
        number_id=number.phone_number_id,
        person=person.key if person else NOBODY,
        mine=False,
        kind=kind,
        leaf=body | {"type": kind},
        at=time.time(),
        media_id=media_id,
        status="accepted",
        callback_data=str(body.get("biz_opaque_callback_data") or ""),
    )
    if person:
        exchange.typing(number, person, now=False)
    return message


def _follow(exchange: Exchange, number: Number, message: ChatMessage, person: Person | None, refuse: int) -> list[int]:
    """Queue the statuses that follow an accepted message. Returns the ids of the webhooks."""
    part = message.leaf.get(message.kind)
    if refuse:
        return exchange.report(message, "failed", delay=SENT_AFTER, code=refuse)
    if person is None:
        return exchange.report(message, "failed", delay=SENT_AFTER, code=131026)
    if message.kind != "template" and not exchange.window_open(number, person):
        return exchange.report(message, "failed", delay=SENT_AFTER, code=131047)
    if message.kind == "reaction" and isinstance(part, dict):
        if exchange.chats.get(part["message_id"]) is None:
            return exchange.report(message, "failed", delay=SENT_AFTER, code=131009)
        exchange.chats.react(part["message_id"], mine=False, emoji=part["emoji"])
        # A reaction only ever gets "sent" (reference §5).
        return exchange.report(message, "sent", delay=SENT_AFTER)
    if isinstance(part, dict) and part.get("link") and message.kind in validation.FILE_TYPES:
        threading.Thread(target=_fetch_and_report, args=(exchange, number, message, part["link"]), daemon=True).start()
        return []
    if message.media_id:
        found = exchange.store.media(message.media_id)
        family = _FAMILIES.get(message.kind, "")
        if found and not found.mime_type.startswith(family):
            details = f"{found.mime_type} is not supported in a message of type {message.kind}."
            return exchange.report(message, "failed", delay=SENT_AFTER, code=131053, details=details)
    return _succeed(exchange, message)


def _succeed(exchange: Exchange, message: ChatMessage) -> list[int]:
    hooks = exchange.report(message, "sent", delay=SENT_AFTER)
    if exchange.store.faults().receipts is Receipts.AUTO:
        hooks += exchange.report(message, "delivered", delay=DELIVERED_AFTER)
    return hooks


def _fetch_and_report(exchange: Exchange, number: Number, message: ChatMessage, link: str) -> None:
    """Fetch a file that was sent as a link, as Meta does after it has answered."""
    try:
        with requests.get(link, timeout=LINK_TIMEOUT, stream=True) as answer:
            answer.raise_for_status()
            essence = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
            limit = graph_media.LIMITS.get(essence, 0)
            content = answer.raw.read(limit + 1, decode_content=True) if limit else b""
    except requests.RequestException as error:
        details = f"Downloading media from weblink failed: {type(error).__name__}"
        exchange.report(message, "failed", code=131053, details=details)
        exchange.store.close()
        return
    if not content or len(content) > limit or not essence.startswith(_FAMILIES.get(message.kind, "")):
        details = f"The file behind the link has the unsupported type {essence or 'unknown'}, or is too large."
        exchange.report(message, "failed", code=131053, details=details)
    else:
        kept = media.keep(exchange, number.phone_number_id, content, essence, days=media.UPLOADED_DAYS)
        exchange.chats.attach(message, kept.media_id)
        _succeed(exchange, message)
    exchange.store.close()
