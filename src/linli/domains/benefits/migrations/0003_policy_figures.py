"""Figures that officers set, their test cases, and scans that only ask what would be."""

import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.ids

SQL = """
-- What was proposed is what is agreed to: the figure, its place, day and ground change only while it is a draft or was sent back.
CREATE FUNCTION benefits_change_kept() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves text[] := ARRAY['state', 'proposed_at', 'decided_by_id', 'decided_at', 'reason', 'published_no'];
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state IN ('published', 'withdrawn') THEN
        RAISE EXCEPTION '% on % refused: it is settled', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.name <> OLD.name OR NEW.proposed_by_id <> OLD.proposed_by_id
       OR (OLD.state = 'proposed' AND to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves)
       OR (NEW.state IN ('published', 'refused') AND OLD.state <> 'proposed') THEN
        RAISE EXCEPTION '% on % refused: it was proposed already', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_change_kept BEFORE UPDATE OR DELETE ON benefits_figurechange
    FOR EACH ROW EXECUTE FUNCTION benefits_change_kept();

CREATE TRIGGER benefits_case_said_once BEFORE UPDATE OR DELETE ON benefits_policycase
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('retired_at', 'retired_by_id', 'retired_reason');
"""
BACK = """
DROP TRIGGER benefits_case_said_once ON benefits_policycase;
DROP TRIGGER benefits_change_kept ON benefits_figurechange;
DROP FUNCTION benefits_change_kept();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0002_certification"),
    ]

    operations = [
        migrations.CreateModel(
            name="FigureChange",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=64)),
                ("region", models.CharField(blank=True, max_length=6)),
                ("value", models.JSONField()),
                ("since", models.DateField()),
                ("source_title", models.CharField(max_length=200)),
                ("source_number", models.CharField(blank=True, max_length=100)),
                ("source_date", models.DateField()),
                ("scan_id", models.UUIDField(null=True)),
                ("scan_name", models.CharField(blank=True, max_length=200)),
                ("note", models.TextField(blank=True)),
                ("state", models.CharField(default="draft", max_length=9)),
                ("proposed_by_id", models.UUIDField()),
                ("written_at", models.DateTimeField()),
                ("proposed_at", models.DateTimeField(null=True)),
                ("decided_by_id", models.UUIDField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("reason", models.TextField(blank=True)),
                ("published_no", models.PositiveIntegerField(null=True, unique=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["-written_at", "-id"], name="benefits_change_newest"),
                    models.Index(fields=["name", "-written_at"], name="benefits_change_of"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "proposed", "refused", "published", "withdrawn"])),
                        name="benefits_change_state",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("published_no__isnull", False), ("state", "published"))
                        | (~models.Q(("state", "published")) & models.Q(("published_no", None))),
                        name="benefits_change_published",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("decided_at", None), ("decided_by_id", None))
                        | models.Q(("decided_at__isnull", False), ("decided_by_id__isnull", False)),
                        name="benefits_change_decided",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(("state__in", ["published", "refused"]))
                        | (
                            models.Q(("decided_by_id__isnull", False), ("proposed_at__isnull", False))
                            & ~models.Q(("decided_by_id", models.F("proposed_by_id")))
                        ),
                        name="benefits_change_second_officer",
                    ),
                    models.CheckConstraint(condition=~models.Q(("source_title", "")), name="benefits_change_source"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PolicyCase",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("target", models.CharField(max_length=64)),
                ("label", models.CharField(max_length=100)),
                ("region", models.CharField(blank=True, max_length=12)),
                ("on", models.DateField()),
                ("given", models.JSONField()),
                ("expected", models.JSONField()),
                ("basis", models.CharField(blank=True, max_length=200)),
                ("added_by_id", models.UUIDField()),
                ("added_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(null=True)),
                ("retired_by_id", models.UUIDField(null=True)),
                ("retired_reason", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "indexes": [models.Index(fields=["target", "-added_at"], name="benefits_case_of")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("retired_at", None), ("retired_by_id", None), ("retired_reason", ""))
                        | (
                            models.Q(("retired_at__isnull", False), ("retired_by_id__isnull", False))
                            & ~models.Q(("retired_reason", ""))
                        ),
                        name="benefits_case_retired",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="run",
            name="change",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="benefits.figurechange"
            ),
        ),
        migrations.AddField(
            model_name="run",
            name="facts_of",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="benefits.run"),
        ),
        migrations.RunSQL(SQL, BACK),
    ]
