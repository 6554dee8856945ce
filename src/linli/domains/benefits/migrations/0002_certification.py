"""Certification: signs of life and of death, the cycle that runs, who was reached, and what the database itself refuses."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.fields
import linli.kernel.ids

SQL = """
CREATE FUNCTION benefits_evidence_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.heard_at < now() - interval '3 years' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER benefits_evidence_kept BEFORE UPDATE OR DELETE ON benefits_evidence FOR EACH ROW EXECUTE FUNCTION benefits_evidence_kept();

CREATE FUNCTION benefits_evidence_heard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO benefits_evidence_news (person_id) SELECT DISTINCT person_id FROM heard;
    RETURN NULL;
END $$;
CREATE TRIGGER benefits_evidence_heard AFTER INSERT ON benefits_evidence REFERENCING NEW TABLE AS heard
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_evidence_heard();

-- What was said once stays: the first argument is empty until it is said, the others are said with it, nothing else ever changes.
CREATE FUNCTION benefits_said_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR to_jsonb(OLD) ->> TG_ARGV[0] IS NOT NULL OR to_jsonb(NEW) - TG_ARGV <> to_jsonb(OLD) - TG_ARGV THEN
        RAISE EXCEPTION '% on % refused: it was said already', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_reach_said_once BEFORE UPDATE OR DELETE ON benefits_reach
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('outcome_at', 'outcome', 'outcome_by_id', 'note');
CREATE TRIGGER benefits_inquiry_said_once BEFORE UPDATE OR DELETE ON benefits_inquiry
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('concluded_at', 'finding', 'ground', 'concluded_by_id');
CREATE TRIGGER benefits_suspension_said_once BEFORE UPDATE OR DELETE ON benefits_suspension
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('ended_on', 'ended_by_id', 'end_reason', 'owed');
CREATE TRIGGER benefits_photo_said_once BEFORE UPDATE OR DELETE ON benefits_facephoto
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('compared_at', 'matches', 'compared_by_id', 'picture');

