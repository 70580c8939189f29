"""The part of the control API that makes things go wrong, and shows what was received: see `control`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from simulator.network import script
from simulator.network.errors import REFUSALS
from simulator.network.exchange import BLOCKS, Exchange
from simulator.network.faults import WEBHOOK_FAULTS, Line, MediaFault, Receipts, WindowError
from simulator.network.script import Step, Target
from simulator.web import BadRequest, SimulatorRequest, data_of


def _faults(request: SimulatorRequest) -> dict[str, Any]:
    words = {
        "media": [*MediaFault],
        "line": [*Line],
        "receipts": [*Receipts],
        "refuse": [0, *REFUSALS],
        "window_error": [*WindowError],
        "message": [*filter(None, MediaFault), *WEBHOOK_FAULTS],
        "call": [*Target],
        "blocks": [*BLOCKS],
    }
    return {"faults": asdict(request.exchange.store.faults()), "words": words}


def _set_faults(request: SimulatorRequest) -> dict[str, Any]:
    store = request.exchange.store
    try:
        store.set_faults(store.faults().changed(data_of(request)))
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return _faults(request)


def _script(request: SimulatorRequest) -> dict[str, Any]:
    return {"steps": [asdict(step) for step in script.steps(request.exchange.store)]}


def _write_script(request: SimulatorRequest) -> dict[str, Any]:
    planned = data_of(request).get("steps")
    if not isinstance(planned, list) or not all(isinstance(each, dict) for each in planned):
        raise BadRequest("steps must be a list of objects.")
    try:
        script.write(request.exchange.store, [Step.of(each) for each in planned])
    except ValueError as error:
        raise BadRequest(str(error)) from None
    return _script(request)


def switch_plug(exchange: Exchange, *, pulled: bool) -> str:
    """Pull the plug, or put it back in. Returns where the control API and the phone are from now on."""
    if exchange.plug is None:
        raise BadRequest("This simulator has no plug.")
    return exchange.plug.pull() if pulled else exchange.plug.put_in()


def _plug(request: SimulatorRequest) -> dict[str, Any]:
    pulled = data_of(request).get("pulled")
    if not isinstance(pulled, bool):
        raise BadRequest("pulled must be true or false.")
    return {"pulled": pulled, "origin": switch_plug(request.exchange, pulled=pulled)}


def _media(request: SimulatorRequest, media_id: str) -> dict[str, Any]:
    data = data_of(request)
    store = request.exchange.store
    if store.media(media_id) is None:
        raise BadRequest(f"There is no file {media_id}.", 404)
    changes: dict[str, str | float] = {}
    if "fault" in data:
        if data["fault"] not in set(MediaFault):
            raise BadRequest(f"There is no fault {data['fault']!r} of a file.")
        changes |= {"fault": str(data["fault"]), "refusals": 0}
    if "expires_in" in data:
        changes["expires_at"] = time.time() + float(data["expires_in"])
    if changes:
        store.change_media(media_id, **changes)
    return {"success": True}


def _requests(request: SimulatorRequest) -> dict[str, Any]:
    asked, after = request.GET, request.GET.get("after", "0")
    found = request.exchange.store.requests(
        after=int(after) if after.isdigit() else 0, method=asked.get("method", "").upper(), path=asked.get("path", "")
    )
    return {"requests": [asdict(each) for each in found]}


def _calls(request: SimulatorRequest) -> dict[str, Any]:
    return {"calls": [asdict(call) for call in request.exchange.store.calls()]}


ROUTES: tuple[tuple[str, dict[str, Callable[..., dict[str, Any]]]], ...] = (
    ("faults/?", {"GET": _faults, "POST": _set_faults}),
    ("script/?", {"GET": _script, "POST": _write_script}),
    ("plug/?", {"POST": _plug}),
    (r"media/(\d+)/?", {"POST": _media}),
    ("requests/?", {"GET": _requests}),
    ("calls/?", {"GET": _calls}),
)
