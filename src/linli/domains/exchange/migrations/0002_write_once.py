"""Calls and receipts are written once: the database refuses to change or remove them."""

from django.db import migrations

SQL = """
CREATE FUNCTION exchange_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER exchange_try_once BEFORE UPDATE OR DELETE ON exchange_try FOR EACH ROW EXECUTE FUNCTION exchange_written_once();
CREATE TRIGGER exchange_receipt_once BEFORE UPDATE OR DELETE ON exchange_receipt FOR EACH ROW EXECUTE FUNCTION exchange_written_once();
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_initial")]
    operations = [
        migrations.RunSQL(SQL, "DROP TRIGGER exchange_try_once ON exchange_try; DROP TRIGGER exchange_receipt_once ON exchange_receipt; DROP FUNCTION exchange_written_once()")
    ]
