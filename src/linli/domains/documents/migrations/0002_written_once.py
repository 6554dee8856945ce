"""What a document says never changes once it is numbered, nor what sealed it once it is sealed; the ledger of seal use and
the numbers only grow. Privileges (see ``linli migrate``) are the first fence for the ledger, these triggers the second."""

from django.db import migrations

SQL = """
CREATE FUNCTION documents_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER documents_sealuse_written_once BEFORE UPDATE OR DELETE ON documents_sealuse
    FOR EACH ROW EXECUTE FUNCTION documents_written_once();
CREATE TRIGGER documents_sealuse_written_once_all BEFORE TRUNCATE ON documents_sealuse
    FOR EACH STATEMENT EXECUTE FUNCTION documents_written_once();
CREATE TRIGGER documents_document_kept BEFORE DELETE ON documents_document
    FOR EACH ROW EXECUTE FUNCTION documents_written_once();
CREATE TRIGGER documents_document_kept_all BEFORE TRUNCATE ON documents_document
    FOR EACH STATEMENT EXECUTE FUNCTION documents_written_once();

CREATE FUNCTION documents_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.kind, NEW.template_version, NEW.template_digest, NEW.org_id, NEW.year, NEW.sequence, NEW.number,
        NEW.subject_kind, NEW.subject_id, NEW.standard_id, NEW.title, NEW.data, NEW.code, NEW.made_at, NEW.made_by)
       IS DISTINCT FROM
       (OLD.id, OLD.kind, OLD.template_version, OLD.template_digest, OLD.org_id, OLD.year, OLD.sequence, OLD.number,
        OLD.subject_kind, OLD.subject_id, OLD.standard_id, OLD.title, OLD.data, OLD.code, OLD.made_at, OLD.made_by) THEN
        RAISE EXCEPTION 'document % is numbered: what it says cannot be changed', OLD.number
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.sealed_at IS NOT NULL AND (NEW.sealed_at, NEW.sealed_digest, NEW.sealed_file_id)
       IS DISTINCT FROM (OLD.sealed_at, OLD.sealed_digest, OLD.sealed_file_id) THEN
        RAISE EXCEPTION 'document % is sealed: its seal cannot be changed', OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN
       (('composed', 'sealed'), ('composed', 'revoked'), ('sealed', 'superseded'), ('sealed', 'revoked')) THEN
        RAISE EXCEPTION 'document % cannot pass from % to %', OLD.number, OLD.state, NEW.state
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER documents_frozen BEFORE UPDATE ON documents_document
    FOR EACH ROW EXECUTE FUNCTION documents_frozen();

CREATE FUNCTION documents_counter_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.last <> OLD.last + 1 OR (NEW.org_id, NEW.kind, NEW.year) <> (OLD.org_id, OLD.kind, OLD.year) THEN
        RAISE EXCEPTION 'document numbers are given one after the other' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER documents_counter_grows BEFORE UPDATE OR DELETE ON documents_counter
    FOR EACH ROW EXECUTE FUNCTION documents_counter_grows();
"""

BACK = """
DROP FUNCTION documents_written_once CASCADE;
DROP FUNCTION documents_frozen CASCADE;
DROP FUNCTION documents_counter_grows CASCADE;
"""


class Migration(migrations.Migration):
    dependencies = [("documents", "0001_initial")]

    operations = [migrations.RunSQL(SQL, BACK)]
