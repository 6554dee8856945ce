"""Promises in place of a material, what became of them, and breaches."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import linli.kernel.ids

_OPEN = ["given", "due", "doubted"]
_STANDINGS = ["given", "due", "kept", "doubted", "broken", "repaired", "void"]

PROTECT_SQL = """
-- What was told and promised stays as it was told; a promise is never removed.
CREATE FUNCTION cases_promise_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (OLD.case_id, OLD.code, OLD.promise, OLD.notice, OLD.given_at)
                           IS DISTINCT FROM (NEW.case_id, NEW.code, NEW.promise, NEW.notice, NEW.given_at) THEN
        RAISE EXCEPTION '% on a promise refused: what was promised stays', TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_promise_stays BEFORE UPDATE OR DELETE ON cases_commitment
    FOR EACH ROW EXECUTE FUNCTION cases_promise_stays();
"""
UNDO_SQL = "DROP TRIGGER cases_promise_stays ON cases_commitment; DROP FUNCTION cases_promise_stays();"


class Migration(migrations.Migration):
    dependencies = [("cases", "0007_online")]

    operations = [
        migrations.CreateModel(
            name="Commitment",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=2000)),
                ("promise", models.CharField(max_length=10)),
                ("party_id", models.UUIDField()),
                ("notice", models.JSONField()),
                ("signed", models.CharField(max_length=8)),
                ("signature_file_id", models.UUIDField(null=True)),
                ("typed_name", models.CharField(blank=True, max_length=100)),
                ("provisional", models.BooleanField(default=False)),
                ("given_at", models.DateTimeField()),
                ("taken_by_id", models.UUIDField(null=True)),
                ("document_id", models.UUIDField(null=True)),
                ("standing", models.CharField(default="given", max_length=8)),
                ("due_on", models.DateField(null=True)),
                ("amber_on", models.DateField(null=True)),
                ("owner_id", models.UUIDField(null=True)),
                ("reminded_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("settled_by_id", models.UUIDField(null=True)),
                ("receipt_id", models.UUIDField(null=True)),
                ("finding", models.CharField(blank=True, max_length=2000)),
                (
                    "case",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="commitments", to="cases.case"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["case", "code"], condition=~Q(standing="void"), name="cases_commitment_once"
                    ),
                    models.CheckConstraint(condition=Q(standing__in=_STANDINGS), name="cases_commitment_standing"),
                    models.CheckConstraint(
                        condition=Q(standing__in=["given", "void"]) | Q(due_on__isnull=False), name="cases_commitment_due"
                    ),
                    models.CheckConstraint(
                        condition=Q(standing__in=_OPEN, settled_at=None) | (~Q(standing__in=_OPEN) & Q(settled_at__isnull=False)),
                        name="cases_commitment_settled",
                    ),
                ],
                "indexes": [
                    models.Index(
                        fields=["owner_id", "due_on", "id"], name="cases_commitment_own",
                        condition=Q(standing__in=["due", "doubted"]),
                    ),
                    models.Index(
                        fields=["due_on", "id"], name="cases_commitment_open", condition=Q(standing__in=["due", "doubted"])
                    ),
                    models.Index(fields=["party_id"], name="cases_commitment_party", condition=Q(standing="broken")),
                ],
            },
        ),
        migrations.CreateModel(
            name="Breach",
            fields=[
                (
                    "commitment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="breach", serialize=False,
                        to="cases.commitment",
                    ),
                ),
                ("facts", models.TextField()),
                ("found_at", models.DateTimeField()),
                ("found_by_id", models.UUIDField(null=True)),
                ("hear_until", models.DateField()),
                ("notice_id", models.UUIDField(null=True)),
                ("statement", models.TextField(blank=True)),
                ("heard_at", models.DateTimeField(null=True)),
                ("heard_by_id", models.UUIDField(null=True)),
                ("concluded_at", models.DateTimeField(null=True)),
                ("concluded_by_id", models.UUIDField(null=True)),
                ("upheld", models.BooleanField(null=True)),
                ("reasons", models.TextField(blank=True)),
                ("legal_basis", models.CharField(blank=True, max_length=200)),
                ("revoked", models.BooleanField(default=False)),
                ("decision_id", models.UUIDField(null=True)),
                ("noted_until", models.DateField(null=True)),
                ("repaired_at", models.DateTimeField(null=True)),
                ("repaired_by_id", models.UUIDField(null=True)),
                ("repair", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=~Q(facts=""), name="cases_breach_facts"),
                    models.CheckConstraint(
                        condition=Q(concluded_at=None, concluded_by_id=None, upheld=None)
                        | (Q(concluded_at__isnull=False, concluded_by_id__isnull=False, upheld__isnull=False) & ~Q(reasons="")),
                        name="cases_breach_concluded",
                    ),
                    models.CheckConstraint(
                        condition=~Q(upheld=True) | Q(noted_until__isnull=False), name="cases_breach_noted"
                    ),
                    models.CheckConstraint(
                        condition=Q(concluded_by_id=None) | Q(found_by_id=None) | ~Q(concluded_by_id=F("found_by_id")),
                        name="cases_breach_two_hands",
                    ),
                ],
            },
        ),
        migrations.RunSQL(PROTECT_SQL, UNDO_SQL),
    ]
