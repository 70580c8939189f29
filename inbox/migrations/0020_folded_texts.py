"""Texts are found inside a conversation whatever their case and accents, as names are."""

from django.db import migrations

# inbox/formatting/folding.py does the same in Python. Most texts are plain ASCII, for which none of it is needed.
FOLDED = r"""
CREATE OR REPLACE FUNCTION inbox_folded(said text) RETURNS text
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


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0019_slow_answers"),
    ]

    operations = [
        migrations.RunSQL(FOLDED, "DROP FUNCTION IF EXISTS inbox_folded(text)"),
    ]
