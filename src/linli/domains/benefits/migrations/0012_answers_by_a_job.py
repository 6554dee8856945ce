"""Answers of the bank are taken in by a job. The database watches over what moves money statement by statement and not row by row.

A payment takes over the sealed account of its owner as it is; what the payments there are have is sealed anew for that.
"""

import json

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

import linli.kernel.fields
import linli.kernel.ids
from linli.kernel.fields import keyring

WAS, IS = "benefits_payline.account", "benefits_payaccount.account"
SOME = 5_000

DROP = """
DROP TRIGGER benefits_entry_balances ON benefits_ledger_entry;
DROP TRIGGER benefits_line_balances ON benefits_ledger_line;
DROP FUNCTION benefits_entry_balances();
"""
# The lines of an entry come to nothing when it is made, and none is added that changes that. Whatever the planner knows of tables that have
# just grown, it must not read them whole for some entries; nor below, where each row therefore asks for itself and nothing is joined.
BALANCE = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    SELECT a.entry, s.sides, s.total INTO wrong FROM (SELECT DISTINCT entry FROM (SELECT {entry} AS entry FROM added) every) a
     CROSS JOIN LATERAL (SELECT count(*) AS sides, coalesce(sum(fen), 0) AS total FROM benefits_ledger_line WHERE entry_id = a.entry) s
     WHERE s.total <> 0 OR s.sides < 2 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % does not balance: % lines, sum %', wrong.entry, wrong.sides, wrong.total
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
"""

GUARDS = """
CREATE TRIGGER benefits_entries_balance AFTER INSERT ON benefits_ledger_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_entries_balance();
CREATE TRIGGER benefits_lines_balance AFTER INSERT ON benefits_ledger_line REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_lines_balance();

-- A payment pays what was granted, to nobody else; what arrived may come back, which keeps the day on which it arrived; any other answer stays.
CREATE FUNCTION benefits_lines_pay() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    wrong text;
BEGIN
    SELECT a.reference INTO wrong FROM added a
     WHERE (SELECT g.amount_fen = a.amount_fen AND g.state = 'paying' FROM benefits_grant g WHERE g.id = a.grant_id) IS NOT TRUE LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'payment %: not what was granted', wrong USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER benefits_lines_pay AFTER INSERT ON benefits_payline REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_lines_pay();

CREATE OR REPLACE FUNCTION benefits_payline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free benefits_payline := OLD;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        free.state := NEW.state;
        free.reason := NEW.reason;
        free.answered_on := NEW.answered_on;
        free.answered_at := NEW.answered_at;
        free.paid_on := NEW.paid_on;
    END IF;
    IF TG_OP = 'DELETE' OR free IS DISTINCT FROM NEW
            OR NOT (OLD.state = 'open' OR (OLD.state = 'paid' AND NEW.state = 'returned' AND NEW.paid_on = OLD.paid_on
                                           AND NEW.answered_on >= OLD.paid_on)) THEN
        RAISE EXCEPTION '% on payment % refused: it was answered already', TG_OP, OLD.reference USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER benefits_payline_guard ON benefits_payline;
CREATE TRIGGER benefits_payline_guard BEFORE UPDATE OR DELETE ON benefits_payline FOR EACH ROW EXECUTE FUNCTION benefits_payline_guard();

-- What the bank said of a payment is in the ledger with the same statement, or was before.
DROP TRIGGER benefits_paid_entered ON benefits_payline;
DROP TRIGGER benefits_returned_entered ON benefits_payline;
DROP TRIGGER benefits_late_return_entered ON benefits_payline;
CREATE FUNCTION benefits_lines_entered() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    missing record;
BEGIN
    SELECT s.kind, s.id INTO missing
      FROM (SELECT id, CASE WHEN state = 'paid' THEN 'paid' WHEN paid_on IS NULL THEN 'returned' ELSE 'late_return' END AS kind
              FROM told WHERE state IN ('paid', 'returned')) s
     WHERE (SELECT e.id FROM benefits_ledger_entry e WHERE e.kind = s.kind AND e.source_id = s.id) IS NULL LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION '% %: nothing of it is in the ledger', missing.kind, missing.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER benefits_lines_entered AFTER UPDATE ON benefits_payline REFERENCING NEW TABLE AS told
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_lines_entered();

-- A grant goes its way only; once it is owed its amount stays; a paid one may come back, a void one stays so.
CREATE OR REPLACE FUNCTION benefits_grant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free benefits_grant := OLD;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'grant % cannot be removed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY['listed>due', 'listed>void', 'due>paying', 'due>void',
            'returned>paying', 'returned>void', 'paying>paid', 'paying>returned', 'paying>due', 'paid>returned']) THEN
        RAISE EXCEPTION 'grant %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    free.state := NEW.state;
    free.amount_fen := NEW.amount_fen;
    free.due_on := NEW.due_on;
    free.confirmed_at := NEW.confirmed_at;
    free.case_id := NEW.case_id;
    free.case_problem := NEW.case_problem;
    IF free IS DISTINCT FROM NEW OR (NEW.amount_fen <> OLD.amount_fen AND OLD.state <> 'listed')
            OR (OLD.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id) THEN
        RAISE EXCEPTION 'grant %: what was granted stays', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;

