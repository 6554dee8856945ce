"""Electronic files as packages. What a package is never changes once it is kept: it is checked again, put on a list, and destroyed."""

import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.ids

SQL = """
CREATE FUNCTION documents_package_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.subject_kind, NEW.subject_id, NEW.ordinal, NEW.manifest_digest, NEW.size, NEW.made_at, NEW.closed_on, NEW.keep_until,
        NEW.retention)
       IS DISTINCT FROM
       (OLD.id, OLD.subject_kind, OLD.subject_id, OLD.ordinal, OLD.manifest_digest, OLD.size, OLD.made_at, OLD.closed_on, OLD.keep_until,
        OLD.retention)
       OR (OLD.destroyed_at IS NOT NULL AND NEW.destroyed_at IS DISTINCT FROM OLD.destroyed_at)
       OR (NEW.file_id IS NOT NULL AND NEW.file_id IS DISTINCT FROM OLD.file_id) THEN
        RAISE EXCEPTION 'package % is kept: what it is cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER documents_package_fixed BEFORE UPDATE ON documents_package
    FOR EACH ROW EXECUTE FUNCTION documents_package_fixed();
CREATE TRIGGER documents_package_kept BEFORE DELETE ON documents_package
    FOR EACH ROW EXECUTE FUNCTION documents_written_once();
CREATE TRIGGER documents_package_kept_all BEFORE TRUNCATE ON documents_package
    FOR EACH STATEMENT EXECUTE FUNCTION documents_written_once();
"""

BACK = """
DROP TRIGGER documents_package_kept ON documents_package;
DROP TRIGGER documents_package_kept_all ON documents_package;
DROP FUNCTION documents_package_fixed CASCADE;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('documents', '0003_revoked_basis'),
    ]

    operations = [
        migrations.CreateModel(
            name='Destruction',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('reason', models.CharField(max_length=500)),
                ('proposed_by', models.UUIDField()),
                ('proposed_at', models.DateTimeField()),
                ('approved_by', models.UUIDField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('refused_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('approved_at', None), ('approved_by', None)), models.Q(('approved_at__isnull', False), ('approved_by__isnull', False), ('refused_at', None), models.Q(('approved_by', models.F('proposed_by')), _negated=True)), _connector='OR'), name='documents_destruction_two_people'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='documents_destruction_reason')],
            },
        ),
        migrations.CreateModel(
            name='Package',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('subject_kind', models.CharField(max_length=32)),
                ('subject_id', models.UUIDField()),
                ('ordinal', models.PositiveSmallIntegerField()),
                ('manifest_digest', models.BinaryField(max_length=32)),
                ('size', models.PositiveBigIntegerField()),
                ('made_at', models.DateTimeField()),
                ('closed_on', models.DateField()),
                ('keep_until', models.DateField(null=True)),
                ('retention', models.JSONField()),
                ('checks', models.JSONField()),
                ('checked_at', models.DateTimeField()),
                ('destroyed_at', models.DateTimeField(null=True)),
                ('destruction', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='packages', to='documents.destruction')),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='documents.storedfile')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('destroyed_at', None), ('keep_until__isnull', False)), fields=['keep_until', 'id'], name='documents_package_due')],
                'constraints': [models.UniqueConstraint(fields=('subject_id', 'ordinal'), name='documents_package_place'), models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at', None), ('file__isnull', False)), models.Q(('destroyed_at__isnull', False), ('destruction__isnull', False), ('file', None)), _connector='OR'), name='documents_package_destroyed')],
            },
        ),
            migrations.RunSQL(SQL, BACK),
    ]
