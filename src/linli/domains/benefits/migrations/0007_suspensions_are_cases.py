"""Suspensions and inquiries are cases of the spine: proposed by one officer and decided by another, which the database itself holds."""

import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.fields
import linli.kernel.ids

SQL = """
CREATE TRIGGER benefits_proposal_said_once BEFORE UPDATE OR DELETE ON benefits_suspensionproposal
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('decided_at', 'outcome', 'decided_by_id', 'said');

-- As before, and on the word of one officer alone nobody is.
CREATE OR REPLACE FUNCTION benefits_reached_for() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c benefits_certification;
BEGIN
    SELECT * INTO c FROM benefits_certification WHERE id = NEW.certification_id FOR UPDATE;
    IF NOT EXISTS (SELECT 1 FROM benefits_reach r WHERE r.certification_id = c.id AND r.cycle_end = c.certified_until
                     AND r.way IN ('phone', 'visit', 'home') AND r.outcome <> '') THEN
        RAISE EXCEPTION 'suspension refused: nobody reached out for them' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.inquiry_id IS NULL AND (NEW.since <= c.certified_until OR c.signal <> '') THEN
        RAISE EXCEPTION 'suspension refused: certified, or in doubt and not looked into' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.inquiry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM benefits_inquiry i WHERE i.id = NEW.inquiry_id
                     AND i.certification_id = c.id AND i.finding IN ('dead', 'lost')) THEN
        RAISE EXCEPTION 'suspension refused: no inquiry found that the right was lost' USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM benefits_suspensionproposal p WHERE p.id = NEW.proposal_id AND p.certification_id = c.id
                     AND p.outcome = 'agreed' AND p.decided_by_id = NEW.decided_by_id
                     AND p.inquiry_id IS NOT DISTINCT FROM NEW.inquiry_id) THEN
        RAISE EXCEPTION 'suspension refused: two officers did not agree on it' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
BACK = """
DROP TRIGGER benefits_proposal_said_once ON benefits_suspensionproposal;
CREATE OR REPLACE FUNCTION benefits_reached_for() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c benefits_certification;
BEGIN
    SELECT * INTO c FROM benefits_certification WHERE id = NEW.certification_id FOR UPDATE;
    IF NOT EXISTS (SELECT 1 FROM benefits_reach r WHERE r.certification_id = c.id AND r.cycle_end = c.certified_until
                     AND r.way IN ('phone', 'visit', 'home') AND r.outcome <> '') THEN
        RAISE EXCEPTION 'suspension refused: nobody reached out for them' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.inquiry_id IS NULL AND (NEW.since <= c.certified_until OR c.signal <> '') THEN
        RAISE EXCEPTION 'suspension refused: certified, or in doubt and not looked into' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.inquiry_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM benefits_inquiry i WHERE i.id = NEW.inquiry_id
                     AND i.certification_id = c.id AND i.finding IN ('dead', 'lost')) THEN
        RAISE EXCEPTION 'suspension refused: no inquiry found that the right was lost' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0015_joint_drafts'),
        ('benefits', '0006_ledger_by_region'),
    ]

    operations = [
        migrations.AddField(
            model_name='inquiry',
            name='case',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case'),
        ),
        migrations.CreateModel(
            name='SuspensionProposal',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('reason', linli.kernel.fields.SealedField()),
                ('proposed_at', models.DateTimeField()),
                ('proposed_by_id', models.UUIDField()),
                ('outcome', models.CharField(blank=True, max_length=8)),
                ('said', linli.kernel.fields.SealedField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('decided_by_id', models.UUIDField(null=True)),
                ('case', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('certification', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.certification')),
                ('inquiry', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.inquiry')),
            ],
            options={
                'indexes': [models.Index(fields=['certification', '-proposed_at'], name='benefits_proposal_of'), models.Index(condition=models.Q(('outcome', '')), fields=['proposed_at', 'id'], name='benefits_proposal_waiting')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('certification',), name='benefits_proposal_open'), models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'agreed', 'refused', 'lapsed'])), name='benefits_proposal_outcome'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by_id', None), ('outcome', '')), models.Q(('decided_at__isnull', False), ('outcome', 'lapsed')), models.Q(('decided_at__isnull', False), ('decided_by_id__isnull', False), ('outcome__in', ['agreed', 'refused'])), _connector='OR'), name='benefits_proposal_decided'), models.CheckConstraint(condition=models.Q(models.Q(('outcome', 'agreed'), _negated=True), models.Q(('decided_by_id', models.F('proposed_by_id')), _negated=True), _connector='OR'), name='benefits_proposal_hands')],
            },
        ),
        migrations.AddField(
            model_name='suspension',
            name='proposal',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.suspensionproposal'),
        ),
        migrations.RunSQL(SQL, BACK),
    ]
