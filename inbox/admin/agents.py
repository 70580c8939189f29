"""Agents, their numbers and second factors, sign-ins, and the log of what administrators did."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from axes.admin import AccessLogAdmin
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from core.admin.actions import RowActionsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly
from core.admin.display import excerpt, full_text
from inbox.admin.scope import NumberFilter, numbers_of
from inbox.models import Agent


class AgentCreationForm(BaseUserCreationForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Agent
        fields = ("username", "email", "first_name", "last_name", "numbers")


class AgentChangeForm(UserChangeForm):  # type: ignore[type-arg]  # generic in the stubs only
    class Meta:
        model = Agent
        fields = "__all__"


@admin.register(Agent)
class AgentAdmin(RowActionsAdmin, UserAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """For superusers only: changing an agent is enough to sign in as them."""

    form = AgentChangeForm
    add_form = AgentCreationForm
    list_display = [
        "username",
        "full_name",
        "email",
        "is_active",
        "is_staff",
        "is_superuser",
        "two_factor",
        "last_login",
    ]
    list_filter = ["is_active", "is_staff", "is_superuser", NumberFilter]
    number_path = "numbers"
    filter_horizontal = ["numbers", "groups", "user_permissions"]
    row_actions = {"remove_second_factor": _("Remove second factor")}
    readonly_fields = ["two_factor", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "two_factor"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email", "theme", "language"]}),
        (
            _("Numbers"),
            {"fields": ["numbers"], "description": _("The agent sees and answers the conversations of these numbers.")},
        ),
        (
            _("Permissions"),
            {
                "fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"],
                "description": _(
                    "When somebody leaves, make them inactive: they are signed out everywhere at once. "
                    "Staff can open the admin and see what their permissions and numbers allow."
                ),
            },
        ),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["username", "email", "first_name", "last_name", "password1", "password2", "numbers"]},
        )
    ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission = has_act_permission = has_view_permission  # type: ignore[assignment]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: their log entries would be deleted too. Agents are made inactive instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=["totp", "webauthn"])
        return super().get_queryset(request).annotate(has_second_factor=Exists(factors))  # type: ignore[no-any-return]  # has no types

    @admin.display(description=_("name"))
    def full_name(self, agent: Agent) -> str:
        return agent.get_full_name()

    @admin.display(description=_("second factor"), boolean=True)
    def two_factor(self, agent: Agent) -> bool:
        return getattr(agent, "has_second_factor", False)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "numbers":
            kwargs["queryset"] = numbers_of(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def row_links(self, request: HttpRequest, row: Agent) -> list[tuple[str, str]]:
        return [(reverse("admin:auth_user_password_change", args=[row.pk]), str(_("Set a new password")))]

    def available_actions(self, request: HttpRequest, row: Agent) -> list[str]:
        return ["remove_second_factor"] if self.two_factor(row) else []

    def run_remove_second_factor(self, request: HttpRequest, row: Agent) -> None:
        """For agents who lost their phone: until they set up a new factor, they sign in with the password alone."""
        Authenticator.objects.filter(user=row).delete()
        record(request, [row], gettext_noop("Removed the second factor."), "second_factor_removed")
        sentence = _("%(agent)s can now sign in with the password alone, until they set up a new second factor.")
        self.message_user(request, sentence % {"agent": row}, messages.WARNING)


class SignInAdmin(ViewOnly, AccessLogAdmin):  # type: ignore[misc]  # has no types
    """Who signed in, when and from where."""

    list_display = ["attempt_time", "logout_time", "username", "ip_address", "user_agent"]
    list_filter: list[str] = []
    date_hierarchy = None
    search_fields = ["ip_address", "username"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(LogEntry)
class LogEntryAdmin(ViewOnly, NewestFirstAdmin):
    """Who did what in the admin."""

    moment_field = "action_time"
    title = _("Admin log")
    list_display = ["action_time", "user", "content_type", "object_shown", "change"]
    list_filter = ["action_flag", ReceivedFilter]
    fields = ["action_time", "user", "content_type", "object_id", "object_repr", "action_flag", "full_change"]
    readonly_fields = ["full_change"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        return super().get_queryset(request).select_related("user", "content_type")

    @admin.display(description=_("object"))
    def object_shown(self, entry: LogEntry) -> Any:
        return excerpt(entry.object_repr, 60)

    @admin.display(description=_("change"))
    def change(self, entry: LogEntry) -> Any:
        return excerpt(_change(entry))

    @admin.display(description=_("change"))
    def full_change(self, entry: LogEntry) -> Any:
        return full_text(_change(entry))


def _change(entry: LogEntry) -> str:
    """Django's own description of a change, or our sentence, which is stored in English."""
    message = entry.get_change_message()
    return gettext(message) if message else entry.get_action_flag_display()
