"""Play the demo's script through the simulator: signed webhooks, the journal and the worker, as in production."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from inbox.changes import pages
from inbox.models import Contact, Conversation, Message
from inbox.operations.demo import script
from inbox.operations.demo.script import Step, Story
from simulator.control.client import SimulatorClient, SimulatorError
from simulator.network import world
from whatsapp.webhooks import journal

#: Seconds that the worker has to process everything.
PATIENCE = 120
#: A message of the last webhooks: once it is there, everything was played.
LAST_WAMID = "wamid.DEMO-GROUP-2"


def is_loaded() -> bool:
    return Message.objects.filter(wamid=LAST_WAMID).exists()


def load(simulator: SimulatorClient, progress: Callable[[str], None]) -> None:
    """Play the script and wait until the worker has processed it. Raises SimulatorError.

    Safe to repeat: conversations that are there are left alone, and a load that was interrupted goes on.
    """
    if is_loaded():
        return
    _settle(simulator)  # what an interrupted load left on its way counts as played
    began = timezone.now()
    late: list[str] = []
    for place, story in enumerate(script.STORIES, start=1):
        progress(f"Loading the demo inbox, {place} of {len(script.STORIES)}: {story.name}")
        if not _conversation(story):
            simulator.add_person(story.name, key=story.key, wa_id=story.wa_id, username=story.username)
            late += _play(simulator, story, began.timestamp())
    _post_what_no_phone_sends(simulator, began.timestamp())
    _settle(simulator)
    _pretend_it_came_in_time(began, late)
    for story in script.STORIES:
        if story.read and (conversation := _conversation(story)):
            _mark_read(conversation)


def _conversation(story: Story) -> Conversation | None:
    rows = Conversation.objects.filter(number__phone_number_id=story.number, contact__profile_name=story.name)
    return rows.first()


def _play(simulator: SimulatorClient, story: Story, now: float) -> list[str]:
    """Send the story's steps. Returns the ids of those that are meant to be late."""
    wamids: dict[str, str] = {}
    late: list[str] = []
    for step in story.steps:
        wamid = simulator.send(story.key, story.number, step.kind, **_draft(step, wamids, now))
        if step.name:
            wamids[step.name] = wamid
        if step.late:
            late.append(wamid)
        if step.receipt:
            statuses = _statuses(step, wamid, story.wa_id, now - step.ago)
            simulator.webhook("messages", {**_envelope(story.number), "statuses": statuses})
    return late


def _draft(step: Step, wamids: dict[str, str], now: float) -> dict[str, Any]:
    draft: dict[str, Any] = {"text": step.text, "at": now - step.ago, "echo": step.by == "phone"}
    if step.about:
        draft["target"] = wamids[step.about]
    if step.payload is not None:
        draft["payload"] = step.payload
    given = {"sample": step.sample, "forwarded": step.forwarded, "extra": step.extra, "faults": list(step.faults)}
    return draft | {name: value for name, value in given.items() if value}


def _statuses(step: Step, wamid: str, wa_id: str, sent: float) -> list[dict[str, Any]]:
    """What the customer's phone reported of a colleague's message, up to ``step.receipt``."""
    words = {"delivered": ["delivered"], "read": ["delivered", "read"], "failed": ["failed"]}[step.receipt]
    leaves: list[dict[str, Any]] = [
        {"id": wamid, "status": word, "timestamp": str(int(sent) + 4 + 90 * place), "recipient_id": wa_id}
        for place, word in enumerate(words)
    ]
    if step.receipt == "failed":
        leaves[0]["errors"] = [
            {
                "code": 131026,
                "title": "Message undeliverable",
                "message": "Message undeliverable",
                "error_data": {"details": "Message Undeliverable."},
            }
        ]
    return leaves


def _envelope(phone_number_id: str, display: str = "") -> dict[str, Any]:
    number = world.number(phone_number_id)
    display = number.digits if number else display
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": display, "phone_number_id": phone_number_id},
    }


def _text(sender: str, wamid: str, at: float, body: str, **more: str) -> dict[str, Any]:
    return {"from": sender, "id": wamid, "timestamp": str(int(at)), "type": "text", "text": {"body": body}} | more


