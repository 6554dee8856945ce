"""Some questions outlive their case: the check, afterwards, of what was committed to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("exchange", "0002_write_once")]
    operations = [migrations.AddField("question", "lasting", models.BooleanField(default=False))]
