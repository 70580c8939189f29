"""Sending: drafts, the files being prepared for them, and the outbox that still has to leave."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.models.conversations import Conversation
from inbox.models.messages import Message
from whatsapp import events, limits
from whatsapp.models import PhoneNumber


class Draft(models.Model):
    """What one agent has written in one conversation and not sent yet. Gone once it is sent."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="drafts")
    agent = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="drafts")
    text = models.TextField(blank=True, default="")
    #: What the form that shows it sends along: its words become the message with this client token.
    token = models.UUIDField(null=True, blank=True)
    #: The message it will answer.
    quoted = models.ForeignKey(
        Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "conversation"], name="draft_one_per_agent")]

    def __str__(self) -> str:
        return f"Draft {self.pk}"


def upload_key(upload: Upload, _name: str) -> str:
    """The file as it will be sent: the key that its message's media keeps."""
    return f"media/{upload.pk}{key_ending(upload, upload.content_type or upload.original_type)}"


def key_ending(upload: Upload, content_type: str) -> str:
    """How the key of a file that is sent ends: AWS tells WhatsApp the file's name from it, so it fits the type that is
    declared."""
    return limits.extension(limits.upload_type(content_type, upload.file_name)) or upload.extension


def original_key(upload: Upload, _name: str) -> str:
    return f"uploads/{upload.pk}"


class Upload(models.Model):
    """A file of ours before it belongs to a message: kept as it came, and as WhatsApp will take it.

    Once sent it is a Media with the same id and key. One that nobody sends is deleted after a while.
    """

    class State(models.TextChoices):
        PREPARING = "preparing", _("Being prepared")
        READY = "ready", _("Ready to send")
        REFUSED = "refused", _("Cannot be sent")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.ForeignKey(PhoneNumber, on_delete=models.CASCADE, related_name="+", db_index=False)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    program = models.ForeignKey(
        "inbox.Program", null=True, blank=True, on_delete=models.CASCADE, related_name="uploads"
    )
    #: Null for those of programs, and for the headers of templates.
    draft = models.ForeignKey(Draft, null=True, blank=True, on_delete=models.SET_NULL, related_name="uploads")
    #: What it will be sent as.
    kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in sorted(events.MEDIA_KINDS)])
    caption = models.TextField(blank=True, default="")
    position = models.PositiveSmallIntegerField(default=0)
    #: What its owner called it: hostile text, never part of a key.
    file_name = models.TextField(blank=True, default="")
    #: As it came; kept so that it can be prepared again for another kind.
    original = models.FileField(upload_to=original_key, max_length=255)
    original_type = models.CharField(max_length=128)
    original_size = models.BigIntegerField()
    #: As it will be sent; empty until it is prepared.
    file = models.FileField(upload_to=upload_key, max_length=255, blank=True, default="")
    #: With its dot, true to ``content_type``.
    extension = models.CharField(max_length=16, blank=True, default="")
    content_type = models.CharField(max_length=128, blank=True, default="")
    size = models.BigIntegerField(null=True, blank=True)
    #: Lower-case hex, of ``file``.
    sha256 = models.CharField(max_length=64, blank=True, default="")
    voice = models.BooleanField(default=False)
    animated = models.BooleanField(default=False)
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    #: Seconds.
    duration = models.FloatField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.PREPARING)
    #: What was done to it, as short sentences for the agent.
    changes = models.JSONField(default=list, blank=True)
    #: Why it cannot be sent, as a sentence.
    error = models.TextField(blank=True, default="")
    #: Whether one that cannot be sent as what it is would go as a document.
    as_document = models.BooleanField(default=False, db_default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)

    class Meta:
        ordering = ["position", "created_at"]

    def __str__(self) -> str:
        return f"Upload {self.pk}"


class OutboxEntry(models.Model):
    """A message that still has to leave. Deleted when its fate is known, or known to be unknown.

    ``leased_until`` is a worker's right to it: while the message is QUEUED a dead worker's right simply ends; once it
    is SENDING, the request may be on its way, and the end of the right makes it UNKNOWN.
    """

    message = models.OneToOneField(Message, primary_key=True, on_delete=models.CASCADE, related_name="outbox_entry")
    #: Repeated here, so that finding work reads this small table alone.
    number = models.ForeignKey(
        PhoneNumber, on_delete=models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+", db_constraint=False)
    #: Colleagues' answers before what programs send, which may be thousands.
    priority = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)
    #: Who holds the lease: a worker that lost it can no longer write.
    lease = models.UUIDField(null=True, blank=True)
    #: The worker (a WorkerProcess) that holds it, so that a dead one's lease ends before its time.
    worker = models.UUIDField(null=True, blank=True)
    #: How often WhatsApp refused it for a passing reason.
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name_plural = "outbox entries"
        indexes = [
            # What may leave next from one number.
            models.Index(fields=["number", "priority", "due_at"], name="outbox_due"),
        ]

    def __str__(self) -> str:
        return f"Outbox entry {self.pk}"


class Outbox(models.Model):
    """Why nothing leaves from one number at the moment. No row: everything may leave."""

    number = models.OneToOneField(PhoneNumber, primary_key=True, on_delete=models.CASCADE, related_name="outbox")
    paused_at = models.DateTimeField(default=timezone.now)
    #: When the provider is asked whether it works again.
    probe_at = models.DateTimeField()
    #: How often it was paused without a message leaving in between.
    pauses = models.PositiveSmallIntegerField(default=1)
    active = models.BooleanField(default=True)
    error_code = models.IntegerField(default=0)
    #: Why, and what to do, as sentences.
    reason = models.TextField()

    class Meta:
        verbose_name_plural = "outboxes"

    def __str__(self) -> str:
        return f"Outbox of {self.number_id}"


class ReadReceipt(models.Model):
    """The customer's newest message that WhatsApp was told we read. A table of its own: nothing that a page shows."""

    conversation = models.OneToOneField(
        Conversation, primary_key=True, on_delete=models.CASCADE, related_name="read_receipt"
    )
    #: Not a key: it only ever grows.
    message_id = models.BigIntegerField()
    reported_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Read receipt {self.pk}"


class Pace(models.Model):
    """How much of a rate limit is used up: ``full_at`` is when the next message could leave if none had burst ahead.

    ``key`` is "number:<id>" or "conversation:<id>".
    """

    key = models.CharField(max_length=40, primary_key=True)
    full_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key
