"""A state for films whose copy is being made, and whether a refused file would go as a document."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0023_cache"),
    ]

    operations = [
        migrations.AddField(
            model_name="upload",
            name="as_document",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="media",
            name="preview_state",
            field=models.CharField(
                choices=[
                    ("none", "Not made yet"),
                    ("copying", "Being made playable"),
                    ("ready", "Ready"),
                    ("impossible", "No preview for this file"),
                ],
                default="none",
                max_length=16,
            ),
        ),
    ]
