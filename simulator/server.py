"""The simulator's HTTP server: threads on loopback, Django's requests and responses, none of the product's settings,
middleware or addresses.

Sockets are within reach on purpose: to break a connection halfway is one of the things that a simulator is for.
"""

from __future__ import annotations

import json
import logging
import socket
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

from simulator import media
from simulator.aws import service
from simulator.network.errors import GraphError
from simulator.network.exchange import Exchange
from simulator.network.faults import ConnectionDropped
from simulator.urls import resolver
from simulator.web import BadRequest, SimulatorRequest, drop, require_local

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
            if graph:
                request.kept_as = self.exchange.store.add_request(
                    request.method or "", _plain_path(request.path), _body_of(request)
                )
            else:
                require_local(request)
            match = resolver.resolve(request.path_info)
            return match.func(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]  # has no types
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
            with self.exchange.store.write():
                ms = (time.monotonic() - began) * 1000
                self.exchange.store.add_call(request.method or "", _plain_path(request.path), status, ms, note)
                self.exchange.store.answer_request(request.kept_as, status)


def _is_graph(path: str) -> bool:
    return path == media.PATH or path.startswith(service.PATH) or (path[:2] == "/v" and path[2:3].isdigit())


def _plain_path(path: str) -> str:
    """The path without the version; a file's address is just /file."""
    return "/file" if path == media.PATH else "/" + "/".join(path.split("/")[2:])


def _body_of(request: SimulatorRequest) -> Any:
    """What the request carries, for the list of requests; never its headers, which hold the token."""
    if request.content_type == "multipart/form-data":
        form: dict[str, Any] = dict(request.POST.items())
        for name in request.FILES:
            file = request.FILES.get(name)
            if file is not None:
                form[name] = {"name": file.name, "type": file.content_type, "size": file.size}
        return form
    try:
        return json.loads(request.body or b"null")
    except ValueError:
        return request.body.decode(errors="replace")


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
    """One listening socket, and the connections that came through it."""

    request_queue_size = 128

    def __init__(self, port: int, exchange: Exchange | None = None) -> None:
        super().__init__((HOST, port), _Handler)
        self.exchange = exchange
        self._open: dict[int, socket.socket] = {}
        self._thread: threading.Thread | None = None

    def answer_for(self, exchange: Exchange) -> None:
        """Answer for this exchange from a thread of its own, until ``end``."""
        self.exchange = exchange
        self.set_app(Application(exchange))
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def end(self, *, hang_up: bool = False) -> None:
        """Refuse connections from now on; ``hang_up`` ends those that are open, but not the caller's own."""
        if self._thread is not None:
            self.shutdown()
        self.server_close()
        if hang_up:
            for thread, connection in list(self._open.items()):
                if thread != threading.get_ident():
                    drop(connection)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._open[threading.get_ident()] = request
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.get_ident(), None)
            if self.exchange is not None:
                self.exchange.store.close()


class Simulator:
    """A running simulator: its server and its courier. It is also the exchange's plug.

    ``port`` 0 takes a free one. Raises OSError when the port is in use.
    """

    def __init__(self, *, folder: Path, webhook_url: str, app_secret: str, port: int = 0) -> None:
        self._server: _Server | None = _Server(port)
        #: Where the control API and the phone are while the plug is pulled.
        self._side_door: _Server | None = None
        self._switching = threading.Lock()
        self._stopped = threading.Event()
        self.port: int = self._server.server_port
        self.origin = f"http://{HOST}:{self.port}"
        self.exchange = Exchange(folder=folder, origin=self.origin, webhook_url=webhook_url, app_secret=app_secret)
        self.exchange.plug = self

    def start(self) -> None:
        """Answer and post from threads of its own."""
        if self._server is not None:
            self._server.answer_for(self.exchange)
        self.exchange.courier.start()

    def wait(self) -> None:
        """Return when the simulator was stopped."""
        self._stopped.wait()

    def pull(self) -> str:
        """Pull the plug, as `exchange.Plug` says: connections are refused, and those that are open end."""
        with self._switching:
            if self._side_door is None:
                self._side_door = _Server(0)
                self._side_door.answer_for(self.exchange)
                self.exchange.courier.hold(True)
            if self._server is not None:
                self._server.end(hang_up=True)
                self._server = None
            return f"http://{HOST}:{self._side_door.server_port}"

    def put_in(self) -> str:
        """Put the plug back in. Raises OSError when somebody else took the port meanwhile."""
        with self._switching:
            if self._server is None:
                self._server = _Server(self.port)
                self._server.answer_for(self.exchange)
            if self._side_door is not None:
                self._side_door.end()
                self._side_door = None
            self.exchange.courier.hold(False)
            return self.origin

    @property
    def pulled(self) -> bool:
        """Whether the plug is pulled."""
        return self._server is None

    def stop(self) -> None:
        """Stop all; what waits to be posted is posted after the next start."""
        with self._switching:
            for server in (self._server, self._side_door):
                if server is not None:
                    server.end()
            self._server = self._side_door = None
        self._stopped.set()
        self.exchange.close()
