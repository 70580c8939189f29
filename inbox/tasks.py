"""The jobs and their schedule. Each calls one function; every job is safe to run twice, as the rows hold what is left
to do."""

from __future__ import annotations

import uuid
from datetime import timedelta

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import close_old_connections
from procrastinate import JobContext, RetryStrategy, exceptions
from procrastinate.contrib.django import app
from procrastinate.jobs import Status

from core.jobs import enqueue_once, wake_up_once
from inbox import quotas
from inbox.api import idempotency
from inbox.api.webhooks import delivery as webhook_delivery
from inbox.media import fetch, jobs, lease, uploads
from inbox.media.previews import playable_copies, preview_jobs
from inbox.operations import reconciliation, workers
from inbox.receiving import pipeline
from inbox.sending import delivery, outbox, rate_limit, reactions, read_receipts
from whatsapp import template_sync
from whatsapp.webhooks import journal

log = structlog.get_logger(__name__)

#: Batches of notifications per job: about two seconds.
BATCHES_PER_JOB = 20
#: Messages per job.
MESSAGES_PER_JOB = 100
#: Seconds after which rate-limited messages are looked at again.
PACED_SECONDS = 0.5
#: Hours that failed jobs are kept for inspection.
KEEP_FAILED_HOURS = 7 * 24
#: Rows per DELETE statement, so that it never holds many locks.
FORGET_ROWS = 5000


@app.task(name=journal.TASK, queue=journal.QUEUE)
def process_notifications() -> None:
    _drain()


def _drain() -> None:
    """Process part of the journal and enqueue a job for the rest: a job that runs as long as messages arrive could not
    be stopped in time."""
    for batch in range(BATCHES_PER_JOB):
        count = pipeline.process_batch(pipeline.BATCH_SIZE)
        if not count:
            return
        if batch == 0 and count == pipeline.BATCH_SIZE:
            # More is pending than one job can do: another one parses while the database writes for this one.
            journal.wake_up()
    journal.wake_up()


@app.task(name="fetch_media", queue="media")
def fetch_media(media_id: str) -> None:
    fetch.fetch(uuid.UUID(media_id))


@app.task(name="make_previews", queue="previews")
def make_previews(media_id: str) -> None:
    preview_jobs.make(uuid.UUID(media_id))


@app.task(name="make_copy", queue="previews", lock="make_copy")
def make_copy(media_id: str) -> None:
    """One video at a time: converting keeps two processors busy for minutes."""
    playable_copies.make(uuid.UUID(media_id))


