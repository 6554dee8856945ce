from django.db import migrations

# A cadre who is also a resident has two accounts; the one of the resident carries no post.
SQL = """
CREATE FUNCTION org_posting_staff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT is_resident FROM accounts_user WHERE id = NEW.user_id) THEN
        RAISE EXCEPTION 'org_posting_staff: a resident holds no post' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER org_posting_staff BEFORE INSERT OR UPDATE OF user_id ON org_posting
    FOR EACH ROW EXECUTE FUNCTION org_posting_staff();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0002_duties_apart"), ("accounts", "0002_residents")]

    operations = [migrations.RunSQL(SQL, "DROP FUNCTION org_posting_staff CASCADE")]