-- Nobody is suspended without having been reached out for by a person, before the cycle ended, or on a doubt nobody looked into.
CREATE FUNCTION benefits_reached_for() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER benefits_reached_for BEFORE INSERT ON benefits_suspension FOR EACH ROW EXECUTE FUNCTION benefits_reached_for();
"""
BACK = """
DROP TRIGGER benefits_evidence_kept ON benefits_evidence;
DROP TRIGGER benefits_evidence_heard ON benefits_evidence;
DROP TRIGGER benefits_reach_said_once ON benefits_reach;
DROP TRIGGER benefits_inquiry_said_once ON benefits_inquiry;
DROP TRIGGER benefits_suspension_said_once ON benefits_suspension;
DROP TRIGGER benefits_photo_said_once ON benefits_facephoto;
DROP TRIGGER benefits_reached_for ON benefits_suspension;
DROP FUNCTION benefits_evidence_kept();
DROP FUNCTION benefits_evidence_heard();
DROP FUNCTION benefits_said_once();
DROP FUNCTION benefits_reached_for();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('benefits', '0001_facts_and_runs'),
    ]

    operations = [
        migrations.CreateModel(
            name='EvidenceNews',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('person_id', models.UUIDField()),
            ],
            options={
                'db_table': 'benefits_evidence_news',
            },
        ),
        migrations.CreateModel(
            name='Certification',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('person_id', models.UUIDField()),
                ('benefit', models.CharField(max_length=24)),
                ('region', models.CharField(max_length=12)),
                ('frail', models.BooleanField(default=False)),
                ('abroad', models.BooleanField(default=False)),
                ('start_on', models.DateField()),
                ('start_kind', models.CharField(max_length=32)),
                ('certified_on', models.DateField()),
                ('certified_by', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), size=None)),
                ('certified_until', models.DateField()),
                ('signal', models.CharField(blank=True, max_length=16)),
                ('cleared_at', models.DateTimeField(null=True)),
                ('next_on', models.DateField(null=True)),
                ('over_on', models.DateField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('over_on', None)), fields=['certified_until', 'id'], name='benefits_certification_due'), models.Index(condition=models.Q(('over_on', None)), fields=['region', 'certified_until'], name='benefits_certification_town', opclasses=['varchar_pattern_ops', 'date_ops']), models.Index(condition=models.Q(('over_on', None), models.Q(('signal', ''), _negated=True)), fields=['signal', 'certified_until'], name='benefits_certification_doubt'), models.Index(condition=models.Q(('next_on__isnull', False), ('over_on', None)), fields=['next_on', 'id'], name='benefits_certification_next')],
                'constraints': [models.UniqueConstraint(fields=('person_id', 'benefit'), name='benefits_certification_once'), models.CheckConstraint(condition=models.Q(('certified_until__gte', models.F('certified_on'))), name='benefits_certification_days'), models.CheckConstraint(condition=models.Q(('signal__in', ['', 'suspected', 'presumed-dead', 'contradicted'])), name='benefits_certification_signal')],
            },
        ),
        migrations.CreateModel(
            name='CertificationCheck',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('on', models.DateField()),
                ('people', models.IntegerField()),
                ('certified', models.IntegerField()),
                ('certified_dead', models.IntegerField()),
                ('presumed_dead', models.IntegerField()),
                ('presumed_dead_alive', models.IntegerField()),
                ('doubted', models.IntegerField()),
                ('doubted_alive', models.IntegerField()),
                ('dead', models.IntegerField()),
                ('truth_digest', models.CharField(max_length=64)),
                ('measured_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['-measured_at'], name='benefits_measured_newest')],
            },
        ),
        migrations.CreateModel(
            name='Evidence',
            fields=[
                ('id', models.UUIDField(db_default=models.Func(function='gen_random_uuid'), default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('person_id', models.UUIDField()),
                ('kind', models.CharField(max_length=32)),
                ('strong', models.BooleanField()),
                ('source', models.CharField(max_length=16)),
                ('record_id', models.CharField(max_length=64)),
                ('day', models.DateField()),
                ('heard_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['person_id', 'day'], name='benefits_evidence_person')],
                'constraints': [models.UniqueConstraint(fields=('source', 'record_id'), name='benefits_evidence_once')],
            },
        ),
        migrations.CreateModel(
            name='FacePhoto',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('person_id', models.UUIDField()),
                ('region', models.CharField(max_length=12)),
                ('gesture', models.CharField(max_length=16)),
                ('content_type', models.CharField(max_length=32)),
                ('picture', linli.kernel.fields.SealedField(null=True)),
                ('taken_at', models.DateTimeField()),
                ('taken_by_id', models.UUIDField()),
                ('matches', models.BooleanField(null=True)),
                ('compared_at', models.DateTimeField(null=True)),
                ('compared_by_id', models.UUIDField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('compared_at', None)), fields=['taken_at', 'id'], name='benefits_photo_waiting'), models.Index(fields=['person_id', '-taken_at'], name='benefits_photo_person')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('compared_at', None)), fields=('person_id',), name='benefits_photo_open'), models.CheckConstraint(condition=models.Q(models.Q(('compared_at', None), ('compared_by_id', None), ('matches', None), ('picture__isnull', False)), models.Q(('compared_at__isnull', False), ('compared_by_id__isnull', False), ('matches__isnull', False), ('picture', None)), _connector='OR'), name='benefits_photo_compared')],
            },
        ),
        migrations.CreateModel(
            name='Inquiry',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('reason', linli.kernel.fields.SealedField()),
                ('opened_at', models.DateTimeField()),
                ('opened_by_id', models.UUIDField()),
                ('finding', models.CharField(blank=True, max_length=8)),
                ('ground', linli.kernel.fields.SealedField(null=True)),
                ('concluded_at', models.DateTimeField(null=True)),
                ('concluded_by_id', models.UUIDField(null=True)),
                ('certification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.certification')),
            ],
        ),
        migrations.CreateModel(
            name='Reach',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('cycle_end', models.DateField()),
                ('rung', models.CharField(max_length=16)),
                ('way', models.CharField(max_length=8)),
                ('made_on', models.DateField()),
                ('outcome', models.CharField(blank=True, max_length=16)),
                ('outcome_at', models.DateTimeField(null=True)),
                ('outcome_by_id', models.UUIDField(null=True)),
                ('note', linli.kernel.fields.SealedField(null=True)),
                ('certification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.certification')),
            ],
        ),
        migrations.CreateModel(
            name='Suspension',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('since', models.DateField()),
                ('reason', linli.kernel.fields.SealedField()),
                ('decided_at', models.DateTimeField()),
                ('decided_by_id', models.UUIDField()),
                ('ended_on', models.DateField(null=True)),
                ('ended_by_id', models.UUIDField(null=True)),
                ('end_reason', linli.kernel.fields.SealedField(null=True)),
                ('owed', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), default=list, size=None)),
                ('certification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.certification')),
                ('inquiry', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.inquiry')),
            ],
        ),
        migrations.AddIndex(
            model_name='inquiry',
            index=models.Index(fields=['certification', '-opened_at'], name='benefits_inquiry_of'),
        ),
        migrations.AddConstraint(
            model_name='inquiry',
            constraint=models.UniqueConstraint(condition=models.Q(('concluded_at', None)), fields=('certification',), name='benefits_inquiry_open'),
        ),
        migrations.AddConstraint(
            model_name='inquiry',
            constraint=models.CheckConstraint(condition=models.Q(('finding__in', ['', 'alive', 'dead', 'lost'])), name='benefits_inquiry_finding'),
        ),
        migrations.AddConstraint(
            model_name='inquiry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('concluded_at', None), ('concluded_by_id', None), ('finding', '')), models.Q(models.Q(('finding', ''), _negated=True), ('concluded_at__isnull', False), ('concluded_by_id__isnull', False), ('ground__isnull', False)), _connector='OR'), name='benefits_inquiry_concluded'),
        ),
        migrations.AddIndex(
            model_name='reach',
            index=models.Index(condition=models.Q(('outcome', '')), fields=['made_on', 'id'], name='benefits_reach_open'),
        ),
        migrations.AddConstraint(
            model_name='reach',
            constraint=models.UniqueConstraint(fields=('certification', 'cycle_end', 'rung'), name='benefits_reach_once'),
        ),
        migrations.AddConstraint(
            model_name='reach',
            constraint=models.CheckConstraint(condition=models.Q(('way__in', ['message', 'phone', 'visit', 'home'])), name='benefits_reach_way'),
        ),
        migrations.AddConstraint(
            model_name='reach',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['', 'sent', 'no-address', 'passed-over', 'seen', 'spoken', 'not-found', 'moved', 'abroad', 'refused', 'died'])), name='benefits_reach_outcome'),
        ),
        migrations.AddConstraint(
            model_name='reach',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('outcome', ''), ('outcome_at', None)), models.Q(models.Q(('outcome', ''), _negated=True), ('outcome_at__isnull', False)), _connector='OR'), name='benefits_reach_said'),
        ),
        migrations.AddIndex(
            model_name='suspension',
            index=models.Index(fields=['certification', '-since'], name='benefits_suspension_of'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_on', None)), fields=('certification',), name='benefits_suspension_open'),
        ),
        migrations.AddConstraint(
            model_name='suspension',
            constraint=models.CheckConstraint(condition=models.Q(('ended_on', None), ('ended_on__gte', models.F('since')), _connector='OR'), name='benefits_suspension_days'),
        ),
        migrations.RunSQL(SQL, BACK),
    ]
