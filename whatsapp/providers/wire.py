"""HTTP connections that know whether a request was sent, so that a failed send is never repeated by mistake."""

from __future__ import annotations

import threading
import time
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Connections idle for longer are closed: a firewall may have dropped them, and a request on one would have an unknown
#: outcome.
IDLE_SECONDS = 30.0

#: Time limit for writing one piece of a request (at most 64 KiB).
WRITE_SECONDS = 30.0

_local = threading.local()


class _Watched:
    """Records on the thread when the first byte of a request is about to be written."""

    sock: Any

    def connect(self) -> None:
        try:
            super().connect()  # type: ignore[misc]
        finally:
            # A proxy's tunnel and the TLS handshake are not the request.
            _local.left = False
        # Until the answer is read, urllib3 applies the connect timeout to writing: too short for an upload.
        self.sock.settimeout(WRITE_SECONDS)

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        _local.left = True
        super().send(data)  # type: ignore[misc]


class _WatchedHTTP(_Watched, HTTPConnection):
    pass


class _WatchedHTTPS(_Watched, HTTPSConnection):
    pass


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _WatchedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedHTTPS


class _Adapter(HTTPAdapter):
    """requests' adapter with watched connections. It never retries (max_retries is 0)."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager


def session(user_agent: str) -> requests.Session:
    """This thread's session, for one request. Tokens are set on each request, never here."""
    now = time.monotonic()
    found: requests.Session | None = getattr(_local, "session", None)
    if found is None:
        found = requests.Session()
        found.headers["User-Agent"] = user_agent
        adapter = _Adapter()
        found.mount("https://", adapter)
        found.mount("http://", adapter)
        _local.session = found
    elif now - _local.used_at > IDLE_SECONDS:
        found.close()
    _local.used_at = now
    _local.left = None
    return found


def may_have_left(error: Exception) -> bool:
    """Whether this thread's last request, which ended in ``error`` without an answer, may have reached the server.

    False is certain: there was no connection, or nothing was written to it.
    """
    left: bool | None = getattr(_local, "left", None)
    if left is not None:
        return left
    # No connection was requested: the address or the body isn't valid. (Or a test replaced the wire.)
    lost = requests.ConnectionError | requests.ReadTimeout | requests.exceptions.ChunkedEncodingError
    return isinstance(error, lost) and not isinstance(error, requests.ConnectTimeout)
