"""A table for the checkings of the record that somebody asked for."""

from django.db import migrations, models

import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("trace", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="Verification",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("asked_by_id", models.UUIDField()),
                ("asked_at", models.DateTimeField()),
                ("events_done", models.PositiveBigIntegerField(default=0)),
                ("events_all", models.PositiveBigIntegerField(default=0)),
                ("finished_at", models.DateTimeField(null=True)),
                ("found", models.JSONField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("finished_at", None), ("found", None))
                        | models.Q(("finished_at__isnull", False), ("found__isnull", False)),
                        name="trace_verification_found",
                    )
                ],
            },
        ),
    ]
