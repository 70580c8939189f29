"""All tables of the inbox, with the functions and triggers that PostgreSQL runs for them."""

import core.encryption
import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
import inbox.models.agents
import inbox.models.media
import inbox.models.sending
import uuid
import whatsapp.events
from django.conf import settings
from django.core.management import call_command
from django.db import migrations, models


# Contacts are found whatever the case, accents and signs of their names: José as jose, Größe as grosse. An index stands
# on it, so it has to be immutable: a change needs another function and another index. PL/pgSQL is never inlined, and
# the cost keeps the planner from calling it for every contact. inbox/formatting/folding.py does the same in Python.
# PostgreSQL's own word parser is not used: it takes "amara.rides" for a host and drops "<b>" and "🚲".
NAME_WORDS = r"""
CREATE FUNCTION inbox_name_words(name text, username text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE COST 10000 AS $$
DECLARE
    folded text := lower(regexp_replace(normalize(concat(name, ' ', username), NFKD), '[\u0300-\u036f]+', '', 'g'));
BEGIN
    folded := translate(normalize(folded, NFC), 'øłđðħŧıς', 'olddhtiσ');
    folded := replace(replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
    RETURN array_to_tsvector(array_remove(ARRAY(
        SELECT left(word, 64) FROM regexp_split_to_table(
            folded, '[\u0001-/:-@\[-`{-\u00bf\u2000-\u206f\u3000-\u303f\ufe0f]+'
        ) AS word
    ), ''));
END
$$
"""

# Texts are found inside a conversation likewise. Most are plain ASCII, which needs none of it.
FOLDED = r"""
CREATE FUNCTION inbox_folded(said text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    folded text;
BEGIN
    IF octet_length(said) = char_length(said) THEN
        RETURN lower(said);
    END IF;
    folded := lower(regexp_replace(normalize(said, NFKD), '[\u0300-\u036f]+', '', 'g'));
    folded := translate(normalize(folded, NFC), 'øłđðħŧıς', 'olddhtiσ');
    RETURN replace(replace(replace(replace(folded, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
END
$$
"""

# The token inside a message id, which stays the same when WhatsApp writes the id in another scope.
#
# A wamid is the base64 of a Thrift compact struct: {1: {1: scope, 2: type of scope}, 2: from us, 3: token}, in a group
# followed by the participant. The scope is a phone number, or, since user ids exist, the user id: the same message then
# has two ids (https://github.com/chatwoot/chatwoot/issues/14953). Meta documents none of this, so an id of any other
# shape is its own token. Immutable, for indexes stand on it. It runs for every message: a counting regular expression,
# such as {16,64}, would cost more than all the rest.
WAMID_TOKEN = r"""
CREATE FUNCTION inbox_wamid_token(wamid text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    code text := rtrim(translate(substr(wamid, 7), '-_', '+/'), '=');
    raw bytea;
    place int;
    token text;
BEGIN
    IF NOT starts_with(wamid, 'wamid.') OR length(code) < 30 OR length(code) % 4 = 1 OR code ~ '[^A-Za-z0-9+/]' THEN
        RETURN wamid;
    END IF;
    raw := decode(rpad(code, (length(code) + 3) / 4 * 4, '='), 'base64');
    IF substring(raw FROM 1 FOR 2) <> '\x1c18' THEN
        RETURN wamid;
    END IF;
    place := get_byte(raw, 2) + 4;  -- behind the scope: 15, its type, 00, 11 or 12 (from us or not), 18, length, token
    IF length(raw) < place + 6
        OR substring(raw FROM place FOR 1) <> '\x15' OR get_byte(raw, place) > 127
        OR substring(raw FROM place + 2 FOR 3) NOT IN ('\x001118', '\x001218')
        OR length(raw) < place + 6 + get_byte(raw, place + 4)
        OR get_byte(raw, place + 5 + get_byte(raw, place + 4)) NOT IN (0, 28)  -- the end, or a participant
    THEN
        RETURN wamid;
    END IF;
    token := encode(substring(raw FROM place + 6 FOR get_byte(raw, place + 4)), 'escape');
    IF length(token) BETWEEN 16 AND 64 AND token !~ '[^0-9A-F]' THEN
        RETURN token;
    END IF;
    RETURN wamid;
END
$$
"""

