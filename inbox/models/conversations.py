"""Conversations: one contact with one of our numbers, carrying what the list shows so that the list reads one row."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from inbox.models.contacts import Contact
from whatsapp.models import PhoneNumber


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def newest_first(self) -> ConversationQuerySet:
        return self.order_by("-last_message_at", "-id")

    def unread(self) -> ConversationQuerySet:
        return self.filter(unread_count__gt=0)

    def failed(self) -> ConversationQuerySet:
        """Those with a message that failed, or may have, and that nobody has sent again or dismissed."""
        return self.filter(oldest_failure_at__isnull=False)


class Conversation(models.Model):
    """What the list shows is stored here when a message arrives: computed on read, it costs seconds at a million."""

    #: No index of its own: two of those below begin with it.
    number = models.ForeignKey(PhoneNumber, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    #: No index of its own: the constraint's begins with it.
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="conversations", db_index=False)
    #: The newest message in the thread's order, null while there is none. Without a constraint: it is written in the
    #: transaction that writes the message, and checking it again costs as much as the update.
    last_message = models.ForeignKey(
        "inbox.Message",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    last_message_at = models.DateTimeField(default=timezone.now)
    last_message_kind = models.CharField(max_length=16, blank=True, default="")
    last_message_direction = models.CharField(max_length=8, blank=True, default="")
    last_message_status = models.CharField(max_length=16, blank=True, default="")
    #: One line of plain text: what was written, or "Voice 0:12", "PDF · 3 pages".
    last_message_preview = models.CharField(max_length=200, blank=True, default="")
    unread_count = models.PositiveIntegerField(default=0)
    #: When the oldest message was sent that failed, or may have, and that nobody has sent again or dismissed.
    oldest_failure_at = models.DateTimeField(null=True, blank=True)
    #: When the customer service window closes; null when it never opened.
    window_closes_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    #: The transaction that last changed this row, set by a trigger (migration 0002): the cursor of live updates.
    changed_xid = models.BigIntegerField(default=0, editable=False)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        constraints = [
            # Two webhooks at once open one conversation.
            models.UniqueConstraint(fields=["contact", "number"], name="conversation_number_contact_unique"),
        ]
        indexes = [
            # The list of one number, newest first, paged by row value.
            models.Index(fields=["number", "-last_message_at", "-id"], name="conversation_newest"),
            # The list of all numbers.
            models.Index(fields=["-last_message_at", "-id"], name="conversation_newest_of_all"),
            # The filter "Unread", which holds few rows.
            models.Index(
                fields=["number", "-last_message_at", "-id"],
                name="conversation_unread",
                condition=models.Q(unread_count__gt=0),
            ),
            # The filter "Failed", which holds fewer.
            models.Index(
                fields=["number", "-last_message_at", "-id"],
                name="conversation_failed",
                condition=models.Q(oldest_failure_at__isnull=False),
            ),
            # Live updates: what changed since a cursor.
            models.Index(fields=["changed_xid"], name="conversation_changed"),
        ]

    def __str__(self) -> str:
        return f"Conversation {self.pk}"

    @property
    def window_open(self) -> bool:
        """Whether a free-form answer may be sent now, by our clock; WhatsApp's refusal wins over it."""
        return self.window_closes_at is not None and self.window_closes_at > timezone.now()


class PinnedConversation(models.Model):
    """A conversation that an agent keeps on top of their own list."""

    #: More would push the list itself out of sight.
    MAX = 5

    #: No index of its own: the constraint's begins with it.
    agent = models.ForeignKey(
        "inbox.Agent", on_delete=models.CASCADE, related_name="pinned_conversations", db_index=False
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="pins")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "conversation"], name="pinned_conversation_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.agent} pinned {self.conversation}"
