from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0008_provider_message_id"),
        ("whatsapp", "0002_sending"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("kind__in", ["image", "video"])),
                fields=["conversation", "sent_at", "id"],
                name="message_gallery",
            ),
        ),
    ]
