"""The resident's own way through a case: which materials apply, codes for going on elsewhere, and the list of what came in online."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("cases", "0006_clients")]

    operations = [
        migrations.AddField(model_name="casematerial", name="applies", field=models.BooleanField(null=True)),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["hall_id", "received_at", "id"], name="cases_online_waiting", condition=Q(state="submitted", channel="online")
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                F("applicant_id"), F("item_code"), Coalesce("agent_id", "applicant_id"),
                condition=Q(state="draft", channel="online", client_id=None), name="cases_one_online_draft",
            ),
        ),
        migrations.CreateModel(
            name="HandOver",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("code", linli.kernel.fields.SealedField()),
                ("code_index", models.BinaryField(max_length=32)),
                ("to_counter", models.BooleanField()),
                ("made_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("used_by_id", models.UUIDField(null=True)),
                (
                    "case",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="hand_overs", to="cases.case"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["case"], condition=Q(used_at=None), name="cases_handover_one_live"),
                    models.UniqueConstraint(fields=["code_index"], condition=Q(used_at=None), name="cases_handover_code"),
                    models.CheckConstraint(
                        condition=Q(used_at=None, used_by_id=None) | Q(used_at__isnull=False, used_by_id__isnull=False),
                        name="cases_handover_used",
                    ),
                ],
            },
        ),
    ]
