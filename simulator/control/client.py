"""A client of the control API, for programs that play the customer: the demo inbox and the tests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import requests

TIMEOUT = 30


class SimulatorError(Exception):
    """The simulator refused, or does not answer; the text is a sentence."""


class SimulatorClient:
    """Calls the simulator at ``origin`` ("http://127.0.0.1:8001"). Every method raises SimulatorError."""

    def __init__(self, origin: str) -> None:
        self.origin = origin.rstrip("/")
        #: Where the control API is: beside the Graph API, but for the time that the plug is pulled.
        self._door = self.origin
        self._session = requests.Session()

    def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        address = f"{self._door}/_simulator/{path}"
        try:
            answer = self._session.request(method, address, timeout=TIMEOUT, **options)
        except requests.RequestException as error:
            raise SimulatorError(f"The simulator at {self.origin} does not answer ({type(error).__name__}).") from error
        try:
            body: dict[str, Any] = answer.json()
        except ValueError:
            raise SimulatorError(f"{address} answered {answer.status_code} without JSON.") from None
        if answer.status_code != 200:
            raise SimulatorError(str(body.get("error", f"{address} answered {answer.status_code}.")))
        return body

    def overview(self) -> dict[str, Any]:
        """The origin, webhook_url, waba_id, access_token, numbers, webhooks_waiting, and pulled."""
        return self._call("GET", "")

    def people(self) -> list[dict[str, str]]:
        people: list[dict[str, str]] = self._call("GET", "people")["people"]
        return people

    def add_person(self, name: str, *, key: str = "", wa_id: str = "", username: str = "", user_id: str = "") -> str:
        """Somebody new, or other particulars of the person with this key. Returns the key."""
        particulars = {"name": name, "key": key, "wa_id": wa_id, "username": username, "user_id": user_id}
        return str(self._call("POST", "people", json=particulars)["key"])

    def block(self, person: str, what: str = "all") -> None:
        """The person takes nothing from us any more: "all", "marketing", or "" for everything again."""
        self._call("POST", "people", json={"key": person, "blocks": what})

    def send(
        self, person: str, number: str, kind: str = "text", *, file: tuple[str, bytes, str] | None = None, **draft: Any
    ) -> str:
        """The person writes to our number (its phone_number_id). Returns the wamid.

        ``draft``: text, payload, target, forwarded, at, sample, faults, delay, echo, extra (see `inbound.Draft`).
        ``file``: (name, content, type) to send instead of a sample.
        """
        data = {"person": person, "number": number, "kind": kind} | draft
        if file is None:
            answer = self._call("POST", "messages", json=data)
        else:
            form = {
                name: json.dumps(value) if isinstance(value, (list, dict)) else value for name, value in data.items()
            }
            answer = self._call("POST", "messages", data=form, files={"file": file})
        return str(answer["wamids"][0])

    def send_batch(self, person: str, number: str, drafts: Iterable[dict[str, Any]]) -> list[str]:
        """All of these in one webhook, as Meta batches. Returns their wamids."""
        data = {"person": person, "number": number, "batch": list(drafts)}
        wamids: list[str] = self._call("POST", "messages", json=data)["wamids"]
        return wamids

    def messages(self, *, person: str = "", number: str = "", after: int = 0) -> list[dict[str, Any]]:
        """One chat, or all that came after a row."""
        query: dict[str, str | int] = {"person": person, "number": number} if person else {"after": after}
        messages: list[dict[str, Any]] = self._call("GET", "messages", params=query)["messages"]
        return messages

    def receipt(self, wamid: str, status: str, code: int = 0) -> None:
        """Report sent, delivered, read, played or failed (with any error ``code``) for a message of the business."""
        self._call("POST", f"messages/{wamid}", json={"status": status, "code": code})

    def open_chat(self, person: str, number: str) -> int:
        """The person opens the chat. Returns how many messages became read."""
        return int(self._call("POST", "open", json={"person": person, "number": number})["read"])

    def webhook(self, field: str, value: dict[str, Any], *, waba: str = "", delay: float = 0) -> None:
        """Post any webhook, signed."""
        self._call("POST", "webhooks", json={"field": field, "value": value, "waba": waba, "delay": delay})

    def faults(self, **switches: Any) -> dict[str, Any]:
        """Set these switches (see `faults.Faults`). Returns all of them."""
        faults: dict[str, Any] = self._call("POST", "faults", json=switches)["faults"]
        return faults

    def script(self, *steps: dict[str, Any]) -> list[dict[str, Any]]:
        """Plan what the next calls get (see `script.Step`), instead of what was planned; nothing: they work.

        ``script({"times": 2, "code": 130429}, {"status": 500, "empty": True}, {"line": "after"}, {"seconds": 5})``
        """
        planned: list[dict[str, Any]] = self._call("POST", "script", json={"steps": list(steps)})["steps"]
        return planned

    def planned(self) -> list[dict[str, Any]]:
        """The steps of the script that are not used up."""
        steps: list[dict[str, Any]] = self._call("GET", "script")["steps"]
        return steps

    def pull_plug(self) -> None:
        """Nobody can connect from now on, but for this client. Safe to repeat."""
        self._door = str(self._call("POST", "plug", json={"pulled": True})["origin"])

    def put_plug_in(self) -> None:
        """Everybody can connect again, and webhooks that waited are posted. Safe to repeat."""
        self._door = str(self._call("POST", "plug", json={"pulled": False})["origin"])

    def requests(self, path: str = "", *, method: str = "", after: int = 0) -> list[dict[str, Any]]:
        """Requests to the Graph API as they arrived, oldest first: id, at, method, path, body, status.

        ``path`` is what theirs must end with ("/messages"); ``after`` is the id of one that was seen.
        """
        query: dict[str, str | int] = {"path": path, "method": method, "after": after}
        requests: list[dict[str, Any]] = self._call("GET", "requests", params=query)["requests"]
        return requests

    def media_fault(self, media_id: str, fault: str = "", *, expires_in: float | None = None) -> None:
        """What is wrong with one file from now on; nothing by default."""
        more = {} if expires_in is None else {"expires_in": expires_in}
        self._call("POST", f"media/{media_id}", json={"fault": fault} | more)

    def calls(self) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = self._call("GET", "calls")["calls"]
        return calls

    def reset(self) -> None:
        self._call("POST", "reset")

    def wait_until_posted(self, seconds: float = 60) -> None:
        """Until the product has accepted every webhook."""
        deadline = time.monotonic() + seconds
        while waiting := self.overview()["webhooks_waiting"]:
            if time.monotonic() > deadline:
                raise SimulatorError(f"{waiting} webhooks were not accepted within {seconds:.0f} s.")
            time.sleep(0.02)
