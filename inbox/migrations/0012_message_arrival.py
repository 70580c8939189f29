"""Messages are found by the time they came, which their ids say nothing of once others moved in with times of their own."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Without a transaction, so that messages go on arriving meanwhile; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("inbox", "0011_folded_names"),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS message_arrival", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(fields=["created_at", "id"], name="message_arrival"),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
