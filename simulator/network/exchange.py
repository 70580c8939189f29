"""The exchange: what joins the phones, the Graph API and the webhooks. One object that all of the simulator shares."""

from __future__ import annotations

import secrets
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from simulator.network import webhooks, world
from simulator.network.chats import Chats
from simulator.network.courier import Courier
from simulator.network.errors import webhook_error
from simulator.network.rates import Rates
from simulator.network.store import ChatMessage, Store
from simulator.network.topic import Topic
from simulator.network.world import Number, Person

TYPING_SECONDS = 25
BLOCKS = ("", "marketing", "all")
#: Seconds after the answer to a send at which its statuses leave.
SENT_AFTER = 0.1
DELIVERED_AFTER = 0.5


class Plug(Protocol):
    """The plug of the server that the exchange answers through."""

    @property
    def pulled(self) -> bool:
        """Whether the plug is pulled."""

    def pull(self) -> str:
        """Refuse every connection but those to a side door. Returns the side door's origin. Safe to repeat."""

    def put_in(self) -> str:
        """Answer again, and post what waited. Returns the usual origin. Safe to repeat."""


class Exchange:
    """The simulated WhatsApp. ``origin`` is where it can be reached ("http://127.0.0.1:8001")."""

    def __init__(self, *, folder: Path, origin: str, webhook_url: str, app_secret: str) -> None:
        self.origin = origin
        self.topic = Topic(folder, origin)
        self.store = Store(folder)
        self.chats = Chats(self.store)
        self.courier = Courier(self.store, webhook_url, app_secret, self.topic)
        self.rates = Rates()
        self.plug: Plug | None = None
        self._typing: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()
        if not self.store.setting("link_key"):
            self.store.set_setting("link_key", secrets.token_hex(32))

    def close(self) -> None:
        self.courier.stop()
        self.store.close()

    def reset(self) -> None:
        """Forget everything that happened; addresses of files given out before stop working."""
        self.store.reset()
        self.rates.clear()
        self.store.set_setting("link_key", secrets.token_hex(32))

    @property
    def link_key(self) -> str:
        """What signs the addresses of files."""
        return str(self.store.setting("link_key"))

    # Statuses of the business's messages

    def report(
        self, message: ChatMessage, word: str, *, delay: float = 0, code: int = 0, details: str = ""
    ) -> list[int]:
        """Move the message's status up and send the webhook that says so; nothing when it is there already.

        ``code`` is the error that a "failed" carries. Returns the ids of the queued webhooks.
        """
        error = webhook_error(code, details) if code else None
        if not self.chats.advance(message, word, error):
            return []
        person = self.store.person(message.person)
        leaf = webhooks.status(self._number(message), person, message, word, time.time() + delay, error)
        return self.courier.take(chat_name(message.number_id, message.person), word, [leaf], delay=delay)

    def open_chat(self, number: Number, person: Person) -> int:
        """The person looks at the chat: what waits there becomes read. Returns how many did."""
        waiting = self.chats.unopened(number.phone_number_id, person.key)
        for message in waiting:
            # Not before the "delivered" that may still be on its way.
            self.report(message, "read", delay=DELIVERED_AFTER)
        return len(waiting)

    def _number(self, message: ChatMessage) -> Number:
        number = world.number(message.number_id)
        if number is None:
            raise LookupError(f"The world has no number {message.number_id} any more; reset the simulator.")
        return number

    # The customer service window

    def window_open(self, number: Number, person: Person) -> bool:
        """Whether the business may write freely: the person wrote in the last 24 hours, and since the player let
        "24 hours" pass."""
        written = self.chats.last_written_at(number.phone_number_id, person.key)
        return written > max(time.time() - 24 * 3600, self.store.faults().window_closed_at)

    # Whom a person does not want to hear from

    def blocks(self, person: Person) -> str:
        """What this person takes from nobody: "" (they take everything), "marketing", or "all"."""
        return str((self.store.setting("blocks") or {}).get(person.key, ""))

    def set_blocks(self, person: Person, what: str) -> None:
        """Set what this person takes from nobody. Raises ValueError, a sentence."""
        if what not in BLOCKS:
            raise ValueError(f"A person blocks one of {', '.join(map(repr, BLOCKS))}.")
        self.store.set_setting("blocks", (self.store.setting("blocks") or {}) | {person.key: what})

    # Typing

    def typing(self, number: Number, person: Person, *, now: bool) -> None:
        """The business started to type to this person, or stopped."""
        with self._lock:
            self._typing[number.phone_number_id, person.key] = time.time() + TYPING_SECONDS if now else 0
        self.store.touch()

    def is_typing(self, number: Number, person: Person) -> bool:
        with self._lock:
            return self._typing.get((number.phone_number_id, person.key), 0) > time.time()

    # Anything else that Meta may post

    def post(self, field: str, value: dict[str, Any], *, waba: str = "", delay: float = 0) -> list[int]:
        """Send a webhook of any field with this value as it is."""
        return self.courier.take(f"field {field}", field, [webhooks.change(field, value, waba)], delay=delay)


def chat_name(number_id: str, person_key: str) -> str:
    """What the courier keeps in order."""
    return f"{number_id}:{person_key}"
