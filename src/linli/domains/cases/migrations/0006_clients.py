"""Which other system brought a case, found without reading all there are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0005_drafts")]

    operations = [
        migrations.AddField(model_name="case", name="client_id", field=models.UUIDField(null=True)),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["client_id", "-started_at", "-id"], name="cases_by_client", condition=models.Q(client_id__isnull=False)
            ),
        ),
    ]
