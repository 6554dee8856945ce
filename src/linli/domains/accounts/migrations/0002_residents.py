from django.db import migrations, models
from django.db.models import Q

# Staff and residents are never mixed: what a user once is they stay.
SQL = """
CREATE FUNCTION accounts_user_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'accounts_user_stays: staff and residents are never mixed' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER accounts_user_stays BEFORE UPDATE OF is_resident ON accounts_user
    FOR EACH ROW WHEN (OLD.is_resident <> NEW.is_resident) EXECUTE FUNCTION accounts_user_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField("user", "is_resident", models.BooleanField(default=False)),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=Q(is_resident=False) | Q(password="", totp_secret=None), name="accounts_user_resident_keyless"
            ),
        ),
        migrations.RunSQL(SQL, "DROP FUNCTION accounts_user_stays CASCADE"),
    ]
