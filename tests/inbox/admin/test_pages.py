"""The admin as a whole: every page opens, nothing hostile runs, big lists ask few and quick questions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from inbox.models import Agent, Reaction, Revision
from tests.inbox import admin_rows
from tests.inbox.admin_rows import HOSTILE
from whatsapp.models import MessageTemplate, NumberUpdate, PhoneNumber

LISTS = sorted((model._meta.app_label, model._meta.model_name) for model in django_admin.site._registry)


@pytest.fixture
def signed_in(client: Client, admin: Agent) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def staff(client: Client, alice: Agent) -> Client:
    """Alice with every permission to view, who is no superuser."""
    alice.is_staff = True
    alice.save()
    alice.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(alice)
    return client


@pytest.fixture
def rows(number: PhoneNumber) -> dict[str, Any]:
    """One row of everything, full of what strangers may write."""
    came_by = admin_rows.notification(HOSTILE.encode() + b"\0\xff", state="parked", error=HOSTILE)
    person = admin_rows.contact(HOSTILE)
    thread = admin_rows.conversation(number, person)
    message = admin_rows.message(
        number,
        HOSTILE,
        conversation=thread,
        kind="image",
        payload={"name": HOSTILE},
        error=HOSTILE,
        sender_name=HOSTILE,
        quoted_wamid=HOSTILE,
        context={"referral": {"headline": HOSTILE}},
        notification=came_by,
    )
    media = admin_rows.media(number, "failed", message=message, file_name=HOSTILE, error=HOSTILE, mime_type=HOSTILE)
    now = message.sent_at
    Reaction.objects.create(
        number=number, target_wamid=message.wamid, message=message, contact=person, emoji=HOSTILE[:60], at=now
    )
    Revision.objects.create(
        number=number, wamid="w2", target_wamid=message.wamid, message=message, kind="edit", text=HOSTILE, at=now
    )
    update = NumberUpdate.objects.create(
        number=number, field=HOSTILE[:60], summary=HOSTILE, payload={"x": HOSTILE}, at=now, digest="d"
    )
    template = MessageTemplate.objects.create(
        waba_id=number.waba_id, name=HOSTILE, language="en", reason=HOSTILE, components=[{"text": HOSTILE}]
    )
    return {
        "inbox.message": message,
        "inbox.media": media,
        "inbox.contact": person,
        "inbox.conversation": thread,
        "whatsapp.notification": came_by,
        "whatsapp.numberupdate": update,
        "whatsapp.messagetemplate": template,
        "whatsapp.phonenumber": number,
    }


class PagesTests:
    @pytest.mark.parametrize(("app", "model"), LISTS)
    def test_every_list_opens_and_can_be_searched(
        self, signed_in: Client, rows: dict[str, Any], app: str, model: str
    ) -> None:
        address = reverse(f"admin:{app}_{model}_changelist")
        queries = ["", "?q=+351915550123", "?q=word", "?q=%00%EF%BF%BD", "?q=%23" + "9" * 30]
        for query in queries:
            assert signed_in.get(address + query).status_code == 200, query

    @pytest.mark.parametrize(
        ("name", "term"),
        [
            ("inbox.message", "script"),
            ("inbox.message", "{message.wamid}"),
            ("inbox.message", "#{message.pk}"),
            ("inbox.message", "{contact.phone}"),
            ("inbox.media", "{media.media_id}"),
            ("inbox.contact", "script"),
            ("inbox.contact", "{contact.phone}"),
            ("inbox.conversation", "script"),
            ("inbox.conversation", "{contact.phone}"),
            ("whatsapp.messagetemplate", "script"),
            ("whatsapp.phonenumber", "Norte"),
            ("whatsapp.phonenumber", "{phonenumber.phone_number_id}"),
            ("whatsapp.notification", "{notification.pk}"),
        ],
    )
    def test_a_search_lists_what_it_names_and_nothing_else(
        self, signed_in: Client, rows: dict[str, Any], name: str, term: str
    ) -> None:
        app, model = name.split(".")
        address = reverse(f"admin:{app}_{model}_changelist")
        link = reverse(f"admin:{app}_{model}_change", args=[rows[name].pk])
        known = {label.split(".")[1]: row for label, row in rows.items()}
        found = signed_in.get(address, {"q": term.format(**known)}).content.decode()
        others = signed_in.get(address, {"q": "zebra-4711"}).content.decode()
        assert link in found
        assert link not in others

    def test_every_detail_opens_and_runs_nothing_hostile(self, signed_in: Client, rows: dict[str, Any]) -> None:
        for name, row in rows.items():
            app, model = name.split(".")
            for address in (
                reverse(f"admin:{app}_{model}_changelist"),
                reverse(f"admin:{app}_{model}_change", args=[row.pk]),
                reverse(f"admin:{app}_{model}_history", args=[row.pk]),
            ):
                page = signed_in.get(address).content.decode()
                assert "<script>alert" not in page, address
                assert "<img src=x" not in page, address
        page = signed_in.get(reverse("admin:inbox_message_change", args=[rows["inbox.message"].pk])).content.decode()
        assert "&lt;script&gt;alert" in page

    def test_no_page_needs_inline_script_or_style(self, signed_in: Client, rows: dict[str, Any]) -> None:
        addresses = [
            reverse("admin:index"),
            reverse("admin:whatsapp_phonenumber_add"),
            reverse("admin:inbox_agent_add"),
        ]
        addresses += [reverse(f"admin:{app}_{model}_changelist") for app, model in LISTS]
        addresses += [
            reverse("admin:{}_{}_change".format(*name.split(".")), args=[row.pk]) for name, row in rows.items()
        ]
        for address in addresses:
            page = signed_in.get(address).content.decode()
            assert re.search(r"<script(?![^>]*\bsrc=)", page) is None, address
            assert re.search(r"<style|\sstyle=|\son[a-z]+=\"", page) is None, address

    def test_it_shows_nothing_of_the_libraries_that_holds_secrets(self, signed_in: Client) -> None:
        assert ("mfa", "authenticator") not in LISTS
        assert signed_in.get("/admin/mfa/authenticator/").status_code == 404


class QueriesTests:
    """The number of queries of a list does not grow with its rows."""

    @pytest.mark.parametrize(
        "name", ["inbox_message", "inbox_media", "inbox_contact", "inbox_conversation", "whatsapp_notification"]
    )
    def test_a_list_costs_the_same_for_three_rows_and_for_thirty(
        self, signed_in: Client, number: PhoneNumber, name: str, django_assert_max_num_queries: Any
    ) -> None:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        address = reverse(f"admin:{name}_changelist")
        signed_in.get(address)

        def count() -> int:
            with CaptureQueriesContext(connection) as captured:
                assert signed_in.get(address).status_code == 200
            assert not [query for query in captured.captured_queries if 'COUNT(*) FROM "inbox' in query["sql"]]
            return len(captured)

        def add(rows: int) -> None:
            for _ in range(rows):
                admin_rows.media(number, message=admin_rows.message(number, "", notification=admin_rows.notification()))

        add(3)
        few = count()
        add(27)
        assert count() == few
        assert few <= 12


class ScopeTests:
    def test_staff_see_the_rows_of_their_numbers_only(
        self, staff: Client, number: PhoneNumber, other_number: PhoneNumber
    ) -> None:
        for owner, word in ((number, "mine"), (other_number, "theirs")):
            message = admin_rows.message(owner, word, kind="image")
            admin_rows.media(owner, "failed", message=message, error=word, mime_type=f"type/{word}")
            message.conversation.contact.profile_name = word
            message.conversation.contact.save()
            NumberUpdate.objects.create(number=owner, field=word, summary=word, at=message.sent_at, digest=word)
            for model, row in (
                ("inbox_message", message),
                ("inbox_media", message.media),
                ("inbox_contact", message.conversation.contact),
                ("inbox_conversation", message.conversation),
                ("whatsapp_phonenumber", owner),
            ):
                found = staff.get(reverse(f"admin:{model}_change", args=[row.pk])).status_code
                assert (model, word, found) == (model, word, 200 if word == "mine" else 302)
        for model in ("inbox_message", "inbox_media", "inbox_contact", "whatsapp_numberupdate"):
            page = staff.get(reverse(f"admin:{model}_changelist")).content.decode()
            assert "mine" in page
            assert "theirs" not in page

    @pytest.mark.parametrize(
        "name",
        ["whatsapp_notification", "inbox_agent", "admin_logentry", "procrastinate_procrastinatejob"],
    )
    def test_what_concerns_everybody_is_for_superusers(self, staff: Client, name: str) -> None:
        assert staff.get(reverse(f"admin:{name}_changelist")).status_code == 403

    def test_the_index_shows_what_somebody_may_open(self, client: Client, alice: Agent) -> None:
        alice.is_staff = True
        alice.save()
        alice.user_permissions.set(Permission.objects.filter(codename="view_message"))
        client.force_login(alice)
        page = client.get("/admin/").content.decode()
        assert 'href="/admin/inbox/message/"' in page
        assert 'href="/admin/inbox/media/"' not in page
        assert 'href="/admin/whatsapp/notification/"' not in page

    def test_agents_who_are_not_staff_are_refused(self, client: Client, alice: Agent) -> None:
        client.force_login(alice)
        assert client.get(reverse("admin:index"), follow=True).status_code == 403

    def test_strangers_are_sent_to_the_login(self, client: Client, db: None) -> None:
        answer = client.get("/admin/inbox/message/", follow=True)
        assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/admin/inbox/message/"

    def test_nothing_can_be_added_changed_or_deleted_that_the_product_writes(
        self, signed_in: Client, rows: dict[str, Any]
    ) -> None:
        for name, row in rows.items():
            if name == "whatsapp.phonenumber":
                continue
            base = "admin:{}_{}".format(*name.split("."))
            assert signed_in.get(reverse(f"{base}_add")).status_code == 403
            assert signed_in.post(reverse(f"{base}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
            assert signed_in.post(reverse(f"{base}_change", args=[row.pk]), {"text": "x"}).status_code == 403


class SecondFactorTests:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Any) -> None:
        settings.ADMIN_MFA_REQUIRED = True

    def test_an_administrator_without_one_is_sent_to_set_it_up(self, signed_in: Client) -> None:
        answer = signed_in.get("/admin/inbox/message/", follow=True)
        assert answer.redirect_chain[1][0] == "/accounts/2fa/totp/activate/"

    def test_an_administrator_with_one_gets_in(self, signed_in: Client, admin: Agent) -> None:
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

        TOTP.activate(admin, generate_totp_secret())
        assert signed_in.get("/admin/").status_code == 200

    def test_recovery_codes_alone_are_not_one(self, signed_in: Client, admin: Agent) -> None:
        from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

        RecoveryCodes.activate(admin)
        assert signed_in.get("/admin/").status_code == 302

    def test_the_admins_own_login_takes_no_password(self, client: Client, admin: Agent) -> None:
        answer = client.post("/admin/login/", {"username": "admin", "password": "a password for admin"})
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
        assert "_auth_user_id" not in client.session

    def test_next_stays_here(self, signed_in: Client, settings: Any) -> None:
        settings.ADMIN_MFA_REQUIRED = False
        assert signed_in.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"

    def test_the_password_is_changed_where_attempts_are_counted(self, signed_in: Client, settings: Any) -> None:
        settings.ADMIN_MFA_REQUIRED = False
        assert signed_in.get("/admin/password_change/")["Location"] == "/accounts/password/change/"
