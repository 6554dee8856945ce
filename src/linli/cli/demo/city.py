"""Loading a city from its file: regions, organisations, staff with posts, authority over items, seals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from linli.domains.accounts.commands import UsernameTaken, create_user, first_password, password_digest
from linli.domains.accounts.queries import user_by_name
from linli.domains.catalog.queries import devolution, package_standards, partner_standards
from linli.domains.documents.commands import SealTaken, register_seal
from linli.domains.org.commands import add_organisation, add_region, appoint, enrol_staff, grant_many
from linli.domains.org.queries import OrgKind, Power, org_by_code, postings_of, posts
from linli.kernel.actors import Actor, system
from linli.kernel.errors import NotFound

SETUP = ("org.manage", "org.authorise", "accounts.manage", "calendar.manage")

# The five grades of devolution (浙江): what each gives a town or a village. Deciding stays with the county here; whoever accepts
# seals the notice that says so.
GRADES = {
    "仅收件": [Power.RECEIVE],
    "仅受理": [Power.RECEIVE, Power.ACCEPT, Power.SEAL],
    "部分经办": [Power.RECEIVE, Power.ACCEPT, Power.SEAL],
    "全程经办": [Power.RECEIVE, Power.ACCEPT, Power.SEAL],
    "赋权": [Power.RECEIVE, Power.ACCEPT, Power.SEAL],
}


@dataclass
class City:
    """What was loaded: ids by code and user name, and the postings by post."""

    orgs: dict[str, UUID] = field(default_factory=dict)
    users: dict[str, UUID] = field(default_factory=dict)
    postings: dict[str, UUID] = field(default_factory=dict)
    post_of: dict[str, str] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    regions: list[str] = field(default_factory=list)
    organisations: int = 0
    staff: int = 0
    authorities: int = 0

    @property
    def logins(self) -> dict[str, list[str]]:
        """User names by the name of their post, for printing."""
        names = {p.code: p.name for p in posts()}
        found: dict[str, list[str]] = {}
        for username, post in self.post_of.items():
            found.setdefault(names[post], []).append(username)
        return found


def load_city(
    raw: dict[str, Any],
    *,
    now: datetime,
    password: str | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> City:
    """Load a city file; what is there already is left alone. With ``password`` every account gets it, for demonstrations."""
    digest = password_digest(password) if password else ""
    by = system(*SETUP, device="linli org load")
    city = City(regions=list(raw.get("regions", {})))
    since = _day(raw.get("since")) or now.date()
    steps = len(raw.get("organisations", [])) + len(raw.get("staff", [])) + len(raw.get("authority", []))
    done = 0
    for code, name in raw.get("regions", {}).items():
        add_region(code=str(code), name=name, valid_from=since, by=by, now=now)
    for entry in raw.get("organisations", []):
        _organisation(city, entry, since, by, now)
        progress(done := done + 1, steps)
    for entry in raw.get("staff", []):
        _member(city, entry, since, by, now, password, digest)
        progress(done := done + 1, steps)
    for entry in raw.get("authority", []):
        _authority(city, entry, since, by, now)
        progress(done := done + 1, steps)
    for entry in raw.get("seals", []):
        try:
            register_seal(
                org_id=city.orgs[entry["org"]],
                code=entry["code"],
                valid_from=since,
                valid_to=since.replace(year=since.year + 5),
                by=by,
                now=now,
            )
        except SealTaken:
            continue
    return city


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) or value is None else date.fromisoformat(str(value))


def _organisation(city: City, entry: dict[str, Any], since: date, by: Actor, now: datetime) -> None:
    try:
        city.orgs[entry["code"]] = org_by_code(entry["code"]).pk
        return
    except NotFound:
        pass
    city.orgs[entry["code"]] = add_organisation(
        code=entry["code"], name=entry["name"], short_name=entry.get("short", entry["name"])[:32], kind=OrgKind(entry["kind"]),
        region=str(entry["region"]), parent_id=city.orgs[entry["parent"]] if entry.get("parent") else None,
        credit_code=entry.get("credit_code", ""), address=entry.get("address", ""), phone=entry.get("phone", ""),
        opening_hours=entry.get("hours", ""), review_body=entry.get("review_body", ""), court=entry.get("court", ""),
        valid_from=since, by=by, now=now,
    )  # fmt: skip
    city.organisations += 1


def _member(city: City, entry: dict[str, Any], since: date, by: Actor, now: datetime, password: str | None, digest: str) -> None:
    username = entry["username"]
    chosen = password or first_password(username, entry["name"])
    try:
        user = create_user(
            username=username, name=entry["name"], password=chosen, digest=digest, must_change=password is None, by=by, now=now
        )
        if password is None:
            city.passwords[username] = chosen
        city.staff += 1
        enrol_staff(
            user_id=user,
            employee_number=str(entry.get("number", username)),
            id_number=str(entry.get("id_number", "")),
            by=by,
            now=now,
        )
    except UsernameTaken:
        user = user_by_name(username).pk
    city.users[username] = user
    city.post_of[username] = entry["post"]
    held = [p for p in postings_of(user, on=max(since, now.date())) if p.post_id == entry["post"]]
    if held:
        city.postings[username] = held[0].pk
        return
    city.postings[username] = appoint(
        user_id=user, post=entry["post"], org_id=city.orgs[entry["org"]], hall_id=city.orgs[entry["hall"]] if entry.get("hall") else None,
        domains=entry.get("domains", []), valid_from=_day(entry.get("since")) or since, by=by, now=now,
    )  # fmt: skip


def _authority(city: City, entry: dict[str, Any], since: date, by: Actor, now: datetime) -> None:
    for code in entry.get("orgs") or [entry["org"]]:
        organisation = org_by_code(code)
        city.authorities += grant_many(
            org_id=organisation.pk, item_codes=dict(_items(entry)), region=str(entry.get("region") or organisation.region_id),
            document=entry["document"], valid_from=since, by=by, now=now,
        )  # fmt: skip


def _items(entry: dict[str, Any]) -> Iterator[tuple[str, list[Power]]]:
    match entry["items"]:
        case "all":
            for code in _codes(""):
                yield code, [Power(p) for p in entry["powers"]]
        case "devolved-town" | "devolved-village":
            level = entry["items"].removeprefix("devolved-")
            allowed = [Power(p) for p in entry.get("powers", Power)]
            for code, grades in devolution().items():
                yield code, [p for p in GRADES[grades[level]] if p in allowed]
        case str() as which if which.startswith("partner-"):
            for code in _codes(which.removeprefix("partner-")):
                yield code, [Power(p) for p in entry["powers"]]
        case list() as codes:
            for code in codes:
                yield code, [Power(p) for p in entry["powers"]]


@cache
def _codes(partner: str) -> tuple[str, ...]:
    """The items of the catalogue, or those of another department."""
    if partner:
        return tuple(s.code for s in partner_standards() if s.domain == partner)
    return tuple(s.code for s in package_standards())
