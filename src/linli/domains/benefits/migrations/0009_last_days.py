"""A figure that officers set may have a last day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0008_late_returns"),
    ]

    operations = [
        migrations.AddField(model_name="figurechange", name="until", field=models.DateField(null=True)),
        migrations.AddConstraint(
            model_name="figurechange",
            constraint=models.CheckConstraint(
                condition=models.Q(("until", None)) | models.Q(("until__gte", models.F("since"))), name="benefits_change_days"
            ),
        ),
    ]
