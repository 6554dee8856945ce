"""Files that systems handed in and may yet put into a case; and a webhook's old secret, good for a while beside the new one."""

import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.fields
import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("clients", "0001_initial")]
    operations = [
        migrations.AddField("webhook", "old_secret", linli.kernel.fields.SealedField(null=True)),
        migrations.AddField("webhook", "old_until", models.DateTimeField(null=True)),
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("file_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="clients.apiclient"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["file_id", "client"], name="clients_upload_once")],
                "indexes": [models.Index(fields=["at"], name="clients_upload_old")],
            },
        ),
    ]
