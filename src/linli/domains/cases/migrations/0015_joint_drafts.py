"""Drafts of joint matters go on elsewhere by a code, and lapse; what they hold is not forgotten while a part needs it."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0014_attended")]

    operations = [
        migrations.AlterField(
            "handover",
            "case",
            models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="hand_overs", to="cases.case"),
        ),
        migrations.AddField(
            "handover",
            "joint",
            models.ForeignKey(
                db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="hand_overs", to="cases.joint"
            ),
        ),
        migrations.AddConstraint(
            "handover",
            models.UniqueConstraint(fields=["joint"], condition=Q(used_at=None), name="cases_handover_joint_live"),
        ),
        migrations.AddConstraint(
            "handover",
            models.CheckConstraint(
                condition=Q(case=None, joint__isnull=False) | Q(case__isnull=False, joint=None), name="cases_handover_of_one"
            ),
        ),
        migrations.AddIndex(
            "joint",
            models.Index(fields=["started_at"], name="cases_joint_drafts", condition=Q(submitted_at=None, withdrawn_at=None)),
        ),
        migrations.AddIndex(
            "jointpart",
            models.Index(
                fields=["joint"], name="cases_joint_part_to_begin", condition=Q(case=None, given_up_at=None) & ~Q(chosen=False)
            ),
        ),
    ]
