"""A draft keeps the token of the form that it was written in."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0020_folded_texts'),
    ]

    operations = [
        migrations.AddField(
            model_name='draft',
            name='token',
            field=models.UUIDField(blank=True, null=True),
        ),
    ]
