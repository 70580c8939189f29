"""How fast a number may send: its throughput, and one person's share of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from simulator.network.errors import GraphError

#: Seconds for one message to the same person, and how many may be borrowed from the future at once (reference: pair
#: rate limits, "Throughput", 2025-11-21: 1 in 6 seconds; a burst of 45; after 20 at once it takes two minutes to be
#: even again).
PAIR_SECONDS = 6.0
PAIR_BURST = 45


class Rates:
    """What was sent lately. Safe to use from many threads; a restart forgets it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: dict[str, deque[float]] = {}
        #: When each pair has paid back what it borrowed.
        self._even_at: dict[tuple[str, str], float] = {}

    def clear(self) -> None:
        with self._lock:
            self._sent.clear()
            self._even_at.clear()

    def spend(self, number_id: str, person: str, throughput: int) -> None:
        """Count one message of this number to this person. A message that is refused does not count.

        Raises GraphError: 130429 when the number sent ``throughput`` within the last second, 131056 when the pair has
        borrowed all it may.
        """
        with self._lock:
            now = self._clock()
            sent = self._sent.setdefault(number_id, deque())
            while sent and sent[0] <= now - 1:
                sent.popleft()
            if len(sent) >= throughput:
                raise GraphError(130429)
            even_at = max(self._even_at.get((number_id, person), 0), now)
            if even_at + PAIR_SECONDS - now > PAIR_BURST * PAIR_SECONDS:
                raise GraphError(131056)
            sent.append(now)
            self._even_at[number_id, person] = even_at + PAIR_SECONDS
