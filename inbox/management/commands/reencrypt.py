"""`manage.py reencrypt`: write every secret with the current key, so that the old one can be deleted."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import models, transaction

from core.encryption import EncryptedTextField

#: Where allauth keeps encrypted text in the data of a second factor.
FACTOR_SECRETS = ("secret", "seed")


class Command(BaseCommand):
    help = (
        "Encrypt access tokens, webhook secrets and second factors again with the first of FIELD_ENCRYPTION_KEYS. "
        "Afterwards the other keys open nothing any more. Safe to repeat; stops before the first secret it cannot open."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        count = sum(self._columns(model) for model in apps.get_models()) + self._factors()
        self.stdout.write(f"{count} secret{'' if count == 1 else 's'} written with the first key.")

    def _columns(self, model: type[models.Model]) -> int:
        names = [field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)]
        count = 0
        if names:
            for row in model._default_manager.select_for_update().only("pk", *names):
                count += sum(bool(getattr(row, name)) for name in names)
                row.save(update_fields=names)
        return count

    def _factors(self) -> int:
        adapter, count = get_adapter(), 0
        for factor in Authenticator.objects.select_for_update():
            held = {name: factor.data[name] for name in FACTOR_SECRETS if factor.data.get(name)}
            factor.data |= {name: adapter.encrypt(adapter.decrypt(text)) for name, text in held.items()}
            if codes := factor.data.get("migrated_codes"):
                factor.data["migrated_codes"] = [adapter.encrypt(adapter.decrypt(code)) for code in codes]
            factor.save(update_fields=["data"])
            count += len(held)
        return count
