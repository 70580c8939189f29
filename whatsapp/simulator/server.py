"""The simulator's HTTP server: threads on loopback, Django's requests and responses, none of the product's settings,
middleware or addresses.

Sockets are within reach on purpose: to break a connection halfway is one of the things that a simulator is for.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.urls import Resolver404

from whatsapp.simulator import media
from whatsapp.simulator.errors import GraphError
from whatsapp.simulator.exchange import Exchange
from whatsapp.simulator.urls import resolver
from whatsapp.simulator.web import BadRequest, ConnectionDropped, SimulatorRequest, drop, require_local

HOST = "127.0.0.1"
logger = logging.getLogger(__name__)


class Application:
    """The WSGI application around one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        began = time.monotonic()
        _unchunk(environ)
        request = SimulatorRequest(environ)
        request.exchange = self.exchange
        try:
            response = self._respond(request)
        except ConnectionDropped:
            self._note(request, 0, began, "the line broke")
            drop(environ.get("simulator.connection"))
            start_response("204 No Content", [])
            return []
        self._note(request, response.status_code, began)
        response["X-Content-Type-Options"] = "nosniff"
        headers = [(name, str(value)) for name, value in response.items()]
        start_response(f"{response.status_code} {response.reason_phrase}", headers)
        return response

    def _respond(self, request: SimulatorRequest) -> HttpResponseBase:
        graph = _is_graph(request.path)
        try:
            if not graph:
                require_local(request)
            match = resolver.resolve(request.path_info)
            return match.func(request, *match.args, **match.kwargs)
        except ConnectionDropped:
            raise
        except GraphError as error:
            return error.response()
        except BadRequest as error:
            return JsonResponse({"error": str(error)}, status=error.status)
        except Resolver404:
            return HttpResponse("There is nothing at this address.", status=404, content_type="text/plain")
        except RequestDataTooBig:
            return JsonResponse({"error": "The body is larger than the simulator reads."}, status=413)
        except SuspiciousOperation as error:
            return JsonResponse({"error": str(error)}, status=400)
        except Exception:
            # The last line of defence of a server: whatever it was, the next request is answered.
            logger.exception("The simulator failed at %s %s", request.method, request.path)
            if graph:
                return GraphError(1, message="An unknown error has occurred.").response()
            return HttpResponse("The simulator failed; its log says why.", status=500, content_type="text/plain")

    def _note(self, request: SimulatorRequest, status: int, began: float, note: str = "") -> None:
        """Put the product's calls on the tape; the player's own clicks are not worth a line."""
        if _is_graph(request.path):
            target = "/file" if request.path == media.PATH else "/" + "/".join(request.path.split("/")[2:])
            self.exchange.store.add_call(request.method or "", target, status, (time.monotonic() - began) * 1000, note)


def _is_graph(path: str) -> bool:
    return path == media.PATH or (path[:2] == "/v" and path[2:3].isdigit())


def _unchunk(environ: dict[str, Any]) -> None:
    """Read a chunked body, which wsgiref leaves to the application and Django takes for empty."""
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower() or "simulator.rfile" not in environ:
        return
    source: IO[bytes] = environ["simulator.rfile"]
    body = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the request that reads it)
    while size := int(source.readline(100).split(b";")[0] or b"0", 16):
        body.write(source.read(size))
        source.readline(10)
    while source.readline(1000).strip():
        pass  # trailers
    environ["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    environ["wsgi.input"] = body


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        return super().get_environ() | {"simulator.connection": self.connection, "simulator.rfile": self.rfile}

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tape on the phone page shows the calls."""


class _Server(ThreadedWSGIServer):
    request_queue_size = 128
    exchange: Exchange | None = None

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            if self.exchange is not None:
                self.exchange.store.close()


class Simulator:
    """A running simulator: its server and its courier.

    ``port`` 0 takes a free one. Raises OSError when the port is in use.
    """

    def __init__(self, *, folder: Path, webhook_url: str, app_secret: str, port: int = 0) -> None:
        self._server = _Server((HOST, port), _Handler)
        self.port: int = self._server.server_port
        self.origin = f"http://{HOST}:{self.port}"
        self.exchange = Exchange(folder=folder, origin=self.origin, webhook_url=webhook_url, app_secret=app_secret)
        self._server.exchange = self.exchange
        self._server.set_app(Application(self.exchange))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)

    def start(self) -> None:
        """Answer and post from threads of its own."""
        self.exchange.courier.start()
        self._thread.start()

    def wait(self) -> None:
        """Return when the server has stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Stop both; what waits to be posted is posted after the next start."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self.exchange.close()
