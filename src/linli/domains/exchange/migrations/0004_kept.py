"""Calls and answers are kept for the time the rules give, and then what they said of people is forgotten; never a day sooner.

The application has no right to change or remove them; a function of the owner does it, and the triggers hold it to the time.
"""

from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields

SQL = """
CREATE OR REPLACE FUNCTION exchange_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at < now() - interval '3 years' THEN
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'exchange_try' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'exchange_receipt' THEN
            IF NEW.answer IS NULL AND to_jsonb(NEW) - 'answer' = to_jsonb(OLD) - 'answer' THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION exchange_forget(questions uuid[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE calls bigint;
BEGIN
    UPDATE exchange_receipt SET answer = NULL WHERE question_id = ANY(questions) AND answer IS NOT NULL;
    DELETE FROM exchange_try WHERE question_id = ANY(questions);
    GET DIAGNOSTICS calls = ROW_COUNT;
    RETURN calls;
END $$;
"""
BACK = """
DROP FUNCTION exchange_forget(uuid[]);
CREATE OR REPLACE FUNCTION exchange_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0003_lasting")]
    operations = [
        migrations.AddField("question", "whose", models.BinaryField(max_length=32, null=True)),
        migrations.AddField("question", "forgotten_at", models.DateTimeField(null=True)),
        migrations.AlterField("receipt", "answer", linli.kernel.fields.SealedField(null=True)),
        migrations.AddIndex("question", models.Index(fields=["hall_id", "-asked_at", "-id"], name="exchange_question_hall")),
        migrations.AddIndex("question", models.Index(fields=["subject_id"], name="exchange_question_subject")),
        migrations.AddIndex(
            "question",
            models.Index(fields=["whose", "-asked_at"], name="exchange_question_whose", condition=Q(whose__isnull=False)),
        ),
        migrations.AddIndex(
            "question",
            models.Index(
                fields=["settled_at"], name="exchange_question_kept", condition=Q(forgotten_at=None, settled_at__isnull=False)
            ),
        ),
        migrations.RunSQL(SQL, BACK),
    ]
