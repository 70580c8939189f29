"""Changing the encryption key: afterwards the old one opens nothing, and nothing needs it."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from inbox.models import Agent
from whatsapp.models import PhoneNumber


def run() -> str:
    out = StringIO()
    call_command("reencrypt", stdout=out)
    return out.getvalue()


class ReencryptTests:
    def test_every_secret_opens_with_the_new_key_alone(self, number: PhoneNumber, alice: Agent, settings: Any) -> None:
        secret = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
        Authenticator.objects.create(user=alice, type=Authenticator.Type.TOTP, data={"secret": secret})
        new = Fernet.generate_key().decode()
        settings.FIELD_ENCRYPTION_KEYS = [new, *settings.FIELD_ENCRYPTION_KEYS]

        assert run() == "2 secrets written with the first key.\n"
        settings.FIELD_ENCRYPTION_KEYS = [new]

        assert PhoneNumber.objects.get().access_token == number.access_token
        assert get_adapter().decrypt(Authenticator.objects.get().data["secret"]) == "JBSWY3DPEHPK3PXP"

    def test_one_that_no_key_opens_changes_nothing(self, number: PhoneNumber, settings: Any) -> None:
        settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

        with pytest.raises(ImproperlyConfigured, match="put the key that wrote it back"):
            run()

    def test_without_secrets_it_says_so(self, db: None) -> None:
        assert run() == "0 secrets written with the first key.\n"