-- What became of an answer stays.
CREATE TRIGGER benefits_answer_kept BEFORE UPDATE OR DELETE ON benefits_bankanswer
    FOR EACH ROW WHEN (OLD.state IN ('done', 'refused')) EXECUTE FUNCTION benefits_money_kept();
"""


def sealed_anew(apps, schema_editor):
    """Take the holder out of what payments have sealed, and seal the rest as its owner's account is."""
    ring = keyring()
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("ALTER TABLE benefits_payline DISABLE TRIGGER benefits_payline_guard")
        after = "00000000-0000-0000-0000-000000000000"
        while True:
            cursor.execute("SELECT id, account FROM benefits_payline WHERE id > %s ORDER BY id LIMIT %s", [after, SOME])
            found = cursor.fetchall()
            if not found:
                break
            told = [json.loads(ring.decrypt(bytes(account), context=WAS)) for _, account in found]
            sealed = [
                ring.encrypt(json.dumps({"bank": t["bank"], "number": t["number"]}, ensure_ascii=False).encode(), context=IS).hex()
                for t in told
            ]
            cursor.execute(
                """
                UPDATE benefits_payline l SET holder = s.holder, account = decode(s.account, 'hex')
                  FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS s(id, holder, account) WHERE l.id = s.id
                """,
                [[pk for pk, _ in found], [t["holder"] for t in told], sealed],
            )
            after = found[-1][0]
        cursor.execute("ALTER TABLE benefits_payline ENABLE TRIGGER benefits_payline_guard")


class Migration(migrations.Migration):
    dependencies = [
        ("benefits", "0011_batches_by_a_job"),
        ("documents", "0004_packages"),
    ]

    operations = [
        migrations.AddField(
            "paybatch",
            "file",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="documents.storedfile"
            ),
        ),
        migrations.AddField("payline", "holder", models.CharField(max_length=200, default=""), preserve_default=False),
        migrations.AlterField("payline", "account", linli.kernel.fields.SealedField(sealed_as=IS)),
        migrations.CreateModel(
            name="BankAnswer",
            fields=[
                ("id", models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("state", models.CharField(default="reading", max_length=10)),
                ("total", models.IntegerField()),
                ("read", models.IntegerField(default=0)),
                ("taken", models.IntegerField(default=0)),
                ("wrong", models.IntegerField(default=0)),
                ("problems", models.JSONField(default=list)),
                ("counts", models.JSONField(default=dict)),
                ("error", models.TextField(blank=True)),
                ("given_by_id", models.UUIDField()),
                ("given_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "batch",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="benefits.paybatch"
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="documents.storedfile"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["batch", "-given_at", "-id"], name="benefits_answer_newest")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(state__in=["reading", "failed", "entering", "stalled", "refused", "done"]),
                        name="benefits_answer_state",
                    ),
                    models.CheckConstraint(
                        condition=Q(state__in=["done", "refused"], ended_at__isnull=False)
                        | (~Q(state__in=["done", "refused"]) & Q(ended_at=None)),
                        name="benefits_answer_ended",
                    ),
                    models.UniqueConstraint(
                        fields=["batch"], condition=~Q(state__in=["done", "refused"]), name="benefits_answer_one_at_a_time"
                    ),
                    models.UniqueConstraint(
                        fields=["batch", "digest"], condition=~Q(state="refused") & Q(wrong=0), name="benefits_answer_once"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AnswerLine",
            fields=[
                ("pk", models.CompositePrimaryKey("answer_id", "line", blank=True, editable=False, primary_key=True, serialize=False)),
                ("line", models.IntegerField()),
                ("reference", models.CharField(max_length=40)),
                ("fen", models.BigIntegerField()),
                ("paid", models.BooleanField()),
                ("on", models.DateField()),
                ("reason", models.CharField(max_length=200)),
                (
                    "answer",
                    models.ForeignKey(
                        db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+",
                        to="benefits.bankanswer",
                    ),
                ),
            ],
        ),
        migrations.RunPython(sealed_anew, migrations.RunPython.noop),
        migrations.RunSQL(DROP, migrations.RunSQL.noop),
        migrations.RunSQL(BALANCE.format(name="benefits_entries_balance", entry="id"), migrations.RunSQL.noop),
        migrations.RunSQL(BALANCE.format(name="benefits_lines_balance", entry="entry_id"), migrations.RunSQL.noop),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]  # fmt: skip
