from django.db import migrations, models


def forget_unshown(apps, schema_editor):
    """Addresses that nobody has shown to be theirs are asked for again."""
    apps.get_model("notices", "Preference").objects.update(email=None)


class Migration(migrations.Migration):
    dependencies = [("notices", "0001_initial")]

    operations = [
        migrations.RunPython(forget_unshown, migrations.RunPython.noop),
        migrations.RemoveIndex("posted", "notices_posted_newest"),
        migrations.RemoveIndex("posted", "notices_posted_to"),
        migrations.AddIndex("posted", models.Index(fields=["address_index", "-delivery"], name="notices_posted_to")),
    ]
