"""Incompatible duties are never held by one person in one hall at one time; the database sees to it.

The check runs under a lock on the person, so that two administrators at once cannot both pass it.
"""

from django.db import migrations

SQL = """
CREATE FUNCTION org_posting_duties() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    clash record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.user_id::text, 4711));
    SELECT other_post.name AS post INTO clash
      FROM org_post mine
      JOIN org_incompatibleduty i ON mine.duty IN (i.one, i.other)
      JOIN org_posting held ON held.user_id = NEW.user_id AND held.id <> NEW.id
           AND daterange(held.valid_from, held.valid_to) && daterange(NEW.valid_from, NEW.valid_to)
           AND (i.everywhere OR coalesce(held.hall_id, held.org_id) = coalesce(NEW.hall_id, NEW.org_id))
      JOIN org_post other_post ON other_post.code = held.post_id
           AND other_post.duty = CASE WHEN mine.duty = i.one THEN i.other ELSE i.one END
     WHERE mine.code = NEW.post_id
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'org_posting_duties: already holds %', clash.post USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER org_posting_duties BEFORE INSERT OR UPDATE ON org_posting
    FOR EACH ROW EXECUTE FUNCTION org_posting_duties();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0001_initial")]

    operations = [migrations.RunSQL(SQL, "DROP FUNCTION org_posting_duties CASCADE")]
