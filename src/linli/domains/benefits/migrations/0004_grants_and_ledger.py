"""Grants, payments and the ledger, and what the database itself refuses."""

import django.db.models.deletion
from django.db import migrations, models

import linli.kernel.fields
import linli.kernel.ids

SQL = """
-- The ledger: lines of an entry come to nothing, and what was entered stays.
CREATE FUNCTION benefits_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    entry uuid := CASE TG_TABLE_NAME WHEN 'benefits_ledger_entry' THEN (to_jsonb(NEW) ->> 'id')::uuid ELSE (to_jsonb(NEW) ->> 'entry_id')::uuid END;
    total numeric;
    sides bigint;
BEGIN
    SELECT coalesce(sum(fen), 0), count(*) INTO total, sides FROM benefits_ledger_line WHERE entry_id = entry;
    IF total <> 0 OR sides < 2 THEN
        RAISE EXCEPTION 'entry % does not balance: % lines, sum %', entry, sides, total USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER benefits_entry_balances AFTER INSERT ON benefits_ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION benefits_entry_balances();
CREATE CONSTRAINT TRIGGER benefits_line_balances AFTER INSERT ON benefits_ledger_line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION benefits_entry_balances();

CREATE FUNCTION benefits_money_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: it is written once', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER benefits_entry_kept BEFORE UPDATE OR DELETE ON benefits_ledger_entry FOR EACH ROW EXECUTE FUNCTION benefits_money_kept();
CREATE TRIGGER benefits_entry_kept_all BEFORE TRUNCATE ON benefits_ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION benefits_money_kept();
CREATE TRIGGER benefits_ledger_line_kept BEFORE UPDATE OR DELETE ON benefits_ledger_line
    FOR EACH ROW EXECUTE FUNCTION benefits_money_kept();
CREATE TRIGGER benefits_ledger_line_kept_all BEFORE TRUNCATE ON benefits_ledger_line
    FOR EACH STATEMENT EXECUTE FUNCTION benefits_money_kept();
CREATE TRIGGER benefits_repayment_kept BEFORE UPDATE OR DELETE ON benefits_repayment
    FOR EACH ROW EXECUTE FUNCTION benefits_money_kept();

-- A grant goes its way only; once it is owed its amount stays; paid and void are for good.
CREATE FUNCTION benefits_grant_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'amount_fen', 'due_on', 'confirmed_at', 'case_id', 'case_problem'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'grant % cannot be removed', OLD.id USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NEW.state <> OLD.state AND NOT (OLD.state || '>' || NEW.state) = ANY (ARRAY['listed>due', 'listed>void', 'due>paying', 'due>void',
            'returned>paying', 'returned>void', 'paying>paid', 'paying>returned', 'paying>due']) THEN
        RAISE EXCEPTION 'grant %: no way from % to %', OLD.id, OLD.state, NEW.state USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR (NEW.amount_fen <> OLD.amount_fen AND OLD.state <> 'listed')
            OR (OLD.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id) THEN
        RAISE EXCEPTION 'grant %: what was granted stays', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_grant_guard BEFORE UPDATE OR DELETE ON benefits_grant FOR EACH ROW EXECUTE FUNCTION benefits_grant_guard();

-- A change that moves money is in the ledger with the same commit.
CREATE FUNCTION benefits_is_entered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM benefits_ledger_entry WHERE source_id = NEW.id AND kind = TG_ARGV[0]) THEN
        RAISE EXCEPTION '% %: nothing of it is in the ledger', TG_ARGV[0], NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER benefits_grant_entered AFTER UPDATE OF state ON benefits_grant DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state = 'listed' AND NEW.state = 'due') EXECUTE FUNCTION benefits_is_entered('granted');
CREATE CONSTRAINT TRIGGER benefits_void_entered AFTER UPDATE OF state ON benefits_grant DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state <> 'listed' AND OLD.state <> 'void' AND NEW.state = 'void') EXECUTE FUNCTION benefits_is_entered('voided');
CREATE CONSTRAINT TRIGGER benefits_new_grant_entered AFTER INSERT ON benefits_grant DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state NOT IN ('listed', 'void')) EXECUTE FUNCTION benefits_is_entered('granted');
CREATE CONSTRAINT TRIGGER benefits_paid_entered AFTER UPDATE OF state ON benefits_payline DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'paid') EXECUTE FUNCTION benefits_is_entered('paid');
CREATE CONSTRAINT TRIGGER benefits_returned_entered AFTER UPDATE OF state ON benefits_payline DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.state = 'returned') EXECUTE FUNCTION benefits_is_entered('returned');
CREATE CONSTRAINT TRIGGER benefits_claw_back_entered AFTER UPDATE OF state ON benefits_clawback DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (OLD.state = 'proposed' AND NEW.state = 'ordered') EXECUTE FUNCTION benefits_is_entered('clawed_back');
CREATE CONSTRAINT TRIGGER benefits_repayment_entered AFTER INSERT ON benefits_repayment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION benefits_is_entered('repaid');
CREATE CONSTRAINT TRIGGER benefits_write_off_entered AFTER UPDATE OF agreed_at ON benefits_writeoff DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (OLD.agreed_at IS NULL AND NEW.agreed_at IS NOT NULL) EXECUTE FUNCTION benefits_is_entered('written_off');

-- A payment pays what was granted, to nobody else, and once it was answered it stays so.
CREATE FUNCTION benefits_payline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free text[] := ARRAY['state', 'reason', 'answered_on', 'answered_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM benefits_grant WHERE id = NEW.grant_id AND amount_fen = NEW.amount_fen AND state = 'paying') THEN
            RAISE EXCEPTION 'payment %: not what was granted', NEW.reference USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.state <> 'open' OR to_jsonb(NEW) - free <> to_jsonb(OLD) - free THEN
        RAISE EXCEPTION '% on payment % refused: it was answered already', TG_OP, OLD.reference USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_payline_guard BEFORE INSERT OR UPDATE OR DELETE ON benefits_payline
    FOR EACH ROW EXECUTE FUNCTION benefits_payline_guard();

-- What goes to the bank was agreed to, and does not change afterwards.
CREATE FUNCTION benefits_paybatch_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.state <> 'made' THEN
        RAISE EXCEPTION '% on payment batch % refused: it was agreed to', TG_OP, OLD.number USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_paybatch_guard BEFORE UPDATE OR DELETE ON benefits_paybatch FOR EACH ROW EXECUTE FUNCTION benefits_paybatch_guard();

CREATE TRIGGER benefits_objection_said_once BEFORE UPDATE OR DELETE ON benefits_grantobjection
    FOR EACH ROW EXECUTE FUNCTION benefits_said_once('settled_at', 'settled_by_id', 'state', 'reasons', 'before_fen', 'after_fen', 'added_id');

-- No more is asked back than was paid, and no more is taken or given up than was asked back.
CREATE FUNCTION benefits_claw_back_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM benefits_grant WHERE id = NEW.grant_id AND state = 'paid' AND amount_fen >= NEW.amount_fen) THEN
        RAISE EXCEPTION 'claw-back %: more than was paid', NEW.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER benefits_claw_back_guard BEFORE INSERT OR UPDATE OF amount_fen ON benefits_clawback
    FOR EACH ROW EXECUTE FUNCTION benefits_claw_back_guard();
CREATE FUNCTION benefits_had_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c benefits_clawback;
    had numeric;
BEGIN
    SELECT * INTO c FROM benefits_clawback WHERE id = NEW.claw_back_id FOR UPDATE;
    SELECT coalesce((SELECT sum(amount_fen) FROM benefits_repayment WHERE claw_back_id = c.id), 0)
         + coalesce((SELECT sum(amount_fen) FROM benefits_writeoff WHERE claw_back_id = c.id), 0) INTO had;
    IF had > c.amount_fen OR (had > 0 AND c.agreed_by_id IS NULL) THEN
        RAISE EXCEPTION 'claw-back %: more came back than was asked for', c.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER benefits_had_back AFTER INSERT ON benefits_repayment FOR EACH ROW EXECUTE FUNCTION benefits_had_back();
CREATE TRIGGER benefits_given_up AFTER UPDATE OF amount_fen ON benefits_writeoff FOR EACH ROW EXECUTE FUNCTION benefits_had_back();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('benefits', '0003_policy_figures'),
        ('cases', '0015_joint_drafts'),
    ]

    operations = [
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('id', models.UUIDField(db_default=models.Func(function='gen_random_uuid'), default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('number', models.IntegerField()),
                ('policy', models.CharField(max_length=64)),
                ('period', models.CharField(max_length=8)),
                ('subject_kind', models.CharField(max_length=8)),
                ('subject_id', models.UUIDField()),
                ('payee_id', models.UUIDField()),
                ('payee_is_employer', models.BooleanField()),
                ('region', models.CharField(max_length=12)),
                ('amount_fen', models.BigIntegerField()),
                ('state', models.CharField(default='listed', max_length=8)),
                ('due_on', models.DateField(null=True)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('case_problem', models.CharField(blank=True, max_length=200)),
                ('case', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case')),
                ('run', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.run')),
            ],
        ),
        migrations.CreateModel(
            name='ClawBack',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('amount_fen', models.BigIntegerField()),
                ('reason', linli.kernel.fields.SealedField()),
                ('legal_basis', models.CharField(max_length=200)),
                ('state', models.CharField(default='proposed', max_length=8)),
                ('made_by_id', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('agreed_by_id', models.UUIDField(null=True)),
                ('agreed_at', models.DateTimeField(null=True)),
                ('grant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grant')),
            ],
        ),
        migrations.CreateModel(
            name='GrantList',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('policy', models.CharField(max_length=64)),
                ('region', models.CharField(max_length=12)),
                ('period', models.CharField(max_length=8)),
                ('state', models.CharField(default='made', max_length=10)),
                ('counts', models.JSONField(default=dict)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('made_by_id', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('agreed_by_id', models.UUIDField(null=True)),
                ('agreed_at', models.DateTimeField(null=True)),
                ('published_by_id', models.UUIDField(null=True)),
                ('published_at', models.DateTimeField(null=True)),
                ('closes_on', models.DateField(null=True)),
                ('closed_at', models.DateTimeField(null=True)),
                ('withdrawn_by_id', models.UUIDField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('withdrawn_why', models.CharField(blank=True, max_length=500)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.run')),
            ],
        ),
        migrations.AddField(
            model_name='grant',
            name='list',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grantlist'),
        ),
        migrations.CreateModel(
            name='GrantObjection',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('subject_id', models.UUIDField(null=True)),
                ('by_party_id', models.UUIDField(null=True)),
                ('said_by', linli.kernel.fields.SealedField()),
                ('text', linli.kernel.fields.SealedField()),
                ('state', models.CharField(default='open', max_length=8)),
                ('made_at', models.DateTimeField()),
                ('made_by_id', models.UUIDField(null=True)),
                ('reasons', linli.kernel.fields.SealedField(null=True)),
                ('settled_at', models.DateTimeField(null=True)),
                ('settled_by_id', models.UUIDField(null=True)),
                ('before_fen', models.BigIntegerField(null=True)),
                ('after_fen', models.BigIntegerField(null=True)),
                ('added', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grant')),
                ('grant', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grant')),
                ('list', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grantlist')),
            ],
        ),
        migrations.CreateModel(
            name='LedgerEntry',
            fields=[
                ('id', models.UUIDField(db_default=models.Func(function='gen_random_uuid'), default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=12)),
                ('source_id', models.UUIDField()),
                ('on', models.DateField()),
                ('at', models.DateTimeField()),
                ('by_id', models.UUIDField(null=True)),
            ],
            options={
                'db_table': 'benefits_ledger_entry',
                'indexes': [models.Index(fields=['-on', '-id'], name='benefits_entry_newest')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['granted', 'voided', 'sent', 'paid', 'returned', 'clawed_back', 'repaid', 'written_off'])), name='benefits_entry_kind'), models.UniqueConstraint(fields=('kind', 'source_id'), name='benefits_entry_once')],
            },
        ),
        migrations.CreateModel(
            name='LedgerLine',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('book', models.CharField(max_length=10)),
                ('fund', models.CharField(max_length=16)),
                ('policy', models.CharField(max_length=64)),
                ('fen', models.BigIntegerField()),
                ('entry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='benefits.ledgerentry')),
            ],
            options={
                'db_table': 'benefits_ledger_line',
            },
        ),
        migrations.CreateModel(
            name='PayAccount',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('party_id', models.UUIDField()),
                ('account', linli.kernel.fields.SealedField()),
                ('given_at', models.DateTimeField()),
                ('given_by_id', models.UUIDField()),
            ],
            options={
                'indexes': [models.Index(fields=['party_id', '-given_at', '-id'], name='benefits_account_newest')],
            },
        ),
        migrations.CreateModel(
            name='PayBatch',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('number', models.CharField(max_length=24, unique=True)),
                ('policy', models.CharField(max_length=64)),
                ('region', models.CharField(max_length=12)),
                ('state', models.CharField(default='made', max_length=10)),
                ('waiting', models.JSONField(default=dict)),
                ('made_by_id', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('agreed_by_id', models.UUIDField(null=True)),
                ('agreed_at', models.DateTimeField(null=True)),
                ('withdrawn_by_id', models.UUIDField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('lines', models.IntegerField(default=0)),
                ('fen', models.BigIntegerField(default=0)),
                ('digest', models.CharField(blank=True, max_length=64)),
                ('list', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grantlist')),
            ],
        ),
        migrations.CreateModel(
            name='PayLine',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('attempt', models.PositiveSmallIntegerField()),
                ('position', models.IntegerField()),
                ('reference', models.CharField(max_length=32, unique=True)),
                ('amount_fen', models.BigIntegerField()),
                ('account', linli.kernel.fields.SealedField()),
                ('account_index', models.BinaryField(max_length=32)),
                ('state', models.CharField(default='open', max_length=8)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('answered_on', models.DateField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('batch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.paybatch')),
                ('grant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.grant')),
            ],
        ),
        migrations.CreateModel(
            name='Repayment',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('amount_fen', models.BigIntegerField()),
                ('on', models.DateField()),
                ('reference', models.CharField(max_length=64)),
                ('noted_by_id', models.UUIDField()),
                ('noted_at', models.DateTimeField()),
                ('claw_back', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.clawback')),
            ],
        ),
        migrations.CreateModel(
            name='WriteOff',
            fields=[
                ('id', models.UUIDField(default=linli.kernel.ids.uuid7, primary_key=True, serialize=False)),
                ('reason', linli.kernel.fields.SealedField()),
                ('amount_fen', models.BigIntegerField(null=True)),
                ('made_by_id', models.UUIDField()),
                ('made_at', models.DateTimeField()),
                ('agreed_by_id', models.UUIDField(null=True)),
                ('agreed_at', models.DateTimeField(null=True)),
                ('claw_back', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='benefits.clawback')),
            ],
        ),
        migrations.AddIndex(
            model_name='clawback',
            index=models.Index(fields=['state', '-made_at', '-id'], name='benefits_claw_back_newest'),
        ),
        migrations.AddConstraint(
            model_name='clawback',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['proposed', 'ordered', 'refused', 'settled'])), name='benefits_claw_back_state'),
        ),
        migrations.AddConstraint(
            model_name='clawback',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0), models.Q(('legal_basis', ''), _negated=True)), name='benefits_claw_back_said'),
        ),
        migrations.AddConstraint(
            model_name='clawback',
            constraint=models.CheckConstraint(condition=models.Q(('agreed_by_id', None), models.Q(('agreed_by_id', models.F('made_by_id')), _negated=True), _connector='OR'), name='benefits_claw_back_hands'),
        ),
        migrations.AddConstraint(
            model_name='clawback',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['ordered', 'settled']), _negated=True), ('agreed_by_id__isnull', False), _connector='OR'), name='benefits_claw_back_agreed'),
        ),
        migrations.AddConstraint(
            model_name='clawback',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'refused'), _negated=True), fields=('grant',), name='benefits_claw_back_once'),
        ),
        migrations.AddIndex(
            model_name='grantlist',
            index=models.Index(fields=['-made_at', '-id'], name='benefits_list_newest'),
        ),
        migrations.AddIndex(
            model_name='grantlist',
            index=models.Index(condition=models.Q(('state', 'published')), fields=['closes_on', 'id'], name='benefits_list_open'),
        ),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['made', 'agreed', 'published', 'closed', 'withdrawn'])), name='benefits_list_state'),
        ),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'withdrawn'), _negated=True), fields=('run', 'policy', 'region'), name='benefits_list_once'),
        ),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(condition=models.Q(('agreed_by_id', None), models.Q(('agreed_by_id', models.F('made_by_id')), _negated=True), _connector='OR'), name='benefits_list_two_hands'),
        ),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['made', 'withdrawn']), models.Q(('agreed_at__isnull', False), ('agreed_by_id__isnull', False)), _connector='OR'), name='benefits_list_agreed'),
        ),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['published', 'closed']), _negated=True), models.Q(('closes_on__isnull', False), ('published_at__isnull', False)), _connector='OR'), name='benefits_list_published'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['list', 'state', 'number'], name='benefits_grant_list'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('state', 'listed')), fields=['list', 'id'], name='benefits_grant_listed'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('case', None), ('state', 'due')), fields=['list', 'id'], name='benefits_grant_no_case'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('state__in', ['due', 'returned'])), fields=['policy', 'id'], name='benefits_grant_owed'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['payee_id', '-id'], name='benefits_grant_payee'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['listed', 'due', 'paying', 'paid', 'returned', 'void'])), name='benefits_grant_state'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='benefits_grant_amount'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'void'), _negated=True), fields=('policy', 'subject_id', 'period'), name='benefits_grant_once'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.UniqueConstraint(fields=('list', 'number'), name='benefits_grant_number'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['listed', 'void']), ('due_on__isnull', False), _connector='OR'), name='benefits_grant_due'),
        ),
        migrations.AddConstraint(
            model_name='grant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['paying', 'paid', 'returned']), _negated=True), ('case__isnull', False), _connector='OR'), name='benefits_grant_case'),
        ),
        migrations.AddIndex(
            model_name='grantobjection',
            index=models.Index(condition=models.Q(('state', 'open')), fields=['grant'], name='benefits_objection_open'),
        ),
        migrations.AddIndex(
            model_name='grantobjection',
            index=models.Index(fields=['state', '-made_at', '-id'], name='benefits_objection_newest'),
        ),
        migrations.AddIndex(
            model_name='grantobjection',
            index=models.Index(fields=['by_party_id', '-made_at'], name='benefits_objection_party'),
        ),
        migrations.AddConstraint(
            model_name='grantobjection',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('reasons', None), ('settled_at', None), ('settled_by_id', None), ('state', 'open')), models.Q(('reasons__isnull', False), ('settled_at__isnull', False), ('settled_by_id__isnull', False), ('state__in', ['upheld', 'refused'])), _connector='OR'), name='benefits_objection_settled'),
        ),
        migrations.AddIndex(
            model_name='ledgerline',
            index=models.Index(fields=['book', 'policy'], name='benefits_ledger_book_of'),
        ),
        migrations.AddConstraint(
            model_name='ledgerline',
            constraint=models.CheckConstraint(condition=models.Q(('book__in', ['expense', 'payable', 'clearing', 'bank', 'receivable', 'loss'])), name='benefits_ledger_book'),
        ),
        migrations.AddConstraint(
            model_name='ledgerline',
            constraint=models.CheckConstraint(condition=models.Q(('fen', 0), _negated=True), name='benefits_ledger_fen'),
        ),
        migrations.AddIndex(
            model_name='paybatch',
            index=models.Index(fields=['-made_at', '-id'], name='benefits_batch_newest'),
        ),
        migrations.AddConstraint(
            model_name='paybatch',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['made', 'agreed', 'withdrawn'])), name='benefits_batch_state'),
        ),
        migrations.AddConstraint(
            model_name='paybatch',
            constraint=models.CheckConstraint(condition=models.Q(('agreed_by_id', None), models.Q(('agreed_by_id', models.F('made_by_id')), _negated=True), _connector='OR'), name='benefits_batch_two_hands'),
        ),
        migrations.AddConstraint(
            model_name='paybatch',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'agreed'), _negated=True), models.Q(('agreed_at__isnull', False), ('agreed_by_id__isnull', False), models.Q(('digest', ''), _negated=True)), _connector='OR'), name='benefits_batch_agreed'),
        ),
        migrations.AddIndex(
            model_name='payline',
            index=models.Index(fields=['state', '-answered_at', '-id'], name='benefits_line_answered'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['open', 'paid', 'returned', 'dropped'])), name='benefits_line_state'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0)), name='benefits_line_amount'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'returned'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='benefits_line_reason'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['open', 'paid'])), fields=('grant',), name='benefits_line_live'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'paid')), fields=('grant',), name='benefits_line_paid_once'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.UniqueConstraint(fields=('grant', 'attempt'), name='benefits_line_attempt'),
        ),
        migrations.AddConstraint(
            model_name='payline',
            constraint=models.UniqueConstraint(fields=('batch', 'position'), name='benefits_line_position'),
        ),
        migrations.AddConstraint(
            model_name='repayment',
            constraint=models.CheckConstraint(condition=models.Q(('amount_fen__gt', 0), models.Q(('reference', ''), _negated=True)), name='benefits_repayment_said'),
        ),
        migrations.AddConstraint(
            model_name='repayment',
            constraint=models.UniqueConstraint(fields=('claw_back', 'reference'), name='benefits_repayment_once'),
        ),
        migrations.AddConstraint(
            model_name='writeoff',
            constraint=models.CheckConstraint(condition=models.Q(('agreed_by_id', None), models.Q(('agreed_by_id', models.F('made_by_id')), _negated=True), _connector='OR'), name='benefits_write_off_hands'),
        ),
        migrations.AddConstraint(
            model_name='writeoff',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agreed_at', None), ('agreed_by_id', None), ('amount_fen', None)), models.Q(('agreed_at__isnull', False), ('agreed_by_id__isnull', False), ('amount_fen__gt', 0)), _connector='OR'), name='benefits_write_off_agreed'),
        ),
        migrations.RunSQL(SQL, migrations.RunSQL.noop),
    ]
