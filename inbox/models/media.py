"""Media: the file of a message, from the id WhatsApp gave to the stored object and its previews."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inbox.models.messages import Message


def storage_key(media: Media, _name: str) -> str:
    """The file's key, random and without any part of a customer's file name. Made once and kept in ``file.name``."""
    return f"media/{media.pk}{media.extension}"


def thumbnail_key(media: Media, _name: str) -> str:
    return f"previews/{media.pk}.webp"


#: How the key of a copy ends, by its type.
COPIES = {"audio/mp4": ".m4a", "video/mp4": ".mp4", "image/webp": ".large.webp"}


def playable_key(media: Media, name: str) -> str:
    """The key of the copy that every browser plays or shows; ``name`` ends as the key shall."""
    ending = next((each for each in COPIES.values() if name.endswith(each)), COPIES["audio/mp4"])
    return f"previews/{media.pk}{ending}"


def copy_type(key: str) -> str:
    """The type of the copy under a key."""
    return next((content_type for content_type, ending in COPIES.items() if key.endswith(ending)), "audio/mp4")


def page_key(media: Media, page: int) -> str:
    """Where the picture of one page of a document lies, counted from 1. No column names it: the key says it all."""
    return f"previews/{media.pk}/{page}.webp"


def contents_key(media: Media) -> str:
    """Where the text of a document lies, as JSON by page, sheet or slide. No column names it either."""
    return f"previews/{media.pk}/contents.json"


class Media(models.Model):
    """The file of one message. ``state`` says whether we have the bytes; ``preview_state`` whether there is a picture
    or a playable copy of them. Both are shown as they are."""

    class State(models.TextChoices):
        PENDING = "pending", _("Waiting for the file")
        PREPARING = "preparing", _("Being prepared for WhatsApp")
        RETRYING = "retrying", _("Trying again")
        STORED = "stored", _("Stored")
        EXPIRED = "expired", _("Expired at WhatsApp")
        TOO_LARGE = "too_large", _("Too large")
        FAILED = "failed", _("Failed")

    class PreviewState(models.TextChoices):
        NONE = "none", _("Not created yet")
        #: There is a picture of it; a copy that browsers play is still being made.
        COPYING = "copying", _("Being converted for playback")
        READY = "ready", _("Ready")
        IMPOSSIBLE = "impossible", _("No preview for this file")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    message = models.OneToOneField(Message, on_delete=models.CASCADE, related_name="media")
    #: WhatsApp's id of the file: 7 days old at most when it came by webhook.
    media_id = models.CharField(max_length=128, blank=True, default="")
    #: When a file of ours was given to WhatsApp, which keeps it under ``media_id`` for 30 days.
    registered_at = models.DateTimeField(null=True, blank=True)
    #: The download address from the webhook, good for 5 minutes. Emptied once used or stale; never shown.
    remote_url = models.TextField(blank=True, default="")
    #: The S3 key (or the path below MEDIA_ROOT) is this file's name. Ours are short; adopted ones as long as S3 allows.
    file = models.FileField(upload_to=storage_key, max_length=1024, blank=True, default="")
    #: With its dot, from the sniffed type; empty when the type is not known.
    extension = models.CharField(max_length=16, blank=True, default="")
    #: What the sender called it: hostile text, never part of a key.
    file_name = models.TextField(blank=True, default="")
    #: The type that WhatsApp declared.
    mime_type = models.CharField(max_length=255, blank=True, default="")
    #: The type that the bytes say; decides how it is served.
    content_type = models.CharField(max_length=128, blank=True, default="")
    size = models.BigIntegerField(null=True, blank=True)
    #: Lower-case hex. Declared by WhatsApp until stored, then the digest of the stored bytes.
    sha256 = models.CharField(max_length=64, blank=True, default="")
    voice = models.BooleanField(default=False)
    animated = models.BooleanField(default=False)

    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    #: Seconds.
    duration = models.FloatField(null=True, blank=True)
    pages = models.PositiveIntegerField(null=True, blank=True)
    #: A WebP picture: the image made small, the video's poster, the document's first page.
    thumbnail = models.FileField(upload_to=thumbnail_key, max_length=255, blank=True, default="")
    thumbnail_width = models.PositiveIntegerField(null=True, blank=True)
    thumbnail_height = models.PositiveIntegerField(null=True, blank=True)
    #: A copy of what not every browser plays or shows: AAC of a sound, MP4 of a film, WebP of a picture.
    playable = models.FileField(upload_to=playable_key, max_length=255, blank=True, default="")
    #: 64 loudness values from 0 to 100, for drawing.
    waveform = models.JSONField(default=list, blank=True)
    #: The beginning of the text inside, for search and the admin.
    excerpt = models.TextField(blank=True, default="")

    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    preview_state = models.CharField(max_length=16, choices=PreviewState, default=PreviewState.NONE)
    attempts = models.PositiveSmallIntegerField(default=0)
    #: When to try again; null when nothing will happen by itself.
    next_try_at = models.DateTimeField(null=True, blank=True)
    #: Why it is not stored, as a sentence for an agent.
    error = models.TextField(blank=True, default="")
    #: Why there is no preview, or why it can be neither played nor shown here, as a sentence.
    preview_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    stored_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "media"
        indexes = [
            # The sweep: what is due. Holds only what is not settled.
            models.Index(fields=["next_try_at"], name="media_due", condition=Q(state__in=["pending", "retrying"])),
            # The sweep for previews and copies that a dead worker left unmade.
            models.Index(
                fields=["stored_at"],
                name="media_unfinished",
                condition=Q(state="stored", preview_state__in=["none", "copying"]),
            ),
            # The admin's filter by state, and the health page.
            models.Index(fields=["state", "created_at"], name="media_state"),
        ]

    def __str__(self) -> str:
        return f"Media {self.pk}"
