"""Tables of the channel: phone numbers, the journal of notifications, message templates, number updates."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField


class Provider(models.TextChoices):
    META = "meta", "Meta Cloud API"
    AWS = "aws", "AWS End User Messaging Social"


class PhoneNumberQuerySet(models.QuerySet["PhoneNumber"]):
    def connected(self) -> PhoneNumberQuerySet:
        """Numbers that an administrator entered or accepted; not those that only appeared in a payload."""
        return self.filter(state=PhoneNumber.State.CONNECTED)


class PhoneNumber(models.Model):
    """One of our numbers. A number that a payload names and nobody entered is stored as UNKNOWN, visible to
    administrators only; its messages wait until somebody accepts it."""

    class State(models.TextChoices):
        CONNECTED = "connected", _("Connected")
        PAUSED = "paused", _("Paused")
        UNKNOWN = "unknown", _("Unknown number")

    provider = models.CharField(max_length=8, choices=Provider, default=Provider.META)
    phone_number_id = models.CharField(max_length=64, help_text=_("Meta's id of the number, not the number itself."))
    aws_phone_number_id = models.CharField(
        "AWS phone number id",
        max_length=128,
        blank=True,
        help_text=_("phone-number-id-…, or the number's ARN. The first webhook fills it in where it is empty."),
    )
    aws_region = models.CharField(
        "AWS Region",
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text=_("Where the business account is linked to AWS, like eu-central-1; the bucket has to be there too."),
    )
    waba_id = models.CharField("WhatsApp Business Account id", max_length=64, blank=True)
    portfolio_id = models.CharField(
        "business portfolio id",
        max_length=64,
        blank=True,
        help_text=_("Numbers of one portfolio see the same user ids. Empty: the account's id is used."),
    )
    display_number = models.CharField(max_length=32, blank=True, help_text=_("As people write it: +351 21 000 0000."))
    name = models.CharField(max_length=128, blank=True, help_text=_("What colleagues call this number."))
    verified_name = models.CharField(max_length=128, blank=True)
    access_token = EncryptedTextField(blank=True, default="")
    state = models.CharField(max_length=16, choices=State, default=State.CONNECTED)
    quality = models.CharField(max_length=16, blank=True)
    throughput = models.CharField(max_length=32, blank=True)
    messaging_limit = models.CharField(max_length=32, blank=True)
    send_rate = models.PositiveSmallIntegerField(
        "messages per second",
        default=0,
        db_default=0,
        help_text=_("The most that is sent in a second. 0: what WhatsApp allows the number."),
    )
    read_receipts = models.BooleanField(
        default=True,
        db_default=True,
        help_text=_("Customers see blue ticks when a colleague opens the conversation, and “typing…”."),
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = PhoneNumberQuerySet.as_manager()

    class Meta:
        constraints = [
            # Payloads name our number by Meta's id, whichever provider delivers them.
            models.UniqueConstraint(fields=["phone_number_id"], name="phone_number_id_unique"),
        ]
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name or self.display_number or f"Number {self.phone_number_id}"

    @property
    def identity_scope(self) -> str:
        """Where a business-scoped user id is unique: the portfolio, or the account while the portfolio is unknown."""
        return self.portfolio_id or self.waba_id


class NotificationQuerySet(models.QuerySet["Notification"]):
    def pending(self) -> NotificationQuerySet:
        return self.filter(state=Notification.State.PENDING)

    def parked(self) -> NotificationQuerySet:
        """Parked and not dismissed."""
        return self.filter(state=Notification.State.PARKED, dismissed_at__isnull=True)

    def left_out(self) -> NotificationQuerySet:
        """Processed with parts left out, and not dismissed."""
        return self.filter(~Q(problems=[]), state=Notification.State.PROCESSED, dismissed_at__isnull=True)


class Notification(models.Model):
    """The journal: one webhook POST exactly as received, stored before it is parsed."""

    class State(models.TextChoices):
        PENDING = "pending", _("Pending")
        PROCESSED = "processed", _("Processed")
        PARKED = "parked", _("Parked")

    provider = models.CharField(max_length=8, choices=Provider)
    received_at = models.DateTimeField(db_default=Now(), editable=False)
    #: Bytes, because PostgreSQL's text and jsonb refuse NUL and lone surrogates, which customers do send.
    body = models.BinaryField()
    #: Which secret signed it: 1 the current one, 2 the previous one.
    signed_with = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=State, db_default=State.PENDING, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(db_default=0, default=0)
    #: Why it is parked, as a sentence.
    error = models.TextField(blank=True, db_default="", default="")
    #: Parts that were left out of a processed notification: [{"path": …, "reason": …}].
    problems = models.JSONField(db_default=models.Value([], models.JSONField()), default=list, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)
    #: When an administrator dismissed what was parked or left out.
    dismissed_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        indexes = [
            # The worker claims the oldest pending ones; the index holds only those.
            models.Index(fields=["id"], name="notification_pending", condition=Q(state="pending")),
            # The admin's list of parked ones, and the health page.
            models.Index(fields=["id"], name="notification_parked", condition=Q(state="parked")),
            # The same for those with parts left out.
            models.Index(
                fields=["id"],
                name="notification_left_out",
                condition=~Q(problems=[]) & Q(state="processed", dismissed_at__isnull=True),
            ),
            # For `journal replay --since` and the retention sweep. Rows are in order of time, so BRIN is enough.
            BrinIndex(fields=["received_at"], name="notification_received_at"),
        ]

    def __str__(self) -> str:
        return f"Notification {self.pk}"


class NumberUpdate(models.Model):
    """One fact that WhatsApp reported about a number or its account: quality, name, limits, restrictions, errors,
    groups."""

    number = models.ForeignKey(PhoneNumber, null=True, blank=True, on_delete=models.CASCADE, related_name="updates")
    notification = models.ForeignKey(Notification, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    waba_id = models.CharField(max_length=64, blank=True)
    field = models.CharField(max_length=64)
    summary = models.TextField()
    payload = models.JSONField(default=dict)
    at = models.DateTimeField()
    #: A digest of the update and its path, so that a repeated notification adds nothing.
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["digest"], name="number_update_once")]
        indexes = [models.Index(fields=["number", "-at"], name="number_update_newest")]

    def __str__(self) -> str:
        return self.summary


class MessageTemplate(models.Model):
    """A message template as last described by the provider."""

    waba_id = models.CharField(max_length=64)
    template_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=512)
    language = models.CharField(max_length=16)
    category = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=32, blank=True)
    quality = models.CharField(max_length=16, blank=True)
    reason = models.TextField(blank=True)
    #: POSITIONAL ({{1}}) or NAMED ({{first_name}}).
    parameter_format = models.CharField(max_length=16, blank=True, default="POSITIONAL", db_default="POSITIONAL")
    components = models.JSONField(default=list, blank=True)
    #: When it was first missing from the provider's list. The row is kept for messages that used it.
    gone_at = models.DateTimeField(null=True, blank=True)
    #: When it was last sent from a page: recently used ones are offered first.
    used_at = models.DateTimeField(null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["waba_id", "name", "language"], name="template_name_and_language_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
