"""Money that the bank gives back days after it had arrived; and a claim that is lifted because of that."""

from django.db import migrations, models
from django.db.models import F, Q

GUARDS = """
ALTER TABLE benefits_payline DISABLE TRIGGER benefits_payline_guard;
UPDATE benefits_payline SET paid_on = answered_on WHERE state = 'paid';
ALTER TABLE benefits_payline ENABLE TRIGGER benefits_payline_guard;

-- A paid grant may come back; a void one stays so.
CREATE OR REPLACE FUNCTION benefits_grant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'amount_fen', 'due_on', 'confirmed_at', 'case_id', 'case_problem'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'grant % cannot be removed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY['listed>due', 'listed>void', 'due>paying', 'due>void',
            'returned>paying', 'returned>void', 'paying>paid', 'paying>returned', 'paying>due', 'paid>returned']) THEN
        RAISE EXCEPTION 'grant %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR (NEW.amount_fen <> OLD.amount_fen AND OLD.state <> 'listed')
            OR (OLD.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id) THEN
        RAISE EXCEPTION 'grant %: what was granted stays', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- What arrived may come back, which keeps the day on which it arrived; any other answer stays.
CREATE OR REPLACE FUNCTION benefits_payline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'reason', 'answered_on', 'answered_at', 'paid_on'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM benefits_grant WHERE id = NEW.grant_id AND amount_fen = NEW.amount_fen AND state = 'paying') THEN
            RAISE EXCEPTION 'payment %: not what was granted', NEW.reference USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free
            OR NOT (OLD.state = 'open' OR (OLD.state = 'paid' AND NEW.state = 'returned' AND NEW.paid_on = OLD.paid_on
                                           AND NEW.answered_on >= OLD.paid_on)) THEN
        RAISE EXCEPTION '% on payment % refused: it was answered already', TG_OP, OLD.reference USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

DROP TRIGGER benefits_returned_entered ON benefits_payline;
CREATE CONSTRAINT TRIGGER benefits_returned_entered AFTER UPDATE OF state ON benefits_payline DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state = 'open' AND NEW.state = 'returned') EXECUTE FUNCTION benefits_is_entered('returned');
CREATE CONSTRAINT TRIGGER benefits_late_return_entered AFTER UPDATE OF state ON benefits_payline DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state = 'paid' AND NEW.state = 'returned') EXECUTE FUNCTION benefits_is_entered('late_return');
CREATE CONSTRAINT TRIGGER benefits_lift_entered AFTER UPDATE OF state ON benefits_clawback DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'lifted') EXECUTE FUNCTION benefits_is_entered('lifted');

CREATE OR REPLACE FUNCTION benefits_had_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c benefits_clawback;
    had numeric;
BEGIN
    SELECT * INTO c FROM benefits_clawback WHERE id = NEW.claw_back_id FOR UPDATE;
    SELECT coalesce((SELECT sum(amount_fen) FROM benefits_repayment WHERE claw_back_id = c.id), 0)
         + coalesce((SELECT sum(amount_fen) FROM benefits_writeoff WHERE claw_back_id = c.id), 0) + coalesce(c.lifted_fen, 0) INTO had;
    IF had > c.amount_fen OR (had > 0 AND c.agreed_by_id IS NULL) THEN
        RAISE EXCEPTION 'claw-back %: more came back than was asked for', c.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""
KINDS = ["granted", "voided", "sent", "paid", "returned", "late_return", "clawed_back", "repaid", "written_off", "lifted"]


def again(model, constraint):
    """A constraint with other words: taken away and put back."""
    return [migrations.RemoveConstraint(model, constraint.name), migrations.AddConstraint(model, constraint)]


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0007_suspensions_are_cases"),
    ]

    operations = [
        migrations.AddField("payline", "paid_on", models.DateField(null=True)),
        migrations.AddField("clawback", "lifted_fen", models.BigIntegerField(null=True)),
        migrations.AddField("clawback", "lifted_by_id", models.UUIDField(null=True)),
        migrations.AddField("clawback", "lifted_at", models.DateTimeField(null=True)),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            "payline",
            models.CheckConstraint(
                condition=Q(state="paid", paid_on__isnull=False) | Q(state="returned") | Q(paid_on=None),
                name="benefits_line_paid_on",
            ),
        ),
        *again("ledgerentry", models.CheckConstraint(condition=Q(kind__in=KINDS), name="benefits_entry_kind")),
        *again(
            "clawback",
            models.CheckConstraint(
                condition=Q(state__in=["proposed", "ordered", "refused", "settled", "lifted"]), name="benefits_claw_back_state"
            ),
        ),
        *again(
            "clawback",
            models.CheckConstraint(
                condition=~Q(state__in=["ordered", "settled", "lifted"]) | Q(agreed_by_id__isnull=False),
                name="benefits_claw_back_agreed",
            ),
        ),
        *again(
            "clawback",
            models.UniqueConstraint(
                fields=["grant"], condition=~Q(state__in=["refused", "lifted"]), name="benefits_claw_back_once"
            ),
        ),
        migrations.AddConstraint(
            "clawback",
            models.CheckConstraint(
                condition=Q(state="lifted", lifted_fen__gt=0, lifted_by_id__isnull=False, lifted_at__isnull=False)
                | (~Q(state="lifted") & Q(lifted_fen=None, lifted_by_id=None, lifted_at=None)),
                name="benefits_claw_back_lifted",
            ),
        ),
        migrations.AddConstraint(
            "clawback",
            models.CheckConstraint(
                condition=Q(lifted_by_id=None) | ~Q(lifted_by_id=F("made_by_id")), name="benefits_claw_back_lifts"
            ),
        ),
    ]
