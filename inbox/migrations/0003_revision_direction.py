from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_changed_xid")]
    operations = [
        migrations.AddField(
            model_name="revision",
            name="direction",
            field=models.CharField(
                choices=[("inbound", "Inbound"), ("outbound", "Outbound")], default="inbound", max_length=8
            ),
            preserve_default=False,
        ),
    ]
