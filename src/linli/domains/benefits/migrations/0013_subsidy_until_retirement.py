"""Whether somebody was within five years of retirement when their subsidy was first granted: then it runs until they retire."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("benefits", "0012_answers_by_a_job")]

    operations = [migrations.AddField("personfacts", "flexible_near_retirement", models.BooleanField(null=True))]
