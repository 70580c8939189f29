"""What the list needs: finding people, failed conversations, pinned ones."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('inbox', '0009_gallery'),
        ('whatsapp', '0003_aws_region'),
    ]

    operations = [
        migrations.CreateModel(
            name='PinnedConversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
        ),
        migrations.AddIndex(
            model_name='contact',
            index=django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.search.SearchVector(models.Func('profile_name', models.Value('./-_@:&+'), models.Value('        '), function='TRANSLATE', output_field=models.TextField()), models.Func('username', models.Value('./-_@:&+'), models.Value('        '), function='TRANSLATE', output_field=models.TextField()), config='simple'), name='contact_words'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(django.contrib.postgres.indexes.OpClass('phone', 'varchar_pattern_ops'), name='contact_phone_begins'),
        ),
        migrations.AddIndex(
            model_name='contact',
            index=models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('phone'), 'text_pattern_ops'), name='contact_phone_ends'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('last_message_status', 'failed')), fields=['number', '-last_message_at', '-id'], name='conversation_failed'),
        ),
        migrations.AddField(
            model_name='pinnedconversation',
            name='agent',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pinned_conversations', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='pinnedconversation',
            name='conversation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pins', to='inbox.conversation'),
        ),
        migrations.AddConstraint(
            model_name='pinnedconversation',
            constraint=models.UniqueConstraint(fields=('agent', 'conversation'), name='pinned_conversation_unique'),
        ),
    ]
