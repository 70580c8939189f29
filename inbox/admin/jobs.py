"""Procrastinate's own page of jobs, made to work for large tables."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin

from core.admin.changelist import NewestFirstAdmin, ViewOnly
from core.admin.display import json_block, moment


class JobAdmin(ViewOnly, NewestFirstAdmin, ProcrastinateJobAdmin):
    """Jobs only wake workers up; the work itself is stored in rows. Superusers can retry or cancel jobs."""

    fields = None  # type: ignore[assignment]  # the fieldsets choose
    list_display = ["id", "task_name", "status", "queue_name", "attempts", "scheduled_at", "worker"]
    list_filter = ["status"]
    readonly_fields = []
    inlines = []
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "id",
                    "task_name",
                    "status",
                    "queue_name",
                    "lock",
                    "queueing_lock",
                    "priority",
                    "scheduled_at",
                    "attempts",
                    "worker",
                    "arguments",
                    "history",
                ]
            },
        )
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["arguments", "history"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return admin.ModelAdmin.get_queryset(self, request).select_related("worker")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.display(description=_("arguments"))
    def arguments(self, job: Any) -> SafeString | str:
        return json_block(job.args)

    @admin.display(description=_("history"))
    def history(self, job: Any) -> str:
        events = job.procrastinateevent_set.order_by("at").values_list("type", "at")
        return ", ".join(f"{kind} {moment(at)}" for kind, at in events) or "-"
