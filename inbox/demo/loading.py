"""Playing the script: rows an administrator would enter, then everything else through the simulator's phone."""

from __future__ import annotations

import time
from collections.abc import Callable

from inbox.demo import script
from inbox.demo.script import Step, Story
from inbox.models import Message
from whatsapp.simulator import world
from whatsapp.simulator.client import SimulatorClient

#: Seconds that the worker gets to understand everything that was sent.
PATIENCE = 120


def load(simulator: SimulatorClient, progress: Callable[[str], None]) -> None:
    """Play the whole script through the simulator and wait until the worker understood it. Raises SimulatorError.

    A story that was played before is recognised by the simulator's own memory and left alone.
    """
    now = time.time()
    for place, story in enumerate(script.STORIES, start=1):
        progress(f"demo inbox: {place} of {len(script.STORIES)}, {story.name}")
        simulator.add_person(story.name, key=story.key, wa_id=story.wa_id, username=story.username)
        if not simulator.messages(person=story.key, number=story.number):
            _play(simulator, story, now)
    _others(simulator, now)
    simulator.wait_until_posted()
    _wait_until_understood()


def _play(simulator: SimulatorClient, story: Story, now: float) -> None:
    wamids: dict[str, str] = {}
    for step in story.steps:
        wamid = simulator.send(story.key, story.number, step.kind, **_draft(step, wamids, now))
        if step.name:
            wamids[step.name] = wamid
        if step.receipt:
            for word in _receipts(step.receipt):
                simulator.receipt(wamid, word, 131026 if word == "failed" else 0)


def _draft(step: Step, wamids: dict[str, str], now: float) -> dict[str, object]:
    draft: dict[str, object] = {"text": step.text, "at": now - step.ago, "echo": step.by == "phone"}
    if step.about:
        draft["target"] = wamids[step.about]
    if step.sample:
        draft["sample"] = step.sample
    if step.payload is not None:
        draft["payload"] = step.payload
    if step.forwarded:
        draft["forwarded"] = True
    if step.extra:
        draft["extra"] = step.extra
    if step.faults:
        draft["faults"] = list(step.faults)
    return draft


def _receipts(last: str) -> list[str]:
    return {"delivered": ["delivered"], "read": ["delivered", "read"], "failed": ["failed"]}[last]


def _others(simulator: SimulatorClient, now: float) -> None:
    """What no phone sends: a group's messages, news about a number, a number nobody entered, something unreadable."""
    if Message.objects.filter(wamid="wamid.DEMO-GROUP-1").exists():
        return
    service = world.NUMBERS[0]
    metadata = {"display_phone_number": service.digits, "phone_number_id": service.phone_number_id}
    for place, (wa_id, name) in enumerate(script.GROUP_MEMBERS, start=1):
        leaf = {
            "from": wa_id,
            "group_id": "DEMO-GROUP",
            "id": f"wamid.DEMO-GROUP-{place}",
            "timestamp": str(int(now) - 3000 + place * 60),
            "type": "text",
            "text": {"body": ("Who brings the pump on Sunday?", "We do, and coffee ☕")[place - 1]},
        }
        simulator.webhook(
            "messages",
            {
                "messaging_product": "whatsapp",
                "metadata": metadata,
                "contacts": [{"profile": {"name": name}, "wa_id": wa_id}],
                "messages": [leaf],
            },
        )
    simulator.webhook(
        "phone_number_quality_update",
        {"display_phone_number": service.digits, "event": "UNFLAGGED", "current_limit": "TIER_10K"},
    )
    stranger = {
        "from": "447700900123",
        "id": "wamid.DEMO-UNKNOWN-NUMBER",
        "timestamp": str(int(now) - 600),
        "type": "text",
        "text": {"body": "Is this the old Norte number?"},
    }
    simulator.webhook(
        "messages",
        {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "351215550999", "phone_number_id": "200000000000009"},
            "contacts": [{"profile": {"name": "Somebody"}, "wa_id": "447700900123"}],
            "messages": [stranger],
        },
    )
    simulator.webhook("messages", {"metadata": metadata, "messages": ["not a message"]})


def _wait_until_understood() -> None:
    from whatsapp import journal

    deadline = time.monotonic() + PATIENCE
    while journal.oldest_pending_seconds() is not None and time.monotonic() < deadline:
        time.sleep(0.2)
