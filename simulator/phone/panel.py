"""The bench beside the phone: what goes wrong, what is planned for the next sends, the plug, the last calls."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from simulator.control.faults import switch_plug
from simulator.network import script
from simulator.network.errors import REFUSALS
from simulator.network.exchange import Exchange
from simulator.network.faults import Line, MediaFault, Receipts, WindowError
from simulator.network.script import Step
from simulator.network.world import Person
from simulator.phone.chat_forms import address, back, chat_of
from simulator.web import BadRequest, SimulatorRequest

_TAPE = 12
_MEDIA_WORDS = {
    MediaFault.NONE: "works",
    MediaFault.UNAVAILABLE_ONCE: "503, then works",
    MediaFault.UNAVAILABLE: "503",
    MediaFault.EXPIRED: "address expired",
    MediaFault.GONE: "file gone",
    MediaFault.WRONG_HASH: "wrong bytes",
    MediaFault.TRUNCATED: "breaks halfway",
    MediaFault.REFUSED: "131052 instead",
}
_REFUSED = (190, 131047, 131026, 130429, 131056, 131000, 131016, 131048, 131049, 131053, 131031, 4, 10, 368)
_RECEIPT_WORDS = {Receipts.AUTO: "by themselves", Receipts.BY_HAND: "by hand", Receipts.HELD: "by hand, sent too"}
_LINE_WORDS = {Line.WORKS: "no", Line.AFTER: "after it was taken", Line.BEFORE: "before"}
_LATE_WORDS = {0.0: "no", 5.0: "5 seconds", 60.0: "1 minute", 600.0: "10 minutes", 7200.0: "2 hours"}
_SLOW_WORDS = {0.0: "no", 2.0: "2 seconds", 10.0: "10 seconds", 60.0: "1 minute"}
_WINDOW_WORDS = {WindowError.LATER: "later, as failed", WindowError.AT_ONCE: "at once"}
#: Messages in a second; 0 switches the pair rate off as well.
_SPEED_WORDS = {80: "80 a second", 5: "5 a second", 1: "1 a second", 0: "no limit"}
_BLOCK_WORDS = {"": "everything", "marketing": "no marketing", "all": "nothing: blocked"}
#: What can be planned for the next sends, by the word that the form sends.
_PLANS: dict[str, tuple[str, Step]] = {
    "lost": ("answer lost, delivered", Step(line=Line.AFTER)),
    "never": ("line breaks, not taken", Step(line=Line.BEFORE)),
    "slow": ("answer takes 20 s", Step(seconds=20)),
    "empty": ("500, no body", Step(status=500, empty=True)),
    **{
        str(code): (f"{code} {REFUSALS[code].title[:24]}", Step(code=code))
        for code in (130429, 131056, 131000, 190, 131016)
    },
}
_TIMES = (1, 2, 3, 10)


def context(exchange: Exchange, person: Person) -> dict[str, Any]:
    """What the templates of the bench need."""
    faults = exchange.store.faults()
    refused = {0: "no"} | {code: f"{code} {REFUSALS[code].title[:24]}" for code in _REFUSED}
    speed = faults.throughput if faults.rates else 0
    return {
        "faults": faults,
        "receipts": _options(faults.receipts, _RECEIPT_WORDS),
        "late": _options(faults.webhook_late, _LATE_WORDS),
        "slow": _options(faults.slow, _SLOW_WORDS),
        "media_faults": _options(faults.media, _MEDIA_WORDS),
        "lines": _options(faults.line, _LINE_WORDS),
        "refusals": _options(faults.refuse, refused),
        "windows": _options(faults.window_error, _WINDOW_WORDS),
        "speeds": _options(speed, _SPEED_WORDS),
        "blocks": _options(exchange.blocks(person), _BLOCK_WORDS),
        "codes": [(code, each.title) for code, each in REFUSALS.items() if each.later or code in _REFUSED],
        "plans": [(word, words) for word, (words, _) in _PLANS.items()],
        "times": _TIMES,
        "planned": sum(step.times for step in script.steps(exchange.store)),
        "pulled": bool(exchange.plug and exchange.plug.pulled),
        "calls": [_line(each) for each in exchange.store.calls(_TAPE)],
        "webhooks_waiting": exchange.courier.waiting(),
        "unsubscribed": exchange.store.setting("unsubscribed"),
        "webhook_url": exchange.courier.url,
    }


def _options(current: Any, choices: dict[Any, str]) -> list[tuple[Any, str, bool]]:
    """(value, words, chosen) of a select; what was set elsewhere is among them."""
    return [(value, words, value == current) for value, words in ({current: str(current)} | choices).items()]


def _line(call: Any) -> dict[str, Any]:
    parts = call.target.split("/")
    target = "/" + "/".join(parts[2:] or parts[1:]) if call.target.startswith("/") else call.target
    return {
        "clock": time.strftime("%H:%M:%S", time.localtime(call.at)),
        "method": call.method,
        "target": target,
        "status": call.status or "none",
        "wrong": not 200 <= call.status < 300,
        "ms": f"{call.ms:.0f}",
        "note": call.note,
    }


def faults(request: SimulatorRequest) -> HttpResponse:
    """POST /faults: all switches of the panel; others stay as they are."""
    number, person = chat_of(request)
    form, store = request.POST, request.exchange.store
    closed = store.faults().window_closed_at if form.get("window_closed") else 0.0
    speed = form.get("speed") or "80"
    switches: dict[str, Any] = {
        name: bool(form.get(name))
        for name in ("webhook_twice", "webhook_disorder", "webhook_batch", "receipts_first", "token_dead")
    }
    switches |= {name: form.get(name, "") for name in ("media", "line")}
    switches |= {name: form.get(name) or 0 for name in ("webhook_late", "slow", "refuse")}
    switches |= {
        "receipts": form.get("receipts") or Receipts.AUTO,
        "window_error": form.get("window_error") or WindowError.LATER,
        "rates": speed != "0",
        "window_closed_at": closed or (time.time() if form.get("window_closed") else 0),
    }
    if speed != "0":
        switches["throughput"] = speed
    try:
        store.set_faults(store.faults().changed(switches))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return back(request, number, person)


def plan(request: SimulatorRequest) -> HttpResponse:
    """POST /plan: what the next sends get, after what is planned; or forget all of it."""
    number, person = chat_of(request)
    store, chosen, times = request.exchange.store, request.POST.get("plan", ""), request.POST.get("times", "1")
    if request.POST.get("forget"):
        script.write(store, [])
    elif chosen in _PLANS and times.isdigit() and int(times) > 0:
        script.write(store, [*script.steps(store), replace(_PLANS[chosen][1], times=int(times))])
    else:
        raise BadRequest("This cannot be planned.")
    return back(request, number, person)


def plug(request: SimulatorRequest) -> HttpResponse:
    """POST /plug: pull it, or put it back in. The page goes on at the side door, or comes back from there."""
    origin = switch_plug(request.exchange, pulled=bool(request.POST.get("pulled")))
    return HttpResponseRedirect(origin + address(*chat_of(request)), status=303)


def block(request: SimulatorRequest) -> HttpResponse:
    """POST /block: what the person does not take from the business any more."""
    number, person = chat_of(request)
    try:
        request.exchange.set_blocks(person, request.POST.get("blocks", ""))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return back(request, number, person)


def retry(request: SimulatorRequest) -> HttpResponse:
    """POST /retry: try the waiting webhooks now."""
    request.exchange.courier.retry_now()
    return back(request, *chat_of(request))
