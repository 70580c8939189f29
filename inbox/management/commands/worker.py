"""`manage.py worker`: runs the jobs. The journal and sending have slots of their own, which slow files never delay."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import gc
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import structlog
from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django.procrastinate_app import current_app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.exceptions import ConnectorException
from procrastinate.periodic import PeriodicRegistry

from core.postgres.errors import describe
from core.sandbox import report as sandbox
from core.sandbox.kernel import hide_process
from inbox.operations import workers
from inbox.sending import outbox
from whatsapp.webhooks import journal, sqs

log = structlog.get_logger(__name__)

#: Journal jobs at once. Two, so that a long drain does not delay the sweep.
JOURNAL_JOBS = 2
#: Requests to providers at once, unless told otherwise. WhatsApp takes a few hundred milliseconds for each.
SENDING_JOBS = 8
#: Seconds that running jobs get after SIGTERM before they are left to be found as stalled.
GRACE = 25
#: Seconds between signs of life to the queue, by which the jobs of a dead worker are found.
HEARTBEAT = 5
STALLED_AFTER = 30
#: Seconds until a job is found whose notification got lost, or whose time has come.
POLLING = 2
#: Seconds between attempts while the database is away: the first, and the longest.
AGAIN_AFTER, AGAIN_AT_MOST = 1, 15
#: Seconds that the queue's own statements wait for a connection; stopping while the database is away waits as long.
CONNECTION_TIMEOUT = 5
DatabaseFaults = (ConnectorException, psycopg.Error, OSError)


class Command(BaseCommand):
    help = "Run the jobs: understand notifications, fetch files, make previews. Stops gracefully on SIGTERM and SIGINT."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--concurrency", type=int, default=4, help="jobs at once beside the journal's (default 4)")
        parser.add_argument(
            "--sending", type=int, default=SENDING_JOBS, help=f"messages sent at once (default {SENDING_JOBS})"
        )
        parser.add_argument(
            "--forget-missing", action="store_true", help="forget workers that ended for good, and run nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["forget_missing"]:
            count = workers.forget(workers.DEAD_AFTER)
            self.stdout.write(f"{count} {'worker was' if count == 1 else 'workers were'} forgotten.")
            return
        hide_process()
        sandbox.log_report()
        collect_garbage_rarely()
        asyncio.run(run(options["concurrency"], options["sending"]))


def collect_garbage_rarely() -> None:
    """Collect cycles every 50,000 new objects instead of every 700: parsing notifications creates many and keeps few.

    Measured: a fifth less processor time for each message. What is loaded already is never collected.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def run(concurrency: int, sending_jobs: int = SENDING_JOBS) -> None:
    """Run jobs until a signal comes, through any number of database restarts; then let running jobs finish.

    Jobs that take longer than ``GRACE`` seconds after the signal are put back later, like those of a killed worker.
    """
    loop = asyncio.get_running_loop()
    # Every job has a thread waiting for it: in asyncio's own pool the journal would queue behind downloads.
    loop.set_default_executor(ThreadPoolExecutor(JOURNAL_JOBS + sending_jobs + concurrency + 2, "job"))
    stopping = asyncio.Event()

    def stop() -> None:
        if not stopping.is_set():
            stopping.set()
            loop.call_later(GRACE, _leave_the_rest)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    workers.begin()
    reporting = asyncio.create_task(workers.report(stopping))
    try:
        with _reading_queues(stopping):
            await _work_through_faults(concurrency, sending_jobs, stopping)
    finally:
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)


async def _work_through_faults(concurrency: int, sending_jobs: int, stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    wait = AGAIN_AFTER
    while not stopping.is_set():
        began = loop.time()
        try:
            await _work(concurrency, sending_jobs, stopping)
        except DatabaseFaults as error:
            wait = AGAIN_AFTER if loop.time() - began > AGAIN_AT_MOST else min(wait * 2, AGAIN_AT_MOST)
            log.error("worker_interrupted", reason=describe(error), again_in=wait)
            await _within(stopping.wait(), wait)


@contextlib.contextmanager
def _reading_queues(stopping: asyncio.Event) -> Iterator[None]:
    """Read SQS queues in threads of their own, independently of the jobs."""
    readers = sqs.readers(settings.AWS_SQS_QUEUES, settings.WHATSAPP_AWS_REGION)
    for reader in readers:
        reader.start()

    async def stop_with_us() -> None:
        await stopping.wait()
        for reader in readers:
            reader.stop()

    watching = asyncio.ensure_future(stop_with_us())
    try:
        yield
    finally:
        watching.cancel()
        for reader in readers:
            reader.stop()
        for reader in readers:
            reader.join(GRACE)


def _leave_the_rest() -> None:
    log.warning("worker_left_jobs", sentence=f"Jobs were not done {GRACE} s after the signal; they run again later.")
    os._exit(0)  # threads cannot be stopped, and the interpreter would wait for them


async def _within(waiting: Any, seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        return


async def _work(concurrency: int, sending_jobs: int, stopping: asyncio.Event) -> None:
    """Run the workers until ``stopping`` is set or one of them ends. Raises one of ``DatabaseFaults``."""
    worker_app = _worker_app()
    rest = sorted({task.queue for task in worker_app.tasks.values()} - {journal.QUEUE, outbox.QUEUE})
    async with worker_app.open_async():
        workers = [
            asyncio.create_task(_take_jobs(worker_app, [journal.QUEUE], JOURNAL_JOBS, "journal")),
            asyncio.create_task(_take_jobs(worker_app, [outbox.QUEUE], sending_jobs, "sending")),
            asyncio.create_task(_take_jobs(worker_app, rest, concurrency, "files")),
        ]
        end = asyncio.create_task(stopping.wait())
        await asyncio.wait([*workers, end], return_when=asyncio.FIRST_COMPLETED)
        end.cancel()
        for worker in workers:
            worker.cancel()
        results = await asyncio.gather(*workers, return_exceptions=True)
    if stopping.is_set():
        return
    for result in results:
        if isinstance(result, Exception):
            raise result
    # A side task of the worker (its heartbeat, its listening) failed: it has logged why, and ended in good order.
    raise OSError("The worker lost its connection to the database.")


def _worker_app() -> App:
    """The same tasks on connections for workers. Not ``replace_connector``: jobs that a job defers must go through
    Django's connection, or they would start before the transaction that wrote their rows has committed."""
    worker_app = App(
        connector=PsycopgConnector(kwargs=connector_params(), min_size=3, max_size=12, timeout=CONNECTION_TIMEOUT)
    )
    worker_app.tasks = current_app.tasks
    # The periodic ones are deferred from the event loop, where Django's connection would stay broken once it broke.
    worker_app.periodic_registry = PeriodicRegistry()
    for periodic in current_app.periodic_registry.periodic_tasks.values():
        task = copy.copy(periodic.task)
        task.blueprint = worker_app
        worker_app.periodic_registry.register_task(
            task=task,
            cron=periodic.cron,
            periodic_id=periodic.periodic_id,
            configure_kwargs=periodic.configure_kwargs,
        )
    return worker_app


async def _take_jobs(worker_app: App, queues: list[str], concurrency: int, name: str) -> None:
    await worker_app.run_worker_async(
        queues=queues,
        name=name,
        concurrency=concurrency,
        fetch_job_polling_interval=POLLING,
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