# Every inserted or updated conversation and message carries the id of its transaction, by which live pages ask for what
# changed. A default serves bulk inserts, which leave the column out; Django's own inserts write 0 and get a trigger.
# Filling in a token changes nothing that a page shows.
CHANGED_XID = """
CREATE FUNCTION inbox_set_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
ALTER TABLE inbox_message ALTER COLUMN changed_xid SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER inbox_message_inserted BEFORE INSERT ON inbox_message
    FOR EACH ROW WHEN (NEW.changed_xid = 0) EXECUTE FUNCTION inbox_set_changed_xid();
CREATE TRIGGER inbox_message_changed BEFORE UPDATE ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid_token = OLD.wamid_token) EXECUTE FUNCTION inbox_set_changed_xid();
CREATE TRIGGER inbox_conversation_changed BEFORE INSERT OR UPDATE ON inbox_conversation
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
"""

# For whoever leaves the column out. PostgreSQL fires triggers by name, so this one follows inbox_message_changed.
TOKEN_TRIGGERS = """
CREATE FUNCTION inbox_set_wamid_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.wamid_token := inbox_wamid_token(NEW.wamid);
    RETURN NEW;
END $$;
CREATE TRIGGER inbox_message_token_inserted BEFORE INSERT ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid_token = '' AND NEW.wamid <> '') EXECUTE FUNCTION inbox_set_wamid_token();
CREATE TRIGGER inbox_message_token_updated BEFORE UPDATE OF wamid ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid <> OLD.wamid) EXECUTE FUNCTION inbox_set_wamid_token();
"""

# Limits are counted anew after a crash.
UNLOGGED = "ALTER TABLE inbox_usage SET UNLOGGED; ALTER TABLE inbox_openstream SET UNLOGGED"


def create_cache_table(apps, schema_editor):
    """Django's cache, which holds used one-time codes for all processes."""
    call_command("createcachetable", "inbox_cache", database=schema_editor.connection.alias, verbosity=0)


