"""``linli org``, ``user`` and ``calendar``: setting up who belongs where, first accounts, holiday notices."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click
import yaml

from linli.cli.boot import now, plainly, ready

# What setting up an installation needs; nobody holds all of it in a post.
SETUP = ("org.manage", "org.authorise", "accounts.manage", "calendar.manage", "documents.manage_seals")


@click.group()
def org() -> None:
    """Organisations: load regions, bodies, staff and authority from a file."""


@org.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
def load_org(file: Path) -> None:
    """Load regions, organisations, staff, posts and authority over items from FILE (YAML). Safe to repeat.

    The format is that of the demonstration city (src/linli/cli/demo/data/city.yaml), described in docs/operations.md. New
    accounts get a random first password, printed once, to be changed at the first sign-in.

    \b
    Example:
      linli org load our-city.yaml
    """
    ready()
    from linli.cli.demo.city import load_city

    made = load_city(yaml.safe_load(file.read_text("utf-8")), now=now())
    for username, password in made.passwords.items():
        click.echo(f"{username}  {password}")
    click.echo(f"{made.organisations} organisations, {made.staff} staff, {made.authorities} authorities added")


@click.group()
def user() -> None:
    """Accounts: the first administrator, a lost password, a lost second factor."""


@user.command("add")
@click.argument("username")
@click.option("--name", required=True, help="Full name.")
@click.option("--org", "org_code", required=True, help="Code of the organisation, as loaded.")
@click.option("--post", default="system-administrator", show_default=True, help="Post to appoint to.")
@plainly
def add_user(username: str, name: str, org_code: str, post: str) -> None:
    """Make an account and appoint it to a post; prints its first password.

    \b
    Example:
      linli user add liwei --name 李伟 --org city-bureau --post system-administrator
    """
    ready()
    from linli.domains.accounts.commands import create_user, first_password
    from linli.domains.org.commands import appoint
    from linli.domains.org.queries import org_by_code
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date

    password = first_password(username, name)
    by = system(*SETUP, device="linli user add")
    organisation = org_by_code(org_code)
    made = create_user(username=username, name=name, password=password, by=by, now=now())
    appoint(user_id=made, post=post, org_id=organisation.pk, valid_from=local_date(now()), by=by, now=now())
    click.echo(f"{username} signs in with: {password}  (to be changed at the first sign-in)")


@user.command("reset")
@click.argument("username")
@click.option("--second-factor", is_flag=True, help="Take off the second factor too (a lost phone).")
@plainly
def reset_user(username: str, second_factor: bool) -> None:
    """Give an account a new first password and end its sessions.

    \b
    Example:
      linli user reset liwei --second-factor
    """
    ready()
    from linli.domains.accounts.commands import first_password, remove_second_factor, reset_password
    from linli.domains.accounts.queries import user_by_name
    from linli.kernel.actors import system

    by = system(*SETUP, device="linli user reset")
    found = user_by_name(username)
    password = first_password(found.username, found.name)
    reset_password(user_id=found.pk, new=password, by=by, now=now())
    if second_factor:
        remove_second_factor(user_id=found.pk, by=by, now=now())
    click.echo(f"{username} signs in with: {password}  (to be changed at the first sign-in)")


@click.group()
def calendar() -> None:
    """The working-day calendar: load the notice of a year, show a year."""


@calendar.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@plainly
def load_calendar(file: Path) -> None:
    """Load the holiday notice of a year (YAML); open cases are projected anew and say why.

    \b
    The file:
      year: 2027
      region: ""            # or an area code, for days off of an area of ethnic autonomy
      source: 国办发明电〔2026〕…号
      closed:
        - {name: 元旦, first: 2027-01-01, last: 2027-01-03}
      weekend_days_worked: [2027-01-09]

    \b
    Example:
      linli calendar load 2027.yaml
    """
    ready()
    from linli.domains.org.commands import load_notice, parse_notice
    from linli.kernel.actors import system

    notice, region = parse_notice(file.read_text("utf-8"))
    load_notice(notice=notice, region=region, by=system(*SETUP, device="linli calendar load"), now=now())
    click.echo(f"{notice.year}: {len(notice.closed)} days closed, {len(notice.worked)} weekend days worked; open cases follow")


@calendar.command("show")
@click.argument("year", type=int)
@click.option("--region", default="", help="With the additions of this place.")
@plainly
def show_calendar(year: int, region: str) -> None:
    """Print the days of a year that differ from plain weekends, and its working days.

    \b
    Example:
      linli calendar show 2026
    """
    ready()
    from linli.domains.org.queries import calendar as days_of
    from linli.kernel.calendar import with_weekday

    days: Any = days_of(region)
    first = date(year, 1, 1)
    for n in range(366):
        day = date.fromordinal(first.toordinal() + n)
        if day.year == year and days.is_working(day) != (day.weekday() < 5):
            click.echo(f"{with_weekday(day)}  {'worked' if days.is_working(day) else 'closed'}")
    state = "" if days.is_announced(first) else "  (no notice loaded: provisional)"
    click.echo(f"{days.working_days_in(year)} working days in {year}{state}")
