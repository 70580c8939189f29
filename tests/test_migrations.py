"""The migrations and the models agree."""

from __future__ import annotations

import pytest
from django.core.management import call_command


@pytest.mark.django_db
class MigrationsTests:
    def test_no_model_change_is_missing_from_the_migrations(self) -> None:
        call_command("makemigrations", check=True, dry_run=True)
