"""What the database itself keeps true: one event for each change of state, and what is written once stays."""

from django.db import migrations

SQL = """
-- A case is asked for by the tail of its number.
CREATE INDEX cases_number_tail ON cases_case (reverse(number) text_pattern_ops);

-- A change of state without its event in the same transaction does not commit. trace_seq is the event's place in the chain:
-- it must have moved on, and the chain must really be that long.
CREATE FUNCTION cases_state_has_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.trace_seq <= OLD.trace_seq THEN
        RAISE EXCEPTION 'case %: state changed from % to % without an event', NEW.id, OLD.state, NEW.state
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM trace_chain WHERE id = NEW.id AND seq >= NEW.trace_seq) THEN
        RAISE EXCEPTION 'case %: event % is not in the chain', NEW.id, NEW.trace_seq
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER cases_state_has_event_new AFTER INSERT ON cases_case
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_state_has_event();
CREATE CONSTRAINT TRIGGER cases_state_has_event AFTER UPDATE OF state ON cases_case
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION cases_state_has_event();

CREATE FUNCTION cases_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER cases_decision_once BEFORE UPDATE OR DELETE ON cases_decision FOR EACH ROW EXECUTE FUNCTION cases_written_once();
CREATE TRIGGER cases_refusal_once BEFORE UPDATE OR DELETE ON cases_refusal FOR EACH ROW EXECUTE FUNCTION cases_written_once();
CREATE TRIGGER cases_delivery_once BEFORE UPDATE OR DELETE ON cases_delivery FOR EACH ROW EXECUTE FUNCTION cases_written_once();
CREATE TRIGGER cases_draw_once BEFORE UPDATE OR DELETE ON cases_draw FOR EACH ROW EXECUTE FUNCTION cases_written_once();
CREATE TRIGGER cases_extension_once_written BEFORE UPDATE OR DELETE ON cases_extension
    FOR EACH ROW EXECUTE FUNCTION cases_written_once();

-- A number, once given, stays with its case; a case is never removed and never leaves a final state.
CREATE FUNCTION cases_case_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'case % cannot be removed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF OLD.number IS NOT NULL AND NEW.number IS DISTINCT FROM OLD.number OR NEW.standard_id <> OLD.standard_id
       OR OLD.state IN ('closed', 'not_accepted', 'withdrawn') AND NEW.state <> OLD.state THEN
        RAISE EXCEPTION 'case %: number, standard and final state are fixed', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_case_guard BEFORE UPDATE OR DELETE ON cases_case FOR EACH ROW EXECUTE FUNCTION cases_case_guard();

-- A seed, once committed to, stays; revealing it is the only change.
CREATE FUNCTION cases_drawday_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.revealed_at IS NOT NULL OR NEW.commitment <> OLD.commitment OR NEW.seed <> OLD.seed
       OR NEW.committed_at <> OLD.committed_at OR NEW.day <> OLD.day THEN
        RAISE EXCEPTION 'the seed of % is committed', OLD.day USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER cases_drawday_guard BEFORE UPDATE OR DELETE ON cases_drawday FOR EACH ROW EXECUTE FUNCTION cases_drawday_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0001_initial"), ("trace", "0002_append_only")]

    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
