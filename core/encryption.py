"""Encrypt text with keys from the environment, and a model field for encrypted text."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models.query_utils import DeferredAttribute


@lru_cache(maxsize=4)
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS is empty: set it to the output of `manage.py generate_key`.")
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """Encrypt a text for storage. Raises ImproperlyConfigured without a key."""
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Decrypt what `encrypt` returned. Raises ImproperlyConfigured when none of the keys fits."""
    try:
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A stored access token cannot be opened with FIELD_ENCRYPTION_KEYS: put the key that wrote it back, "
            "after the current one."
        ) from None


class Sealed(str):
    """An encrypted value as loaded from the database, not decrypted yet."""

    __slots__ = ()


class OpenedWhenRead(DeferredAttribute):
    """Decrypts at first access: most code that loads a row doesn't need its secret, and a lost key must only stop what
    does."""

    def __get__(self, instance: models.Model | None, owner: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, owner)
        if instance is not None and isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = decrypt(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic in the stubs only
    """Text that is encrypted in the database and plain in Python. The empty string is stored as it is.

    Reading a value that none of the keys decrypts raises ImproperlyConfigured; ciphertext is never shown.
    """

    descriptor_class = OpenedWhenRead

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Sealed):
            return str(value)
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, _expression: Any, _connection: Any) -> str | None:
        return Sealed(value) if value else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = model_instance.__dict__.get(self.attname)
        return value if isinstance(value, Sealed) else super().pre_save(model_instance, add)
