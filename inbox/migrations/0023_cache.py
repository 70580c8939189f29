"""The table of Django's cache, which holds used one-time codes and counted requests for all processes."""

from django.core.management import call_command
from django.db import migrations

TABLE = "inbox_cache"


def create(apps, schema_editor):
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):

    dependencies = [
        ("inbox", "0022_usage"),
    ]

    operations = [
        migrations.RunPython(create, lambda apps, schema_editor: schema_editor.execute(f"DROP TABLE {TABLE}")),
    ]
