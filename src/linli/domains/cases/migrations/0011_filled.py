"""Which fields of a form another department's answer filled in, and which answer it was."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_rosters")]
    operations = [
        migrations.AddField("casematerial", "filled", ArrayField(models.CharField(max_length=64), default=list, size=None)),
        migrations.AddField("casematerial", "filled_from", models.UUIDField(null=True)),
    ]
