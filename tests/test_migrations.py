"""The migrations and the models agree."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection

from inbox.models import Message
from tests import payloads
from tests.inbox import admin_rows
from whatsapp.models import PhoneNumber


@pytest.mark.django_db
class MigrationsTests:
    def test_no_model_change_is_missing_from_the_migrations(self) -> None:
        call_command("makemigrations", check=True, dry_run=True)

    def test_old_messages_get_their_tokens_in_batches_and_no_page_sees_a_change(
        self, number: PhoneNumber, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        migration = import_module("inbox.migrations.0017_wamid_token_indexes")
        monkeypatch.setattr(migration, "BATCH", 2)
        tokens = [f"3A{place:018X}" for place in range(7)]
        for token in tokens:
            admin_rows.message(number, wamid=payloads.scoped_wamid(payloads.CUSTOMER, token))
        Message.objects.update(wamid_token="", changed_xid=1)
        admin_rows.message(number, wamid="")
        migration.fill(None, SimpleNamespace(connection=connection))
        kept = list(Message.objects.order_by("pk").values_list("wamid_token", "changed_xid"))
        assert kept[:-1] == [(token, 1) for token in tokens]
        assert kept[-1][0] == ""
