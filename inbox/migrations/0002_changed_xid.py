"""The current transaction's id in every inserted or updated conversation and message.

A default serves the inserts of many messages, which leave the column out; Django's own inserts write 0 and get a trigger.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION inbox_set_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
ALTER TABLE inbox_message ALTER COLUMN changed_xid SET DEFAULT pg_current_xact_id()::text::bigint;
CREATE TRIGGER inbox_message_inserted BEFORE INSERT ON inbox_message
    FOR EACH ROW WHEN (NEW.changed_xid = 0) EXECUTE FUNCTION inbox_set_changed_xid();
CREATE TRIGGER inbox_message_changed BEFORE UPDATE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
CREATE TRIGGER inbox_conversation_changed BEFORE INSERT OR UPDATE ON inbox_conversation
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
"""
REVERSE = """
DROP TRIGGER inbox_conversation_changed ON inbox_conversation;
DROP TRIGGER inbox_message_changed ON inbox_message;
DROP TRIGGER inbox_message_inserted ON inbox_message;
DROP FUNCTION inbox_set_changed_xid();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, REVERSE)]
