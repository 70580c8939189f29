"""When somebody last sent a message template from a page."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('whatsapp', '0004_left_out'),
    ]

    operations = [
        migrations.AddField(
            model_name='messagetemplate',
            name='used_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    ]
