"""``linli catalog``: loading, checking, exporting and comparing the catalogue."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date
from pathlib import Path

import click

from linli.cli.boot import now, plainly, ready


@click.group()
def catalog() -> None:
    """The catalogue of service items: load, check, export, import, compare."""


@catalog.command()
@click.option("--region", required=True, help="Area code of the place that publishes it, e.g. 7701.")
@click.option("--from", "valid_from", type=click.DateTime(["%Y-%m-%d"]), help="First day it counts (default: today).")
@plainly
def load(region: str, valid_from: click.DateTime | None) -> None:
    """Publish the reference catalogue that ships with Linli (47 main items, 229 sub-items, 21 joint matters) in a place.

    The items of other departments that are members of joint matters come with it. Safe to repeat.

    \b
    Example:
      linli catalog load --region 7701
    """
    ready()
    from linli.domains.catalog.commands import load_bundles, load_package, load_partners
    from linli.domains.documents.queries import current_templates
    from linli.kernel.actors import system
    from linli.kernel.calendar import local_date

    day = valid_from.date() if valid_from else local_date(now())  # type: ignore[attr-defined]
    by, papers = system("catalog.publish"), current_templates()
    done = load_package(region=region, valid_from=day, papers=papers, by=by, now=now())
    click.echo(f"{done.added} items published in {region} from {day}, {done.unchanged} were there already")
    partners = load_partners(region=region, valid_from=day, papers=papers, by=by, now=now())
    bundles = load_bundles(region=region, valid_from=day, by=by, now=now())
    click.echo(
        f"{bundles.added} joint matters, {bundles.unchanged} were there already; "
        f"{partners.added} items of other departments, {partners.unchanged} were there already"
    )


@catalog.command()
@click.option("--region", default="", help="Check what counts in this place (default: the package itself).")
@click.option("--item", "items", multiple=True, help="Only these items.")
@click.option("--strict", is_flag=True, help="Exit 1 on warnings too.")
@plainly
def check(region: str, items: tuple[str, ...], strict: bool) -> None:
    """List which of the eight elements each item lacks and which rule it breaks; exit 1 if anything must be mended.

    \b
    Example:
      linli catalog check --region 7701 --item labour-dispatch-permit
    """
    ready(migrated=bool(region))
    from linli.domains.catalog.queries import check_standard, package_standards, published_standards
    from linli.kernel.calendar import local_date

    standards = published_standards(region=region, on=local_date(now())) if region else package_standards()
    counts: Counter[str] = Counter()
    checked = 0
    for standard in standards:
        if items and standard.code not in items:
            continue
        checked += 1
        findings = check_standard(standard)
        if findings:
            click.echo(f"{standard.code}  {standard.name}")
        for finding in findings:
            counts["must be mended" if finding.stops else "to be looked at"] += 1
            click.echo(f"  {'✗' if finding.stops else '·'} {finding.element.label}: {finding.says}")
    click.echo(f"{checked} items: {counts['must be mended']} to be mended, {counts['to be looked at']} to be looked at")
    if not items:
        _check_bundles(region)
    sys.exit(1 if counts["must be mended"] or (strict and counts) else 0)


def _check_bundles(region: str) -> None:
    """Each joint matter with what it saves, and what its public list names although no member needs it."""
    from linli.domains.catalog.queries import (
        Joined,
        bundles_in_force,
        joined_from,
        joined_here,
        package_bundles,
        package_standards,
        partner_standards,
        unlisted_papers,
    )
    from linli.kernel.calendar import local_date

    found: list[Joined]
    if region:
        today = local_date(now())
        found = [joined_here(b, region=region, on=today) for b in bundles_in_force(region=region, on=today)]
    else:
        standards = {s.code: s for s in (*package_standards(), *partner_standards())}
        found = [joined_from(bundle, standards) for bundle in package_bundles()]
    click.echo()
    for joined in found:
        g = joined.gains
        click.echo(
            f"{joined.bundle.code}  {joined.bundle.name}: {len(joined.members)} members, questions {g.questions.before} → {g.questions.after}, "
            f"papers {g.materials.before} → {g.materials.after}, trips {g.trips.before} → {g.trips.after}, "
            f"working days {g.days.before} → {g.days.after}"
        )
        missing = [m.code for m in joined.bundle.members if m.code not in {s.code for s in joined.members}]
        if missing:
            click.echo(f"  · not offered here: {', '.join(missing)}")
        for name in unlisted_papers(joined):
            click.echo(f"  · listed, but no member needs it: {name}")
    click.echo(f"{len(found)} joint matters can be put together")


@catalog.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--region", required=True, help="What counts in this place.")
@click.option("--item", "items", multiple=True, help="Only these items.")
@plainly
def export(file: Path, region: str, items: tuple[str, ...]) -> None:
    """Write the catalogue of a place to FILE: .xlsx (the eight-element table) or .yaml.

    \b
    Example:
      linli catalog export 八统一表.xlsx --region 7701
    """
    ready()
    from linli.domains.catalog.queries import published_standards, write_workbook, write_yaml
    from linli.kernel.calendar import local_date

    chosen = [s for s in published_standards(region=region, on=local_date(now())) if not items or s.code in items]
    match file.suffix:
        case ".xlsx":
            file.write_bytes(write_workbook(chosen, title=f"人力资源社会保障服务事项“八统一”表（{region}）"))
        case ".yaml" | ".yml":
            file.write_text(write_yaml(chosen), "utf-8")
        case _:
            raise click.ClickException("the file must end in .xlsx or .yaml")
    click.echo(f"wrote {len(chosen)} items to {file}")


@catalog.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", required=True, help="For this place.")
@plainly
def import_(file: Path, region: str) -> None:
    """Take FILE (.xlsx or .yaml as exported, edited or not) in as drafts; all of it or nothing.

    Drafts are published in the console, after a person has looked at them.

    \b
    Example:
      linli catalog import 八统一表.xlsx --region 7701
    """
    ready()
    from linli.domains.catalog.commands import import_standards, read_workbook, read_yaml
    from linli.kernel.actors import system

    with file.open("rb") as handle:
        standards = read_workbook(handle) if file.suffix == ".xlsx" else read_yaml(handle.read().decode("utf-8"))
    done = import_standards(standards=standards, region=region, by=system("catalog.edit"), now=now())
    click.echo(f"{len(done.drafts)} drafts, {len(done.unchanged)} unchanged")


@catalog.command()
@click.argument("item")
@click.option("--region", required=True, help="The first side: what counts in this place.")
@click.option("--other", default="", help="The second side: what counts in this other place (default: another version here).")
@click.option("--version", type=int, help="The second side: this version in the first place.")
@plainly
def diff(item: str, region: str, other: str, version: int | None) -> None:
    """Compare an item between two places, or with another version, element by element; exit 1 if they differ.

    \b
    Example:
      linli catalog diff labour-dispatch-permit --region 7701 --other 770121
    """
    ready()
    from linli.domains.catalog.queries import compare, must_be_in_force, version_of
    from linli.kernel.calendar import local_date

    today: date = local_date(now())
    here = must_be_in_force(item, region=region, on=today).standard
    there = (
        must_be_in_force(item, region=other, on=today).standard if other else version_of(item, region=region, version=version or 1)
    )
    result = compare(there, here) if not other else compare(here, there)
    for name, gain in (
        ("links", result.links),
        ("working days", result.days),
        ("materials", result.materials),
        ("trips", result.trips),
    ):
        before, after = ("—" if v is None else v for v in (gain.before, gain.after))
        click.echo(f"{name:>13}: {before} → {after}" + (f"  ({gain.change:+d})" if gain.change else ""))
    for element in result.changed:
        click.echo(f"\n{element.element.label}")
        for row in element.rows:
            if not row.same:
                if row.before:
                    click.echo("  - " + "".join(p.text if p.same else f"[{p.text}]" for p in row.before))
                if row.after:
                    click.echo("  + " + "".join(p.text if p.same else f"[{p.text}]" for p in row.after))
    if not result.changed:
        click.echo("no difference")
    sys.exit(1 if result.changed else 0)
