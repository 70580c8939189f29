"""Messages: every bubble of a thread, what became of it, and what was done to it later."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from inbox.models.contacts import Contact
from inbox.models.conversations import Conversation
from whatsapp import events
from whatsapp.models import Notification, PhoneNumber

#: Labels that are more than the capitalized value.
LABELS = {"api": "API", "ai_agent": "AI agent"}


def _choices(
    words: type[events.Kind | events.Direction | events.Origin | events.Status],
) -> list[tuple[str, str | Promise]]:
    return [(word.value, _(LABELS.get(word.value) or word.value.replace("_", " ").capitalize())) for word in words]


#: It failed, or may not have been sent, and nobody has settled it. What other systems failed to send is history.
UNSETTLED = Q(
    status__in=[events.Status.FAILED.value, events.Status.UNKNOWN.value],
    resent_at__isnull=True,
    dismissed_at__isnull=True,
    historic=False,
)


def wamid_token_of(wamid: str | models.Value) -> models.Func:
    """The ``Message.wamid_token`` of an id, in a column or given as a Value, by the function of migration 0016."""
    return models.Func(wamid, function="inbox_wamid_token", output_field=models.CharField())


#: What nobody can answer, though WhatsApp may have an id for it.
UNANSWERABLE = frozenset({events.Kind.SYSTEM, events.Kind.CALL})


class MessageQuerySet(models.QuerySet["Message"]):
    def in_order(self) -> MessageQuerySet:
        """The thread's order: WhatsApp's time, then arrival."""
        return self.order_by("sent_at", "id")

    def unsettled(self) -> MessageQuerySet:
        """Those that failed, or may not have been sent, and that nobody has sent again or dismissed."""
        return self.filter(UNSETTLED)


class Message(models.Model):
    """One message, whoever wrote it. ``payload`` by kind is described at whatsapp.events.MessageReceived."""

    #: The conversation's number, repeated here for the unique wamid. The conversation's own constraint guards it.
    number = models.ForeignKey(
        PhoneNumber, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    #: The member of a group who wrote it; null elsewhere, where it is the conversation's contact or we.
    author = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    #: The colleague who wrote it here; null for customers and programs.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    #: The program that sent it through the API.
    program = models.ForeignKey(
        "inbox.Program", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    direction = models.CharField(max_length=8, choices=_choices(events.Direction))
    kind = models.CharField(max_length=16, choices=_choices(events.Kind))
    origin = models.CharField(max_length=16, choices=_choices(events.Origin))
    text = models.TextField(blank=True, default="")
    payload = models.JSONField(default=dict, blank=True)

    #: WhatsApp's message id; empty while a message of ours has none.
    wamid = models.CharField(max_length=255, blank=True, default="")
    #: The part of the wamid that is the same in every scope WhatsApp writes it in; the whole where it has none. Set by
    #: the database (migration 0016). Two messages in two conversations may share one: compare the conversation too.
    wamid_token = models.CharField(max_length=255, blank=True, default="", db_default="", editable=False)
    #: The provider's own id where it is not the wamid (AWS answers with a UUID).
    provider_message_id = models.CharField(max_length=128, blank=True, default="")
    #: One press of Send is one message, however often the request comes.
    client_token = models.UUIDField(null=True, blank=True)

    #: WhatsApp's time of the message: the thread's order and the window count from it. WhatsApp's are whole seconds;
    #: microseconds of a customer's message are its place among those of one second (inbox.receiving.arrival_order).
    sent_at = models.DateTimeField()
    #: Our time: when the row was made.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    #: WhatsApp gave no usable time, so ``sent_at`` is when the notification came.
    bad_timestamp = models.BooleanField(default=False)

    #: Empty for messages of the customer.
    status = models.CharField(max_length=16, choices=_choices(events.Status), blank=True, default="")
    accepted_at = models.DateTimeField("sent (status)", null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    played_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error_code = models.IntegerField(null=True, blank=True)
    #: WhatsApp's own words on the error, or our sentence. Shown escaped.
    error = models.TextField(blank=True, default="")
    #: {billable, model, type, category} as WhatsApp told.
    pricing = models.JSONField(default=dict, blank=True)

    quoted_wamid = models.CharField(max_length=255, blank=True, default="")
    #: The message that is answered, once we have it.
    quoted = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    forwarded = models.BooleanField(default=False)
    frequently_forwarded = models.BooleanField(default=False)
    #: What led here: {"referral": {…}, "referred_product": {…}}; keys as in whatsapp.events.
    context = models.JSONField(default=dict, blank=True)
    #: The writer deleted it for everyone; the text stays for colleagues as policy says.
    revoked_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    #: It failed or stayed unknown, and somebody sent it again as a new message.
    resent_at = models.DateTimeField(null=True, blank=True)
    #: It failed or stayed unknown, and somebody decided that nothing is to be done about it.
    dismissed_at = models.DateTimeField(null=True, blank=True)
    #: Came with the phone app's history: opened no window, counted no unread.
    historic = models.BooleanField(default=False)
    #: An AI agent of WhatsApp held the conversation.
    standby = models.BooleanField(default=False)

    sender_phone = models.CharField(max_length=32, blank=True, default="")
    sender_name = models.CharField(max_length=512, blank=True, default="")
    receiving_phone = models.CharField(max_length=32, blank=True, default="")
    aws_phone_number_id = models.CharField(max_length=128, blank=True, default="")

    #: The notification that brought it. No constraint: the journal forgets sooner than the thread.
    notification = models.ForeignKey(
        Notification,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    #: The transaction that last changed this row, set by a trigger: the cursor of live updates.
    changed_xid = models.BigIntegerField(default=0, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            # Redelivery, in parallel or a year later, is one message; two of our numbers may each have one wamid.
            models.UniqueConstraint(fields=["number", "wamid"], condition=~Q(wamid=""), name="message_wamid_unique"),
            # One press of Send is one message. Partial, as are the indexes below: a million customers' messages have
            # none, and an entry for nothing costs as much as one for something.
            models.UniqueConstraint(
                fields=["client_token"], condition=Q(client_token__isnull=False), name="message_client_token_unique"
            ),
        ]
        indexes = [
            # The thread, newest page and deep pages, by row value.
            models.Index(fields=["conversation", "sent_at", "id"], name="message_thread"),
            # The lightbox: the pictures and films of a conversation, however much is said between them.
            models.Index(
                fields=["conversation", "sent_at", "id"],
                name="message_gallery",
                condition=Q(kind__in=["image", "video"]),
            ),
            # Live updates of an open thread.
            models.Index(fields=["conversation", "changed_xid"], name="message_changed"),
            # A message that is named by its id in another scope.
            models.Index(fields=["number", "wamid_token"], name="message_token", condition=~Q(wamid="")),
            # Answers that came before what they answer.
            models.Index(
                wamid_token_of("quoted_wamid"),
                name="message_quote_waiting",
                condition=Q(quoted__isnull=True) & ~Q(quoted_wamid=""),
            ),
            # Statuses that know a message of ours by its provider's own id only.
            models.Index(fields=["provider_message_id"], name="message_provider", condition=~Q(provider_message_id="")),
            # What deleting a message, a contact or an agent has to look for.
            models.Index(fields=["quoted"], name="message_quoted", condition=Q(quoted__isnull=False)),
            models.Index(fields=["author"], name="message_author", condition=Q(author__isnull=False)),
            models.Index(fields=["agent"], name="message_agent", condition=Q(agent__isnull=False)),
            models.Index(fields=["program"], name="message_program", condition=Q(program__isnull=False)),
            # Since when and until when. Ids tell nothing of it: what moved in from an older system kept its time.
            models.Index(fields=["created_at", "id"], name="message_arrival"),
            # The oldest unsettled failure of a conversation.
            models.Index(
                fields=["conversation", "sent_at"],
                name="message_unsettled",
                condition=UNSETTLED,
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"

    @property
    def inbound(self) -> bool:
        return self.direction == events.Direction.INBOUND

    @property
    def unsettled(self) -> bool:
        """Whether MessageQuerySet.unsettled() finds it."""
        failed = self.status in (events.Status.FAILED, events.Status.UNKNOWN)
        return failed and not (self.resent_at or self.dismissed_at or self.historic)

    @property
    def whatsapp_id(self) -> str:
        """The id that WhatsApp knows it by; empty when there is none (yet), as for lines that nobody wrote."""
        return "" if self.wamid.startswith(events.OWN_ID) else self.wamid

    @property
    def answerable(self) -> bool:
        """Whether it can be answered and reacted to: WhatsApp knows it, and it is no call or line of the thread."""
        return bool(self.whatsapp_id) and not self.revoked_at and self.kind not in UNANSWERABLE

    @property
    def late_by(self) -> float:
        """Seconds between WhatsApp's time of the message and our receipt of it."""
        return (self.created_at - self.sent_at).total_seconds()


