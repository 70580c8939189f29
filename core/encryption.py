"""Text that is encrypted with keys from the environment, and a column of it."""

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
    """The text as it is stored. Raises ImproperlyConfigured without a key."""
    return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """The text of what `encrypt` made. Raises ImproperlyConfigured when none of the keys opens it."""
    try:
        return _cipher(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(stored.encode()).decode()
    except InvalidToken:
        raise ImproperlyConfigured(
            "A stored access token cannot be opened with FIELD_ENCRYPTION_KEYS: put the key that wrote it back, "
            "after the current one."
        ) from None


class Sealed(str):
    """A value as the database has it, that nobody asked for yet."""

    __slots__ = ()


class OpenedWhenRead(DeferredAttribute):
    """Decrypts at the first look. A row is loaded for many reasons, and few of them are its secret: a lost key must
    stop what needs the secret, and nothing else."""

    def __get__(self, instance: models.Model | None, owner: type[models.Model] | None = None) -> Any:
        value = super().__get__(instance, owner)
        if instance is not None and isinstance(value, Sealed):
            value = instance.__dict__[self.field.attname] = decrypt(value)
        return value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # generic in the stubs only
    """Text that is encrypted in the database and plain in Python. The empty string is stored as itself.

    Reading a value that none of the keys opens raises ImproperlyConfigured; it is never shown as ciphertext.
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
