"""Rosters of people that employers hand in, and which case each person came to."""

import django.db.models.deletion
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_bundles"), ("cases", "0009_joint")]

    operations = [
        migrations.CreateModel(
            name="Roster",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("item_code", models.CharField(max_length=64)),
                ("shape", models.CharField(max_length=20)),
                ("employer_id", models.UUIDField()),
                ("region", models.CharField(max_length=12)),
                ("hall_id", models.UUIDField()),
                ("client_id", models.UUIDField(null=True)),
                ("resident_id", models.UUIDField(null=True)),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.BinaryField(max_length=32)),
                ("common", linli.kernel.fields.SealedField()),
                ("materials", models.JSONField(default=dict)),
                ("accept", models.BooleanField(default=False)),
                ("state", models.CharField(max_length=10)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("wrong", models.PositiveIntegerField(default=0)),
                ("sheet", linli.kernel.fields.SealedField(null=True)),
                ("actor", models.JSONField()),
                ("handed_in_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("touched_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
                (
                    "standard",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="catalog.itemstandard"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["returned", "ready", "running", "done", "cancelled"]), name="cases_roster_state"
                    ),
                    models.UniqueConstraint(
                        fields=["employer_id", "item_code", "digest"], condition=Q(state__in=["ready", "running", "done"]),
                        name="cases_roster_once",
                    ),
                    models.CheckConstraint(
                        condition=~Q(state__in=["running", "done"]) | Q(started_at__isnull=False), name="cases_roster_started"
                    ),
                ],
                "indexes": [
                    models.Index(fields=["hall_id", "-handed_in_at", "-id"], name="cases_roster_hall"),
                    models.Index(fields=["touched_at"], name="cases_roster_running", condition=Q(state="running")),
                ],
            },
        ),
        migrations.CreateModel(
            name="RosterRow",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("number_index", models.BinaryField(max_length=32)),
                ("values", linli.kernel.fields.SealedField()),
                ("problem", ArrayField(base_field=models.TextField(), default=list, size=None)),
                (
                    "case",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="cases.case"
                    ),
                ),
                (
                    "roster",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="people", to="cases.roster"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["roster", "number"], name="cases_rosterrow_once")],
                "indexes": [models.Index(fields=["roster", "number"], name="cases_rosterrow_open", condition=Q(case=None))],
            },
        ),
    ]
