"""A running simulator on a free port of loopback, and a small server in the product's place that records webhooks."""

from __future__ import annotations

import json
import mimetypes
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from pywa import WhatsApp

from simulator.control.client import SimulatorClient
from simulator.network import world
from simulator.server import Simulator

SECRET = "the secret of these tests"
NUMBER = world.NUMBERS[0]
AMARA = "+351915550123"
TOKEN = {"Authorization": f"Bearer {world.ACCESS_TOKEN}"}


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for entry in self.json["entry"] for change in entry["changes"]]


@dataclass
class Endpoint:
    """What stands where the product's webhook endpoint would. ``answers`` are given in turn, then 200."""

    url: str = ""
    posts: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def values(self) -> list[dict[str, Any]]:
        return [value for post in list(self.posts) for value in post.values()]

    def messages(self) -> list[dict[str, Any]]:
        return [leaf for value in self.values() for leaf in value.get("messages", [])]

    def statuses(self) -> list[dict[str, Any]]:
        return [leaf for value in self.values() for leaf in value.get("statuses", [])]

    def wait_for_statuses(self, count: int = 1) -> list[dict[str, Any]]:
        """The statuses, once there are so many."""
        self.wait(lambda: len(self.statuses()) >= count)
        return self.statuses()

    def wait(self, ready: Callable[[], Any], seconds: float = 60) -> None:
        """Until ``ready``; fails when it never is."""
        deadline = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < deadline, f"never came; received {[post.json for post in self.posts]}"
            time.sleep(0.02)


def refusal(answer: requests.Response) -> tuple[int, str]:
    """The code of an error, and its details or else its message."""
    error = answer.json().get("error", {})
    return error.get("code", 0), error.get("error_data", {}).get("details") or error.get("message", "")


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    known = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = known.answers.pop(0) if known.answers else 200
            known.posts.append(Received(dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.url = f"http://127.0.0.1:{server.server_port}/webhooks/meta/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield known
    server.shutdown()
    server.server_close()


@pytest.fixture
def simulator(tmp_path: Path, endpoint: Endpoint) -> Iterator[Simulator]:
    running = Simulator(folder=tmp_path / "simulator", webhook_url=endpoint.url, app_secret=SECRET)
    running.start()
    yield running
    running.stop()


#: What Python's list of types names otherwise than WhatsApp does.
ENDINGS = {"audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/aac": ".aac", "image/webp": ".webp"}


class Api(SimulatorClient):
    """The control API, and calls of the Graph API as Amara's correspondent."""

    def graph(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"headers": TOKEN, "timeout": 20} | options
        return requests.request(method, f"{self.origin}/v26.0/{path}", **options)

    def answer(self, **body: Any) -> requests.Response:
        """POST a message to Amara, or to ``to`` or ``recipient``."""
        to = {} if "recipient" in body else {"to": "+351915550123"}
        message = {"messaging_product": "whatsapp"} | to | body
        return self.graph("POST", f"{NUMBER.phone_number_id}/messages", json=message)

    def upload(self, content: bytes, mime_type: str, name: str = "") -> str:
        """Upload a file as the business, under a name that fits its type unless one is given; its media id."""
        essence = mime_type.partition(";")[0]
        name = name or f"file{ENDINGS.get(essence) or mimetypes.guess_extension(essence) or ''}"
        files = {"file": (name, content, mime_type)}
        form = {"messaging_product": "whatsapp", "type": mime_type}
        return str(self.graph("POST", f"{NUMBER.phone_number_id}/media", data=form, files=files).json()["id"])

    def write(self, kind: str = "text", *, person: str = "amara", **draft: Any) -> str:
        """A message of Amara, or of ``person``; its wamid."""
        return self.send(person, NUMBER.phone_number_id, kind, **draft)


@pytest.fixture
def api(simulator: Simulator) -> Api:
    return Api(simulator.origin)


class Loopback(httpx.HTTPTransport):
    """Leads pywa, which talks to graph.facebook.com by name, to the simulator, and changes nothing else."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self.origin = httpx.URL(origin)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "graph.facebook.com":
            request.url = request.url.copy_with(scheme="http", host=self.origin.host, port=self.origin.port)
        return super().handle_request(request)


@pytest.fixture
def client(simulator: Simulator) -> Iterator[WhatsApp]:
    """A WhatsApp client that nobody here wrote."""
    with httpx.Client(transport=Loopback(simulator.origin), timeout=20) as session:
        yield WhatsApp(
            phone_id=NUMBER.phone_number_id,
            token=world.ACCESS_TOKEN,
            session=session,
            waba_id=world.WABA_ID,
            app_secret=SECRET,
            verify_token="unused",
        )


@pytest.fixture
def chat(api: Api, endpoint: Endpoint) -> Endpoint:
    """Amara has written, so that the window is open."""
    api.write(text="Hello")
    endpoint.wait(endpoint.messages)
    return endpoint
