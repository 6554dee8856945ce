"""A published standard is never changed or removed; the database refuses it."""

from django.db import migrations

SQL = """
CREATE FUNCTION catalog_standard_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'draft' THEN
        RAISE EXCEPTION 'standard % is published and cannot be changed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER catalog_standard_frozen BEFORE UPDATE OR DELETE ON catalog_itemstandard
    FOR EACH ROW EXECUTE FUNCTION catalog_standard_frozen();
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [migrations.RunSQL(SQL, "DROP FUNCTION catalog_standard_frozen CASCADE")]