class PendingStatus(models.Model):
    """A status for a message we do not have (yet): our send still waits for its wamid, or it was never ours."""

    number = models.ForeignKey(PhoneNumber, on_delete=models.CASCADE, related_name="+", db_index=False)
    wamid = models.CharField(max_length=255)
    #: The contact (person or group) whose conversation it is about; null when WhatsApp did not say.
    chat_id = models.BigIntegerField(null=True, blank=True)
    status = models.CharField(max_length=16)
    at = models.DateTimeField()
    callback_data = models.CharField(max_length=512, blank=True, default="")
    error_code = models.IntegerField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    pricing = models.JSONField(default=dict, blank=True)
    notification_id = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "pending statuses"
        constraints = [
            models.UniqueConstraint(fields=["number", "wamid", "status"], name="pending_status_once"),
        ]
        indexes = [models.Index("number", wamid_token_of("wamid"), name="pending_status_token")]

    def __str__(self) -> str:
        return f"{self.status} for {self.wamid}"


class Reaction(models.Model):
    """The emoji one person last put on one message. Removed, it stays as an empty emoji: order does not matter."""

    number = models.ForeignKey(PhoneNumber, on_delete=models.CASCADE, related_name="+", db_index=False)
    target_wamid = models.CharField(max_length=255)
    #: The contact (person or group) whose conversation it is about; null when WhatsApp did not say.
    chat_id = models.BigIntegerField(null=True, blank=True)
    #: Null until the message it is on arrives.
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="reactions")
    #: Who reacted; null when we did.
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=64, blank=True, default="")
    at = models.DateTimeField()
    #: Of ours only: the colleague, and what became of it.
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    status = models.CharField(max_length=16, choices=_choices(events.Status), blank=True, default="", db_default="")
    error = models.TextField(blank=True, default="", db_default="")
    notification_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["number", "target_wamid", "contact"], nulls_distinct=False, name="reaction_one_per_person"
            ),
        ]
        indexes = [
            # Those that came before the message they are on.
            models.Index(
                "number",
                wamid_token_of("target_wamid"),
                name="reaction_waiting",
                condition=Q(message__isnull=True),
            ),
            # Ours that still have to leave.
            models.Index(fields=["at"], name="reaction_queued", condition=Q(status="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.emoji or 'no reaction'} on {self.target_wamid}"


class Revision(models.Model):
    """An edit or deletion by the writer; waits without ``message`` when it came before the message itself."""

    class Kind(models.TextChoices):
        EDIT = "edit", _("Edited")
        REVOKE = "revoke", _("Deleted")

    number = models.ForeignKey(PhoneNumber, on_delete=models.CASCADE, related_name="+", db_index=False)
    wamid = models.CharField(max_length=255)
    target_wamid = models.CharField(max_length=255)
    #: The contact (person or group) whose conversation it is about; null when WhatsApp did not say.
    chat_id = models.BigIntegerField(null=True, blank=True)
    message = models.ForeignKey(Message, null=True, blank=True, on_delete=models.CASCADE, related_name="revisions")
    kind = models.CharField(max_length=8, choices=Kind)
    #: Whose message it may change: a customer edits the customer's, the phone app ours.
    direction = models.CharField(max_length=8, choices=_choices(events.Direction))
    #: The text after this edit; empty for a deletion.
    text = models.TextField(blank=True, default="")
    #: The text this edit replaced, set when it is applied.
    previous_text = models.TextField(blank=True, default="")
    at = models.DateTimeField()
    notification_id = models.BigIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["number", "wamid"], name="revision_wamid_unique")]
        indexes = [models.Index("number", wamid_token_of("target_wamid"), name="revision_token")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.target_wamid}"
