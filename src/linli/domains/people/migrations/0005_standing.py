from django.db import migrations, models
from django.db.models import Q

GROUNDS = ("online", "parent", "guardian", "written", "village-agent", "lawyer", "company-clerk", "legal-rep")


class Migration(migrations.Migration):
    dependencies = [("people", "0004_rights")]

    operations = [
        migrations.RemoveConstraint("mandate", "people_mandate_ground"),
        migrations.AddConstraint(
            "mandate", models.CheckConstraint(condition=Q(ground__in=list(GROUNDS)), name="people_mandate_ground")
        ),
    ]
