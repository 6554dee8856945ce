"""What a decision rested on goes into the electronic file of its case; until it lies there, nothing of it is forgotten.

Of cases that were put away before, it is filed in the coming nights, as a later package.
"""

from django.db import migrations, models
from django.db.models import Q

SQL = """
CREATE OR REPLACE FUNCTION exchange_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.at < now() - interval '3 years' THEN
        IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'exchange_try' THEN
            RETURN OLD;
        END IF;
        IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'exchange_receipt' THEN
            IF NEW.answer IS NULL AND to_jsonb(NEW) - 'answer' = to_jsonb(OLD) - 'answer'
               AND EXISTS (SELECT 1 FROM exchange_question q WHERE q.id = OLD.question_id AND q.filed_at IS NOT NULL) THEN
                RETURN NEW;
            END IF;
        END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""
BACK = """
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
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0004_kept")]
    operations = [
        migrations.AddField("question", "filed_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "question",
            models.Index(
                fields=["subject_id"], name="exchange_question_unfiled", condition=Q(filed_at=None, settled_at__isnull=False)
            ),
        ),
        migrations.RunSQL(SQL, BACK),
    ]
