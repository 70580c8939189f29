"""The control API: everything the phone page can do, for programs (the demo inbox, tests, curl), JSON in and out.

    GET  /_simulator/                  origin, webhook address, numbers, the access token, webhooks waiting
    GET  /_simulator/people            {"people": [{"key", "name", "wa_id", "user_id", "username"}]}
    POST /_simulator/people            {"name", "wa_id"?, "username"?, "user_id"?, "key"?, "blocks"?}: a person; the
                                       ``key`` of somebody who exists changes them. Without wa_id their webhooks carry
                                       no number. ``blocks``: "all", "marketing" or "": what they do not take from us
    POST /_simulator/messages          {"person": key, "number": phone_number_id, "kind": …, "text"?, "payload"?,
                                       "target"?: wamid, "forwarded"?, "at"?: unix time, "sample"?: a name of `samples`,
                                       "faults"?: […], "delay"?: seconds, "echo"?: true, "extra"?: {…}}, gives "wamids";
                                       or multipart with the same names (JSON in payload, faults, extra) and ``file``;
                                       or {"batch": [those, …]}: one webhook for a run of the same person and number
    GET  /_simulator/messages          ?after=ID: all chats from that row on; ?person=&number=: one chat
    POST /_simulator/messages/WAMID    {"status": "sent" | "delivered" | "read" | "played" | "failed", "code"?}: a
                                       receipt; ``code`` is any error code, and goes with failed
    POST /_simulator/open              {"person", "number"}: the person opens the chat; what waits there is read
    POST /_simulator/webhooks          {"field", "value", "waba"?, "delay"?}: any webhook, signed and posted as it is
    POST /_simulator/webhooks/retry    everything that waits is tried now
    GET  /_simulator/faults            the switches, and the words that they take
    POST /_simulator/faults            {switch: value, …}: see `faults.Faults`
    GET  /_simulator/script            {"steps": […]}: what is planned for the next calls, and not used up
    POST /_simulator/script            {"steps": [{"call"?: "send" | "upload" | "read", "times"?, "code"?, "details"?,
                                       "status"?, "empty"?, "line"?: "before" | "after", "seconds"?}, …]}: plan these
                                       instead, see `script.Step`; an empty list plans nothing
    POST /_simulator/plug              {"pulled": true | false}: refuse every connection and hang up, or work again;
                                       gives {"pulled", "origin"}, where the control API and the phone are meanwhile
    POST /_simulator/media/ID          {"fault"?, "expires_in"?: seconds}: what is wrong with one file
    GET  /_simulator/requests          ?after=ID&method=&path=: requests to the Graph API as they arrived: {"id", "at",
                                       "method", "path", "body", "status"}; ``path`` is what theirs must end with
    GET  /_simulator/calls             the last calls, with the webhooks that went out
    POST /_simulator/reset             forget everything

``kind`` and ``faults`` take the words of `inbound.KINDS`, `faults.MediaFault` and `faults.WEBHOOK_FAULTS`. Errors are
{"error": sentence} with status 400 or 404.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import groupby
from typing import Any

from django.http import HttpResponse, JsonResponse

from simulator import inbound
from simulator.control import faults
from simulator.inbound import Draft
from simulator.network import world
from simulator.network.exchange import SENT_AFTER, Exchange
from simulator.network.store import ChatMessage
from simulator.network.world import Number, Person
from simulator.samples.catalog import Sample
from simulator.web import BadRequest, SimulatorRequest, data_of

_DRAFT_FIELDS: dict[str, Callable[[Any], Any]] = {
    "kind": str,
    "text": str,
    "target": str,
    "forwarded": bool,
    "at": float,
    "sample": str,
    "delay": float,
    "echo": bool,
}


def control(request: SimulatorRequest, path: str) -> HttpResponse:
    """One of the addresses above."""
    for pattern, methods in _ROUTES:
        found = re.fullmatch(pattern, path)
        if found:
            act = methods.get(request.method or "")
            if act is None:
                raise BadRequest(f"This address takes {' and '.join(methods)}.", 405)
            return JsonResponse(act(request, *found.groups()))
    raise BadRequest("The control API has no such address.", 404)


def find_person(exchange: Exchange, key: object) -> Person:
    """The person with this key; 404 when there is none."""
    person = exchange.store.person(str(key or ""))
    if person is None:
        raise BadRequest(f"There is no person {key!r}.", 404)
    return person


def find_number(phone_number_id: object) -> Number:
    """Our number with this id; 404 when there is none."""
    number = world.number(str(phone_number_id or ""))
    if number is None:
        raise BadRequest(f"There is no number {phone_number_id!r}.", 404)
    return number


def add_person(
    exchange: Exchange, *, name: str, wa_id: str = "", username: str = "", user_id: str = "", key: str = ""
) -> Person:
    """Somebody new, or new particulars of the person with this key. ``wa_id`` may be written with a plus and spaces."""
    name, username = name.strip(), username.strip().lstrip("@")
    known = exchange.store.person(key) if key else None
    digits = "".join(filter(str.isdigit, wa_id))
    if not name and known is None:
        raise BadRequest("A person needs a name.")
    taken = exchange.store.person_by(wa_id=digits)
    if taken and taken.key != key:
        raise BadRequest(f"{taken.name} has the number {digits} already.")
    if known:
        person = replace(
            known, name=name or known.name, wa_id=digits or known.wa_id, username=username or known.username
        )
    else:
        fresh = key or f"p{secrets.token_hex(4)}"
        person = Person(fresh, name, digits, user_id or f"PT.{secrets.randbelow(10**17):017d}", username)
    exchange.store.save_person(person)
    return person


def draft_from(data: dict[str, Any], file: Sample | None = None) -> Draft:
    """What to send, from a request. Raises BadRequest."""
    values: dict[str, Any] = {"file": file}
    for name, kind in _DRAFT_FIELDS.items():
        if data.get(name) not in (None, ""):
            try:
                values[name] = kind(data[name])
            except (TypeError, ValueError):
                raise BadRequest(f"{name} cannot be {data[name]!r}.") from None
    if data.get("payload") is not None:
        values["payload"] = data["payload"]
    values["faults"] = tuple(data.get("faults") or ())
    values["extra"] = data.get("extra") or {}
    draft = Draft(**values)
    try:
        inbound.check(draft)
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return draft


def _uploaded(request: SimulatorRequest) -> Sample | None:
    file = request.FILES.get("file")
    if file is None:
        return None
    return Sample(file.read(), file.content_type or "application/octet-stream", file.name or "file")


def _overview(request: SimulatorRequest) -> dict[str, Any]:
    courier = request.exchange.courier
    return {
        "origin": request.exchange.origin,
        "webhook_url": courier.url,
        "waba_id": world.WABA_ID,
        "access_token": world.ACCESS_TOKEN,
        "numbers": [asdict(number) for number in world.NUMBERS],
        "webhooks_waiting": courier.waiting(),
        "pulled": bool(request.exchange.plug and request.exchange.plug.pulled),
    }


def _people(request: SimulatorRequest) -> dict[str, Any]:
    exchange = request.exchange
    return {"people": [asdict(each) | {"blocks": exchange.blocks(each)} for each in exchange.store.people()]}


def _add_person(request: SimulatorRequest) -> dict[str, Any]:
    data = data_of(request)
    fields = {name: str(data[name]) for name in ("name", "wa_id", "username", "user_id", "key") if data.get(name)}
    person = add_person(request.exchange, **({"name": ""} | fields))
    if "blocks" in data:
        try:
            request.exchange.set_blocks(person, str(data["blocks"]))
        except ValueError as error:
            raise BadRequest(str(error)) from None
    return asdict(person) | {"blocks": request.exchange.blocks(person)}


def _send(request: SimulatorRequest) -> dict[str, Any]:
    data = data_of(request)
    wamids: list[str] = []
    if "batch" not in data:
        drafts = [(data, draft_from(data, _uploaded(request)))]
    else:
        if not isinstance(data["batch"], list) or not all(isinstance(each, dict) for each in data["batch"]):
            raise BadRequest("batch must be a list of objects.")
        drafts = [(data | each, draft_from(each)) for each in data["batch"]]
    for (person, number), group in groupby(drafts, key=lambda each: (each[0].get("person"), each[0].get("number"))):
        who, where = find_person(request.exchange, person), find_number(number)
        wamids += inbound.write_all(request.exchange, who, where, [draft for _, draft in group])
    return {"wamids": wamids}


def shown(message: ChatMessage) -> dict[str, Any]:
    """A message as the control API tells it."""
    return asdict(message)


def _messages(request: SimulatorRequest) -> dict[str, Any]:
    chats = request.exchange.chats
    if request.GET.get("person"):
        person = find_person(request.exchange, request.GET["person"])
        number = find_number(request.GET.get("number"))
        return {"messages": [shown(each) for each in chats.thread(number.phone_number_id, person.key)]}
    after = request.GET.get("after", "0")
    return {"messages": [shown(each) for each in chats.after(int(after) if after.isdigit() else 0)]}


def receipt(exchange: Exchange, wamid: str, status: str, code: int = 0) -> None:
    """Report this status of a message of the business. Raises BadRequest."""
    message = exchange.chats.get(wamid)
    if message is None or message.mine:
        raise BadRequest("There is no such message of the business.", 404)
    if status not in ("sent", "delivered", "read", "played", "failed"):
        raise BadRequest("A receipt is one of sent, delivered, read, played, failed.")
    # Not before the "sent" that may still be on its way.
    exchange.report(message, status, delay=SENT_AFTER, code=code or (131026 if status == "failed" else 0))


def _receipt(request: SimulatorRequest, wamid: str) -> dict[str, Any]:
    data = data_of(request)
    code = str(data.get("code") or 0)
    if not code.isdigit():
        raise BadRequest("An error code is a number.")
    receipt(request.exchange, wamid, str(data.get("status", "")), int(code))
    return {"success": True}


def _open(request: SimulatorRequest) -> dict[str, Any]:
    data = data_of(request)
    person, number = find_person(request.exchange, data.get("person")), find_number(data.get("number"))
    return {"read": request.exchange.open_chat(number, person)}


def _webhook(request: SimulatorRequest) -> dict[str, Any]:
    data = data_of(request)
    field, value = data.get("field"), data.get("value")
    if not isinstance(field, str) or not isinstance(value, dict):
        raise BadRequest("A webhook needs field, a string, and value, an object.")
    waba = str(data.get("waba") or "")
    return {"queued": request.exchange.post(field, value, waba=waba, delay=float(data.get("delay") or 0))}


def _retry(request: SimulatorRequest) -> dict[str, Any]:
    request.exchange.courier.retry_now()
    return {"waiting": request.exchange.courier.waiting()}


def _reset(request: SimulatorRequest) -> dict[str, Any]:
    request.exchange.reset()
    return {"success": True}


_Act = Callable[..., dict[str, Any]]
_ROUTES: tuple[tuple[str, dict[str, _Act]], ...] = (
    ("", {"GET": _overview}),
    ("people/?", {"GET": _people, "POST": _add_person}),
    ("messages/?", {"GET": _messages, "POST": _send}),
    ("messages/(wamid.+?)/?", {"POST": _receipt}),
    ("open/?", {"POST": _open}),
    ("webhooks/?", {"POST": _webhook}),
    ("webhooks/retry/?", {"POST": _retry}),
    ("reset/?", {"POST": _reset}),
    *faults.ROUTES,
)
