"""People are found whatever the case, accents and signs of their names: José as jose, Größe as grosse."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.contrib.postgres.operations
from django.db import migrations, models

# Immutable, for an index stands on it: what changes here needs another function and another index. PL/pgSQL is never
# inlined, and the cost keeps the planner from calling it for every contact. inbox/formatting/folding.py does the same in Python.
# PostgreSQL's own parser of words is left out: it takes "amara.rides" for a host and drops "<b>" and "🚲".
NAME_WORDS = r"""
CREATE OR REPLACE FUNCTION inbox_name_words(name text, username text) RETURNS tsvector
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


class Migration(migrations.Migration):
    # Without a transaction, so that nobody waits while a million names are read; so every step is safe to repeat.
    atomic = False

    dependencies = [
        ("inbox", "0010_list"),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL(NAME_WORDS, "DROP FUNCTION IF EXISTS inbox_name_words(text, text)"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS contact_name_words", migrations.RunSQL.noop),
        django.contrib.postgres.operations.AddIndexConcurrently(
            model_name="contact",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    "profile_name",
                    "username",
                    function="inbox_name_words",
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                ),
                name="contact_name_words",
            ),
        ),
        migrations.RunSQL(migrations.RunSQL.noop, "DROP INDEX CONCURRENTLY IF EXISTS contact_words"),
        django.contrib.postgres.operations.RemoveIndexConcurrently(model_name="contact", name="contact_words"),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
