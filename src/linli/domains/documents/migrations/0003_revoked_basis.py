"""A revocation names the law it rests on; the ledger of seals is read by day."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("documents", "0002_written_once")]

    operations = [
        migrations.AddField("document", "revoked_basis", models.CharField(blank=True, default="", max_length=200), preserve_default=False),
        migrations.AddIndex("sealuse", models.Index(fields=["seal", "-at", "-id"], name="documents_sealuse_at")),
    ]
