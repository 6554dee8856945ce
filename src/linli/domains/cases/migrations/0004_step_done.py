"""What somebody did before is a list of its own, newest first."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0003_external_waiting")]

    operations = [
        migrations.AddIndex(
            model_name="step",
            index=models.Index(fields=["user_id", "done_at", "id"], name="cases_step_done", condition=models.Q(state="done")),
        ),
    ]
