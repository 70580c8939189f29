"""Contacts: the people (and groups) on WhatsApp, and every id by which WhatsApp has named them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: The words of people's names as the index contact_name_words holds them, folded by a function of migration 0011.
NAME_WORDS = models.Func("profile_name", "username", function="inbox_name_words", output_field=SearchVectorField())


class Contact(models.Model):
    """A person or a group. Who they are is in the identities; everything here may change or be missing."""

    #: Digits with a plus, as in E.164; null when WhatsApp does not tell, never the empty string.
    phone = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001
    #: The name in their WhatsApp profile, as sent: hostile text.
    profile_name = models.CharField(max_length=512, blank=True, default="")
    username = models.CharField(max_length=128, blank=True, default="")
    is_group = models.BooleanField(default=False)
    #: When they asked for no more marketing; null when they did not, or took it back.
    marketing_stopped_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            # An empty phone would make strangers look alike.
            models.CheckConstraint(condition=~models.Q(phone=""), name="contact_phone_null_not_empty"),
        ]
        indexes = [
            models.Index(fields=["phone"], name="contact_phone"),
            # Searching people: beginnings of the words of their names, beginnings and ends of their phone numbers.
            GinIndex(NAME_WORDS, name="contact_name_words"),
            models.Index(OpClass("phone", "varchar_pattern_ops"), name="contact_phone_begins"),
            models.Index(OpClass(Reverse("phone"), "text_pattern_ops"), name="contact_phone_ends"),
        ]

    def __str__(self) -> str:
        return self.profile_name or (f"@{self.username}" if self.username else "") or self.phone or "Unknown contact"


class ContactIdentity(models.Model):
    """One id that WhatsApp uses for a contact. An id belongs to one contact at a time."""

    class Kind(models.TextChoices):
        WA_ID = "wa_id", _("WhatsApp id (phone digits)")
        USER_ID = "user_id", _("Business-scoped user id")
        PARENT_USER_ID = "parent_user_id", _("Parent user id")
        GROUP_ID = "group_id", _("Group id")

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=16, choices=Kind)
    #: Where the value is unique: empty for wa_id, else the number's ``identity_scope``.
    scope = models.CharField(max_length=64, blank=True, default="")
    value = models.CharField(max_length=160)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name_plural = "contact identities"
        constraints = [
            # Two webhooks about the same stranger at once make one contact.
            models.UniqueConstraint(fields=["kind", "scope", "value"], name="contact_identity_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
