import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import linli.kernel.fields
import linli.kernel.ids

# Only the account of a resident belongs to a person.
SQL = """
CREATE FUNCTION people_account_resident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (SELECT is_resident FROM accounts_user WHERE id = NEW.user_id) THEN
        RAISE EXCEPTION 'people_account_resident: staff sign in as staff' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER people_account_resident BEFORE INSERT OR UPDATE OF user_id ON people_account
    FOR EACH ROW EXECUTE FUNCTION people_account_resident();
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial"), ("accounts", "0002_residents")]

    operations = [
        migrations.AddField("person", "verified", models.BooleanField(default=True)),
        migrations.AddField(
            "person",
            "same_as",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
        ),
        migrations.RemoveConstraint("person", "people_person_number"),
        migrations.AddConstraint(
            "person",
            models.UniqueConstraint(fields=["id_type", "id_index"], condition=Q(verified=True), name="people_person_number"),
        ),
        migrations.AddConstraint(
            "person", models.CheckConstraint(condition=Q(same_as=None) | Q(verified=False), name="people_person_same_as")
        ),
        migrations.AddIndex(
            "person", models.Index(fields=["same_as"], name="people_person_same_as", condition=Q(same_as__isnull=False))
        ),
        migrations.CreateModel(
            name="Mandate",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("scopes", django.contrib.postgres.fields.ArrayField(models.CharField(max_length=16), size=None)),
                ("items", django.contrib.postgres.fields.ArrayField(models.CharField(max_length=64), default=list, size=None)),
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("ground", models.CharField(max_length=16)),
                ("evidence", models.CharField(blank=True, max_length=200)),
                ("document_id", models.UUIDField(null=True)),
                ("registered_by_id", models.UUIDField()),
                ("registered_at", models.DateTimeField()),
                ("revoked_by_id", models.UUIDField(null=True)),
                ("revoked_at", models.DateTimeField(null=True)),
                (
                    "principal",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"),
                ),
                (
                    "employer",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.employer"),
                ),
                ("agent", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(principal=None, employer__isnull=False) | Q(principal__isnull=False, employer=None),
                        name="people_mandate_one_principal",
                    ),
                    models.CheckConstraint(condition=~Q(principal=F("agent")), name="people_mandate_not_oneself"),
                    models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="people_mandate_days"),
                    models.CheckConstraint(
                        condition=Q(scopes__len__gt=0, scopes__contained_by=["apply", "read", "collect"]),
                        name="people_mandate_scopes",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ground__in=["online", "parent", "guardian", "written", "village-agent", "lawyer", "company-clerk"]
                        ),
                        name="people_mandate_ground",
                    ),
                    models.CheckConstraint(
                        condition=Q(ground="online", employer=None) | (~Q(ground="online") & ~Q(evidence="")),
                        name="people_mandate_evidence",
                    ),
                    models.CheckConstraint(
                        condition=Q(revoked_at=None, revoked_by_id=None)
                        | Q(revoked_at__isnull=False, revoked_by_id__isnull=False),
                        name="people_mandate_revoked",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["agent", "-registered_at"], name="people_mandate_agent"),
                    models.Index(fields=["principal", "-registered_at"], name="people_mandate_principal"),
                    models.Index(fields=["employer", "-registered_at"], name="people_mandate_employer"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name="+", serialize=False, to="accounts.user"
                    ),
                ),
                ("person", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
                ("assurance", models.CharField(max_length=12)),
                ("bound_by", models.CharField(max_length=12)),
                ("bound_at", models.DateTimeField()),
                ("phone", linli.kernel.fields.SealedField(null=True)),
                ("phone_index", models.BinaryField(max_length=32, null=True)),
                ("issuer", models.CharField(blank=True, max_length=200)),
                ("subject", models.CharField(blank=True, max_length=200)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["phone_index"], name="people_account_phone"),
                    models.UniqueConstraint(fields=["issuer", "subject"], condition=~Q(issuer=""), name="people_account_identity"),
                    models.CheckConstraint(
                        condition=Q(phone=None, phone_index=None) | Q(phone__isnull=False, phone_index__isnull=False),
                        name="people_account_phone_pair",
                    ),
                    models.CheckConstraint(
                        condition=Q(issuer="", subject="") | (~Q(issuer="") & ~Q(subject="")), name="people_account_pair"
                    ),
                    models.CheckConstraint(
                        condition=Q(assurance__in=["low", "phone", "identity"]), name="people_account_assurance"
                    ),
                    models.CheckConstraint(condition=Q(bound_by__in=["phone", "oidc", "counter"]), name="people_account_binding"),
                ],
            },
        ),
        migrations.RunSQL(SQL, "DROP FUNCTION people_account_resident CASCADE"),
    ]
