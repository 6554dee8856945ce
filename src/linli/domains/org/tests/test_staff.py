"""Taking somebody on, and reading who holds which post."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from linli.domains.accounts.commands import UsernameTaken
from linli.domains.accounts.queries import User
from linli.domains.org.commands import (
    AbsenceOver,
    AbsenceOverlaps,
    DutiesConflict,
    EmployeeNumberTaken,
    OrgCodeTaken,
    add_organisation,
    add_staff,
    appoint,
    cancel_absence,
    record_absence,
)
from linli.domains.org.queries import (
    Duty,
    OrgKind,
    Power,
    absences_of,
    candidates,
    employee_numbers,
    posts_held,
    staff,
    staff_member,
)
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.identifiers import IdNumberWrong
from linli.kernel.ids import uuid7
from linli.testing.record import events_on
from linli.testing.story import PERMIT
from linli.testing.world import CITY

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def take_on(world, **changed):
    given = {
        "username": "xinren", "name": "李新人", "password": "shi-er-ge-yue-liang-9", "employee_number": "N001", "post": "reviewer",
        "org_id": world.orgs["division"], "hall_id": world.orgs["hall"], "valid_from": date(2026, 3, 1),
        "by": world.actor("administrator"), "now": NOW,
    }  # fmt: skip
    return add_staff(**given | changed)


def test_somebody_new_has_an_account_a_number_and_a_post(world):
    user_id = take_on(world)
    assert User.objects.get(pk=user_id).must_change_password
    member = staff_member(user_id, by=world.actor("administrator"))
    assert employee_numbers([user_id]) == {user_id: "N001"}
    assert [p.post_id for p in posts_held([user_id], on=date(2026, 3, 2))[user_id]] == ["reviewer"]
    assert list(staff("新人", by=world.actor("administrator"))) == list(staff("n001", by=world.actor("administrator"))) == [member]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"username": "CLERK"}, UsernameTaken), ({"employee_number": "T000"}, EmployeeNumberTaken),
        ({"id_number": "770121197001011000"}, IdNumberWrong),
    ],
)  # fmt: skip
def test_it_is_all_or_nothing(world, changed, error):
    before = User.objects.count()
    with pytest.raises(error):
        take_on(world, **changed)
    assert User.objects.count() == before


def test_an_incompatible_post_is_refused(world):
    with pytest.raises(DutiesConflict):
        appoint(
            user_id=world.users["clerk"], post="reviewer", org_id=world.orgs["division"], hall_id=world.orgs["hall"],
            valid_from=date(2026, 3, 1), by=world.actor("administrator"), now=NOW,
        )  # fmt: skip


def test_only_who_manages_the_organisation_sees_the_staff(world):
    with pytest.raises(NotAllowed):
        staff(by=world.actor("manager"))


def test_a_code_is_given_once(world):
    with pytest.raises(OrgCodeTaken):
        add_organisation(
            code="hall", name="另一个大厅", short_name="另一个大厅", kind=OrgKind.HALL, region="7701", parent_id=world.orgs["bureau"],
            valid_from=date(2026, 1, 1), by=world.actor("administrator"), now=NOW,
        )  # fmt: skip


# -- absences ----------------------------------------------------------------------------------------------------------------------

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def be_away(world, who="reviewer-1", by=None, first=2, last=5, **more):
    return record_absence(
        user_id=world.users[who], first=date(2026, 3, first), last=date(2026, 3, last), reason="培训", by=world.actor(by or who),
        now=MONDAY, **more,
    )  # fmt: skip


def left_out(world, day):
    """Who of the city's reviewers a draw would leave out on a day of March."""
    qualified = candidates(
        item_code=PERMIT, domain="", duty=Duty.REVIEW, power=Power.REVIEW, region=CITY, parties=[], party_indexes=[],
        on=date(2026, 3, day),
    )  # fmt: skip
    assert len(qualified) == 4
    return [c.user_id for c in qualified if c.why_not == "absent"]


def test_an_absence_is_for_oneself_or_for_who_manages_the_staff(world):
    be_away(world)
    be_away(world, "reviewer-2", by="administrator")
    assert set(left_out(world, 5)) == {world.users["reviewer-1"], world.users["reviewer-2"]} and left_out(world, 6) == []
    for by in ("reviewer-1", "manager", "leader", "security"):
        with pytest.raises(NotAllowed):
            be_away(world, "reviewer-3", by=by)
        with pytest.raises(NotAllowed):
            absences_of(world.users["reviewer-2"], by=world.actor(by))
    assert [a.reason for a in absences_of(world.users["reviewer-2"], by=world.actor("administrator"))] == ["培训"]


def test_the_same_days_are_recorded_once(world):
    key = uuid7()
    assert be_away(world, key=key) == be_away(world, key=key)
    with pytest.raises(AbsenceOverlaps):
        be_away(world, first=5, last=9)
    be_away(world, first=6, last=6)
    assert absences_of(world.users["reviewer-1"], by=world.actor("reviewer-1")).count() == 2


@pytest.mark.parametrize(("day", "stays"), [(1, None), (2, None), (4, date(2026, 3, 3)), (5, date(2026, 3, 4))])
def test_cancelling_puts_back_on_duty_from_that_day_and_keeps_what_is_over(world, day, stays):
    absence, me = be_away(world), world.actor("reviewer-1")
    cancel_absence(absence_id=absence, by=me, now=MONDAY + timedelta(days=day - 2))
    assert [a.last for a in absences_of(me.user_id, by=me)] == ([stays] if stays else [])
    assert left_out(world, max(day, 2)) == left_out(world, 5) == []
    act, noted = events_on(me.user_id)[-1]
    assert (act, noted["first"], noted["last"]) == ("org.absence_cancelled", f"2026-03-0{max(day, 2)}", "2026-03-05")


def test_what_is_over_or_somebody_elses_cannot_be_cancelled(world):
    absence = be_away(world)
    with pytest.raises(AbsenceOver):
        cancel_absence(absence_id=absence, by=world.actor("reviewer-1"), now=MONDAY + timedelta(days=4))
    for who in ("reviewer-2", "manager"):
        with pytest.raises(NotFound):
            cancel_absence(absence_id=absence, by=world.actor(who), now=MONDAY)
    cancel_absence(absence_id=absence, by=world.actor("administrator"), now=MONDAY)
    assert left_out(world, 3) == []
