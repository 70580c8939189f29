"""Moving in: what came from the replaced system, item by item, and the reports on storage and database."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from inbox.models.messages import Message


class ImportedItem(models.Model):
    """One item of a DynamoDB table as it was read, and what became of it. Reading it again changes nothing.

    The columns after ``problems`` repeat what other items and the order of import are found by.
    """

    class Table(models.TextChoices):
        MESSAGE = "message", _("Message")
        CONTACT = "contact", _("Contact")
        FILE = "file", _("File")

    class State(models.TextChoices):
        STAGED = "staged", _("Staged")
        IMPORTED = "imported", _("Imported")
        HELD = "held", _("Held back")
        LEFT_OUT = "left_out", _("Skipped")

    table = models.CharField(max_length=8, choices=Table)
    #: The item's own key; "sha256:…" of the item where it has none.
    key = models.CharField(max_length=255)
    #: The item as DynamoDB writes it, as ASCII JSON: lone surrogates, which PostgreSQL's text refuses, stay escaped.
    raw = models.BinaryField()
    #: SHA-256 of the item, in hex: the same item again is recognised by it.
    digest = models.CharField(max_length=64)
    #: DynamoDB's time of the write in microseconds where the source tells, else 0.
    written_at = models.BigIntegerField(default=0)
    #: Deleted from the source later; what we have stays.
    deleted = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.STAGED)
    #: Codes of inbox.operations.dynamodb_import.problems.
    problems = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    #: No constraint: it would be checked for each of a million rows, and nothing follows this link but people.
    message = models.ForeignKey(
        Message,
        null=True,
        blank=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )

    sent_at = models.DateTimeField(null=True, blank=True)
    contact_key = models.CharField(max_length=255, blank=True, default="")
    #: Of a MediaFile row: the message it belongs to.
    message_key = models.CharField(max_length=255, blank=True, default="")
    #: The customer's, in digits.
    phone = models.CharField(max_length=32, blank=True, default="")
    #: Ours, in digits.
    our_phone = models.CharField(max_length=32, blank=True, default="")
    aws_phone_number_id = models.CharField(max_length=128, blank=True, default="")
    wamid = models.CharField(max_length=255, blank=True, default="")
    #: The S3 key that the item names.
    object_key = models.TextField(blank=True, default="")
    #: The key under which its file was found.
    found_key = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "key"], name="imported_item_unique")]
        indexes = [
            # The order in which items are applied. Holds only those that wait.
            models.Index(fields=["table", "sent_at", "key"], name="imported_item_staged", condition=Q(state="staged")),
            # What somebody has to look at.
            models.Index(fields=["table", "id"], name="imported_item_held", condition=Q(state="held")),
            # A number or a phone that an item leaves out, from the same contact's other messages.
            models.Index(fields=["contact_key", "sent_at"], name="imported_item_contact", condition=~Q(contact_key="")),
            models.Index(fields=["message_key"], name="imported_item_file_of", condition=~Q(message_key="")),
            # Two items about one message.
            models.Index(fields=["wamid"], name="imported_item_wamid", condition=~Q(wamid="")),
        ]

    def __str__(self) -> str:
        return f"{self.get_table_display()} {self.key}"


class ImportPosition(models.Model):
    """How far a source was read, while it is not finished: an interrupted import goes on from there."""

    source = models.CharField(max_length=512, primary_key=True)
    position = models.JSONField()
    updated_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.source


class Reconciliation(models.Model):
    """One comparison of the storage with the database."""

    started_at = models.DateTimeField(default=timezone.now)
    #: Null while it runs, or when it was interrupted.
    finished_at = models.DateTimeField(null=True, blank=True)
    objects_seen = models.BigIntegerField(default=0)
    #: Files and previews that rows speak of.
    files_known = models.BigIntegerField(default=0)
    #: Whether every file was read and its digest compared.
    digests_compared = models.BooleanField(default=False)
    #: Whether faults were mended, not only listed.
    applied = models.BooleanField(default=False)
    #: {code of inbox.operations.reconciliation.faults: how many}.
    counts = models.JSONField(default=dict, blank=True)
    #: {code: how many were mended}.
    mended = models.JSONField(default=dict, blank=True)
    #: [{number, day, received, sent, files, stored, complete}], newest day first.
    days = models.JSONField(default=list, blank=True)

    class Meta:
        get_latest_by = "started_at"

    def __str__(self) -> str:
        return f"Reconciliation of {self.started_at:%Y-%m-%d %H:%M}"


class ReconciliationFault(models.Model):
    """One fault of a reconciliation. Of each kind the first thousand are kept; the counts are whole."""

    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="faults")
    code = models.CharField(max_length=32)
    #: The object's key in the storage; empty when there is none.
    key = models.TextField(blank=True, default="")
    #: The row: a media's, upload's or message's id.
    row = models.CharField(max_length=36, blank=True, default="")
    detail = models.TextField(blank=True, default="")

    def __str__(self) -> str:
        return f"{self.code} {self.key or self.row}"
