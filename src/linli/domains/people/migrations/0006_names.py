from django.db import migrations, models


class Migration(migrations.Migration):
    """People are found by how their name begins."""

    dependencies = [("people", "0005_standing")]

    operations = [
        migrations.AddIndex("person", models.Index(fields=["name"], name="people_person_name", opclasses=["varchar_pattern_ops"])),
    ]
