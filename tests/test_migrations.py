"""The migrations and the models agree."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from config import development


@pytest.mark.django_db
class MigrationsTests:
    def test_no_model_change_is_missing_from_the_migrations(self) -> None:
        call_command("makemigrations", check=True, dry_run=True)

    def test_every_migration_can_be_undone(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan([("inbox", None), ("whatsapp", None)])
        assert plan
        for migration, _ in plan:
            assert all(operation.reversible for operation in migration.operations), migration

    def test_data_of_another_version_is_refused_with_the_way_out(self) -> None:
        development._refuse_other_versions()
        MigrationRecorder(connection).record_applied("inbox", "0025_copy_indexes")
        with pytest.raises(development.Refusal, match="make reset"):
            development._refuse_other_versions()
