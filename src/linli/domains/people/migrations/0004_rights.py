import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("people", "0003_codes"), ("org", "0003_residents_hold_no_post")]

    operations = [
        migrations.CreateModel(
            name="Consent",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("purpose", models.CharField(max_length=32)),
                ("version", models.PositiveSmallIntegerField()),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(null=True)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["person", "purpose"], condition=Q(withdrawn_at=None), name="people_consent_once"
                    ),
                    models.CheckConstraint(
                        condition=Q(withdrawn_at=None) | Q(withdrawn_at__gte=F("given_at")), name="people_consent_times"
                    ),
                ],
                "indexes": [models.Index(fields=["person", "-given_at"], name="people_consent_person")],
            },
        ),
        migrations.CreateModel(
            name="Objection",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("about", models.CharField(max_length=64)),
                ("label", models.CharField(max_length=200)),
                ("source", models.CharField(max_length=100)),
                ("subject_id", models.UUIDField(null=True)),
                ("text", linli.kernel.fields.SealedField()),
                ("raised_by_id", models.UUIDField()),
                ("raised_at", models.DateTimeField()),
                ("due_on", models.DateField()),
                ("state", models.CharField(default="open", max_length=12)),
                ("answer", linli.kernel.fields.SealedField(null=True)),
                ("answered_by_id", models.UUIDField(null=True)),
                ("answered_at", models.DateTimeField(null=True)),
                ("owner", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.organisation")),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["open", "passed", "corrected", "refused", "withdrawn"]), name="people_objection_state"
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["open", "passed"], answered_at=None)
                        | Q(state="withdrawn", answered_at__isnull=False)
                        | Q(
                            state__in=["corrected", "refused"],
                            answered_at__isnull=False,
                            answered_by_id__isnull=False,
                            answer__isnull=False,
                        ),
                        name="people_objection_answered",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["person", "-raised_at"], name="people_objection_person"),
                    models.Index(fields=["owner", "due_on", "id"], name="people_objection_open", condition=Q(answered_at=None)),
                ],
            },
        ),
    ]
