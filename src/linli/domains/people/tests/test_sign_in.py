"""Who signs in as a resident, and as whom: never as somebody whose telephone, paper or provider they have not."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from linli.domains.accounts.queries import SignIn, User, live_session
from linli.domains.people import commands as do
from linli.domains.people import errors
from linli.domains.people.models import Account, Person, PhoneCode
from linli.domains.people.queries import account_of, person_facts, resident_actor
from linli.domains.people.rules import CODE_TRIES, Assurance, IdType
from linli.kernel.errors import LinliError, NotAllowed, NotFound
from linli.kernel.identifiers import id_number_with_check
from linli.testing.concurrency import at_once
from linli.testing.record import events_on
from linli.testing.story import at
from linli.testing.world import COUNTY

NOW = at("2026-03-02 10:00")
STRANGE = "10000000055"
FROM = {"device": "phone", "address": "192.0.2.7"}


def later(**delta):
    return NOW + timedelta(**delta)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def proof(phone, *, now=NOW):
    code = do.ask_code(phone=phone, address=FROM["address"], now=now)
    return do.sign_in_by_phone(phone=phone, code=code, **FROM, now=now).proof


def bind(phone, name, number, *, now=NOW):
    return do.bind_by_phone(proof=proof(phone, now=now), name=name, id_number=number, region=COUNTY, **FROM, now=now)


def facts(world, who="applicant"):
    return person_facts(world.people[who])


def person_behind(session):
    return Account.objects.get(pk=session.user_id).person_id


@pytest.mark.django_db
def test_name_number_and_telephone_that_agree_are_the_person(world):
    known = facts(world)
    session = bind(known["phone"], f" {known['name']} ", known["id_number"].lower())
    assert person_behind(session) == world.people["applicant"]
    assert account_of(world.people["applicant"]).assurance == Assurance.PHONE
    actor = resident_actor(session.user_id, device="x")
    assert actor.resident_id == world.people["applicant"] and actor.permissions == {"portal.use"} and actor.org_id is None
    assert events_on(world.people["applicant"])[-1] == ("people.account_bound", {"how": "phone", "assurance": "phone"})
    again = later(days=30)
    code = do.ask_code(phone=known["phone"], address=None, now=again)
    assert do.sign_in_by_phone(phone=known["phone"], code=code, **FROM, now=again).session.user_id == session.user_id


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["phone", "name", "number"])
def test_where_one_of_the_three_differs_nothing_known_is_reached(world, what):
    known, before = facts(world), Person.objects.count()
    phone = STRANGE if what == "phone" else known["phone"]
    name = "赵某" if what == "name" else known["name"]
    number = id_number_with_check("77012119880229123") if what == "number" else known["id_number"]
    session = bind(phone, name, number)
    said = Person.objects.get(pk=person_behind(session))
    assert said.pk != world.people["applicant"] and not said.verified
    assert Person.objects.count() == before + 1 and account_of(world.people["applicant"]) is None
    assert account_of(said.pk).assurance == Assurance.LOW
    assert "address" not in {k for k, v in person_facts(said.pk).items() if v}  # what the bureau knows of the other is not there
    # and no counter takes the row for the person
    assert do.find_person(number=known["id_number"], by=world.actor("clerk"), now=NOW) == world.people["applicant"]


@pytest.mark.django_db
def test_nobody_can_take_a_number_before_its_owner_comes(world):
    number = id_number_with_check("77012119880229123")
    said = person_behind(bind(STRANGE, "冒名者", number))
    own = do.register_person(name="本人", id_type=IdType.CITIZEN, id_number=number, region=COUNTY, by=world.actor("clerk"), now=NOW)
    assert own != said and not Account.objects.filter(person_id=own).exists()


@pytest.mark.django_db
def test_a_code_is_asked_for_alike_whether_or_not_the_telephone_is_known(world):
    bind(facts(world)["phone"], facts(world)["name"], facts(world)["id_number"])
    asked = []
    for phone in (facts(world)["phone"], STRANGE):
        with CaptureQueriesContext(connection) as seen:
            do.ask_code(phone=phone, address=None, now=later(minutes=5))
        asked.append([q["sql"].split()[0] for q in seen.captured_queries])
    assert asked[0] == asked[1]


@pytest.mark.django_db
@pytest.mark.parametrize("phone", ["0000-1230000", "12333", "", "1000000", "abc"])
def test_a_code_goes_to_a_mobile_only(phone):
    with pytest.raises(LinliError) as refused:
        do.ask_code(phone=phone, address=None, now=NOW)
    assert refused.value.field == "phone" and not PhoneCode.objects.exists()


@pytest.mark.django_db
def test_a_code_is_good_once_for_five_minutes_and_five_tries():
    code = do.ask_code(phone=STRANGE, address=None, now=NOW)
    with pytest.raises(errors.CodeWrong):
        do.sign_in_by_phone(phone=STRANGE, code=wrong(code), **FROM, now=NOW)
    with pytest.raises(errors.CodeWrong):
        do.sign_in_by_phone(phone="10000000056", code=code, **FROM, now=NOW)  # another telephone
    assert do.sign_in_by_phone(phone=STRANGE, code=f" {code[:3]} {code[3:]}", **FROM, now=later(minutes=5)).proof
    with pytest.raises(errors.CodeWrong):
        do.sign_in_by_phone(phone=STRANGE, code=code, **FROM, now=NOW)
    code = do.ask_code(phone=STRANGE, address=None, now=later(minutes=6))
    with pytest.raises(errors.CodeWrong):
        do.sign_in_by_phone(phone=STRANGE, code=code, **FROM, now=later(minutes=11, seconds=1))
    code = do.ask_code(phone=STRANGE, address=None, now=later(minutes=12))
    for _ in range(CODE_TRIES):
        with pytest.raises(errors.CodeWrong):
            do.sign_in_by_phone(phone=STRANGE, code=wrong(code), **FROM, now=later(minutes=12))
    with pytest.raises(errors.CodeWrong):
        do.sign_in_by_phone(phone=STRANGE, code=code, **FROM, now=later(minutes=12))


@pytest.mark.django_db
def test_no_row_shows_a_code_or_a_telephone():
    code = do.ask_code(phone=STRANGE, address="192.0.2.7", now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM people_phonecode c")
        row = cursor.fetchone()[0]
    for secret in (code, STRANGE, "192.0.2.7"):
        assert secret not in row and secret.encode().hex() not in row


@pytest.mark.django_db
def test_codes_are_limited_by_telephone_and_by_address():
    ask = lambda phone, when, address="192.0.2.7": do.ask_code(phone=phone, address=address, now=when)  # noqa: E731
    ask(STRANGE, NOW)
    with pytest.raises(errors.CodeTooSoon):
        ask(STRANGE, later(seconds=59), "198.51.100.1")  # from wherever
    for minute in (1, 2, 3, 4):
        ask(STRANGE, later(minutes=minute))
    with pytest.raises(errors.CodeTooSoon) as refused:
        ask(STRANGE, later(minutes=10))
    assert refused.value.params["minutes"] == 50
    for hour in (2, 3, 4, 5, 6):
        ask(STRANGE, later(hours=hour))
    with pytest.raises(errors.CodeTooSoon):
        ask(STRANGE, later(hours=9))
    ask(STRANGE, later(hours=24))
    for n in range(60):
        ask(f"100000001{n:02d}", later(hours=30))
    with pytest.raises(errors.CodeTooSoon):
        ask("10000000200", later(hours=30))
    ask("10000000200", later(hours=30), "198.51.100.1")
    assert do.forget_codes(now=later(hours=30)) > 0
    assert not PhoneCode.objects.filter(sent_at__lt=later(hours=6)).exists()


@pytest.mark.django_db
def test_the_proof_of_a_telephone_is_good_on_its_device_and_for_a_while(world):
    shown = proof(facts(world)["phone"])
    who = {"name": facts(world)["name"], "id_number": facts(world)["id_number"], "region": COUNTY}
    for given, device, when in (
        (shown, "another", NOW),
        (shown, "phone", later(minutes=21)),
        (shown[:-8] + "AAAAAAA=", "phone", NOW),
        ("", "phone", NOW),
    ):
        with pytest.raises(errors.ProofOver):
            do.bind_by_phone(proof=given, **who, device=device, address=None, now=when)
    assert not Account.objects.exists()


@pytest.mark.django_db
def test_one_showing_of_a_telephone_binds_one_person(world):
    shown = proof(STRANGE)
    names = {"region": COUNTY, "proof": shown, **FROM, "now": NOW}
    first = do.bind_by_phone(name="甲", id_number=id_number_with_check("77012119880229123"), **names)
    with pytest.raises(errors.ProofOver):
        do.bind_by_phone(name="乙", id_number=id_number_with_check("77012119880229125"), **names)
    again = do.bind_by_phone(name="甲", id_number=id_number_with_check("77012119880229123"), **names)  # pressed twice
    assert again.user_id == first.user_id


@pytest.mark.django_db
def test_a_start_code_from_the_counter_binds_whoever_was_there(world):
    clerk, person = world.actor("clerk"), world.people["applicant"]
    old = do.issue_start_code(person_id=person, by=clerk, now=NOW)
    code = do.issue_start_code(person_id=person, by=clerk, now=NOW)
    with pytest.raises(errors.StartCodeWrong):
        do.start_by_code(proof=proof(STRANGE), code=old, **FROM, now=NOW)
    session = do.start_by_code(
        proof=proof(STRANGE, now=later(hours=1)), code=code.replace("-", " ").lower(), **FROM, now=later(hours=1)
    )
    assert person_behind(session) == person and account_of(person).assurance == Assurance.IDENTITY
    assert person_facts(person)["phone"] == STRANGE  # reached under the number they came with
    with pytest.raises(errors.StartCodeWrong):
        do.start_by_code(proof=proof("10000000066", now=later(hours=1)), code=code, **FROM, now=later(hours=1))
    late = do.issue_start_code(person_id=person, by=clerk, now=NOW)
    with pytest.raises(errors.StartCodeWrong):
        do.start_by_code(proof=proof("10000000067", now=later(days=4)), code=late, **FROM, now=later(days=4))


@pytest.mark.django_db
def test_who_may_give_a_start_code(world):
    for who in ("reviewer-1", "manager", "administrator", "auditor"):
        with pytest.raises(NotAllowed):
            do.issue_start_code(person_id=world.people["applicant"], by=world.actor(who), now=NOW)
    said = person_behind(bind(STRANGE, "自称", id_number_with_check("77012119880229123")))
    with pytest.raises(NotFound):  # nobody vouches for a row that somebody made up
        do.issue_start_code(person_id=said, by=world.actor("clerk"), now=NOW)


@pytest.mark.django_db
def test_who_had_only_said_who_they_are_shows_it_and_keeps_what_they_did(world):
    known = facts(world)
    session = bind(STRANGE, known["name"], known["id_number"])
    said, me = person_behind(session), resident_actor(session.user_id, device="phone")
    code = do.issue_start_code(person_id=world.people["applicant"], by=world.actor("clerk"), now=NOW)
    fresh = do.confirm_by_code(code=code, **FROM, by=me, now=NOW)
    assert person_behind(fresh) == world.people["applicant"]
    assert Person.objects.get(pk=said).same_as_id == world.people["applicant"]
    assert live_session(session.pk, now=NOW) is None and live_session(fresh.pk, now=NOW)


@pytest.mark.django_db
def test_a_code_for_somebody_else_does_not_make_their_claim_theirs(world):
    session = bind(STRANGE, "自称", id_number_with_check("77012119880229123"))
    said, me = person_behind(session), resident_actor(session.user_id, device="phone")
    code = do.issue_start_code(person_id=world.people["applicant"], by=world.actor("clerk"), now=NOW)
    do.confirm_by_code(code=code, **FROM, by=me, now=NOW)
    assert Person.objects.get(pk=said).same_as_id is None


@pytest.mark.django_db
def test_a_telephone_that_was_silent_for_half_a_year_shows_nobody(world):
    known, after = facts(world), later(days=181)
    first = bind(known["phone"], known["name"], known["id_number"])
    stranger = bind(known["phone"], "新机主", id_number_with_check("77012119880229123"), now=after)
    assert stranger.user_id != first.user_id
    assert account_of(world.people["applicant"]).phone is None
    other = facts(world, "agent")
    mine = bind(other["phone"], other["name"], other["id_number"])
    assert bind(other["phone"], other["name"], other["id_number"], now=after).user_id == mine.user_id  # still the same person


@pytest.mark.django_db
def test_another_telephone_is_shown_before_it_counts_and_ends_what_went_before(world):
    known = facts(world)
    session = bind(known["phone"], known["name"], known["id_number"])
    taken = facts(world, "agent")
    bind(taken["phone"], taken["name"], taken["id_number"])
    me = resident_actor(session.user_id, device="phone")
    when = later(minutes=2)
    code = do.ask_code(phone=taken["phone"], address=None, now=when)
    with pytest.raises(errors.PhoneTaken):
        do.show_new_phone(phone=taken["phone"], code=code, **FROM, by=me, now=when)
    code = do.ask_code(phone=STRANGE, address=None, now=when)
    with pytest.raises(errors.CodeWrong):
        do.show_new_phone(phone=STRANGE, code=wrong(code), **FROM, by=me, now=when)
    assert facts(world)["phone"] == known["phone"]
    do.show_new_phone(phone=STRANGE, code=code, **FROM, by=me, now=when)
    assert live_session(session.pk, now=when) is None
    assert facts(world)["phone"] == STRANGE  # messages go there from now on
    code = do.ask_code(phone=STRANGE, address=None, now=later(minutes=9))
    assert do.sign_in_by_phone(phone=STRANGE, code=code, **FROM, now=later(minutes=9)).session.user_id == session.user_id


PROVIDER = "https://id.example"


def identity(world, who="applicant", **more):
    known = facts(world, who)
    return do.Identity(
        **({"issuer": PROVIDER, "subject": f"s-{who}", "name": known["name"], "id_number": known["id_number"]} | more)
    )


def enter(who, **more):
    return do.sign_in_by_identity(identity=who, region=COUNTY, **FROM, **({"now": NOW} | more))


@pytest.mark.django_db
def test_whom_the_provider_vouches_for_is_that_person(world):
    session = enter(identity(world))
    assert person_behind(session) == world.people["applicant"]
    assert account_of(world.people["applicant"]).assurance == Assurance.IDENTITY
    assert enter(identity(world)).user_id == session.user_id
    new = enter(identity(world, subject="s-new", name="新来的", id_number=id_number_with_check("77012119880229123")))
    assert Person.objects.get(pk=person_behind(new)).verified


@pytest.mark.django_db
def test_a_provider_that_contradicts_what_is_known_signs_nobody_in(world):
    enter(identity(world))
    other = facts(world, "agent")
    for wrong_ in (
        identity(world, name="别人", subject="s-2"),  # the number under another name
        identity(world, subject="s-3"),  # a second subject for a person who has one
        identity(world, "agent", subject="s-applicant"),  # a known subject that is suddenly somebody else
        identity(world, subject="s-applicant", id_number=other["id_number"]),
    ):
        with pytest.raises(errors.IdentityDiffers):
            enter(wrong_)
    assert SignIn.objects.filter(user__is_resident=True).count() == 1


@pytest.mark.django_db
def test_residents_are_not_for_administrators_of_staff(world):
    from linli.domains.accounts import commands as accounts
    from linli.domains.accounts.queries import find_users, live_sessions, sessions_of
    from linli.domains.org.commands import appoint
    from linli.kernel.actors import system

    session = enter(identity(world))
    admin, security = world.actor("administrator"), world.actor("security")
    assert not find_users("resident", by=admin).exists() and not live_sessions(by=security, now=NOW).filter(pk=session.pk).exists()
    assert not sessions_of(session.user_id, by=admin).exists()
    for act in (
        lambda: accounts.reset_password(user_id=session.user_id, new="a-long-enough-secret-8", by=admin, now=NOW),
        lambda: accounts.set_active(user_id=session.user_id, active=False, by=admin, now=NOW),
        lambda: accounts.end_session(session_id=session.pk, why="admin", by=security, now=NOW),
        lambda: accounts.end_sessions(user_id=session.user_id, why="admin", by=security, now=NOW),
    ):
        with pytest.raises(NotFound):
            act()
    user = User.objects.get(pk=session.user_id)
    with pytest.raises(accounts.SignInFailed):
        accounts.sign_in(username=user.username, password="", now=NOW)
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError, match="org_posting_staff"), transaction.atomic():
        appoint(
            user_id=user.pk, post="window-clerk", org_id=world.orgs["hall"], hall_id=world.orgs["hall"], valid_from=NOW.date(),
            by=system("org.manage"), now=NOW,
        )  # fmt: skip


def test_of_many_who_use_one_code_at_once_one_is_let_in(committed_db, world):
    code = do.ask_code(phone=STRANGE, address=None, now=NOW)
    found = at_once([lambda: do.sign_in_by_phone(phone=STRANGE, code=code, **FROM, now=NOW)] * 12)
    assert sum(isinstance(f, do.PhoneShown) for f in found) == 1
    assert all(isinstance(f, do.PhoneShown | errors.CodeWrong) for f in found)


def test_many_who_guess_at_once_have_five_tries_together(committed_db):
    code = do.ask_code(phone=STRANGE, address=None, now=NOW)
    at_once([lambda: do.sign_in_by_phone(phone=STRANGE, code=wrong(code), **FROM, now=NOW)] * 12)
    assert PhoneCode.objects.get().tries == CODE_TRIES


def test_of_many_who_ask_at_once_one_gets_a_code(committed_db):
    found = at_once([lambda: do.ask_code(phone=STRANGE, address=None, now=NOW)] * 12)
    assert sum(isinstance(f, str) for f in found) == 1 and PhoneCode.objects.count() == 1


def test_one_start_code_binds_one_telephone_however_many_try(committed_db, world):
    code = do.issue_start_code(person_id=world.people["applicant"], by=world.actor("clerk"), now=NOW)
    proofs = [proof(f"1000000006{n}") for n in range(8)]
    found = at_once([lambda p=p: do.start_by_code(proof=p, code=code, **FROM, now=NOW) for p in proofs])
    assert sum(isinstance(f, SignIn) for f in found) == 1 and Account.objects.count() == 1
