"""The list of cases handled elsewhere that wait for an act."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_always_true")]

    operations = [
        migrations.AddIndex(
            "case",
            models.Index(
                fields=["received_at", "id"],
                name="cases_external_waiting",
                condition=models.Q(external=True, state__in=["submitted", "accepted", "in_review", "approved", "rejected"]),
            ),
        ),
    ]
