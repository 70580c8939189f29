"""People in the admin: who may do what is a superuser's business, and everything done is written down."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from axes.models import AccessAttempt, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from inbox.models import Agent
from whatsapp.models import PhoneNumber


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


def address(agent: Agent, act: str = "change") -> str:
    return reverse(f"admin:inbox_agent_{act}", args=[agent.pk])


class AgentTests:
    def test_one_can_be_added_with_numbers_and_sign_in(
        self, signed_in: Client, number: PhoneNumber, client: Client
    ) -> None:
        fields = {
            "username": "dora",
            "email": "dora@example.com",
            "first_name": "Dora",
            "last_name": "",
            "password1": "a password for dora",
            "password2": "a password for dora",
            "numbers": [number.pk],
        }
        assert signed_in.post("/admin/inbox/agent/add/", fields).status_code == 302
        dora = Agent.objects.get(username="dora")
        assert list(dora.numbers.all()) == [number]
        assert (dora.is_staff, dora.is_superuser) == (False, False)
        answer = Client().post("/accounts/login/", {"login": "dora", "password": "a password for dora"})
        assert answer["Location"] == "/"

    def test_numbers_can_be_changed(self, signed_in: Client, alice: Agent, other_number: PhoneNumber) -> None:
        fields = {"username": "alice", "is_active": "on", "numbers": [other_number.pk]}
        assert signed_in.post(address(alice), fields).status_code == 302
        assert list(alice.numbers.all()) == [other_number]

    def test_making_one_inactive_signs_them_out(self, signed_in: Client, alice: Agent) -> None:
        theirs = Client()
        theirs.force_login(alice)
        signed_in.post(address(alice), {"username": "alice", "numbers": []})
        assert theirs.get("/accounts/2fa/")["Location"].startswith("/accounts/login/")

    def test_a_new_password_signs_them_out(self, signed_in: Client, alice: Agent) -> None:
        theirs = Client()
        theirs.force_login(alice)
        page = signed_in.get(address(alice)).content.decode()
        change = reverse("admin:auth_user_password_change", args=[alice.pk])
        assert f'href="{change}"' in page
        fields = {"password1": "an entirely new one", "password2": "an entirely new one", "usable_password": "true"}
        assert signed_in.post(change, fields).status_code == 302
        assert theirs.get("/accounts/2fa/")["Location"].startswith("/accounts/login/")

    def test_no_part_of_a_password_is_shown(self, signed_in: Client, alice: Agent) -> None:
        page = signed_in.get(address(alice)).content.decode()
        assert alice.password.split("$")[1][:6] not in page
        assert "algorithm" not in page

    def test_they_are_not_deleted(self, signed_in: Client, alice: Agent) -> None:
        assert signed_in.post(address(alice, "delete"), {"post": "yes"}).status_code == 403

    def test_staff_with_every_permission_cannot_make_themselves_superuser(self, client: Client, alice: Agent) -> None:
        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.all())
        client.force_login(alice)
        for path in (
            address(alice),
            reverse("admin:auth_user_password_change", args=[alice.pk]),
            "/admin/inbox/agent/add/",
            "/admin/inbox/agent/",
        ):
            answer = client.post(path, {"username": "alice", "is_active": "on", "is_superuser": "on"})
            assert (path, answer.status_code) == (path, 403)
        alice.refresh_from_db()
        assert not alice.is_superuser


class SecondFactorTests:
    def test_it_can_be_removed_for_somebody_who_lost_their_phone(self, signed_in: Client, alice: Agent) -> None:
        TOTP.activate(alice, generate_totp_secret())
        RecoveryCodes.activate(alice)
        page = signed_in.get(address(alice)).content.decode()
        assert "Remove second factor" in page
        assert "secret" not in page
        signed_in.post(address(alice, "remove_second_factor"))
        assert Authenticator.objects.count() == 0
        assert LogEntry.objects.get().get_change_message() == "Removed the second factor."
        assert "Remove second factor" not in signed_in.get(address(alice)).content.decode()

    def test_only_superusers_remove_one(self, client: Client, alice: Agent, bob: Agent) -> None:
        TOTP.activate(bob, generate_totp_secret())
        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.all())
        client.force_login(alice)
        assert client.post(address(bob, "remove_second_factor")).status_code == 404
        assert Authenticator.objects.count() == 1


class LogTests:
    def test_sign_ins_are_written_down_and_cannot_be_deleted(self, client: Client, admin: Agent, settings: Any) -> None:
        settings.AXES_ENABLED = True
        client.post("/accounts/login/", {"login": "admin", "password": "a password for admin"})
        entry = AccessLog.objects.get()
        assert "admin" in client.get("/admin/axes/accesslog/").content.decode()
        assert client.post(reverse("admin:axes_accesslog_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403

    def test_deleting_a_failed_sign_in_lifts_the_lock(self, client: Client, admin: Agent, settings: Any) -> None:
        settings.AXES_ENABLED = True
        for _ in range(8):
            client.post("/accounts/login/", {"login": "admin", "password": "no"})
        rescue = Client()
        rescue.force_login(admin)
        attempt = AccessAttempt.objects.get()
        rescue.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})
        answer = client.post("/accounts/login/", {"login": "admin", "password": "a password for admin"})
        assert answer.status_code == 302

    def test_it_shows_what_was_done_and_cannot_be_changed(self, signed_in: Client, alice: Agent) -> None:
        signed_in.post(address(alice), {"username": "alice", "is_active": "on", "first_name": "Alicia"})
        entry = LogEntry.objects.get()
        assert "Changed First name" in signed_in.get("/admin/admin/logentry/").content.decode()
        for act in ("change", "delete"):
            path = reverse(f"admin:admin_logentry_{act}", args=[entry.pk])
            assert signed_in.post(path, {"post": "yes"}).status_code == 403
        assert signed_in.get("/admin/admin/logentry/add/").status_code == 403
