"""Partner departments and joint matters for tests: offices whose staff work their parts like anybody's."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from linli.domains.accounts.commands import create_user
from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Joint, JointPart, joint_sheet
from linli.domains.catalog.commands import load_bundles, load_partners
from linli.domains.catalog.queries import How, get_standard, partner_standards
from linli.domains.documents.commands import register_seal
from linli.domains.documents.queries import current_templates
from linli.domains.org.commands import add_organisation, appoint, enrol_staff, grant_many
from linli.domains.org.queries import OrgKind, Power
from linli.kernel.actors import system
from linli.testing.story import Story, at, filled
from linli.testing.world import BUILDER, CITY, FIRST_DAY, PASSWORD, START, World

OPENING = "bundle-enterprise-opening"
STARTUP = "bundle-personal-startup"

# name, credit for the seal, the domains whose items it handles
_OFFICES = {
    "market": ("云岭市市场监督管理局", "7701000000002", ("market",)),
    "partners": ("云岭市联办部门办事处", "7701000000003", None),
}
_STAFF = (("clerk", "window-clerk"), ("reviewer-1", "reviewer"), ("reviewer-2", "reviewer"), ("issuer", "issuer"))


def build_partners(world: World) -> World:
    """The world with other departments beside: their staff, their authority over their items, and the joint matters."""
    world = World(dict(world.orgs), dict(world.users), dict(world.postings), dict(world.people))
    items = list(partner_standards())
    taken: set[str] = set()
    for office, (name, seal, domains) in _OFFICES.items():
        world.orgs[office] = add_organisation(
            code=office, name=name, short_name=name[:12], kind=OrgKind.PARTNER, region=CITY, parent_id=None, valid_from=FIRST_DAY,
            review_body="云岭市人民政府", court="云岭市人民法院", by=BUILDER, now=START,
        )  # fmt: skip
        codes = [s.code for s in items if (s.domain in domains if domains else s.code not in taken)]
        taken |= set(codes)
        grant_many(
            org_id=world.orgs[office], item_codes={c: list(Power) for c in codes}, region=CITY, document="测试联办授权", valid_from=FIRST_DAY,
            by=BUILDER, now=START,
        )  # fmt: skip
        for number, (who, post) in enumerate(_STAFF):
            key = f"{office}-{who}"
            world.users[key] = create_user(
                username=key, name=f"{office}{number}", password=PASSWORD, must_change=False, by=BUILDER, now=START
            )
            world.postings[key] = appoint(
                user_id=world.users[key], post=post, org_id=world.orgs[office], valid_from=FIRST_DAY, by=BUILDER, now=START
            )
            enrol_staff(user_id=world.users[key], employee_number=f"{office[0]}{number}", by=BUILDER, now=START)
        register_seal(
            org_id=world.orgs[office],
            code=seal,
            valid_from=FIRST_DAY,
            valid_to=date(2031, 1, 1),
            by=system("org.authorise"),
            now=START,
        )
    publisher = system("catalog.publish")
    load_partners(region=CITY, valid_from=FIRST_DAY, papers=current_templates(), by=publisher, now=START)
    load_bundles(region=CITY, valid_from=FIRST_DAY, by=publisher, now=START)
    return world


class JointStory:
    """One joint matter and the people around it, through the commands the pages use."""

    def __init__(self, world: World, bundle: str = OPENING, *, day: str = "2026-03-02") -> None:
        self.world, self.bundle, self.day = world, bundle, day
        self.joint_id = UUID(int=0)

    def now(self, time: str = "10:00") -> datetime:
        return at(f"{self.day} {time}")

    def who(self, name: str) -> Any:
        return self.world.actor(name, on=date.fromisoformat(self.day))

    @property
    def joint(self) -> Joint:
        return Joint.objects.get(pk=self.joint_id)

    def part(self, code: str) -> JointPart:
        return JointPart.objects.select_related("case").get(joint_id=self.joint_id, item_code=code)

    def case(self, code: str) -> Case:
        found = self.part(code).case
        assert found, code
        return found

    def start(self, *, clerk: str = "clerk", person: str = "applicant") -> UUID:
        employer = self.bundle in (OPENING, "bundle-contract-end", "bundle-enterprise-deregistration", "bundle-hire-employee")
        applicant = (
            do.Applicant(self.world.people["employer"], is_employer=True) if employer else do.Applicant(self.world.people[person])
        )
        self.joint_id = do.start_joint(bundle_code=self.bundle, applicant=applicant, by=self.who(clerk), now=self.now())
        return self.joint_id

    def choose(self, *wanted: str, clerk: str = "clerk") -> None:
        """Answer every question: the named parts are wanted, no others."""
        for part in JointPart.objects.filter(joint_id=self.joint_id, chosen=None):
            do.choose_part(
                joint_id=self.joint_id, code=part.item_code, wanted=part.item_code in wanted, by=self.who(clerk), now=self.now()
            )

    def fill(self, *, clerk: str = "clerk", **values: Any) -> dict[str, Any]:
        """Everything the joint form asks for and every paper of the joint list, brought on paper or said not to apply."""
        sheet = joint_sheet(self.joint_id, by=self.who(clerk), now=self.now())
        like = sheet.chosen.members[0].model_copy(update={"form": sheet.fields})
        typed = filled(like) | sheet.form | values
        do.save_joint(joint_id=self.joint_id, values=typed, by=self.who(clerk), now=self.now("10:01"))
        for line in sheet.still_asked:
            away = line.required.value != "yes"
            how = do.Handed(line.code, not_applicable=True) if away else do.Handed(line.code, do.Received.PAPER)
            do.hand_in_joint(joint_id=self.joint_id, material=how, by=self.who(clerk), now=self.now("10:02"))
        return typed

    def submit(self, *, clerk: str = "clerk", time: str = "10:05", **more: Any) -> str:
        return do.submit_joint(joint_id=self.joint_id, by=self.who(clerk), now=self.now(time), **more)

    def begun(self, *wanted: str, clerk: str = "clerk") -> str:
        """From the first question to the number."""
        self.start(clerk=clerk)
        self.choose(*wanted, clerk=clerk)
        self.fill(clerk=clerk)
        return self.submit(clerk=clerk)

    def decide(self, code: str, *, office: str = "market", approve: bool = True, issue: bool = True) -> UUID:
        """One part worked by its own department, as any case; the jobs that follow are the caller's to run."""
        case = self.case(code)
        story = Story(self.world, item=code, region=case.region, day=self.day, case_id=case.pk)
        own = office == "hall"
        if case.state == "submitted":
            story.accept(clerk="clerk" if own else f"{office}-clerk")
        story.review(approve=approve)
        if issue:
            story.issue(issuer="issuer" if own else f"{office}-issuer")
        return case.pk

    def produced(self, code: str) -> list[str]:
        """The materials of a part that others give it."""
        sheet = joint_sheet(self.joint_id, by=self.who("clerk"), now=self.now())
        standard = get_standard(self.part(code).standard_id)
        lines = sheet.chosen.of_member(code)
        return [m.code for m in standard.materials if lines[m.code].how is How.RESULT]
