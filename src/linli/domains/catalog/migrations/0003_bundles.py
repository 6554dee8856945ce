"""Versions of joint matters; like published standards they are never changed or removed."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.ids

SQL = """
CREATE FUNCTION catalog_bundle_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'joint matter % is published and cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER catalog_bundle_frozen BEFORE UPDATE OR DELETE ON catalog_bundle
    FOR EACH ROW EXECUTE FUNCTION catalog_bundle_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("catalog", "0002_frozen")]

    operations = [
        migrations.CreateModel(
            name="BundleVersion",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("code", models.CharField(max_length=64)),
                ("region", models.CharField(blank=True, max_length=12)),
                ("version", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200)),
                (
                    "applicant_kinds",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=16), size=None),
                ),
                ("sort", models.PositiveIntegerField()),
                ("doc", models.JSONField()),
                ("valid_from", models.DateField()),
                ("published_at", models.DateTimeField()),
                (
                    "published_by",
                    models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.user"),
                ),
            ],
            options={
                "db_table": "catalog_bundle",
                "constraints": [
                    models.UniqueConstraint(fields=("code", "region", "version"), name="catalog_bundle_version"),
                ],
            },
        ),
        migrations.RunSQL(SQL, "DROP FUNCTION catalog_bundle_frozen CASCADE"),
    ]