def _post_what_no_phone_sends(simulator: SimulatorClient, now: float) -> None:
    """News about a number, a number that nobody entered, a body cut in half, and a group."""
    service = world.NUMBERS[0]
    simulator.webhook(
        "phone_number_quality_update",
        {"display_phone_number": service.digits, "event": "UPGRADE", "current_limit": "TIER_10K"},
    )
    stranger, name, words = script.STRANGER
    simulator.webhook(
        "messages",
        {
            **_envelope("200000000000009", "351215550999"),
            "contacts": [{"profile": {"name": name}, "wa_id": stranger}],
            "messages": [_text(stranger, "wamid.DEMO-UNKNOWN-NUMBER", now - script.HOUR, words)],
        },
    )
    _post_half_a_body(simulator)
    _post_a_group(simulator, service, now - script.HOUR)


def _post_a_group(simulator: SimulatorClient, service: world.Number, at: float) -> None:
    """A group with its name, its members and what they wrote."""
    step = {"group_id": "DEMO-GROUP", "timestamp": int(at)}
    created = step | {"type": "group_create", "subject": script.GROUP_NAME}
    people = [{"wa_id": wa_id} for wa_id, _, _ in script.GROUP]
    joined = step | {"type": "group_participants_add", "added_participants": people}
    contacts = [{"profile": {"name": name}, "wa_id": wa_id} for wa_id, name, _ in script.GROUP]
    envelope = _envelope(service.phone_number_id) | {"contacts": contacts}
    simulator.webhook("group_lifecycle_update", {**envelope, "groups": [created]})
    simulator.webhook("group_participants_update", {**envelope, "groups": [joined]})
    for place, (wa_id, _, words) in enumerate(script.GROUP, start=1):
        leaf = _text(wa_id, f"wamid.DEMO-GROUP-{place}", at + place * 60, words, group_id="DEMO-GROUP")
        simulator.webhook("messages", {**envelope, "messages": [leaf]})


def _post_half_a_body(simulator: SimulatorClient) -> None:
    """A correct signature on a body that is not JSON: the journal parks it for an administrator."""
    body = b'{"object":"whatsapp_business_account","entry":[{"id":"100000000000001","changes":[{"val'
    digest = hmac.new(settings.WHATSAPP_APP_SECRETS[0].encode(), body, hashlib.sha256).hexdigest()
    address = simulator.overview()["webhook_url"]
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
    try:
        requests.post(address, data=body, headers=headers, timeout=10)
    except requests.RequestException as error:
        raise SimulatorError(f"The inbox at {address} does not answer ({type(error).__name__}).") from error


def _settle(simulator: SimulatorClient) -> None:
    """Wait until every webhook is posted and processed. Raises SimulatorError."""
    simulator.wait_until_posted()
    deadline = time.monotonic() + PATIENCE
    while journal.oldest_pending_seconds() is not None:
        if time.monotonic() > deadline:
            raise SimulatorError("The worker did not process the journal in time. Check that it runs.")
        time.sleep(0.2)


@transaction.atomic
def _pretend_it_came_in_time(began: datetime, late: list[str]) -> None:
    """Date the arrival of messages at their sending time, except those that show what a late message looks like.

    All of them arrived just now, so every message of the demo's week would be marked as late.
    """
    loaded = Message.objects.filter(created_at__gte=began, sent_at__lt=began - timedelta(seconds=30))
    loaded.exclude(wamid__in=late).update(created_at=F("sent_at") + timedelta(seconds=1))
    for contact in Contact.objects.filter(created_at__gte=began).annotate(
        first=Min("conversations__messages__sent_at")
    ):
        if contact.first:
            Contact.objects.filter(pk=contact.pk).update(created_at=contact.first)
    pages.announce(Conversation.objects.filter(created_at__gte=began).values_list("number_id", "pk"))


@transaction.atomic
def _mark_read(conversation: Conversation) -> None:
    if Conversation.objects.unread().filter(pk=conversation.pk).update(unread_count=0):
        pages.announce([(conversation.number_id, conversation.pk)])
