"""The language of an agent's pages, and a plainer name for the theme of the system."""

from django.db import migrations, models

import inbox.models.agents


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="language",
            field=models.CharField(blank=True, choices=inbox.models.agents.language_choices, default="", max_length=8),
        ),
        migrations.AlterField(
            model_name="agent",
            name="theme",
            field=models.CharField(
                blank=True,
                choices=[("", "Same as the system"), ("light", "Light"), ("dark", "Dark")],
                default="",
                max_length=8,
            ),
        ),
    ]
