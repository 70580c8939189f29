"""Triggers that write the current transaction's id into every inserted or updated conversation and message."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION inbox_set_changed_xid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.changed_xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER inbox_message_changed BEFORE INSERT OR UPDATE ON inbox_message
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
CREATE TRIGGER inbox_conversation_changed BEFORE INSERT OR UPDATE ON inbox_conversation
    FOR EACH ROW EXECUTE FUNCTION inbox_set_changed_xid();
"""
REVERSE = """
DROP TRIGGER inbox_conversation_changed ON inbox_conversation;
DROP TRIGGER inbox_message_changed ON inbox_message;
DROP FUNCTION inbox_set_changed_xid();
"""


class Migration(migrations.Migration):
    dependencies = [("inbox", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, REVERSE)]
