"""The measure of the disk and the database: psycopg, 16 connections in 2 processes, one committed row each.

    python -m bench.raw16 SECONDS

runs one of the two processes. It prints "ready", starts when it reads a line, and prints the rows it committed.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
import time

from bench.load import bodies

PROCESSES = 2
#: Threads measured faster than one event loop with as many asynchronous connections.
CONNECTIONS = 8
INSERT = "INSERT INTO whatsapp_notification (provider, body, signed_with) VALUES ('meta', %b, 1)"


def rate(seconds: float) -> float:
    """Rows committed a second by all connections together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.raw16", str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return sum(int(process.communicate()[0]) for process in processes) / seconds


def main() -> None:
    import django

    django.setup()
    import psycopg

    from core.postgres.async_connection import connection_parameters

    seconds = float(sys.argv[1])
    rows = iter(list(itertools.islice(bodies(), int(10_000 * seconds))))
    opened = [psycopg.connect(**connection_parameters(application_name="raw16")) for _ in range(CONNECTIONS)]
    print("ready", flush=True)
    sys.stdin.readline()
    counts = [0] * CONNECTIONS
    end = time.perf_counter() + seconds

    def commit_rows(place: int) -> None:
        with opened[place] as connection:
            cursor = connection.cursor()
            while time.perf_counter() < end:
                cursor.execute(INSERT, (next(rows),), prepare=True)
                counts[place] += 1

    threads = [threading.Thread(target=commit_rows, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(counts))


if __name__ == "__main__":
    main()
