"""Buttons on the admin's detail pages, and the log of what administrators did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

log = structlog.get_logger(__name__)


def record(request: HttpRequest, rows: Iterable[Any], sentence: str, event: str) -> None:
    """Log who did what to which rows: an entry each in the admin's history, and one log line with ids only.

    ``sentence`` is stored in English, marked with gettext_noop, and translated when it is shown.
    """
    rows = list(rows)
    if not rows:
        return
    LogEntry.objects.log_actions(request.user.pk or 0, rows, CHANGE, sentence)
    log.info(event, agent=request.user.pk, ids=[str(row.pk) for row in rows])


def record_all(request: HttpRequest, model: type[Model], what: str, sentence: str, event: str, count: int) -> None:
    """The same as one entry for any number of rows, which ``what`` names."""
    LogEntry.objects.create(
        user_id=request.user.pk or 0,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=what,
        action_flag=CHANGE,
        change_message=sentence,
    )
    log.info(event, agent=request.user.pk, count=count)


class RowActionsAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """A detail page with buttons: ``row_actions`` (name → label). Each runs the method ``run_<name>(request, row)``,
    which says through messages what happened."""

    row_actions: Mapping[str, str | Promise] = {}

    def available_actions(self, request: HttpRequest, row: Any) -> list[str]:
        """Names of the actions that apply to this row now."""
        return list(self.row_actions)

    def row_links(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        """Plain links beside the buttons: (address, label)."""
        return []

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        """Whether Django's permission to change such rows is held, also where the form itself is read-only."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def get_urls(self) -> list[URLPattern]:
        info = self.opts.app_label, self.opts.model_name
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self.action_view),
                {"name": name},
                name="{}_{}_{}".format(*info, name),
            )
            for name in self.row_actions
        ]
        return own + super().get_urls()

    def action_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_act_permission(request, row):
            raise Http404
        if name in self.available_actions(request, row):
            getattr(self, f"run_{name}")(request, row)
        else:
            sentence = _("“%(action)s” no longer applies: the row has changed.") % {"action": self.row_actions[name]}
            self.message_user(request, sentence, messages.WARNING)
        return redirect(self._url(row, "change"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        context = extra_context or {}
        if row is not None:
            names = self.available_actions(request, row) if self.has_act_permission(request, row) else []
            context["row_actions"] = [(self._url(row, name), self.row_actions[name]) for name in names]
            context["row_links"] = self.row_links(request, row)
        return super().change_view(request, object_id, form_url, context)

    def _url(self, row: Any, view: str) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{view}", args=[row.pk])
