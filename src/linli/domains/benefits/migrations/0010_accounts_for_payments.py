"""An account is paid into only if its owner gave or confirmed it for that. Those given before nobody was asked for it are not used."""

from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0009_last_days"),
    ]

    operations = [
        migrations.AlterField("payaccount", "account", linli.kernel.fields.SealedField(null=True)),
        migrations.AddField("payaccount", "account_index", models.BinaryField(max_length=32, null=True)),
        migrations.AddField("payaccount", "told", models.CharField(max_length=8, default="paper"), preserve_default=False),
        migrations.AddField("payaccount", "withdrawn_at", models.DateTimeField(null=True)),
        migrations.RunSQL("UPDATE benefits_payaccount SET withdrawn_at = now(), account = NULL", migrations.RunSQL.noop),
        migrations.AddConstraint(
            "payaccount",
            models.CheckConstraint(condition=Q(told__in=["online", "counter", "paper"]), name="benefits_account_told"),
        ),
        migrations.AddConstraint(
            "payaccount",
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, account__isnull=False, account_index__isnull=False)
                | Q(withdrawn_at__isnull=False, account=None, account_index=None),
                name="benefits_account_kept",
            ),
        ),
    ]
