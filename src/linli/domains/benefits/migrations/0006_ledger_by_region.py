"""Every entry of the ledger is of a region: that of the grant it came from."""

from django.db import migrations, models

FILL = """
ALTER TABLE benefits_ledger_entry DISABLE TRIGGER benefits_entry_kept;
UPDATE benefits_ledger_entry e SET region = g.region FROM benefits_grant g WHERE g.id = e.source_id AND e.kind IN ('granted', 'voided');
UPDATE benefits_ledger_entry e SET region = g.region FROM benefits_payline l JOIN benefits_grant g ON g.id = l.grant_id
 WHERE l.id = e.source_id AND e.kind IN ('sent', 'paid', 'returned');
UPDATE benefits_ledger_entry e SET region = g.region FROM benefits_clawback c JOIN benefits_grant g ON g.id = c.grant_id
 WHERE c.id = e.source_id AND e.kind = 'clawed_back';
UPDATE benefits_ledger_entry e SET region = g.region
  FROM benefits_repayment r JOIN benefits_clawback c ON c.id = r.claw_back_id JOIN benefits_grant g ON g.id = c.grant_id
 WHERE r.id = e.source_id AND e.kind = 'repaid';
UPDATE benefits_ledger_entry e SET region = g.region
  FROM benefits_writeoff w JOIN benefits_clawback c ON c.id = w.claw_back_id JOIN benefits_grant g ON g.id = c.grant_id
 WHERE w.id = e.source_id AND e.kind = 'written_off';
ALTER TABLE benefits_ledger_entry ENABLE TRIGGER benefits_entry_kept;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0005_lists_by_a_job"),
    ]

    operations = [
        migrations.AddField("ledgerentry", "region", models.CharField(max_length=12, null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("ledgerentry", "region", models.CharField(max_length=12)),
        migrations.AddIndex(
            "ledgerentry",
            models.Index(fields=["region", "on"], name="benefits_entry_place", opclasses=["varchar_pattern_ops", "date_ops"]),
        ),
    ]
