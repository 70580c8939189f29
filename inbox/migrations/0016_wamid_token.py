"""The token inside a message id, which stays the same when WhatsApp writes the id in another scope.

A wamid is the base64 of a Thrift compact struct: {1: {1: scope, 2: type of scope}, 2: from us, 3: token}, in a group
followed by the participant. The scope is a phone number, and since user ids may be the user id: the same message then
has two ids (https://github.com/chatwoot/chatwoot/issues/14953). Meta documents none of this, so an id that does not
look exactly like that is its own token.
"""

from django.db import migrations, models

# Immutable, for indexes stand on it: what changes here needs another function and other indexes. It runs for every
# message: a regular expression that counts, such as {16,64}, would cost more than all the rest (measured).
TOKEN = r"""
CREATE OR REPLACE FUNCTION inbox_wamid_token(wamid text) RETURNS text
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

# The trigger serves whoever leaves the column out. Its name comes behind inbox_message_changed, which has fired then.
TRIGGER = """
CREATE FUNCTION inbox_set_wamid_token() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.wamid_token := inbox_wamid_token(NEW.wamid);
    RETURN NEW;
END $$;
CREATE TRIGGER inbox_message_token_inserted BEFORE INSERT ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid_token = '' AND NEW.wamid <> '') EXECUTE FUNCTION inbox_set_wamid_token();
CREATE TRIGGER inbox_message_token_updated BEFORE UPDATE OF wamid ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid <> OLD.wamid) EXECUTE FUNCTION inbox_set_wamid_token();
-- Filling in the tokens of old messages changes nothing that a page shows.
DROP TRIGGER inbox_message_changed ON inbox_message;
CREATE TRIGGER inbox_message_changed BEFORE UPDATE ON inbox_message
    FOR EACH ROW WHEN (NEW.wamid_token = OLD.wamid_token) EXECUTE FUNCTION inbox_set_changed_xid();
"""
REVERSE_TRIGGER = """
DROP TRIGGER inbox_message_changed ON inbox_message;
CREATE TRIGGER inbox_message_changed BEFORE UPDATE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
DROP TRIGGER inbox_message_token_updated ON inbox_message;
DROP TRIGGER inbox_message_token_inserted ON inbox_message;
DROP FUNCTION inbox_set_wamid_token();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0015_probe")]
    operations = [
        migrations.RunSQL(TOKEN, "DROP FUNCTION IF EXISTS inbox_wamid_token(text)"),
        migrations.AddField(
            model_name="message",
            name="wamid_token",
            field=models.CharField(blank=True, db_default="", default="", editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="pendingstatus", name="chat_id", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="reaction", name="chat_id", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="revision", name="chat_id", field=models.BigIntegerField(blank=True, null=True)
        ),
        migrations.RunSQL(TRIGGER, REVERSE_TRIGGER),
    ]
