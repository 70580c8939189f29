"""Notifications of which parts were left out can be listed, counted and dismissed."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    # Without a transaction, so that webhooks go on arriving meanwhile; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("whatsapp", "0003_aws_region"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [
                migrations.RunSQL(
                    "ALTER TABLE whatsapp_notification ADD COLUMN IF NOT EXISTS dismissed_at timestamptz",
                    "ALTER TABLE whatsapp_notification DROP COLUMN IF EXISTS dismissed_at",
                )
            ],
            [
                migrations.AddField(
                    model_name="notification",
                    name="dismissed_at",
                    field=models.DateTimeField(blank=True, null=True),
                )
            ],
        ),
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS notification_left_out", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="notification",
            index=models.Index(
                fields=["id"],
                name="notification_left_out",
                condition=~Q(problems=[]) & Q(state="processed", dismissed_at__isnull=True),
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
