"""Send our reactions to WhatsApp. Each request states the current emoji, so repeating it is harmless."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from inbox import callback_data
from inbox.changes import pages
from inbox.models import Reaction
from inbox.sending.queue import NotSendableError, address_of
from whatsapp import compose
from whatsapp.events import Status
from whatsapp.models import PhoneNumber
from whatsapp.providers.base import ProviderError, provider_for

log = structlog.get_logger(__name__)

#: A reaction older than this is no longer worth sending.
GIVE_UP_AFTER = timedelta(hours=1)
AT_ONCE = 50


def send_queued() -> int:
    """Send queued reactions. Returns how many were settled; a failed one keeps its reason. Safe to repeat.

    Not safe in two workers at once; the job's lock prevents that, so that an older emoji never replaces a newer one.
    """
    queued = _queued().select_related("message__conversation__contact", "message__conversation__number", "number")
    return sum(_send(reaction) for reaction in queued[:AT_ONCE])


def anything_queued() -> bool:
    return _queued().exists()


def _queued() -> QuerySet[Reaction]:
    connected = PhoneNumber.objects.connected().exclude(outbox__active=True)
    return Reaction.objects.filter(status=Status.QUEUED, contact=None, number__in=connected).order_by("at")


def _send(reaction: Reaction) -> bool:
    message = reaction.message
    if message is None:
        return _settle(reaction, Status.FAILED, gettext_noop("The message no longer exists."))
    try:
        address = address_of(message.conversation)
        body = compose.reaction(
            to=address.phone,
            user_id=address.user_id,
            group_id=address.group_id,
            target_wamid=reaction.target_wamid,
            emoji=reaction.emoji,
            callback_data=callback_data.of_reaction(reaction.pk),
        )
        provider_for(reaction.number).send(body)
    except ProviderError as error:
        if (error.retryable or error.may_have_sent) and timezone.now() - reaction.at < GIVE_UP_AFTER:
            log.info("reaction_postponed", reaction=reaction.pk, number=reaction.number_id, code=error.code)
            return False  # the sweep retries
        explanation = error.explanation
        return _settle(reaction, Status.FAILED, explanation.text)
    except (NotSendableError, compose.ComposeError) as error:
        return _settle(reaction, Status.FAILED, str(error))
    return _settle(reaction, Status.SENT, "")


def _settle(reaction: Reaction, status: Status, sentence: str) -> bool:
    # If it was changed meanwhile, the new emoji is still to be sent.
    unchanged = Reaction.objects.filter(pk=reaction.pk, at=reaction.at)
    if unchanged.update(status=status, error=sentence) and reaction.message_id:
        pages.touch([reaction.message_id])
    log.info("reaction_settled", reaction=reaction.pk, number=reaction.number_id, status=status)
    return True