@app.task(name="prepare_upload", queue="media", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def prepare_upload(upload_id: str) -> None:
    uploads.prepare(uuid.UUID(upload_id))


@app.task(name="send_messages", queue=outbox.QUEUE)
def send_messages() -> None:
    """Send part of the outbox. When more is due, another job helps."""
    helped = False
    for _ in range(MESSAGES_PER_JOB):
        if not delivery.deliver_next():
            if outbox.anything_due():
                enqueue_once("send_messages", delay=PACED_SECONDS)
            return
        if not helped and outbox.anything_due():
            wake_up_once("send_messages")
            helped = True
    wake_up_once("send_messages")


@app.task(name="send_reactions", queue=outbox.QUEUE, lock="send_reactions")
def send_reactions() -> None:
    reactions.send_queued()


@app.task(name="report_read", queue="receipts", retry=RetryStrategy(max_attempts=3, exponential_wait=5))
def report_read(conversation_id: int) -> None:
    read_receipts.report_read(conversation_id)


@app.task(name="report_typing", queue="receipts")
def report_typing(conversation_id: int) -> None:
    read_receipts.report_typing(conversation_id)


@app.periodic(cron="7 * * * *")
@app.task(name="sync_templates", queue="templates", queueing_lock="sync_templates")
def sync_templates(timestamp: int) -> None:
    template_sync.sync_all()


@app.task(name="sync_templates_of", queue="templates", retry=RetryStrategy(max_attempts=3, exponential_wait=5))
def sync_templates_of(waba_id: str) -> None:
    template_sync.sync(waba_id)


@app.periodic(cron="* * * * * */5")
@app.task(name="sweep_outbox", queue=outbox.QUEUE, queueing_lock="sweep_outbox")
def sweep_outbox(timestamp: int) -> None:
    """Send messages that are due and have no job, and settle those of dead workers."""
    workers.end_leases_of_dead()
    outbox.settle_abandoned()
    outbox.probe()
    if reactions.anything_queued():
        wake_up_once("send_reactions")
    if outbox.anything_due():
        wake_up_once("send_messages")


@app.periodic(cron="*/10 * * * *")
@app.task(name="check_numbers", queue="templates", queueing_lock="check_numbers")
def check_numbers(timestamp: int) -> None:
    outbox.check_numbers()


@app.task(name="deliver_webhooks", queue="webhooks")
def deliver_webhooks(endpoint_id: int) -> None:
    webhook_delivery.deliver(endpoint_id)


@app.periodic(cron="* * * * * */10")
@app.task(name="sweep_webhooks", queue="webhooks", queueing_lock="sweep_webhooks")
def sweep_webhooks(timestamp: int) -> None:
    webhook_delivery.sweep()


@app.periodic(cron="* * * * * 45")
@app.task(name="sweep_uploads", queue="media", queueing_lock="sweep_uploads")
def sweep_uploads(timestamp: int) -> None:
    uploads.sweep()


@app.periodic(cron="* * * * * */10")
@app.task(name="sweep_journal", queue="journal", queueing_lock="sweep_journal")
def sweep_journal(timestamp: int) -> None:
    """Process pending notifications whose wake-up was lost."""
    _drain()
    pipeline.settle_waiting_statuses()


@app.periodic(cron="* * * * * */15")
@app.task(name="sweep_media", queue="media", queueing_lock="sweep_media")
def sweep_media(timestamp: int) -> None:
    """Enqueue media and preview jobs that are due and missing."""
    jobs.sweep()


@app.periodic(cron="41 3 * * *")
@app.task(name="reconcile", queue="previews", queueing_lock="reconcile")
def reconcile(timestamp: int = 0) -> None:
    """Compare storage and database every night, so that faults are found on their first day. Repairs nothing."""
    try:
        report = reconciliation.run()
    except reconciliation.AlreadyRunningError:
        return
    if report.counts:
        log.warning("reconciliation_faults", reconciliation=report.pk, **report.counts)


@app.periodic(cron="* * * * * */10")
@app.task(name="retry_stalled_jobs", queue="journal", queueing_lock="retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Retry the jobs of dead workers: Procrastinate only finds them."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=workers.DEAD_AFTER):
        if job.id is None:
            continue
        if media_id := job.task_kwargs.get("media_id"):
            await sync_to_async(_give_back)(uuid.UUID(str(media_id)))
        try:
            await manager.retry_job(job)
        except exceptions.UniqueViolation:
            # Another job of this kind is waiting and will do the work.
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)
        log.warning("stalled_job_retried", job=job.id, task=job.task_name)


def _give_back(media_id: uuid.UUID) -> None:
    close_old_connections()
    lease.end(media_id)


@app.periodic(cron="17 * * * *")
@app.task(name="forget", queue="journal", queueing_lock="forget")
def forget(timestamp: int) -> None:
    """Delete what is kept for a limited time: processed notifications, statuses without a message and so on."""
    kept = timedelta(days=settings.JOURNAL_RETENTION_DAYS)
    while journal.forget(kept, FORGET_ROWS) == FORGET_ROWS:
        pass
    pipeline.forget_waiting_statuses()
    rate_limit.forget()
    uploads.forget()
    webhook_delivery.forget()
    idempotency.forget()
    workers.forget()
    quotas.forget()
    SessionStore.clear_expired()


@app.periodic(cron="27 * * * *")
@app.task(name="forget_failed_jobs", queue="journal", queueing_lock="forget_failed_jobs", pass_context=True)
async def forget_failed_jobs(context: JobContext, timestamp: int) -> None:
    """Delete failed jobs after a week; successful ones are deleted at once."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
