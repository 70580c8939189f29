"""Journal to rows: messages a second, beside the same work done one message at a time through the ORM."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

from bench.installation import installation
from bench.table import Figure, show

CYCLES = 5
SET_BASED = 5_000
ONE_BY_ONE = 150
PEOPLE = 1_000
TARGET = 40


def body(index: int) -> bytes:
    """A distinct text message from one of a thousand people."""
    sender = str(351_900_000_000 + index % PEOPLE)
    leaf = {
        "from": sender,
        "from_user_id": f"PT.{sender}",
        "id": f"wamid.BENCH{index:032d}",
        "timestamp": str(1_760_000_000 + index),
        "type": "text",
        "text": {"body": f"Is the Norte Cargo 2 in stock, and when could I collect it? ({index})"},
    }
    contact = {"profile": {"name": f"Person {sender}"}, "wa_id": sender, "user_id": f"PT.{sender}"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "351215550100", "phone_number_id": "200000000000001"},
        "contacts": [contact],
        "messages": [leaf],
    }
    entry = {"id": "100000000000001", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def one_by_one(raw: bytes) -> None:
    """What a straightforward application does for one message: parse it, get or create, save, update, commit."""
    from django.db import transaction
    from django.db.models import F

    from inbox.models import Contact, ContactIdentity, Conversation, Message
    from whatsapp.models import PhoneNumber

    value = json.loads(raw)["entry"][0]["changes"][0]["value"]
    leaf, who = value["messages"][0], value["contacts"][0]
    sent_at = datetime.fromtimestamp(int(leaf["timestamp"]), UTC)
    with transaction.atomic():
        number = PhoneNumber.objects.get(phone_number_id=value["metadata"]["phone_number_id"])
        identity = ContactIdentity.objects.filter(kind="wa_id", scope="", value=who["wa_id"]).first()
        if identity:
            contact = identity.contact
        else:
            contact = Contact.objects.create(phone=f"+{who['wa_id']}", profile_name=who["profile"]["name"])
            ContactIdentity.objects.create(contact=contact, kind="wa_id", scope="", value=who["wa_id"])
        conversation, _ = Conversation.objects.get_or_create(number=number, contact=contact)
        message, created = Message.objects.get_or_create(
            number=number,
            wamid=leaf["id"],
            defaults={
                "conversation": conversation,
                "direction": "inbound",
                "kind": "text",
                "origin": "customer",
                "text": leaf["text"]["body"],
                "sent_at": sent_at,
                "sender_phone": contact.phone,
                "sender_name": contact.profile_name,
            },
        )
        if created:
            conversation.last_message = message
            conversation.last_message_at = sent_at
            conversation.last_message_kind = "text"
            conversation.last_message_preview = message.text[:200]
            conversation.window_closes_at = sent_at + timedelta(hours=24)
            conversation.unread_count = F("unread_count") + 1
            conversation.save()


def store(bodies: list[bytes]) -> None:
    from whatsapp.models import Notification

    Notification.objects.bulk_create([Notification(provider="meta", body=raw) for raw in bodies], batch_size=1000)


def drain() -> None:
    """Work the journal off with as many jobs at once as one `manage.py worker` gives it."""
    from django.db import connections

    from inbox.management.commands.worker import JOURNAL_JOBS
    from inbox.receiving import pipeline

    def one() -> None:
        try:
            pipeline.drain()
        finally:
            connections.close_all()

    jobs = [threading.Thread(target=one) for _ in range(JOURNAL_JOBS)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()


def main() -> int:
    with installation():
        return measure()


def measure() -> int:
    from inbox.management.commands.worker import collect_garbage_rarely
    from inbox.models import Message
    from inbox.receiving import pipeline
    from whatsapp.models import PhoneNumber

    collect_garbage_rarely()  # both sides as in a worker
    PhoneNumber.objects.create(phone_number_id="200000000000001", waba_id="100000000000001", name="Norte Service")
    next_index = 0

    def take(count: int) -> list[bytes]:
        nonlocal next_index
        bodies = [body(index) for index in range(next_index, next_index + count)]
        next_index += count
        return bodies

    store(take(1_000))
    drain()
    for raw in take(50):
        one_by_one(raw)
    ours, theirs = [], []
    for _ in range(CYCLES):
        bodies = take(ONE_BY_ONE)
        started = time.perf_counter()
        for raw in bodies:
            one_by_one(raw)
        theirs.append(ONE_BY_ONE / (time.perf_counter() - started))
        store(take(SET_BASED))
        started = time.perf_counter()
        drain()
        ours.append(SET_BASED / (time.perf_counter() - started))
    assert Message.objects.count() == next_index, "every message is there once"
    ratio = statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))
    return show(
        f"Understanding: journal to rows, {CYCLES} interleaved cycles",
        [
            Figure("one by one through the ORM", f"{statistics.median(theirs):,.0f} messages/s"),
            Figure(f"batches of {pipeline.BATCH_SIZE:,}", f"{statistics.median(ours):,.0f} messages/s"),
            Figure("ratio", f"{ratio:.1f} ×", f"at least {TARGET} ×", ratio >= TARGET),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
