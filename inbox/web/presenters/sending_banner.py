"""What stands above the list while messages of ours do not leave, or leave slower than colleagues write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from inbox.web.presenters.base import Drawn
from inbox.web.presenters.conversation_row import badge
from inbox.web.queries.conversation_list import Number
from whatsapp import limits

#: Seconds that the last of the waiting messages has to wait for the page to say so.
SLOW = 4
#: Waiting messages are counted up to here: a page does not wait for a million to be counted.
COUNTED = 10_000

FIND = """
SELECT n.id, o.reason, n.send_rate, n.throughput, w.count
FROM whatsapp_phonenumber n
LEFT JOIN inbox_outbox o ON o.number_id = n.id AND o.active
CROSS JOIN LATERAL (
    SELECT count(*) FROM (SELECT FROM inbox_outboxentry WHERE number_id = n.id LIMIT %(counted)s) e
) w
WHERE n.id = ANY(%(numbers)s) AND (o.reason IS NOT NULL OR w.count > 0) ORDER BY n.id
"""


@dataclass(slots=True)
class Banner(Drawn):
    """One number that sends nothing at the moment, or slowly."""

    name: str
    paused: bool
    words: str


def of(numbers: Sequence[Number]) -> list[Banner]:
    """The banners for those of our numbers that an agent sees, in one query."""
    names = {number.id: number.name for number in numbers}
    with connection.cursor() as cursor:
        cursor.execute(FIND, {"numbers": list(names), "counted": COUNTED})
        found = cursor.fetchall()
    banners = []
    for number, reason, send_rate, throughput, waiting in found:
        rate = send_rate or limits.per_second(throughput)
        if reason is not None:
            banners.append(Banner(names[number], paused=True, words=f"{reason} {_held(waiting)}".strip()))
        elif waiting > SLOW * rate:
            banners.append(Banner(names[number], paused=False, words=_slowed(waiting, rate)))
    return banners


def _held(waiting: int) -> str:
    if not waiting:
        return ""
    return f"{'1 message waits' if waiting == 1 else f'{badge(waiting)} messages wait'}; nothing is lost."


def _slowed(waiting: int, rate: int) -> str:
    seconds = waiting / rate
    long = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    count = f"{waiting:,} wait, about {long}" if waiting < COUNTED else f"more than {COUNTED:,} wait, over {long}"
    return f"WhatsApp takes {rate} messages a second from it: {count}."
