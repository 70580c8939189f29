"""Buttons on the admin's detail pages: one row, one act, by POST, written into the admin's log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_permission_codename
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse

log = structlog.get_logger(__name__)


def record(request: HttpRequest, rows: Iterable[Any], sentence: str, event: str) -> None:
    """Keep who did what to which rows: an entry each in the admin's history, one log line with ids only."""
    rows = list(rows)
    if not rows:
        return
    LogEntry.objects.log_actions(request.user.pk or 0, rows, CHANGE, sentence)
    log.info(event, agent=request.user.pk, ids=[str(row.pk) for row in rows])


def record_all(request: HttpRequest, model: type[Model], what: str, sentence: str, event: str, count: int) -> None:
    """The same in one entry, for an act on any number of rows: ``what`` names them."""
    LogEntry.objects.create(
        user_id=request.user.pk or 0,
        content_type=ContentType.objects.get_for_model(model),
        object_repr=what,
        action_flag=CHANGE,
        change_message=sentence,
    )
    log.info(event, agent=request.user.pk, count=count)


class ActsAdmin(admin.ModelAdmin):
    """Offers ``acts`` (name → label) on the detail page; each is a method ``act_<name>(request, row)`` that tells the
    person what happened through messages. ``links_of(row)`` adds plain links: (address, label) pairs."""

    acts: dict[str, str] = {}

    def acts_offered(self, request: HttpRequest, row: Any) -> list[str]:
        """Names of the acts that make sense for this row now."""
        return list(self.acts)

    def links_of(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        return []

    def has_act_permission(self, request: HttpRequest, row: Any = None) -> bool:
        """Whoever holds Django's permission to change such rows, also where the form itself is for reading only."""
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    def get_urls(self) -> list[URLPattern]:
        info = self.opts.app_label, self.opts.model_name
        own = [
            path(
                f"<path:object_id>/{name}/",
                self.admin_site.admin_view(self.act_view),
                {"name": name},
                name="{}_{}_{}".format(*info, name),
            )
            for name in self.acts
        ]
        return own + super().get_urls()

    def act_view(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row = self.get_object(request, unquote(object_id))
        if row is None or not self.has_act_permission(request, row):
            raise Http404
        if name in self.acts_offered(request, row):
            getattr(self, f"act_{name}")(request, row)
        else:
            self.message_user(request, f"“{self.acts[name]}” does not apply any more: the row has changed.", "WARNING")
        return redirect(self.address_of(row))

    def address_of(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        context = extra_context or {}
        if row is not None:
            base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
            offered = self.acts_offered(request, row) if self.has_act_permission(request, row) else []
            context["acts"] = [(reverse(f"{base}_{name}", args=[row.pk]), self.acts[name]) for name in offered]
            context["links"] = self.links_of(request, row)
        return super().change_view(request, object_id, form_url, context)
