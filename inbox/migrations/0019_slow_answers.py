import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0018_workers'),
        ('whatsapp', '0003_aws_region'),
    ]

    operations = [
        migrations.CreateModel(
            name='SlowAnswer',
            fields=[
                ('number', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='whatsapp.phonenumber')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seconds', models.FloatField()),
            ],
        ),
    ]
