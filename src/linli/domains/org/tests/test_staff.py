"""Taking somebody on, and reading who holds which post."""

from datetime import date

import pytest
from django.utils import timezone

from linli.domains.accounts.commands import UsernameTaken
from linli.domains.accounts.queries import User
from linli.domains.org.commands import DutiesConflict, EmployeeNumberTaken, OrgCodeTaken, add_organisation, add_staff, appoint
from linli.domains.org.queries import OrgKind, employee_numbers, posts_held, staff, staff_member
from linli.kernel.errors import NotAllowed
from linli.kernel.identifiers import IdNumberWrong

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
