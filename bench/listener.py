"""The floor of everything that waits for a commit: a bare listener that reacts to a NOTIFY, in a process of its own.

    python -m bench.listener [URL]

prints "ready", then the moment (time.monotonic, the same in all processes) at which each notification came. With a URL
it posts to it instead, as a worker with nothing else to do would.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

CHANNEL = "bench_listener"


class Listener:
    """The child process, and a connection that commits."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @staticmethod
    def commit(word: str) -> float:
        """One small durable transaction with a NOTIFY. Returns the moment before its commit."""
        from django.db import connection, transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_note (word) VALUES (%s)", [word])
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, word])
            return time.monotonic()

    def delay(self, word: str) -> float:
        """Milliseconds from a commit to the listener."""
        began = self.commit(word)
        assert self._process.stdout is not None
        return (float(self._process.stdout.readline()) - began) * 1000

    def delays(self, count: int) -> list[float]:
        """``count`` of them, sorted, without the first few."""
        return sorted([self.delay(str(number)) for number in range(count + 5)][5:])

    def median(self, count: int) -> float:
        return statistics.median(self.delays(count))


@contextmanager
def listening(url: str = "") -> Iterator[Listener]:
    """A listener that is ready. Needs a database that is set up."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_note (id bigserial PRIMARY KEY, word text)")
    arguments = [sys.executable, "-m", "bench.listener", *([url] if url else [])]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield Listener(process)
    finally:
        process.kill()
        process.wait()


def main(url: str = "") -> None:
    import django

    django.setup()
    import psycopg
    import requests

    from core.postgres.async_connection import connection_parameters

    session = requests.Session()
    with psycopg.connect(**connection_parameters(application_name="bench")) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        print("ready", flush=True)
        for note in connection.notifies():
            if url:
                session.post(url, json={"biz_opaque_callback_data": note.payload}, timeout=30)
            else:
                print(time.monotonic(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
