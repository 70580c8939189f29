"""Run functions in other processes on the test's database.

A fork server starts them: a fork of the test process itself would inherit its browser pipes and server threads.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.preloaded"])


def run(count: int, act: Callable[..., None], *arguments: Any) -> list[int]:
    """Run ``act(*arguments)`` in ``count`` processes at once. Returns how each ended: 0, 1, or minus a signal.

    ``act`` is sent by name: a function at the top of a module that `preloaded` imports.
    """
    database = connection.settings_dict["NAME"]
    # The first use of the fork server imports the tests' settings; they must find this run's own database server.
    children = [_context.Process(target=_begin, args=(database, act, arguments)) for _ in range(count)]
    for child in children:
        child.start()
    for child in children:
        child.join(300)
        if child.is_alive():
            child.kill()
            child.join()
    return [child.exitcode or 0 for child in children]


def _begin(database: str, act: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    connections["default"].settings_dict["NAME"] = database
    try:
        act(*arguments)
    finally:
        connections.close_all()


def kill_before(statement: int) -> Callable[..., Any]:
    """A wrapper for `connection.execute_wrapper` that kills this process before its n-th statement."""
    count = 0

    def wrapper(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*arguments)

    return wrapper
