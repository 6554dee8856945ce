"""Batches of payments are put together and entered by jobs, which say how far they are."""

from django.db import migrations, models
from django.db.models import Q

SQL = """
ALTER TABLE benefits_paybatch DISABLE TRIGGER benefits_paybatch_guard;
UPDATE benefits_paybatch b
   SET total = (SELECT max(position) FROM benefits_payline WHERE batch_id = b.id), done = b.lines,
       sent = CASE state WHEN 'agreed' THEN (SELECT max(position) FROM benefits_payline WHERE batch_id = b.id) ELSE 0 END;
ALTER TABLE benefits_paybatch ENABLE TRIGGER benefits_paybatch_guard;

-- A batch goes its way only. Who agreed to it stays, what is entered stays entered, and with the digest it is written for good.
CREATE OR REPLACE FUNCTION benefits_paybatch_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state IN ('agreed', 'withdrawn') THEN
        RAISE EXCEPTION '% on payment batch % refused: it was agreed to', TG_OP, OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY['making>failed', 'failed>making', 'making>made',
            'making>withdrawn', 'failed>withdrawn', 'made>agreeing', 'made>withdrawn', 'agreeing>stalled', 'stalled>agreeing',
            'agreeing>agreed', 'agreeing>withdrawn']) THEN
        RAISE EXCEPTION 'payment batch %: no way from % to %', OLD.number, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.sent < OLD.sent OR (OLD.agreed_by_id IS NOT NULL AND (NEW.agreed_by_id, NEW.agreed_at) IS DISTINCT FROM (OLD.agreed_by_id, OLD.agreed_at)) THEN
        RAISE EXCEPTION 'payment batch %: what was agreed to stays', OLD.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0010_accounts_for_payments"),
    ]

    operations = [
        migrations.AddField("paybatch", "total", models.IntegerField(null=True)),
        migrations.AddField("paybatch", "done", models.IntegerField(default=0)),
        migrations.AddField("paybatch", "after", models.UUIDField(null=True)),
        migrations.AddField("paybatch", "sent", models.IntegerField(default=0)),
        migrations.AddField("paybatch", "error", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AlterField("paybatch", "state", models.CharField(default="making", max_length=10)),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
        migrations.RemoveConstraint("paybatch", "benefits_batch_state"),
        migrations.AddConstraint(
            "paybatch",
            models.CheckConstraint(
                condition=Q(state__in=["making", "failed", "made", "agreeing", "stalled", "agreed", "withdrawn"]),
                name="benefits_batch_state",
            ),
        ),
        migrations.AddConstraint(
            "paybatch",
            models.CheckConstraint(
                condition=~Q(state__in=["agreeing", "stalled"]) | Q(agreed_by_id__isnull=False, agreed_at__isnull=False),
                name="benefits_batch_agreeing",
            ),
        ),
        migrations.AddConstraint(
            "paybatch",
            models.UniqueConstraint(
                fields=["policy", "region", "list"],
                condition=Q(state__in=["making", "failed"]),
                nulls_distinct=False,
                name="benefits_batch_gathers",
            ),
        ),
    ]
