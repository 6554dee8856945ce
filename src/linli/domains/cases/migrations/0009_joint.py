"""Joint matters: what is said and handed in once for several items, and which case each of them became."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_bundles"), ("org", "0001_initial"), ("cases", "0008_commitments")]

    operations = [
        migrations.AddField(model_name="case", name="joint_id", field=models.UUIDField(null=True)),
        migrations.CreateModel(
            name="Joint",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("number", models.CharField(max_length=24, null=True, unique=True)),
                ("region", models.CharField(max_length=12)),
                ("hall_id", models.UUIDField()),
                ("applicant_id", models.UUIDField()),
                ("applicant_is_employer", models.BooleanField()),
                ("other_id", models.UUIDField(null=True)),
                ("agent_id", models.UUIDField(null=True)),
                ("channel", models.CharField(max_length=16)),
                ("form", linli.kernel.fields.SealedField()),
                ("handed", models.JSONField(default=dict)),
                ("version", models.PositiveIntegerField(default=1)),
                ("started_at", models.DateTimeField()),
                ("submitted_at", models.DateTimeField(null=True)),
                ("promised_on", models.DateField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "bundle",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.bundleversion"
                    ),
                ),
                (
                    "org",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.organisation"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(submitted_at=None, number=None, promised_on=None)
                        | Q(submitted_at__isnull=False, number__isnull=False, promised_on__isnull=False),
                        name="cases_joint_submitted",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["hall_id", "-started_at", "-id"], name="cases_joint_by_hall"),
                    models.Index(fields=["applicant_id", "-started_at"], name="cases_joint_by_applicant"),
                ],
            },
        ),
        migrations.CreateModel(
            name="JointPart",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("ordinal", models.PositiveSmallIntegerField()),
                ("item_code", models.CharField(max_length=64)),
                ("chosen", models.BooleanField(null=True)),
                ("waits_for", models.JSONField(default=list)),
                ("begun_at", models.DateTimeField(null=True)),
                ("given_up_at", models.DateTimeField(null=True)),
                (
                    "case",
                    models.OneToOneField(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="joint_part", to="cases.case"
                    ),
                ),
                (
                    "joint",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="parts", to="cases.joint"
                    ),
                ),
                (
                    "standard",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.itemstandard"
                    ),
                ),
            ],
            options={
                "db_table": "cases_joint_part",
                "constraints": [
                    models.UniqueConstraint(fields=["joint", "item_code"], name="cases_joint_part_once"),
                    models.CheckConstraint(
                        condition=Q(case=None, begun_at=None)
                        | Q(case__isnull=False, begun_at__isnull=False, chosen=True, given_up_at=None),
                        name="cases_joint_part_case",
                    ),
                ],
            },
        ),
    ]
