"""Failures can be dismissed, and a conversation keeps the time of its oldest one that nobody has settled."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0012_message_arrival"),
    ]

    operations = [
        migrations.AddField(
            model_name="conversation",
            name="oldest_failure_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="message",
            name="dismissed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
