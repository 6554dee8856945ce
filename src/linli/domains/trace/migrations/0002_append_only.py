"""Make the events a partitioned table, and everything that is written once impossible to change.

Two fences: privileges (the application's role may insert and read, no more; see ``linli migrate``) and triggers, which
also hold where one role does everything. A superuser can pass both; that is what the chain and the roots are for.
"""

from django.db import migrations

PARTITIONED = """
ALTER TABLE trace_event RENAME TO trace_event_plain;
CREATE TABLE trace_event (LIKE trace_event_plain INCLUDING DEFAULTS) PARTITION BY RANGE (at);
DROP TABLE trace_event_plain;
ALTER TABLE trace_event ADD PRIMARY KEY (id, at);
CREATE INDEX trace_event_chain ON trace_event (chain_id, seq);
CREATE INDEX trace_event_user ON trace_event (user_id, at) WHERE user_id IS NOT NULL;

CREATE FUNCTION trace_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: the record is written once', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER trace_event_write_once BEFORE UPDATE OR DELETE ON trace_event
    FOR EACH ROW EXECUTE FUNCTION trace_refuse();

-- Makes the partition of a month, with its own fence against TRUNCATE. Runs with the owner's rights, so that the
-- application can call it without being able to create anything else. Attaching does not hold up other writers.
CREATE FUNCTION trace_ensure_month(wanted date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
DECLARE
    first date := date_trunc('month', wanted)::date;
    name text := 'trace_event_' || to_char(first, 'YYYYMM');
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('trace_ensure_month'));
    -- Asked of the table itself: to_regclass may still remember that there was none before we waited.
    IF EXISTS (SELECT 1 FROM pg_class WHERE relname = name AND relnamespace = 'public'::regnamespace) THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.trace_event INCLUDING DEFAULTS)', name);
    EXECUTE format('CREATE TRIGGER write_once_all BEFORE TRUNCATE ON public.%I FOR EACH STATEMENT
                    EXECUTE FUNCTION public.trace_refuse()', name);
    EXECUTE format('ALTER TABLE public.trace_event ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   name, first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC');
    RETURN true;
END $$;

CREATE TRIGGER trace_root_write_once BEFORE UPDATE OR DELETE ON trace_root FOR EACH ROW EXECUTE FUNCTION trace_refuse();
CREATE TRIGGER trace_root_write_once_all BEFORE TRUNCATE ON trace_root FOR EACH STATEMENT EXECUTE FUNCTION trace_refuse();
CREATE TRIGGER trace_leaf_write_once BEFORE UPDATE OR DELETE ON trace_leaf FOR EACH ROW EXECUTE FUNCTION trace_refuse();
CREATE TRIGGER trace_leaf_write_once_all BEFORE TRUNCATE ON trace_leaf FOR EACH STATEMENT EXECUTE FUNCTION trace_refuse();

-- A chain only ever grows.
CREATE FUNCTION trace_chain_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.seq <= OLD.seq OR NEW.id <> OLD.id OR NEW.kind <> OLD.kind THEN
        RAISE EXCEPTION 'chain % only grows', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER trace_chain_grows BEFORE UPDATE OR DELETE ON trace_chain
    FOR EACH ROW EXECUTE FUNCTION trace_chain_grows();
"""


class Migration(migrations.Migration):
    dependencies = [("trace", "0001_initial")]

    operations = [migrations.RunSQL(PARTITIONED, migrations.RunSQL.noop)]
