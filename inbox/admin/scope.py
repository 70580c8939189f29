"""Whose rows an administrator sees: a superuser all of them, other staff those of their own numbers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from inbox import access
from inbox.models import Agent
from whatsapp.models import PhoneNumber


def numbers_of(agent: Agent | AnonymousUser) -> QuerySet[PhoneNumber]:
    """The numbers an administrator works on; a superuser also those that merely turned up in a payload."""
    numbers = PhoneNumber.objects.defer("access_token")
    if agent.is_superuser:
        return numbers
    return numbers.filter(pk__in=access.numbers_visible_to(agent))


def links_to_the_inbox(number: PhoneNumber, conversation: int) -> list[tuple[str, str]]:
    """The conversation as agents see it. Those of an unknown number are seen by nobody until it is accepted."""
    if number.state == PhoneNumber.State.UNKNOWN:
        return []
    return [(reverse("inbox:conversation", args=[conversation]), "Open in the inbox")]


class NumberScoped:
    """Cuts an admin's rows down to the numbers of whoever asks. ``number_path`` leads from the row to its number."""

    number_path = "number"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.number_path}__in": access.numbers_visible_to(request.user)})


class NumberFilter(admin.SimpleListFilter):
    """By number of ours: the few there are, never asking the big table which of them occur in it."""

    title = "number"
    parameter_name = "number"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.path = model_admin.number_path

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(number.pk), str(number)) for number in numbers_of(request.user)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value:
            return queryset
        if not value.isascii() or not value.isdigit():
            return queryset.none()
        return queryset.filter(**{self.path: int(value)})
