"""Copy message templates from the providers into our table."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from django.db import transaction
from django.utils import timezone

from core.jobs import enqueue_once
from whatsapp.models import MessageTemplate, PhoneNumber
from whatsapp.providers.base import ProviderError, TemplateInfo, provider_for

log = structlog.get_logger(__name__)

BATCH = 200


def accounts() -> list[str]:
    """The accounts (WABA ids) of our connected numbers."""
    found = PhoneNumber.objects.connected().exclude(waba_id="").order_by("waba_id")
    return list(found.values_list("waba_id", flat=True).distinct())


def sync(waba_id: str) -> int:
    """Copy the templates of one account. Returns how many there are. Safe to repeat and to run in parallel.

    Raises ProviderError, and changes nothing, when the list can't be read to its end. Templates no longer listed are
    kept and marked as gone, for messages that used them. A status that a webhook reported after the sync began is kept.
    """
    numbers = PhoneNumber.objects.connected().filter(waba_id=waba_id).order_by("id")
    number = numbers.exclude(access_token="").first() or numbers.first()
    if number is None:
        return 0
    began = timezone.now()
    listed = {(info.name, info.language): info for info in provider_for(number).templates()}
    with transaction.atomic():
        for row in MessageTemplate.objects.select_for_update().filter(waba_id=waba_id).order_by("id"):
            info = listed.get((row.name, row.language))
            if info is None:
                row.gone_at = row.gone_at or began
            elif row.updated_at > began:
                row.components, row.parameter_format, row.gone_at = info.components, _format(info), None
            else:
                _copy(info, row)
                row.updated_at, row.gone_at = began, None
            row.save()
        MessageTemplate.objects.bulk_create(
            [_copy(info, MessageTemplate(waba_id=waba_id, updated_at=began)) for info in listed.values()],
            batch_size=BATCH,
            ignore_conflicts=True,
        )
    log.info("templates_synced", waba_id=waba_id, count=len(listed))
    return len(listed)


def sync_all() -> int:
    """Copy the templates of every account; one that fails doesn't hold up the others. Returns how many."""
    count = 0
    for waba_id in accounts():
        try:
            count += sync(waba_id)
        except ProviderError as error:
            log.warning("templates_not_synced", waba_id=waba_id, code=error.code, reason=str(error))
    return count


def enqueue(waba_id: str) -> None:
    """Enqueue a sync of one account, unless one waits. Commits with the caller's transaction."""
    enqueue_once("sync_templates_of", waba_id=waba_id)


def enqueue_unknown(waba_ids: Iterable[str]) -> None:
    """Enqueue a sync of those accounts of which nothing was copied yet."""
    missing = {waba_id for waba_id in waba_ids if waba_id}
    if missing:
        missing -= set(MessageTemplate.objects.filter(waba_id__in=missing).values_list("waba_id", flat=True).distinct())
    for waba_id in sorted(missing):
        enqueue(waba_id)


def _copy(info: TemplateInfo, row: MessageTemplate) -> MessageTemplate:
    row.name, row.language = info.name[:512], info.language[:16]
    row.template_id = info.id[:64]
    row.status, row.category, row.quality = info.status[:32], info.category[:32], info.quality[:16]
    row.components, row.reason = info.components, info.reason
    row.parameter_format = _format(info)
    return row


def _format(info: TemplateInfo) -> str:
    return (info.parameter_format or "POSITIONAL")[:16]
