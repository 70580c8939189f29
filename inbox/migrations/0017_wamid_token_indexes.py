"""The tokens of the message ids that are there already, and the indexes by which messages are found by them."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

#: Ids a statement: each takes well under a second, and nobody waits for the lock on a row for longer.
BATCH = 10_000

FILL = """
UPDATE inbox_message SET wamid_token = inbox_wamid_token(wamid)
WHERE id > %s AND id <= %s AND wamid_token = '' AND NOT wamid = ''
"""


def fill(apps, schema_editor):
    """Each batch is a transaction of its own, and a repeated run passes over what is filled."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM inbox_message")
        first, last = cursor.fetchone()
        for start in range(first - 1, last, BATCH):
            cursor.execute(FILL, [start, start + BATCH])


def token_of(column):
    return models.Func(column, function="inbox_wamid_token", output_field=models.CharField())


def indexes(model, *wanted):
    """Made without a lock; what a run that was interrupted left of them is dropped first."""
    for index in wanted:
        yield migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
        yield AddIndexConcurrently(model_name=model, index=index)


class Migration(migrations.Migration):
    # Without a transaction, so that messages go on arriving meanwhile; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("inbox", "0016_wamid_token"),
        ("whatsapp", "0003_aws_region"),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        # Before the index on them, which would have to be written with every batch.
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        *indexes(
            "message",
            models.Index(fields=["number", "wamid_token"], name="message_token", condition=~Q(wamid="")),
            models.Index(
                token_of("quoted_wamid"),
                name="message_quote_waiting",
                condition=Q(quoted__isnull=True) & ~Q(quoted_wamid=""),
            ),
            models.Index(
                fields=["provider_message_id"], name="message_provider", condition=~Q(provider_message_id="")
            ),
        ),
        *indexes("pendingstatus", models.Index("number", token_of("wamid"), name="pending_status_token")),
        *indexes(
            "reaction",
            models.Index(
                "number", token_of("target_wamid"), name="reaction_waiting", condition=Q(message__isnull=True)
            ),
        ),
        *indexes("revision", models.Index("number", token_of("target_wamid"), name="revision_token")),
        RemoveIndexConcurrently(model_name="message", name="message_quote_dangling"),
        RemoveIndexConcurrently(model_name="message", name="message_provider_id"),
        RemoveIndexConcurrently(model_name="revision", name="revision_target"),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
