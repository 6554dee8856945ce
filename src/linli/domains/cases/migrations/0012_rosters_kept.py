"""Rosters of residents and other systems: the workbook itself, what was uploaded for all, and when it was all forgotten."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_filled")]
    operations = [
        migrations.AddField("roster", "file_id", models.UUIDField(null=True)),
        migrations.AddField("roster", "files", linli.kernel.fields.SealedField(null=True)),
        migrations.AddField("roster", "paper_ids", ArrayField(models.UUIDField(), default=list, size=None)),
        migrations.AddField("roster", "forgotten_at", models.DateTimeField(null=True)),
        migrations.AddIndex(
            "roster", models.Index(fields=["employer_id", "-handed_in_at", "-id"], name="cases_roster_employer")
        ),
        migrations.AddIndex(
            "roster",
            models.Index(
                fields=["client_id", "-handed_in_at", "-id"], name="cases_roster_client", condition=Q(client_id__isnull=False)
            ),
        ),
        migrations.AddIndex(
            "roster", models.Index(fields=["touched_at"], name="cases_roster_kept", condition=Q(forgotten_at=None))
        ),
    ]
