"""What lies begun at a counter is found without reading all it ever took in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_step_done")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(fields=["hall_id", "started_at"], name="cases_drafts", condition=models.Q(state="draft")),
        ),
    ]
