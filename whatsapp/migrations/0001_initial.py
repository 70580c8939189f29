"""All tables of the channel."""

import core.encryption
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='MessageTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('waba_id', models.CharField(max_length=64)),
                ('template_id', models.CharField(blank=True, max_length=64)),
                ('name', models.CharField(max_length=512)),
                ('language', models.CharField(max_length=16)),
                ('category', models.CharField(blank=True, max_length=32)),
                ('status', models.CharField(blank=True, max_length=32)),
                ('quality', models.CharField(blank=True, max_length=16)),
                ('reason', models.TextField(blank=True)),
                ('parameter_format', models.CharField(blank=True, db_default='POSITIONAL', default='POSITIONAL', max_length=16)),
                ('components', models.JSONField(blank=True, default=list)),
                ('gone_at', models.DateTimeField(blank=True, null=True)),
                ('used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('waba_id', 'name', 'language'), name='template_name_and_language_unique')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('meta', 'Meta Cloud API'), ('aws', 'AWS End User Messaging Social')], max_length=8)),
                ('received_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('body', models.BinaryField()),
                ('signed_with', models.PositiveSmallIntegerField(default=1)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('processed', 'Processed'), ('parked', 'Parked')], db_default='pending', default='pending', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('error', models.TextField(blank=True, db_default='', default='')),
                ('problems', models.JSONField(blank=True, db_default=models.Value([], models.JSONField()), default=list)),
                ('processed_at', models.DateTimeField(blank=True, null=True)),
                ('dismissed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['id'], name='notification_pending'), models.Index(condition=models.Q(('state', 'parked')), fields=['id'], name='notification_parked'), models.Index(condition=models.Q(models.Q(('problems', []), _negated=True), ('dismissed_at__isnull', True), ('state', 'processed')), fields=['id'], name='notification_left_out'), django.contrib.postgres.indexes.BrinIndex(fields=['received_at'], name='notification_received_at')],
            },
        ),
        migrations.CreateModel(
            name='PhoneNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(choices=[('meta', 'Meta Cloud API'), ('aws', 'AWS End User Messaging Social')], default='meta', max_length=8)),
                ('phone_number_id', models.CharField(help_text="Meta's id of the number, not the number itself.", max_length=64)),
                ('aws_phone_number_id', models.CharField(blank=True, help_text="phone-number-id-…, or the number's ARN. The first webhook fills it in where it is empty.", max_length=128, verbose_name='AWS phone number id')),
                ('aws_region', models.CharField(blank=True, db_default='', default='', help_text='Where the business account is linked to AWS, like eu-central-1; the bucket has to be there too.', max_length=32, verbose_name='AWS Region')),
                ('waba_id', models.CharField(blank=True, max_length=64, verbose_name='WhatsApp Business Account id')),
                ('portfolio_id', models.CharField(blank=True, help_text="Numbers of one portfolio see the same user ids. Empty: the account's id is used.", max_length=64, verbose_name='business portfolio id')),
                ('display_number', models.CharField(blank=True, help_text='As people write it: +351 21 000 0000.', max_length=32)),
                ('name', models.CharField(blank=True, help_text='What colleagues call this number.', max_length=128)),
                ('verified_name', models.CharField(blank=True, max_length=128)),
                ('access_token', core.encryption.EncryptedTextField(blank=True, default='')),
                ('state', models.CharField(choices=[('connected', 'Connected'), ('paused', 'Paused'), ('unknown', 'Unknown number')], default='connected', max_length=16)),
                ('quality', models.CharField(blank=True, max_length=16)),
                ('throughput', models.CharField(blank=True, max_length=32)),
                ('messaging_limit', models.CharField(blank=True, max_length=32)),
                ('send_rate', models.PositiveSmallIntegerField(db_default=0, default=0, help_text='The most that is sent in a second. 0: what WhatsApp allows the number.', verbose_name='messages per second')),
                ('read_receipts', models.BooleanField(db_default=True, default=True, help_text='Customers see blue ticks when a colleague opens the conversation, and “typing…”.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(fields=('phone_number_id',), name='phone_number_id_unique')],
            },
        ),
        migrations.CreateModel(
            name='NumberUpdate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('waba_id', models.CharField(blank=True, max_length=64)),
                ('field', models.CharField(max_length=64)),
                ('summary', models.TextField()),
                ('payload', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('digest', models.CharField(max_length=64)),
                ('notification', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='whatsapp.notification')),
                ('number', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='updates', to='whatsapp.phonenumber')),
            ],
            options={
                'indexes': [models.Index(fields=['number', '-at'], name='number_update_newest')],
                'constraints': [models.UniqueConstraint(fields=('digest',), name='number_update_once')],
            },
        ),
    ]
