"""What an answer is worth, how long to wait, and when a source is spared."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.domains.exchange.contract import package
from linli.domains.exchange.rules import Breaker, Outcome, canonical, differing, judge, next_wait, query_digest, signature

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FACE = package()["ga-identity"]
RECORD = {
    "name": "赵示例", "id_number": "770121197001010103", "gender": "女", "birth_date": "1970-01-01", "valid_to": "2031-01-01", "status": "有效",
}  # fmt: skip
ASKED = query_digest("ga-identity", {"subject_number": "1"})


def judged(body=None, *, records=(RECORD,), signed=None, **more):
    whole = {"nonce": "n", "query": ASKED.hex(), "as_of": "2026-03-01", "records": list(records)} | more
    raw = canonical(whole) if body is None else body
    signed = signature("secret", raw) if signed is None else signed
    return judge(FACE, body=raw, signed=signed, secret="secret", nonce="n", asked=ASKED, now=NOW)


def test_a_good_answer_is_kept():
    verdict = judged()
    assert verdict.outcome is Outcome.ANSWERED
    assert verdict.record == RECORD


def test_what_the_purpose_does_not_allow_is_not_kept():
    assert judged(records=[RECORD | {"religion": "无", "phone": "1"}]).record == RECORD


def test_one_record_sent_twice_is_one_record():
    assert judged(records=[RECORD, dict(RECORD)]).outcome is Outcome.ANSWERED


def test_two_different_records_are_no_answer():
    assert judged(records=[RECORD, RECORD | {"name": "钱示例"}]).outcome is Outcome.CONTRACT


def test_no_record_is_an_answer_too():
    assert judged(records=[]).outcome is Outcome.ABSENT


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", None), ("name", ""), ("name", 7), ("gender", "甲"), ("birth_date", "1970-02-30"), ("birth_date", "昨天"), ("id_number", "<b>"), ("name", "长" * 501)],
)  # fmt: skip
def test_a_field_that_breaks_the_contract_is_named(field, value):
    verdict = judged(records=[RECORD | {field: value}])
    assert (verdict.outcome, verdict.why) == (Outcome.CONTRACT, field)
    assert verdict.record is None


def test_a_forged_answer_is_not_believed():
    assert judged(signed="00" * 32).outcome is Outcome.FORGED
    assert judged(signed="").outcome is Outcome.FORGED
    assert judged(signed="签名").outcome is Outcome.FORGED


def test_an_answer_to_something_else_is_not_believed():
    assert judged(nonce="another").outcome is Outcome.FORGED
    assert judged(query="00").outcome is Outcome.FORGED


@pytest.mark.parametrize(
    ("as_of", "outcome"), [("2026-02-20", Outcome.STALE), ("2026-03-09", Outcome.STALE), ("soon", Outcome.MALFORMED)]
)
def test_an_answer_is_fresh_or_nothing(as_of, outcome):
    assert judged(as_of=as_of).outcome is outcome


@given(st.binary(max_size=300))
def test_no_body_whatever_breaks_the_reader(body):
    assert judged(body).outcome in (Outcome.MALFORMED, Outcome.FORGED)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x), max_leaves=8
    )
)
def test_no_json_whatever_breaks_the_reader(value):
    assert (
        not judged(json.dumps({"nonce": "n", "query": ASKED.hex(), "as_of": "2026-03-01", "records": value}).encode()).outcome.good
        or value == []
    )


def test_deep_nesting_does_not_break_the_reader():
    assert judged(b"[" * 100_000).outcome is Outcome.MALFORMED


def test_spelling_makes_no_difference_but_another_name_does():
    said = {"subject_name": "阿卜杜热合曼·买买提依明", "subject_number": "77012119700101010x"}
    same = {"name": "阿卜杜热合曼．买买提依明", "id_number": "77012119700101010X"}
    assert differing(FACE, same, said) == []
    assert differing(FACE, same | {"name": "赵示例"}, said) == ["name"]
    assert differing(FACE, same, {}) == []


def test_waits_grow_for_about_a_fortnight_and_then_end():
    waits = []
    while wait := next_wait(len(waits) + 1):
        waits.append(wait)
    assert waits == sorted(waits)
    assert timedelta(days=10) < sum(waits, timedelta()) < timedelta(days=20)
    assert next_wait(len(waits) + 2) is None


def test_five_failures_in_a_row_spare_the_source_and_one_answer_ends_it():
    breaker = Breaker()
    for _ in range(4):
        breaker = breaker.after(good=False, now=NOW)
        assert not breaker.is_open(NOW)
    breaker = breaker.after(good=False, now=NOW)
    assert breaker.is_open(NOW)
    later = NOW + timedelta(seconds=31)
    assert breaker.half_open(later)
    again = breaker.after(good=False, now=later)
    assert again.is_open(later + timedelta(seconds=50))  # longer than the first time
    assert breaker.after(good=True, now=later) == Breaker()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2000)), max_size=60))
def test_a_source_is_never_spared_longer_than_ten_minutes(steps):
    breaker, now = Breaker(), NOW
    for good, seconds in steps:
        now += timedelta(seconds=seconds)
        breaker = breaker.after(good=good, now=now)
        assert breaker.open_until is None or breaker.open_until <= now + timedelta(minutes=10)
        assert not (good and breaker.is_open(now))
