"""Indexes for failures that nobody has settled, and the conversations of those that are there already."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

#: What was taken back before it left was wanted so.
TAKEN_BACK = """
UPDATE inbox_message SET dismissed_at = coalesce(failed_at, now())
WHERE status IN ('failed', 'unknown') AND resent_at IS NULL AND dismissed_at IS NULL AND NOT historic
  AND status = 'failed' AND error_code IS NULL AND error = 'It was taken back before it left.'
"""
OLDEST = """
UPDATE inbox_conversation c SET oldest_failure_at = failed.at
FROM (
    SELECT conversation_id, min(sent_at) AS at FROM inbox_message
    WHERE status IN ('failed', 'unknown') AND resent_at IS NULL AND dismissed_at IS NULL AND NOT historic
    GROUP BY conversation_id
) AS failed
WHERE c.id = failed.conversation_id AND c.oldest_failure_at IS DISTINCT FROM failed.at
"""


class Migration(migrations.Migration):
    # Without a transaction, so that messages go on arriving meanwhile; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("inbox", "0013_failures"),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        RemoveIndexConcurrently(model_name="message", name="message_unresolved_failure"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS message_unsettled", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["conversation", "sent_at"],
                name="message_unsettled",
                condition=models.Q(
                    status__in=["failed", "unknown"],
                    resent_at__isnull=True,
                    dismissed_at__isnull=True,
                    historic=False,
                ),
            ),
        ),
        migrations.RunSQL(TAKEN_BACK, migrations.RunSQL.noop),
        migrations.RunSQL(OLDEST, migrations.RunSQL.noop),
        RemoveIndexConcurrently(model_name="conversation", name="conversation_failed"),
        AddIndexConcurrently(
            model_name="conversation",
            index=models.Index(
                fields=["number", "-last_message_at", "-id"],
                name="conversation_failed",
                condition=models.Q(oldest_failure_at__isnull=False),
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
