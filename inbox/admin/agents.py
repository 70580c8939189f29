"""People in the admin: colleagues and their numbers, their second factors, and the log of what administrators did."""

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

from core.admin.actions import ActsAdmin, record
from core.admin.changelist import NewestFirstAdmin, ReceivedFilter, ViewOnly
from core.admin.display import excerpt, whole
from inbox.admin.scope import NumberFilter, numbers_of
from inbox.models import Agent


class AgentCreationForm(BaseUserCreationForm):
    class Meta:
        model = Agent
        fields = ("username", "email", "first_name", "last_name", "numbers")


class AgentChangeForm(UserChangeForm):
    class Meta:
        model = Agent
        fields = "__all__"


@admin.register(Agent)
class AgentAdmin(ActsAdmin, UserAdmin):
    """For superusers only: whoever can change agents can become any of them."""

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
    acts = {"remove_second_factor": "Remove the second factor"}
    readonly_fields = ["two_factor", "last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "two_factor"]}),
        ("Person", {"fields": ["first_name", "last_name", "email", "theme", "language"]}),
        ("Numbers", {"fields": ["numbers"], "description": "The conversations this agent sees and answers."}),
        (
            "Permissions",
            {
                "fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"],
                "description": "Somebody who leaves is made inactive, which signs them out everywhere at once. "
                "Staff can open the admin; what they see there is what their permissions and numbers allow.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
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
        """Deleting would take the log of what they did with it. They are made inactive instead."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=["totp", "webauthn"])
        return super().get_queryset(request).annotate(has_second_factor=Exists(factors))

    @admin.display(description="name")
    def full_name(self, agent: Agent) -> str:
        return agent.get_full_name()

    @admin.display(description="second factor", boolean=True)
    def two_factor(self, agent: Agent) -> bool:
        return getattr(agent, "has_second_factor", False)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "numbers":
            kwargs["queryset"] = numbers_of(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def links_of(self, request: HttpRequest, row: Agent) -> list[tuple[str, str]]:
        return [(reverse("admin:auth_user_password_change", args=[row.pk]), "Set a new password")]

    def acts_offered(self, request: HttpRequest, row: Agent) -> list[str]:
        return ["remove_second_factor"] if self.two_factor(row) else []

    def act_remove_second_factor(self, request: HttpRequest, row: Agent) -> None:
        """For a colleague whose phone is lost: the password alone signs in until they set a new one up."""
        Authenticator.objects.filter(user=row).delete()
        record(request, [row], "Removed the second factor.", "second_factor_removed")
        self.message_user(
            request, f"{row} signs in with the password alone until a new second factor is set up.", messages.WARNING
        )


class SignInAdmin(ViewOnly, AccessLogAdmin):
    """Who signed in, when and from where. Nobody can change or delete it here."""

    list_display = ["attempt_time", "logout_time", "username", "ip_address", "user_agent"]
    list_filter: list[str] = []
    date_hierarchy = None
    search_fields = ["ip_address", "username"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(LogEntry)
class LogEntryAdmin(ViewOnly, NewestFirstAdmin):
    """Who did what in the admin. Nobody can change or delete it here."""

    moment_field = "action_time"
    title = "What administrators did"
    list_display = ["action_time", "user", "content_type", "object_shown", "said"]
    list_filter = ["action_flag", ReceivedFilter]
    fields = ["action_time", "user", "content_type", "object_id", "object_repr", "action_flag", "said_whole"]
    readonly_fields = ["said_whole"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LogEntry]:
        return super().get_queryset(request).select_related("user", "content_type")

    @admin.display(description="what")
    def object_shown(self, entry: LogEntry) -> Any:
        return excerpt(entry.object_repr, 60)

    @admin.display(description="did")
    def said(self, entry: LogEntry) -> Any:
        return excerpt(entry.get_change_message() or entry.get_action_flag_display())

    @admin.display(description="did")
    def said_whole(self, entry: LogEntry) -> Any:
        return whole(entry.get_change_message() or entry.get_action_flag_display())