def drop_cache_table(apps, schema_editor):
    schema_editor.execute("DROP TABLE inbox_cache")


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('whatsapp', '0001_initial'),
    ]

    operations = [
        migrations.RunSQL(NAME_WORDS, "DROP FUNCTION inbox_name_words(text, text)"),
        migrations.RunSQL(FOLDED, "DROP FUNCTION inbox_folded(text)"),
        migrations.RunSQL(WAMID_TOKEN, "DROP FUNCTION inbox_wamid_token(text)"),
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_message_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_message_kind', models.CharField(blank=True, default='', max_length=16)),
                ('last_message_direction', models.CharField(blank=True, default='', max_length=8)),
                ('last_message_status', models.CharField(blank=True, default='', max_length=16)),
                ('last_message_preview', models.CharField(blank=True, default='', max_length=200)),
                ('unread_count', models.PositiveIntegerField(default=0)),
                ('oldest_failure_at', models.DateTimeField(blank=True, null=True)),
                ('window_closes_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('changed_xid', models.BigIntegerField(default=0, editable=False)),
            ],
        ),
        migrations.CreateModel(
            name='ImportPosition',
            fields=[
                ('source', models.CharField(max_length=512, primary_key=True, serialize=False)),
                ('position', models.JSONField()),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Outbox',
            fields=[
                ('number', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='outbox', serialize=False, to='whatsapp.phonenumber')),
                ('paused_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('probe_at', models.DateTimeField()),
                ('pauses', models.PositiveSmallIntegerField(default=1)),
                ('active', models.BooleanField(default=True)),
                ('error_code', models.IntegerField(default=0)),
                ('reason', models.TextField()),
            ],
            options={
                'verbose_name_plural': 'outboxes',
            },
        ),
        migrations.CreateModel(
            name='Pace',
            fields=[
                ('key', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('full_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Probe',
            fields=[
                ('name', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('written_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name='Reconciliation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('started_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('objects_seen', models.BigIntegerField(default=0)),
                ('files_known', models.BigIntegerField(default=0)),
                ('digests_compared', models.BooleanField(default=False)),
                ('applied', models.BooleanField(default=False)),
                ('counts', models.JSONField(blank=True, default=dict)),
                ('mended', models.JSONField(blank=True, default=dict)),
                ('days', models.JSONField(blank=True, default=list)),
            ],
            options={
                'get_latest_by': 'started_at',
            },
        ),
        migrations.CreateModel(
            name='SlowAnswer',
            fields=[
                ('number', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='whatsapp.phonenumber')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seconds', models.FloatField()),
            ],
        ),
        migrations.CreateModel(
            name='WorkerProcess',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=255)),
                ('pid', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('seen_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('steady_since', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('stopping', models.BooleanField(db_default=False, default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Agent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('language', models.CharField(blank=True, choices=inbox.models.agents.language_choices, default='', max_length=8)),
                ('theme', models.CharField(blank=True, choices=[('', 'Same as the system'), ('light', 'Light'), ('dark', 'Dark')], default='', max_length=8)),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('numbers', models.ManyToManyField(blank=True, related_name='agents', to='whatsapp.phonenumber')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'agent',
                'verbose_name_plural': 'agents',
                'abstract': False,
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('phone', models.CharField(blank=True, max_length=32, null=True)),
                ('profile_name', models.CharField(blank=True, default='', max_length=512)),
                ('username', models.CharField(blank=True, default='', max_length=128)),
                ('is_group', models.BooleanField(default=False)),
                ('marketing_stopped_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'indexes': [models.Index(fields=['phone'], name='contact_phone'), django.contrib.postgres.indexes.GinIndex(models.Func('profile_name', 'username', function='inbox_name_words', output_field=django.contrib.postgres.search.SearchVectorField()), name='contact_name_words'), models.Index(django.contrib.postgres.indexes.OpClass('phone', 'varchar_pattern_ops'), name='contact_phone_begins'), models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Reverse('phone'), 'text_pattern_ops'), name='contact_phone_ends')],
                'constraints': [models.CheckConstraint(condition=models.Q(('phone', ''), _negated=True), name='contact_phone_null_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='ReadReceipt',
            fields=[
                ('conversation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='read_receipt', serialize=False, to='inbox.conversation')),
                ('message_id', models.BigIntegerField()),
                ('reported_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.AddField(
            model_name='conversation',
            name='contact',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to='inbox.contact'),
        ),
        migrations.AddField(
            model_name='conversation',
            name='number',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='conversations', to='whatsapp.phonenumber'),
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('direction', models.CharField(choices=[('inbound', 'Inbound'), ('outbound', 'Outbound')], max_length=8)),
                ('kind', models.CharField(choices=[('text', 'Text'), ('image', 'Image'), ('video', 'Video'), ('audio', 'Audio'), ('document', 'Document'), ('sticker', 'Sticker'), ('location', 'Location'), ('contacts', 'Contacts'), ('interactive', 'Interactive'), ('button', 'Button'), ('order', 'Order'), ('template', 'Template'), ('system', 'System'), ('call', 'Call'), ('unsupported', 'Unsupported'), ('unknown', 'Unknown')], max_length=16)),
                ('origin', models.CharField(choices=[('customer', 'Customer'), ('agent', 'Agent'), ('api', 'API'), ('phone_app', 'Phone app'), ('ai_agent', 'AI agent')], max_length=16)),
                ('text', models.TextField(blank=True, default='')),
                ('payload', models.JSONField(blank=True, default=dict)),
                ('wamid', models.CharField(blank=True, default='', max_length=255)),
                ('wamid_token', models.CharField(blank=True, db_default='', default='', editable=False, max_length=255)),
                ('provider_message_id', models.CharField(blank=True, default='', max_length=128)),
                ('client_token', models.UUIDField(blank=True, null=True)),
                ('sent_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('bad_timestamp', models.BooleanField(default=False)),
                ('status', models.CharField(blank=True, choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('delivered', 'Delivered'), ('read', 'Read'), ('played', 'Played'), ('failed', 'Failed'), ('unknown', 'Unknown')], default='', max_length=16)),
                ('accepted_at', models.DateTimeField(blank=True, null=True, verbose_name='sent (status)')),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('played_at', models.DateTimeField(blank=True, null=True)),
                ('failed_at', models.DateTimeField(blank=True, null=True)),
                ('error_code', models.IntegerField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('pricing', models.JSONField(blank=True, default=dict)),
                ('quoted_wamid', models.CharField(blank=True, default='', max_length=255)),
                ('forwarded', models.BooleanField(default=False)),
                ('frequently_forwarded', models.BooleanField(default=False)),
                ('context', models.JSONField(blank=True, default=dict)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('edited_at', models.DateTimeField(blank=True, null=True)),
                ('resent_at', models.DateTimeField(blank=True, null=True)),
                ('dismissed_at', models.DateTimeField(blank=True, null=True)),
                ('historic', models.BooleanField(default=False)),
                ('standby', models.BooleanField(default=False)),
                ('sender_phone', models.CharField(blank=True, default='', max_length=32)),
                ('sender_name', models.CharField(blank=True, default='', max_length=512)),
                ('receiving_phone', models.CharField(blank=True, default='', max_length=32)),
                ('aws_phone_number_id', models.CharField(blank=True, default='', max_length=128)),
                ('changed_xid', models.BigIntegerField(default=0, editable=False)),
                ('agent', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('author', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.contact')),
                ('conversation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='inbox.conversation')),
                ('notification', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='whatsapp.notification')),
                ('number', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='whatsapp.phonenumber')),
                ('quoted', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.message')),
            ],
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(blank=True, default='')),
                ('token', models.UUIDField(blank=True, null=True)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='inbox.conversation')),
                ('quoted', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.message')),
            ],
        ),
        migrations.AddField(
            model_name='conversation',
            name='last_message',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.message'),
        ),
        migrations.CreateModel(
            name='OpenStream',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateTimeField()),
                ('agent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PendingStatus',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wamid', models.CharField(max_length=255)),
                ('chat_id', models.BigIntegerField(blank=True, null=True)),
                ('status', models.CharField(max_length=16)),
                ('at', models.DateTimeField()),
                ('callback_data', models.CharField(blank=True, default='', max_length=512)),
                ('error_code', models.IntegerField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('pricing', models.JSONField(blank=True, default=dict)),
                ('notification_id', models.BigIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('number', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='whatsapp.phonenumber')),
            ],
            options={
                'verbose_name_plural': 'pending statuses',
            },
        ),
        migrations.CreateModel(
            name='PinnedConversation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('agent', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='pinned_conversations', to=settings.AUTH_USER_MODEL)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pins', to='inbox.conversation')),
            ],
        ),
        migrations.CreateModel(
            name='Program',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=128, unique=True)),
                ('all_numbers', models.BooleanField(default=False, help_text='Also those that are connected later.')),
                ('may_read', models.BooleanField(default=True, help_text='Messages, contacts, files, templates.', verbose_name='may read')),
                ('may_send', models.BooleanField(default=True, help_text='Messages and reactions; mark as read.', verbose_name='may send')),
                ('active', models.BooleanField(default=True, help_text='Off: all its tokens are refused, and no webhook is sent.')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('numbers', models.ManyToManyField(blank=True, related_name='programs', to='whatsapp.phonenumber')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.AddField(
            model_name='message',
            name='program',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='inbox.program'),
        ),
        migrations.CreateModel(
            name='KeptAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=255)),
                ('fingerprint', models.CharField(max_length=64)),
                ('status', models.PositiveSmallIntegerField(null=True)),
                ('body', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.program')),
            ],
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('prefix', models.CharField(max_length=16)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='inbox.program')),
            ],
            options={
                'verbose_name': 'API token',
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Reaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target_wamid', models.CharField(max_length=255)),
                ('chat_id', models.BigIntegerField(blank=True, null=True)),
                ('emoji', models.CharField(blank=True, default='', max_length=64)),
                ('at', models.DateTimeField()),
                ('status', models.CharField(blank=True, choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('delivered', 'Delivered'), ('read', 'Read'), ('played', 'Played'), ('failed', 'Failed'), ('unknown', 'Unknown')], db_default='', default='', max_length=16)),
                ('error', models.TextField(blank=True, db_default='', default='')),
                ('notification_id', models.BigIntegerField(blank=True, null=True)),
                ('agent', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('contact', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.contact')),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='reactions', to='inbox.message')),
                ('number', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='whatsapp.phonenumber')),
            ],
        ),
        migrations.CreateModel(
            name='ReconciliationFault',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=32)),
                ('key', models.TextField(blank=True, default='')),
                ('row', models.CharField(blank=True, default='', max_length=36)),
                ('detail', models.TextField(blank=True, default='')),
                ('reconciliation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='faults', to='inbox.reconciliation')),
            ],
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wamid', models.CharField(max_length=255)),
                ('target_wamid', models.CharField(max_length=255)),
                ('chat_id', models.BigIntegerField(blank=True, null=True)),
                ('kind', models.CharField(choices=[('edit', 'Edited'), ('revoke', 'Deleted')], max_length=8)),
                ('direction', models.CharField(choices=[('inbound', 'Inbound'), ('outbound', 'Outbound')], max_length=8)),
                ('text', models.TextField(blank=True, default='')),
                ('previous_text', models.TextField(blank=True, default='')),
                ('at', models.DateTimeField()),
                ('notification_id', models.BigIntegerField(blank=True, null=True)),
                ('message', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='revisions', to='inbox.message')),
                ('number', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='whatsapp.phonenumber')),
            ],
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[(whatsapp.events.Kind['AUDIO'], whatsapp.events.Kind['AUDIO']), (whatsapp.events.Kind['DOCUMENT'], whatsapp.events.Kind['DOCUMENT']), (whatsapp.events.Kind['IMAGE'], whatsapp.events.Kind['IMAGE']), (whatsapp.events.Kind['STICKER'], whatsapp.events.Kind['STICKER']), (whatsapp.events.Kind['VIDEO'], whatsapp.events.Kind['VIDEO'])], max_length=16)),
                ('caption', models.TextField(blank=True, default='')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('file_name', models.TextField(blank=True, default='')),
                ('original', models.FileField(max_length=255, upload_to=inbox.models.sending.original_key)),
                ('original_type', models.CharField(max_length=128)),
                ('original_size', models.BigIntegerField()),
                ('file', models.FileField(blank=True, default='', max_length=255, upload_to=inbox.models.sending.upload_key)),
                ('extension', models.CharField(blank=True, default='', max_length=16)),
                ('content_type', models.CharField(blank=True, default='', max_length=128)),
                ('size', models.BigIntegerField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('voice', models.BooleanField(default=False)),
                ('animated', models.BooleanField(default=False)),
                ('width', models.PositiveIntegerField(blank=True, null=True)),
                ('height', models.PositiveIntegerField(blank=True, null=True)),
                ('duration', models.FloatField(blank=True, null=True)),
                ('state', models.CharField(choices=[('preparing', 'Being prepared'), ('ready', 'Ready to send'), ('refused', 'Cannot be sent')], default='preparing', max_length=16)),
                ('changes', models.JSONField(blank=True, default=list)),
                ('error', models.TextField(blank=True, default='')),
                ('as_document', models.BooleanField(db_default=False, default=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now, editable=False)),
                ('agent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to=settings.AUTH_USER_MODEL)),
                ('draft', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='uploads', to='inbox.draft')),
                ('number', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='whatsapp.phonenumber')),
                ('program', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='uploads', to='inbox.program')),
            ],
            options={
                'ordering': ['position', 'created_at'],
            },
        ),
        migrations.CreateModel(
            name='Usage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('what', models.CharField(max_length=32)),
                ('whose', models.CharField(max_length=300)),
                ('since', models.DateTimeField()),
                ('amount', models.BigIntegerField()),
            ],
            options={
                'verbose_name_plural': 'usage',
                'constraints': [models.UniqueConstraint(fields=('what', 'whose'), name='usage_once')],
            },
        ),
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('url', models.URLField(max_length=2000, verbose_name='address')),
                ('events', models.JSONField(default=list)),
                ('active', models.BooleanField(default=True)),
                ('secret', core.encryption.EncryptedTextField(editable=False)),
                ('previous_secret', core.encryption.EncryptedTextField(blank=True, default='', editable=False)),
                ('previous_secret_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('failing_since', models.DateTimeField(blank=True, editable=False, null=True)),
                ('failures', models.PositiveIntegerField(default=0, editable=False)),
                ('held_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('disabled_reason', models.TextField(blank=True, default='', editable=False)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to='inbox.program')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('webhook_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('event', models.CharField(choices=[('message.received', "Message received"), ('message.sent', 'Message sent'), ('message.status', 'Message status changed'), ('media.ready', "File stored")], max_length=32)),
                ('status', models.CharField(blank=True, default='', max_length=16)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('delivered', 'Delivered'), ('failed', 'Failed')], default='pending', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('response_status', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('log', models.JSONField(default=list)),
                ('message', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.message')),
                ('endpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='inbox.webhookendpoint')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
            },
        ),
        migrations.CreateModel(
            name='ContactIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('wa_id', 'WhatsApp id (phone digits)'), ('user_id', 'Business-scoped user id'), ('parent_user_id', 'Parent user id'), ('group_id', 'Group id')], max_length=16)),
                ('scope', models.CharField(blank=True, default='', max_length=64)),
                ('value', models.CharField(max_length=160)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identities', to='inbox.contact')),
            ],
            options={
                'verbose_name_plural': 'contact identities',
                'constraints': [models.UniqueConstraint(fields=('kind', 'scope', 'value'), name='contact_identity_unique')],
            },
        ),
        migrations.CreateModel(
            name='OutboxEntry',
            fields=[
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='outbox_entry', serialize=False, to='inbox.message')),
                ('priority', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('lease', models.UUIDField(blank=True, null=True)),
                ('worker', models.UUIDField(blank=True, null=True)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('conversation', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='inbox.conversation')),
                ('number', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='whatsapp.phonenumber')),
            ],
            options={
                'verbose_name_plural': 'outbox entries',
            },
        ),
        migrations.CreateModel(
            name='Media',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('media_id', models.CharField(blank=True, default='', max_length=128)),
                ('registered_at', models.DateTimeField(blank=True, null=True)),
                ('remote_url', models.TextField(blank=True, default='')),
                ('file', models.FileField(blank=True, default='', max_length=1024, upload_to=inbox.models.media.storage_key)),
                ('extension', models.CharField(blank=True, default='', max_length=16)),
                ('file_name', models.TextField(blank=True, default='')),
                ('mime_type', models.CharField(blank=True, default='', max_length=255)),
                ('content_type', models.CharField(blank=True, default='', max_length=128)),
                ('size', models.BigIntegerField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('voice', models.BooleanField(default=False)),
                ('animated', models.BooleanField(default=False)),
                ('width', models.PositiveIntegerField(blank=True, null=True)),
                ('height', models.PositiveIntegerField(blank=True, null=True)),
                ('duration', models.FloatField(blank=True, null=True)),
                ('pages', models.PositiveIntegerField(blank=True, null=True)),
                ('thumbnail', models.FileField(blank=True, default='', max_length=255, upload_to=inbox.models.media.thumbnail_key)),
                ('thumbnail_width', models.PositiveIntegerField(blank=True, null=True)),
                ('thumbnail_height', models.PositiveIntegerField(blank=True, null=True)),
                ('playable', models.FileField(blank=True, default='', max_length=255, upload_to=inbox.models.media.playable_key)),
                ('waveform', models.JSONField(blank=True, default=list)),
                ('excerpt', models.TextField(blank=True, default='')),
                ('state', models.CharField(choices=[('pending', 'Waiting for the file'), ('preparing', 'Being prepared for WhatsApp'), ('retrying', 'Trying again'), ('stored', 'Stored'), ('expired', 'Expired at WhatsApp'), ('too_large', 'Too large'), ('failed', 'Failed')], default='pending', max_length=16)),
                ('preview_state', models.CharField(choices=[('none', 'Not created yet'), ('copying', 'Being converted for playback'), ('ready', 'Ready'), ('impossible', 'No preview for this file')], default='none', max_length=16)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_try_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.TextField(blank=True, default='')),
                ('preview_error', models.TextField(blank=True, default='')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('stored_at', models.DateTimeField(blank=True, null=True)),
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='media', to='inbox.message')),
            ],
            options={
                'verbose_name_plural': 'media',
                'indexes': [models.Index(condition=models.Q(('state__in', ['pending', 'retrying'])), fields=['next_try_at'], name='media_due'), models.Index(condition=models.Q(('preview_state__in', ['none', 'copying']), ('state', 'stored')), fields=['stored_at'], name='media_unfinished'), models.Index(fields=['state', 'created_at'], name='media_state')],
            },
        ),
        migrations.CreateModel(
            name='ImportedItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('table', models.CharField(choices=[('message', 'Message'), ('contact', 'Contact'), ('file', 'File')], max_length=8)),
                ('key', models.CharField(max_length=255)),
                ('raw', models.BinaryField()),
                ('digest', models.CharField(max_length=64)),
                ('written_at', models.BigIntegerField(default=0)),
                ('deleted', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('staged', 'Staged'), ('imported', 'Imported'), ('held', 'Held back'), ('left_out', 'Skipped')], default='staged', max_length=8)),
                ('problems', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), blank=True, default=list, size=None)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('contact_key', models.CharField(blank=True, default='', max_length=255)),
                ('message_key', models.CharField(blank=True, default='', max_length=255)),
                ('phone', models.CharField(blank=True, default='', max_length=32)),
                ('our_phone', models.CharField(blank=True, default='', max_length=32)),
                ('aws_phone_number_id', models.CharField(blank=True, default='', max_length=128)),
                ('wamid', models.CharField(blank=True, default='', max_length=255)),
                ('object_key', models.TextField(blank=True, default='')),
                ('found_key', models.TextField(blank=True, db_default='', default='')),
                ('message', models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='inbox.message')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'staged')), fields=['table', 'sent_at', 'key'], name='imported_item_staged'), models.Index(condition=models.Q(('state', 'held')), fields=['table', 'id'], name='imported_item_held'), models.Index(condition=models.Q(('contact_key', ''), _negated=True), fields=['contact_key', 'sent_at'], name='imported_item_contact'), models.Index(condition=models.Q(('message_key', ''), _negated=True), fields=['message_key'], name='imported_item_file_of'), models.Index(condition=models.Q(('wamid', ''), _negated=True), fields=['wamid'], name='imported_item_wamid')],
                'constraints': [models.UniqueConstraint(fields=('table', 'key'), name='imported_item_unique')],
            },
        ),
        migrations.AddConstraint(
            model_name='draft',
            constraint=models.UniqueConstraint(fields=('agent', 'conversation'), name='draft_one_per_agent'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['number', '-last_message_at', '-id'], name='conversation_newest'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['-last_message_at', '-id'], name='conversation_newest_of_all'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('unread_count__gt', 0)), fields=['number', '-last_message_at', '-id'], name='conversation_unread'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('oldest_failure_at__isnull', False)), fields=['number', '-last_message_at', '-id'], name='conversation_failed'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['changed_xid'], name='conversation_changed'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.UniqueConstraint(fields=('contact', 'number'), name='conversation_number_contact_unique'),
        ),
        migrations.AddIndex(
            model_name='pendingstatus',
            index=models.Index(models.F('number'), models.Func('wamid', function='inbox_wamid_token', output_field=models.CharField()), name='pending_status_token'),
        ),
        migrations.AddConstraint(
            model_name='pendingstatus',
            constraint=models.UniqueConstraint(fields=('number', 'wamid', 'status'), name='pending_status_once'),
        ),
        migrations.AddConstraint(
            model_name='pinnedconversation',
            constraint=models.UniqueConstraint(fields=('agent', 'conversation'), name='pinned_conversation_unique'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['conversation', 'sent_at', 'id'], name='message_thread'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('kind__in', ['image', 'video'])), fields=['conversation', 'sent_at', 'id'], name='message_gallery'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['conversation', 'changed_xid'], name='message_changed'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('wamid', ''), _negated=True), fields=['number', 'wamid_token'], name='message_token'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(models.Func('quoted_wamid', function='inbox_wamid_token', output_field=models.CharField()), condition=models.Q(('quoted__isnull', True), models.Q(('quoted_wamid', ''), _negated=True)), name='message_quote_waiting'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('provider_message_id', ''), _negated=True), fields=['provider_message_id'], name='message_provider'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('quoted__isnull', False)), fields=['quoted'], name='message_quoted'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('author__isnull', False)), fields=['author'], name='message_author'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('agent__isnull', False)), fields=['agent'], name='message_agent'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('program__isnull', False)), fields=['program'], name='message_program'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(fields=['created_at', 'id'], name='message_arrival'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('dismissed_at__isnull', True), ('historic', False), ('resent_at__isnull', True), ('status__in', ['failed', 'unknown'])), fields=['conversation', 'sent_at'], name='message_unsettled'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('wamid', ''), _negated=True), fields=('number', 'wamid'), name='message_wamid_unique'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(condition=models.Q(('client_token__isnull', False)), fields=('client_token',), name='message_client_token_unique'),
        ),
        migrations.AddConstraint(
            model_name='keptanswer',
            constraint=models.UniqueConstraint(fields=('program', 'key'), name='kept_answer_once'),
        ),
        migrations.AddIndex(
            model_name='reaction',
            index=models.Index(models.F('number'), models.Func('target_wamid', function='inbox_wamid_token', output_field=models.CharField()), condition=models.Q(('message__isnull', True)), name='reaction_waiting'),
        ),
        migrations.AddIndex(
            model_name='reaction',
            index=models.Index(condition=models.Q(('status', 'queued')), fields=['at'], name='reaction_queued'),
        ),
        migrations.AddConstraint(
            model_name='reaction',
            constraint=models.UniqueConstraint(fields=('number', 'target_wamid', 'contact'), name='reaction_one_per_person', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='revision',
            index=models.Index(models.F('number'), models.Func('target_wamid', function='inbox_wamid_token', output_field=models.CharField()), name='revision_token'),
        ),
        migrations.AddConstraint(
            model_name='revision',
            constraint=models.UniqueConstraint(fields=('number', 'wamid'), name='revision_wamid_unique'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('state', 'pending')), fields=['endpoint', 'next_try_at'], name='webhook_due'),
        ),
        migrations.AddIndex(
            model_name='outboxentry',
            index=models.Index(fields=['number', 'priority', 'due_at'], name='outbox_due'),
        ),
        migrations.RunSQL(CHANGED_XID, "DROP FUNCTION inbox_set_changed_xid() CASCADE"),
        migrations.RunSQL(TOKEN_TRIGGERS, "DROP FUNCTION inbox_set_wamid_token() CASCADE"),
        migrations.RunSQL(UNLOGGED, migrations.RunSQL.noop),
        migrations.RunPython(create_cache_table, drop_cache_table),
    ]
