"""Sending: how soon a message leaves, that a number's pace is kept, and what a large file costs in memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, pairwise
from pathlib import Path
from typing import Any

from bench.installation import installation
from bench.listener import Listener, listening
from bench.table import Figure, show

SINGLE = 60
CAMPAIGN = 500
RATE = 50
LARGE_BYTES = 100 * 1024 * 1024
#: How many times a bare listener's time from a commit to its request a message may take; 7.8 were measured.
LATENCY_TARGET = 12.0
#: A pace is kept when the last message leaves no later than this many times the shortest it allows.
PACE_TARGET = 1.2
MEMORY_TARGET_MIB = 64
_serial = count(1)


class Provider(ThreadingHTTPServer):
    """Takes whatever is sent, and remembers when each request came."""

    daemon_threads = True
    arrivals: dict[str, float]
    uploaded: int = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.arrivals = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Provider

    def do_POST(self) -> None:
        came = time.perf_counter()
        length = int(self.headers["Content-Length"])
        if self.path.endswith("/media"):
            while length:
                length -= len(self.rfile.read(min(length, 256 * 1024)))
            self.server.uploaded += 1
            answer: dict[str, Any] = {"id": "400000000000001"}
        else:
            body = json.loads(self.rfile.read(length))
            self.server.arrivals[body.get("biz_opaque_callback_data", "")] = came
            wamid = f"wamid.BENCH{next(_serial)}"
            answer = {"messaging_product": "whatsapp", "messages": [{"id": wamid}]}
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def provider() -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def main() -> int:
    # Tokens go over plain HTTP in development only, and this provider has no certificate.
    with provider() as there, installation({"DEBUG": "true", "WHATSAPP_GRAPH_URL": there.url}):
        worker = subprocess.Popen([sys.executable, "manage.py", "worker"], stdout=subprocess.DEVNULL)
        try:
            return measure(there, worker.pid)
        finally:
            worker.terminate()
            worker.wait(40)


def measure(there: Provider, worker: int) -> int:
    from whatsapp.models import PhoneNumber

    number = PhoneNumber.objects.create(
        phone_number_id="200000000000001",
        waba_id="100000000000001",
        name="Norte Service",
        access_token="bench",
    )
    with listening(f"{there.url}/bare") as listener:
        floor = statistics.median([bare_request(there, listener) for _ in range(SINGLE)][5:])
    latencies = [one_message(there, number) for _ in range(SINGLE)][5:]
    median = statistics.median(latencies)
    seconds, most = campaign(there, number)
    shortest = (CAMPAIGN - RATE) / RATE
    before = resident_mib(worker)
    grown = large_file(there, number, worker) - before
    return show(
        "Sending",
        [
            Figure(
                "queue to request, idle worker",
                f"median {median:.0f} ms, slowest {max(latencies):.0f} ms",
            ),
            Figure("commit to request, bare listener", f"median {floor:.1f} ms"),
            Figure(
                "÷ bare listener",
                f"{median / floor:.1f} ×",
                f"within {LATENCY_TARGET} ×",
                median <= LATENCY_TARGET * floor,
            ),
            Figure(
                f"{CAMPAIGN} queued at {RATE}/s",
                f"left in {seconds:.1f} s",
                f"within {PACE_TARGET * CAMPAIGN / RATE:.0f} s",
                shortest <= seconds <= PACE_TARGET * CAMPAIGN / RATE,
            ),
            Figure("most in any one second", f"{most}", f"at most {RATE}", most <= RATE),
            Figure(
                "worker's memory, 100 MiB document",
                f"{grown:+.0f} MiB",
                f"under {MEMORY_TARGET_MIB} MiB",
                grown < MEMORY_TARGET_MIB,
            ),
        ],
    )


def bare_request(there: Provider, listener: Listener) -> float:
    """Milliseconds from a small commit until the provider saw the request of a process that only waits for it."""
    token = uuid.uuid4()
    began = time.perf_counter()
    listener.commit(f"inbox:{token}")
    came = wait_for(there, token)
    time.sleep(0.05)
    return (came - began) * 1000


def one_message(there: Provider, number: Any) -> float:
    """Milliseconds from the call of queue() until the provider saw the request."""
    conversation = a_conversation(number)
    token = uuid.uuid4()
    began = time.perf_counter()
    queue_text(conversation, token)
    came = wait_for(there, token)
    time.sleep(0.05)  # the worker is idle again
    return (came - began) * 1000


def campaign(there: Provider, number: Any) -> tuple[float, int]:
    """Queue all while the number is paused for it, then let them go. Seconds from first to last, most in one second."""
    number.send_rate = RATE
    number.state = "paused"
    tokens = []
    from whatsapp.models import PhoneNumber

    number.save()
    connected = PhoneNumber(**{field.attname: getattr(number, field.attname) for field in number._meta.fields})
    connected.state = "connected"
    for _ in range(CAMPAIGN):
        conversation = a_conversation(number)
        conversation.number = connected
        tokens.append(uuid.uuid4())
        queue_text(conversation, tokens[-1])
    number.state = "connected"
    number.save()
    times = sorted(wait_for(there, token, 120) for token in tokens)
    first, most = 0, 0
    for last, moment in enumerate(times):
        while moment - times[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    assert all(later >= earlier for earlier, later in pairwise(times))
    return times[-1] - times[0], most


def large_file(there: Provider, number: Any, worker: int) -> float:
    """Send a 100 MiB document; the worker's largest memory meanwhile, in MiB."""
    import tempfile

    from inbox.media import uploads
    from inbox.sending import queue
    from inbox.sending.queue import Intent
    from whatsapp.events import Kind

    with tempfile.TemporaryFile() as file:
        file.write(b"%PDF-1.7\n")
        block = bytes(1024 * 1024)
        while file.tell() < LARGE_BYTES - len(block):
            file.write(block)
        upload = uploads.receive(file, number=number, file_name="large.pdf", kind=Kind.DOCUMENT)
    token = uuid.uuid4()
    queue.queue(a_conversation(number), Intent(kind=Kind.DOCUMENT, upload=upload), client_token=token)
    peak, deadline = 0.0, time.monotonic() + 120
    while not arrival(there, token) and time.monotonic() < deadline:
        peak = max(peak, resident_mib(worker))
        time.sleep(0.01)
    return peak


def a_conversation(number: Any) -> Any:
    from django.utils import timezone

    from inbox.models import Contact, Conversation

    contact = Contact.objects.create(phone=f"+3519{next(_serial):08d}", profile_name="Bench")
    return Conversation.objects.create(
        number=number, contact=contact, window_closes_at=timezone.now() + timedelta(hours=23)
    )


def queue_text(conversation: Any, token: uuid.UUID) -> None:
    from inbox.sending import queue
    from inbox.sending.queue import Intent
    from whatsapp.events import Kind

    queue.queue(conversation, Intent(kind=Kind.TEXT, text="It is in stock."), client_token=token)


def arrival(there: Provider, token: uuid.UUID) -> float | None:
    return there.arrivals.get(f"inbox:{token}")


def wait_for(there: Provider, token: uuid.UUID, seconds: float = 30) -> float:
    deadline = time.monotonic() + seconds
    while (came := arrival(there, token)) is None:
        if time.monotonic() > deadline:
            raise RuntimeError("A message did not leave; is the worker running?")
        time.sleep(0.001)
    return came


def resident_mib(process: int) -> float:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
