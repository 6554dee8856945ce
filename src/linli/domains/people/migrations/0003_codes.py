import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import linli.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("people", "0002_residents")]

    operations = [
        migrations.CreateModel(
            name="PhoneCode",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("phone_index", models.BinaryField(max_length=32)),
                ("address_index", models.BinaryField(max_length=32)),
                ("digest", models.BinaryField(max_length=32)),
                ("sent_at", models.DateTimeField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("used_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["phone_index", "-sent_at"], name="people_phonecode_phone"),
                    models.Index(fields=["address_index", "sent_at"], name="people_phonecode_address"),
                ],
            },
        ),
        migrations.CreateModel(
            name="StartCode",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("digest", models.BinaryField(max_length=32, unique=True)),
                ("issued_by_id", models.UUIDField()),
                ("issued_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("used_at", models.DateTimeField(null=True)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person")),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["person"], condition=Q(used_at=None), name="people_startcode_open")
                ],
            },
        ),
    ]
