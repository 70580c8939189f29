"""The notifications of tests/fixtures/meta, and the events that they are expected to be."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from whatsapp.events import AnyEvent, Event, MessageReceived, Party, RemoteMedia
from whatsapp.parse import parse

ROOT = Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests" / "fixtures" / "meta"
#: Samples that live beside the repository and are not part of it.
SHARED = ROOT.parent / "shared" / "fixtures"

AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)  # 1760000000
NUMBER = {"phone_number_id": "200000000000001", "display_phone_number": "351215550100", "waba_id": "100000000000001"}
LEAF = "entry[0].changes[0].value"

USER_ID = "PT.81004455667788990011"
PARENT = "PT.ENT.70011223344556677"
AMARA = Party(wa_id="351915550123", name="Amara Okafor")
NAMELESS = Party(wa_id="351915550123")
NO_PHONE = Party(user_id=USER_ID, parent_user_id=PARENT, name="Amara Okafor", username="amara.okafor")
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"  # SHA-256 of "test"


def load(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def read(name: str) -> list[AnyEvent]:
    """The events of one of our notifications, without their raw leaves."""
    return [dataclasses.replace(event, raw={}) for event in parse(load(name))]


def only(name: str) -> Any:
    """The one event of a notification."""
    (event,) = read(name)
    return event


def about(path: str = f"{LEAF}.messages[0]", **different: Any) -> dict[str, Any]:
    """What every event of our notifications says about its place."""
    return {**NUMBER, "at": AT, "path": path, **different}


def message(name: str, **fields: Any) -> Event:
    """The message that the notification ``name`` is expected to be: what is not given is as in a plain text."""
    return MessageReceived(**(about() | {"wamid": f"wamid.{name.upper()}", "party": AMARA} | fields))


def file(media_id: int, mime_type: str, **different: Any) -> RemoteMedia:
    url = f"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={media_id}"
    return RemoteMedia(media_id=str(media_id), mime_type=mime_type, **({"sha256": DIGEST, "url": url} | different))


def notification(leaf: object, *, key: str = "messages", field: str = "messages", **value: Any) -> bytes:
    """A body with one leaf, for what no fixture shows."""
    metadata = {"display_phone_number": NUMBER["display_phone_number"], "phone_number_id": NUMBER["phone_number_id"]}
    changed = {"field": field, "value": {"metadata": metadata, key: [leaf], **value}}
    return json.dumps({"entry": [{"id": NUMBER["waba_id"], "changes": [changed]}]}).encode()


def text(**parts: Any) -> dict[str, Any]:
    """A leaf of a plain text, with other parts added or replaced."""
    sent = {"from": "351915550123", "id": "wamid.PLAIN", "timestamp": "1760000000", "type": "text"}
    return sent | {"text": {"body": "Hello"}} | parts
