"""Which rows an administrator sees: superusers all, other staff those of their numbers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.integers import small_integer
from inbox import access
from inbox.models import Agent
from whatsapp.models import PhoneNumber


def numbers_of(agent: Agent | AnonymousUser) -> QuerySet[PhoneNumber]:
    """The numbers an administrator manages; for superusers also the unknown ones that webhooks named."""
    numbers = PhoneNumber.objects.defer("access_token")
    if agent.is_superuser:
        return numbers
    return numbers.filter(pk__in=access.numbers_visible_to(agent))


def links_to_the_inbox(number: PhoneNumber, conversation: int) -> list[tuple[str, str]]:
    """A link to the conversation as agents see it. Nobody sees those of an unknown number until it is accepted."""
    if number.state == PhoneNumber.State.UNKNOWN:
        return []
    return [(reverse("inbox:conversation", args=[conversation]), gettext("Open in the inbox"))]


class NumberScoped:
    """Limits the rows to the administrator's numbers. ``number_path`` leads from a row to its number."""

    number_path = "number"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.number_path}__in": access.numbers_visible_to(request.user)})


class NumberFilter(admin.SimpleListFilter):
    """By our number. Lists the numbers themselves, without searching the table for those that occur."""

    title = _("number")
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
        number = small_integer(value)
        return queryset.none() if number is None else queryset.filter(**{self.path: number})
