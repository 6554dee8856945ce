"""Two facts more: signs other than of death that somebody may have lost a right, and whether a subsidy runs until its owner retires."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("benefits", "0012_answers_by_a_job")]

    operations = [
        migrations.AddField("personfacts", "flexible_near_retirement", models.BooleanField(null=True)),
        migrations.AddField("personfacts", "life_doubts", models.BigIntegerField(null=True)),
    ]
