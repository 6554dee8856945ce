"""Asking real departments over real HTTP, in good days and bad."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.exchange import commands as do
from linli.domains.exchange import queries as ask
from linli.domains.exchange.errors import AddressWrong, LimitWrong, NoFaultsHere, SecretMissing
from linli.domains.exchange.models import Health, Question, Receipt, Setting, Try
from linli.domains.exchange.rules import Outcome, QuestionState
from linli.domains.trace.queries import events_of
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed
from linli.kernel.identifiers import CreditCodeWrong, check_credit_code
from linli.kernel.ids import uuid7
from linli.testing.departments import MANAGER, Departments, answer, start_departments
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
IDENTITY = do.Wanted("m1", "居民身份证", "公安机关")
CARD = do.Wanted("m2", "社会保障卡", "")


def now():
    return datetime.now(UTC)


def about(world, **more):
    values = {
        "subject_id": uuid7(),
        "item_code": "x",
        "region": "770121",
        "org_id": world.orgs["county"],
        "hall_id": world.orgs["hall"],
    }
    return do.About(**values | {"party_id": world.people["applicant"]} | more)


def facts(**more):
    return {"id_number": person_id(0), "name": "赵示例"} | more


def put(world, *wanted, case=None, when=None, **more):
    return do.ask(
        about=case or about(world), wanted=wanted or [IDENTITY], facts=facts(**more), by=world.actor("clerk"), now=when or now()
    )


def question(pk) -> Question:
    return Question.objects.get(pk=pk)


def test_an_answer_is_kept_as_a_receipt(world, departments: Departments):
    departments.connect(now())
    case = about(world)
    [asked] = put(world, case=case)
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "answered"}
    receipt = Receipt.objects.get(pk=asked)
    answer = receipt.answer.open_json()
    assert answer["name"] == "赵示例"
    assert set(answer) == set(receipt.fields) <= set(ask.interface("ga-identity").fields)
    assert bytes(receipt.query_sm3) == ask.query_digest("ga-identity", {"subject_number": person_id(0), "subject_name": "赵示例"})
    shown = ask.shared_of(case.subject_id)["m1"]
    assert shown.usable
    assert person_id(0) not in str(shown.lines)
    assert [e.act for e in events_of(case.subject_id, acts=["exchange.asked", "exchange.answered"]).order_by("seq")] == [
        "exchange.asked",
        "exchange.answered",
    ]


def test_nothing_personal_lies_open_in_tables_trace_jobs_or_logs(world, departments: Departments, caplog):
    departments.connect(now())
    caplog.set_level(logging.DEBUG)
    case = about(world)
    [asked] = put(world, case=case)
    do.fetch(question_ids=[asked], now=now())
    with connection.cursor() as cursor:
        for table in ("exchange_question", "exchange_try", "exchange_receipt", "trace_event", "procrastinate_jobs"):
            cursor.execute(
                f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s OR t::text LIKE %s", [f"%{person_id(0)}%", "%赵示例%"]
            )
            assert cursor.fetchone()[0] == 0, table
    assert person_id(0) not in caplog.text
    assert "赵示例" not in caplog.text


def test_a_call_keeps_who_asked_what_for_which_case_on_which_ground(world, departments: Departments):
    departments.connect(now())
    case = about(world)
    [asked] = put(world, case=case)
    do.fetch(question_ids=[asked], now=now())
    call = Try.objects.select_related("question").get(question=asked)
    assert call.operator_id == world.users["clerk"]
    assert call.fields == ask.interface("ga-identity").fields
    assert (call.question.subject_id, call.question.item_code) == (case.subject_id, "x")
    assert call.question.purpose
    assert call.question.legal_basis
    for row in (call, Receipt.objects.get(pk=asked)):
        with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
            row.delete()


def test_asking_twice_is_asking_once(world, departments: Departments):
    departments.connect(now())
    case = about(world)
    first = put(world, IDENTITY, CARD, case=case)
    assert len(first) == 2
    assert put(world, IDENTITY, CARD, case=case) == []
    do.fetch(question_ids=first, now=now())
    assert put(world, IDENTITY, CARD, case=case) == []
    assert do.fetch(question_ids=first, now=now()) == {}
    assert Try.objects.filter(question__in=first).count() == 2


def test_a_corrected_number_is_asked_anew_and_the_old_answer_no_longer_counts(world, departments: Departments):
    departments.connect(now())
    case = about(world)
    [first] = put(world, case=case)
    do.fetch(question_ids=[first], now=now())
    [second] = put(world, case=case, id_number=person_id(5))
    assert question(first).state == QuestionState.WITHDRAWN
    do.fetch(question_ids=[second], now=now())
    assert ask.shared_of(case.subject_id)["m1"].question_id == second


def test_what_is_not_known_yet_is_not_asked(world, departments: Departments):
    departments.connect(now())
    assert put(world, do.Wanted("m3", "死亡证明", "公安、卫生健康部门"), deceased_id="", deceased_name="") == []
    assert len(put(world, do.Wanted("m3", "死亡证明", "公安、卫生健康部门"), deceased_id=person_id(3), deceased_name="钱示例")) == 1


def test_nothing_is_asked_where_nothing_is_connected(world):
    assert put(world) == []
    assert not ask.any_connected()


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("down", Outcome.BROKEN),
        ("wrong", Outcome.CONTRACT),
        ("stale", Outcome.STALE),
        ("forged", Outcome.FORGED),
        ("slow", Outcome.SLOW),
    ],
)
def test_a_bad_day_leaves_the_question_waiting_and_a_good_one_answers_it(world, departments: Departments, fault, outcome):
    departments.connect(now(), timeout_ms=400)
    departments.fault(fault, "ga-identity")
    [asked] = put(world)
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "waiting"}
    row = question(asked)
    assert (row.tries, row.last_fault, row.state) == (1, outcome, "waiting")
    assert not Receipt.objects.filter(pk=asked).exists()
    assert Try.objects.get(question=asked).outcome == outcome
    again = ProcrastinateJob.objects.filter(task_name="exchange.fetch", scheduled_at__gt=now(), args__question_ids=[str(asked)])
    assert again.count() == 1
    departments.mend()
    assert do.fetch(question_ids=[asked], now=row.next_try_at, due_only=True) == {asked: "answered"}


def test_one_record_sent_twice_is_taken_once(world, departments: Departments):
    departments.connect(now())
    departments.fault("duplicate", "ga-identity")
    [asked] = put(world)
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "answered"}


def test_nobody_there_is_told_apart_from_a_slow_answer(world, departments: Departments):
    departments.connect(now(), "ga-identity", url="http://127.0.0.1:9")
    [asked] = put(world)
    do.fetch(question_ids=[asked], now=now())
    assert question(asked).last_fault == Outcome.UNREACHABLE


def test_no_record_goes_on_to_the_next_source_and_then_says_so(world, departments: Departments):
    departments.connect(now(), "ga-identity", "rs-card")
    departments.fault("empty")
    case = about(world)
    both = do.Wanted("m1", "居民身份证或社会保障卡", "公安机关、人力资源社会保障部门")
    [first] = put(world, both, case=case)
    assert do.fetch(question_ids=[first], now=now()) == {first: "absent"}
    [second] = ask.still_waiting(case.subject_id)
    assert question(second).interface == "rs-card"
    do.fetch(question_ids=[second], now=now())
    shown = ask.shared_of(case.subject_id)["m1"]
    assert shown.state is QuestionState.ABSENT
    assert shown.needs_eyes
    assert ask.still_waiting(case.subject_id) == []


def test_the_name_of_somebody_whose_number_passes_for_a_credit_code_is_masked_too(world, departments: Departments):
    """About one ID number in thirty has the check character of a credit code as well."""
    departments.connect(now(), "ga-identity")
    face = ask.interface("ga-identity")

    def passes_for_one(number):
        try:
            check_credit_code(number)
        except CreditCodeWrong:
            return False
        return (answer(face, {"subject_number": number, "subject_name": "赵示例"}) or {}).get("name") == "赵示例"

    case = about(world)
    [asked] = put(world, case=case, id_number=next(n for n in map(person_id, range(899)) if passes_for_one(n)))
    do.fetch(question_ids=[asked], now=now())
    name = next(line for line in ask.shared_of(case.subject_id)["m1"].lines if line.name == "name")
    assert (name.value, name.masked) == ("赵**", True)


def test_another_name_is_a_difference_and_not_an_answer_to_rely_on(world, departments: Departments):
    departments.connect(now())
    face = ask.interface("rs-skills")
    numbers = (person_id(n) for n in range(2000))
    number = next(
        n for n in numbers if (answer(face, {"subject_number": n, "subject_name": "赵示例"}) or {}).get("name") == "同名有误"
    )
    case = about(world)
    [asked] = put(world, do.Wanted("m5", "职称证书", ""), case=case, id_number=number)
    do.fetch(question_ids=[asked], now=now())
    shown = ask.shared_of(case.subject_id)["m5"]
    assert shown.state is QuestionState.ANSWERED
    assert shown.differs == ("姓名",)
    assert not shown.usable


def test_after_the_last_try_somebody_has_to_look_after_it(world, departments: Departments):
    departments.connect(now())
    departments.fault("down")
    [asked] = put(world)
    Question.objects.filter(pk=asked).update(tries=200)
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "failed"}
    departments.mend()
    assert do.try_again(code="ga-identity", by=MANAGER, now=now()) == 1
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "answered"}


def test_a_source_that_fails_again_and_again_is_spared(world, departments: Departments):
    departments.connect(now())
    departments.fault("down", "ga-identity")
    asked = [put(world)[0] for _ in range(8)]
    for one in asked[:5]:
        do.fetch(question_ids=[one], now=now())
    before = departments.fault("none", "nothing")["counts"].get("ga-identity")
    assert do.fetch(question_ids=asked[5:], now=now()) == {}
    assert departments.fault("none", "nothing")["counts"].get("ga-identity") == before
    spared = Question.objects.filter(pk__in=asked[5:])
    assert {q.tries for q in spared} == {0}
    mark = Health.objects.get(pk="ga-identity")
    assert all(q.next_try_at > mark.open_until for q in spared)
    departments.mend()
    later = mark.open_until + timedelta(seconds=2)
    assert len(do.fetch(question_ids=asked[5:], now=later)) == 1  # one goes to see
    assert len(do.fetch(question_ids=asked[5:], now=later + timedelta(seconds=1))) == 2


def test_a_source_is_asked_no_faster_than_it_allows(world, departments: Departments):
    departments.connect(now(), "ga-identity", per_second=3)
    asked = [put(world)[0] for _ in range(5)]
    moment = now()
    assert len(do.fetch(question_ids=asked, now=moment)) == 3
    assert len(do.fetch(question_ids=asked, now=moment + timedelta(seconds=1))) == 2


def test_sources_are_asked_all_at_once(world):
    slow, server = start_departments(latency_ms=300)
    try:
        slow.connect(now(), timeout_ms=3000)
        wanted = [
            IDENTITY, CARD, do.Wanted("m3", "居民户口簿", "公安机关"), do.Wanted("m4", "毕业证书", "教育部门"),
            do.Wanted("m5", "结婚证", "民政部门"), do.Wanted("m6", "职称证书", ""),
        ]  # fmt: skip
        asked = put(world, *wanted)
        started = time.monotonic()
        assert len(do.fetch(question_ids=asked, now=now())) == 6
        assert time.monotonic() - started < 4 * 0.3  # in a row it would be 6
    finally:
        server.terminate()
        server.wait(20)


def test_two_who_fetch_at_once_do_not_ask_twice(world, departments: Departments):
    departments.connect(now())
    [asked] = put(world)
    Question.objects.filter(pk=asked).update(leased_until=now() + timedelta(seconds=30))
    assert do.fetch(question_ids=[asked], now=now()) == {}
    assert do.fetch(question_ids=[asked], now=now() + timedelta(seconds=31)) == {asked: "answered"}


def test_what_breaks_on_our_side_loses_neither_the_other_answers_nor_its_own_turn(world, departments: Departments, monkeypatch):
    departments.connect(now())
    broken, fine = put(world, IDENTITY, CARD)
    call = do.wire.call
    monkeypatch.setattr(do.wire, "call", lambda one, *a, **k: 1 / 0 if one.question_id == broken else call(one, *a, **k))
    with pytest.raises(ZeroDivisionError):  # the job is tried again at once
        do.fetch(question_ids=[broken, fine], now=now(), due_only=True)
    monkeypatch.undo()
    assert question(fine).state == "answered"
    assert do.fetch(question_ids=[broken, fine], now=now(), due_only=True) == {broken: "answered"}


def test_a_case_that_is_over_is_asked_for_no_more(world, departments: Departments):
    departments.connect(now())
    case = about(world)
    [asked] = put(world, case=case)
    assert do.withdraw(subject_id=case.subject_id, by=system(), now=now()) == 1
    assert do.fetch(question_ids=[asked], now=now()) == {}
    assert do.withdraw(subject_id=case.subject_id, by=system(), now=now()) == 0


def test_what_a_crash_forgot_is_remembered(world, departments: Departments):
    departments.connect(now())
    [asked] = put(world)
    ProcrastinateJob.objects.filter(task_name="exchange.fetch").delete()
    assert do.sweep(now=now()) == 0
    assert do.sweep(now=now() + timedelta(minutes=3)) == 1
    assert ProcrastinateJob.objects.get(task_name="exchange.fetch").args == {"question_ids": [str(asked)]}


def test_an_interface_that_is_switched_off_is_left_alone_and_its_questions_wait(world, departments: Departments):
    departments.connect(now(), "ga-identity")
    [asked] = put(world)
    do.disconnect(code="ga-identity", by=MANAGER, now=now())
    assert do.fetch(question_ids=[asked], now=now()) == {}
    assert question(asked).state == "waiting"
    departments.connect(now(), "ga-identity")
    assert do.fetch(question_ids=[asked], now=now()) == {asked: "answered"}


def test_only_who_may_changes_how_an_interface_is_reached(world):
    common = {"code": "ga-identity", "base_url": "https://share.example", "app_id": "a", "secret": "x" * 16, "now": now()}
    for who in ("clerk", "reviewer-1", "manager"):
        with pytest.raises(NotAllowed):
            do.connect(by=world.actor(who), **common)
    do.connect(by=MANAGER, **common)
    row = Setting.objects.get()
    assert row.secret.open() == "x" * 16
    do.connect(by=MANAGER, **common | {"secret": "", "enabled": False})
    assert Setting.objects.get().secret.open() == "x" * 16


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"base_url": "share.example"}, AddressWrong), ({"base_url": "file:///etc/passwd"}, AddressWrong),
        ({"base_url": "https://u:p@share.example"}, AddressWrong), ({"base_url": "https://share.example?id=1"}, AddressWrong),
        ({"base_url": "https://share.example:x"}, AddressWrong), ({"base_url": "http://["}, AddressWrong),
        ({"secret": ""}, SecretMissing), ({"secret": "short"}, SecretMissing), ({"app_id": " "}, SecretMissing),
        ({"timeout_ms": 1}, LimitWrong), ({"per_second": 0}, LimitWrong),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused(wrong, error):
    common = {"code": "ga-identity", "base_url": "https://share.example", "app_id": "a", "secret": "x" * 16}
    with pytest.raises(error):
        do.connect(**common | wrong, by=MANAGER, now=now())
    assert not Setting.objects.exists()


def test_a_real_department_is_not_told_to_misbehave(world, departments: Departments):
    do.connect(code="ga-identity", base_url=departments.url, app_id="a", secret=departments.secret, by=MANAGER, now=now())
    with pytest.raises(NoFaultsHere):
        do.set_fault(code="ga-identity", fault="down", by=MANAGER, now=now())
    departments.connect(now(), "ga-identity")
    do.set_fault(code="ga-identity", fault="down", by=MANAGER, now=now())
    assert departments.fault("none", "nothing")["faults"] == {"ga-identity": "down"}
