"""Who at a counter looks at a case that came in online, so that two do not begin the same."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0013_collection")]

    operations = [
        migrations.AddField("case", "attended_by_id", models.UUIDField(null=True)),
        migrations.AddField("case", "attended_until", models.DateTimeField(null=True)),
    ]
