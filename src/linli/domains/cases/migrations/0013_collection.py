"""Where somebody wants to be handed the result, when that is not where the case was taken in."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_rosters_kept")]

    operations = [
        migrations.AddField("case", "collect_id", models.UUIDField(null=True)),
        migrations.AddIndex(
            "case",
            models.Index(fields=["collect_id", "issued_at", "id"], name="cases_by_collection", condition=Q(collect_id__isnull=False)),
        ),
    ]
