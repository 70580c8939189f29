"""An index of unfinished previews that knows copies, and previews of files that have one now."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models

#: Files that had no preview, of types that have one now: the sweep has them drawn.
DRAW = """
UPDATE inbox_media SET preview_state = 'none', preview_error = '', attempts = 0, next_try_at = NULL
WHERE state = 'stored' AND preview_state = 'impossible' AND content_type IN (
    'image/heic', 'image/avif', 'image/tiff', 'image/bmp', 'audio/mp4', 'audio/wav', 'application/x-ole-storage'
)
"""
#: Films in files that browsers do not play.
COPY = """
UPDATE inbox_media SET preview_state = 'none', attempts = 0, next_try_at = NULL
WHERE state = 'stored' AND preview_state = 'ready' AND content_type IN (
    'video/quicktime', 'video/3gpp', 'video/webm', 'video/x-matroska', 'video/x-msvideo'
)
"""


class Migration(migrations.Migration):
    # Without a transaction, so that messages go on arriving meanwhile; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("inbox", "0024_copies"),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS media_unfinished", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="media",
            index=models.Index(
                condition=models.Q(("preview_state__in", ["none", "copying"]), ("state", "stored")),
                fields=["stored_at"],
                name="media_unfinished",
            ),
        ),
        RemoveIndexConcurrently(model_name="media", name="media_no_preview"),
        migrations.RunSQL(DRAW, migrations.RunSQL.noop),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
