"""A small invented world for tests: a city with two halls, staff for every part of a case, residents, an employer.

The four persons every test speaks of: the applicant, the clerk at the counter, the manager of the hall, and the colleague
from another hall. It is made once, through the same commands that the pages use, before any test runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from linli.domains.accounts.commands import create_user
from linli.domains.cases.commands import commit_draws
from linli.domains.catalog.commands import load_package
from linli.domains.catalog.queries import package_standards
from linli.domains.documents.commands import register_seal
from linli.domains.documents.queries import current_templates
from linli.domains.org.commands import add_organisation, add_region, appoint, enrol_staff, grant_many
from linli.domains.org.queries import OrgKind, Power, actor_for
from linli.domains.people.commands import register_employer, register_person
from linli.domains.people.queries import Gender, IdType
from linli.kernel.actors import Actor, system
from linli.kernel.calendar import local_date
from linli.kernel.identifiers import credit_code_with_checks, id_number_with_check

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
FIRST_DAY = date(2026, 1, 1)
CITY, COUNTY = "7701", "770121"
PASSWORD = "a-long-enough-secret-7"
BUILDER = system("org.manage", "org.authorise", "accounts.manage", "people.register", "catalog.publish", "cases.redraw")


@dataclass
class World:
    """Ids of everything, and the actors by name."""

    orgs: dict[str, UUID] = field(default_factory=dict)
    users: dict[str, UUID] = field(default_factory=dict)
    postings: dict[str, UUID] = field(default_factory=dict)
    people: dict[str, UUID] = field(default_factory=dict)

    def actor(self, name: str, *, on: date = date(2026, 3, 2)) -> Actor:
        """Somebody in their post, as they would be after signing in."""
        found = actor_for(self.postings[name], user_id=self.users[name], on=on, device="test")
        assert found, name
        return found


# name, post, organisation, hall
STAFF = [
    ("clerk", "window-clerk", "hall", "hall"),
    ("second-clerk", "window-clerk", "hall", "hall"),
    ("manager", "hall-supervisor", "hall", "hall"),
    ("leader", "bureau-leader", "bureau", None),
    ("reviewer-1", "reviewer", "division", "hall"),
    ("reviewer-2", "reviewer", "division", "hall"),
    ("reviewer-3", "reviewer", "division", "hall"),
    ("reviewer-4", "reviewer", "division", "hall"),
    ("approver-1", "approver", "division", "hall"),
    ("approver-2", "approver", "division", "hall"),
    ("issuer", "issuer", "division", "hall"),
    ("second-issuer", "issuer", "division", "hall"),
    ("elsewhere", "window-clerk", "other-hall", "other-hall"),
    ("manager-elsewhere", "hall-supervisor", "other-hall", "other-hall"),
    ("editor", "catalogue-publisher", "bureau", None),
    ("administrator", "system-administrator", "bureau", None),
    ("security", "security-administrator", "bureau", None),
    ("auditor", "auditor", "bureau", None),
    ("village", "village-agent", "village", "village"),
    ("benefits", "benefit-officer", "bureau", None),
    ("benefits-elsewhere", "benefit-officer", "county", None),
    ("payments", "payment-officer", "bureau", None),
    ("payments-elsewhere", "payment-officer", "county", None),
    ("policies", "policy-officer", "bureau", None),
    ("second-policies", "second-policy-officer", "bureau", None),
    ("certification", "certification-officer", "bureau", None),
]


def build_world() -> World:
    """Make it; at the start of the test session, in the database every test starts from."""
    w = World()
    for code, name in (("77", "示例省"), (CITY, "云岭市"), (COUNTY, "清溪县"), ("770121100", "临江镇"), ("770121100201", "上湾村")):
        add_region(code=code, name=name, valid_from=FIRST_DAY, by=BUILDER, now=START)

    def org(code: str, name: str, kind: OrgKind, region: str, parent: str | None = None, **more: str) -> None:
        w.orgs[code] = add_organisation(
            code=code, name=name, short_name=name.replace("人力资源和社会保障局", "人社局"), kind=kind, region=region, parent_id=w.orgs[parent] if parent else None,
            valid_from=FIRST_DAY, by=BUILDER, now=START, **more,
        )  # fmt: skip

    org(
        "bureau", "云岭市人力资源和社会保障局", OrgKind.BUREAU, CITY, review_body="云岭市人民政府", court="云岭市人民法院",
        phone="0000-1230000", address="云岭市示例路1号",
    )  # fmt: skip
    org("hall", "云岭市政务服务大厅", OrgKind.HALL, CITY, "bureau", phone="0000-1230001", address="云岭市示例路2号")
    org("division", "综合审核科", OrgKind.DIVISION, CITY, "bureau")
    org(
        "county",
        "清溪县人力资源和社会保障局",
        OrgKind.BUREAU,
        COUNTY,
        "bureau",
        review_body="清溪县人民政府",
        court="清溪县人民法院",
    )
    org("other-hall", "清溪县政务服务大厅", OrgKind.HALL, COUNTY, "county")
    org("village", "上湾村便民服务站", OrgKind.VILLAGE, "770121100201", "county")
    every = {s.code: list(Power) for s in package_standards()}
    grant_many(
        org_id=w.orgs["bureau"], item_codes=every, region=CITY, document="测试授权1号", valid_from=FIRST_DAY, by=BUILDER, now=START
    )
    takes_in = {code: [Power.RECEIVE, Power.ACCEPT] for code in every}
    grant_many(
        org_id=w.orgs["county"],
        item_codes=takes_in,
        region=COUNTY,
        document="测试授权2号",
        valid_from=FIRST_DAY,
        by=BUILDER,
        now=START,
    )
    receives = {code: [Power.RECEIVE] for code in every}
    grant_many(
        org_id=w.orgs["village"],
        item_codes=receives,
        region="770121100201",
        document="测试授权3号",
        valid_from=FIRST_DAY,
        by=BUILDER,
        now=START,
    )
    for number, (name, post, where, hall) in enumerate(STAFF):
        w.users[name] = create_user(
            username=name, name=f"工作人员{number:02d}", password=PASSWORD, must_change=False, by=BUILDER, now=START
        )
        w.postings[name] = appoint(
            user_id=w.users[name], post=post, org_id=w.orgs[where], hall_id=w.orgs[hall] if hall else None, valid_from=FIRST_DAY,
            by=BUILDER, now=START,
        )  # fmt: skip
        enrol_staff(user_id=w.users[name], employee_number=f"T{number:03d}", id_number=staff_id(number), by=BUILDER, now=START)
    for number, name in enumerate(("applicant", "neighbour", "agent")):
        w.people[name] = register_person(
            name={"applicant": "赵示例", "neighbour": "阿卜杜热合曼·买买提依明", "agent": "钱代办"}[name], id_type=IdType.CITIZEN,
            id_number=person_id(number), gender=Gender.FEMALE, phone=f"1000000000{number}", address=f"云岭市示例路{number}号",
            region=COUNTY, by=BUILDER, now=START,
        )  # fmt: skip
    w.people["employer"] = register_employer(
        name="云岭示例服务有限公司", credit_code=credit_code_with_checks("9177010012345678"), legal_representative="孙示例", phone="10000000009",
        address="云岭市示例路9号", region=CITY, by=BUILDER, now=START,
    )  # fmt: skip
    load_package(region=CITY, valid_from=FIRST_DAY, papers=current_templates(), by=BUILDER, now=START)
    for body, code in (("bureau", "7701000000001"), ("county", "7701210000001")):
        register_seal(
            org_id=w.orgs[body], code=code, valid_from=FIRST_DAY, valid_to=date(2031, 1, 1), by=system("org.authorise"), now=START
        )
    commit_draws(by=BUILDER, now=START, days=150, first=date(2026, 2, 1))
    # What pages do happens now, whenever the tests run.
    commit_draws(by=BUILDER, now=START, days=10, first=local_date(datetime.now(UTC)) - timedelta(days=7))
    return w


def person_id(number: int) -> str:
    """An invented ID number of the reserved division 77, with a valid check digit."""
    return id_number_with_check(f"7701211970{1 + number % 9:02d}{1 + number % 27:02d}{100 + number:03d}")


def staff_id(number: int) -> str:
    return id_number_with_check(f"7701001985{1 + number % 9:02d}{1 + number % 27:02d}{200 + number:03d}")


def later(moment: datetime, **delta: float) -> datetime:
    return moment + timedelta(**delta)
