"""`manage.py worker`: runs the jobs, with places of their own for the journal so that slow files never hold it up."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from procrastinate import App
from procrastinate.contrib.django import app as django_app
from procrastinate.contrib.django.procrastinate_app import current_app

from whatsapp import journal

#: Jobs of the journal at once. Two, so that a long drain does not hold up the sweep.
JOURNAL_JOBS = 2
#: Seconds that running jobs get after SIGTERM before they are left to be found as stalled.
GRACE = 25
#: Seconds between signs of life; `/health/ready` and `manage.py doctor` miss a worker after 90.
HEARTBEAT = 10
STALLED_AFTER = 30


class Command(BaseCommand):
    help = "Run the jobs: understand notifications, fetch files, make previews. Stops gracefully on SIGTERM and SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, help="jobs at once beside the journal's (default 4)")

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(run(options["concurrency"]))


async def run(concurrency: int) -> None:
    """Run both workers until a signal comes, then let running jobs finish for up to ``GRACE`` seconds."""
    loop = asyncio.get_running_loop()
    # Every job has a thread waiting for it: in asyncio's own pool the journal would queue behind downloads.
    loop.set_default_executor(ThreadPoolExecutor(JOURNAL_JOBS + concurrency + 2, thread_name_prefix="job"))
    worker_app = _worker_app()
    queues = {task.queue for task in worker_app.tasks.values()} - {journal.WAKE_UP_QUEUE}
    async with worker_app.open_async():
        workers = [
            asyncio.create_task(_work(worker_app, [journal.WAKE_UP_QUEUE], JOURNAL_JOBS, "journal")),
            asyncio.create_task(_work(worker_app, sorted(queues), concurrency, "files")),
        ]
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, workers)
        done, pending = await asyncio.wait(workers, return_when=asyncio.FIRST_COMPLETED)
        _stop(list(pending))
        await asyncio.gather(*done, *pending, return_exceptions=True)
        for worker in done:
            if not worker.cancelled() and (error := worker.exception()):
                raise error


def _worker_app() -> App:
    """The same tasks on connections for workers. Not ``replace_connector``: jobs that a job defers must go through
    Django's connection, or they would start before the transaction that wrote their rows has committed."""
    worker_app = App(connector=django_app.connector.get_worker_connector())  # type: ignore[attr-defined]
    worker_app.tasks = current_app.tasks
    worker_app.periodic_registry = current_app.periodic_registry
    return worker_app


async def _work(worker_app: App, queues: list[str], concurrency: int, name: str) -> None:
    await worker_app.run_worker_async(
        queues=queues,
        name=name,
        concurrency=concurrency,
        install_signal_handlers=False,
        shutdown_graceful_timeout=GRACE,
        update_heartbeat_interval=HEARTBEAT,
        stalled_worker_timeout=STALLED_AFTER,
        delete_jobs="successful",
        task_middleware=[_with_fresh_connections],
    )


def _with_fresh_connections(call_next: Callable[[], Any], _context: Any, _worker: Any) -> Any:
    """Drop database connections that broke or grew old, as a request would."""
    close_old_connections()
    try:
        return call_next()
    finally:
        close_old_connections()


def _stop(workers: list[asyncio.Task[None]]) -> None:
    for worker in workers:
        worker.cancel()
