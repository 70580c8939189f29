"""Programs: who uses the API, with which tokens, and the answers kept for requests that they repeat."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.encryption import EncryptedTextField


class Program(models.Model):
    """Something that uses the API on its own: sees ``numbers`` (or every known number) as an agent sees theirs."""

    name = models.CharField(max_length=128, unique=True)
    numbers = models.ManyToManyField("whatsapp.PhoneNumber", blank=True, related_name="programs")
    all_numbers = models.BooleanField(default=False, help_text=_("Also those that are connected later."))
    may_read = models.BooleanField("may read", default=True, help_text=_("Messages, contacts, files, templates."))
    may_send = models.BooleanField("may send", default=True, help_text=_("Messages and reactions; mark as read."))
    active = models.BooleanField(default=True, help_text=_("Off: all its tokens are refused, and no webhook is sent."))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApiToken(models.Model):
    """One secret of a program. Only its digest is stored: it is shown once, when it is made."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="tokens")
    #: How it begins, so that people can tell tokens apart.
    prefix = models.CharField(max_length=16)
    #: Lower-case hex of SHA-256. The token is 256 random bits, so a slow hash would add nothing.
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: To the minute or so: not every request writes.
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.prefix}…"


class KeptAnswer(models.Model):
    """What a request with an Idempotency-Key was answered, so that its repetition is answered the same."""

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    #: Digest of the method, the path and the body.
    fingerprint = models.CharField(max_length=64)
    #: Null while the request is being worked on.
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["program", "key"], name="kept_answer_once")]

    def __str__(self) -> str:
        return f"Answer {self.pk}"


class WebhookEndpoint(models.Model):
    """An address of a program that is told what happens, as Standard Webhooks describes."""

    class Event(models.TextChoices):
        RECEIVED = "message.received", _("Message received")
        SENT = "message.sent", _("Message sent")
        STATUS = "message.status", _("Message status changed")
        MEDIA = "media.ready", _("File stored")

    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="webhook_endpoints")
    url = models.URLField("address", max_length=2000)
    #: Words of Event.
    events = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    #: whsec_ and base64 of the key; encrypted, shown once.
    secret = EncryptedTextField(editable=False)
    #: The one before, which signs too until ``previous_secret_until``.
    previous_secret = EncryptedTextField(blank=True, default="", editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: The first failure since the last success.
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    #: Failures since the last success.
    failures = models.PositiveIntegerField(default=0, editable=False)
    #: It did not answer: nothing is tried before.
    held_until = models.DateTimeField(null=True, blank=True, editable=False)
    #: Why we stopped, as a sentence; empty when nobody or a person did.
    disabled_reason = models.TextField(blank=True, default="", editable=False)

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event for one endpoint, until it was taken."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    #: The ``webhook-id`` of every attempt: a program that has seen it does nothing.
    webhook_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.CharField(max_length=32, choices=WebhookEndpoint.Event)
    message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="+", db_constraint=False)
    #: The message's status at that moment; empty for a customer's.
    status = models.CharField(max_length=16, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    #: The HTTP status of the last attempt; null when nothing answered.
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    #: Why the last attempt failed, as a sentence.
    error = models.TextField(blank=True, default="")
    #: Each attempt: {at, status, seconds, error}.
    log = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes = [
            models.Index(fields=["endpoint", "next_try_at"], name="webhook_due", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.webhook_id}"
