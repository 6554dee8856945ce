"""``linli demo``: an invented city at work on the real catalogue."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from importlib import resources
from pathlib import Path
from typing import Any

import click
import yaml

from linli.cli.boot import now, plainly, progress, ready
from linli.kernel.place import DEMO_STATE, data_folder


@click.command()
@click.option("--once", is_flag=True, help="Stop after the summary.")
@click.option("--reset", is_flag=True, help="Throw the demonstration's data away and start over.")
@click.option("--cases", default=320, show_default=True, type=click.IntRange(20, 100_000), help="How many cases the first day has.")
@click.option("--port", type=int, help="Port to serve on (LINLI_PORT; default 8000).")
@plainly
def demo(once: bool, reset: bool, cases: int, port: int | None) -> None:
    """A hall at work: loads the catalogue and an invented city, plays a first day, prints a summary, and serves the pages.

    A second start keeps the data. Everything lies in LINLI_DATA (default: .linli here).

    \b
    Example:
      linli demo --once --reset --cases 400
    """
    started = time.monotonic()
    if not once:
        os.environ["LINLI_PORT"] = str(_port(port))
    data = data_folder()
    state = _state(data)
    if state.get("begun") and "finished" not in state and not reset:
        click.echo("an earlier first day was broken off; starting over", err=True)
        reset = True
    if reset:
        _forget(data)
        state = {}
    if not state:
        _claim(data)
    os.environ.pop("LINLI_AS_OWNER", None)
    ready(migrated=False)
    _migrate()
    if "finished" not in state:
        _first_day(data, state, cases)
    _summary(state, started)
    if once:
        return
    from linli.cli.serve import run_forever

    run_forever(lambda: click.echo(f"\nLinli runs at {_url()}  (Ctrl-C stops it; a second start keeps the data)"))


def _port(asked: int | None) -> int | str:
    """The port asked for, if it is free; when none was asked for, the next free one."""
    from linli.cli.serve import PortTaken, port_is_free

    # From the environment itself: the settings are read once, and must be read with the port that is found here.
    host, named = os.environ.get("LINLI_HOST") or "127.0.0.1", os.environ.get("LINLI_PORT", "")
    if named and not named.isdecimal():
        return named  # the settings will say what is wrong with it
    wanted = asked or int(named or 8000)
    if port_is_free(host, wanted):
        return wanted
    chosen = asked or named
    found = next((p for p in range(wanted + 1, wanted + 100) if not chosen and port_is_free(host, p)), None)
    if found is None:
        raise PortTaken(wanted)
    click.echo(f"port {wanted} is taken by another program; using {found}", err=True)
    return found


def _claim(data: Path) -> None:
    """Mark the folder as a demonstration's, so that ``--reset`` may remove it; never one that holds something else."""
    if data.exists() and (data / "postgres").exists():
        raise click.ClickException(f"{data} holds an installation; name another folder: LINLI_DATA=/tmp/linli-demo linli demo")
    data.mkdir(parents=True, exist_ok=True)
    _save(data, {"claimed": now().isoformat()})


def _url() -> str:
    from django.conf import settings

    return str(settings.ENV.public_url)


def _state(data: Path) -> dict[str, Any]:
    path = data / DEMO_STATE
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}


def _save(data: Path, state: dict[str, Any]) -> None:
    path = data / DEMO_STATE
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(state, allow_unicode=True, sort_keys=False), "utf-8")
    fresh.chmod(0o600)  # it holds the password of the demonstration's logins
    fresh.replace(path)


def _forget(data: Path) -> None:
    """Remove a demonstration's data; anything else is left alone."""
    if not data.exists():
        return
    from linli.kernel.postgres import EmbeddedPostgres

    if any(data.iterdir()) and not (data / DEMO_STATE).exists():
        raise click.ClickException(f"{data} does not hold a demonstration; remove it yourself if that is what you want")
    server = EmbeddedPostgres(data)
    if server.is_running():
        raise click.ClickException("the demonstration is running; stop it first")
    shutil.rmtree(server.cluster.parent, ignore_errors=True)
    shutil.rmtree(data)


def _migrate() -> None:
    """In a process of its own, since it runs as the role that owns the tables."""
    done = subprocess.run([sys.executable, "-m", "linli.cli", "migrate"], capture_output=True, text=True)
    if done.returncode:
        raise click.ClickException(f"migrate failed:\n{done.stdout}{done.stderr}")


def _first_day(data: Path, state: dict[str, Any], cases: int) -> None:
    from linli.cli.demo.city import load_city
    from linli.cli.demo.day import play
    from linli.cli.demo.departments import leave_down, prepare, start
    from linli.cli.demo.extracts import feed
    from linli.cli.demo.partner import keep_key
    from linli.cli.demo.population import populate
    from linli.domains.accounts.commands import first_password

    raw = yaml.safe_load((resources.files("linli.cli.demo") / "data/city.yaml").read_text("utf-8"))
    state.update(begun=now().isoformat(), password=first_password(*(entry["username"] for entry in raw["staff"])))
    _save(data, state)
    city = load_city(raw, now=now(), password=state["password"], progress=progress("city     "))
    people = populate(city, residents=2_000, employers=150, progress=progress("residents"))
    feed(people, data / "extracts", now=now(), progress=progress("facts    "))
    prepare(state)
    leave_down(state)
    _save(data, state)
    # Notices are sealed beside the day, as the worker does in a running hall; other departments answer.
    others = start(state)
    sealing = subprocess.Popen([sys.executable, "-m", "linli.cli", "worker", "--queue", "papers"], stderr=subprocess.DEVNULL)
    try:
        report = play(city, people, cases=cases, progress=progress("first day"))
        _wait_for_papers(sealing)
        # What the worker of a running hall had done meanwhile: telling people, asking departments for what came in online.
        made_up = subprocess.run([sys.executable, "-m", "linli.cli", "worker", "--until-empty"], capture_output=True, text=True)
        if made_up.returncode:
            raise click.ClickException(f"the background work of the day failed:\n{made_up.stderr}")
    finally:
        for child in (sealing, others):
            child.terminate()
            child.wait()
    keep_key(data, report.pop("key"))
    state["residents"] = report.pop("residents")
    state["report"] = report | _verified(report["days"])
    state["logins"] = city.logins
    state["finished"] = now().isoformat()
    _save(data, state)


def _wait_for_papers(sealing: subprocess.Popen[bytes]) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    waiting = ProcrastinateJob.objects.filter(queue_name="papers", status__in=["todo", "doing"])
    total = max(waiting.count(), 1)
    show = progress("papers   ")
    while (left := waiting.count()) and sealing.poll() is None:
        show(total - left, total)
        time.sleep(0.3)
    show(total, total)


def _verified(days: list[str]) -> dict[str, Any]:
    """Repeat the draws and verify the record, as the operator's commands do."""
    from datetime import date

    from linli.domains.cases.queries import replay_day
    from linli.domains.documents.queries import sealed_count
    from linli.domains.trace.commands import seal_heads
    from linli.domains.trace.queries import verify_all

    seal_heads(now=now())
    replays = [r for r in (replay_day(date.fromisoformat(d)) for d in days) if r]
    verdict = verify_all(now=now(), progress=progress("verify   "))
    return {
        "draws": sum(len(r.draws) for r in replays), "draws_same": sum(d.same for r in replays for d in r.draws),
        "chains": verdict.chains, "events": verdict.events, "roots": verdict.roots, "verified": verdict.ok,
        "sealed": sealed_count(),
    }  # fmt: skip


def _summary(state: dict[str, Any], started: float) -> None:
    from linli.cli.demo.departments import LEFT_DOWN
    from linli.cli.demo.partner import key_file

    r = state["report"]
    click.echo(f"\n  {r['cases']} cases over {r['items']} different items, {r['staff']} staff, {r['first']} to {r['last']}")
    click.echo(f"  accepted {r['accepted']}, on time {r['on_time']} of {r['decided']} decided, overdue and open {r['overdue']}")
    for name, count in r["states"].items():
        click.echo(f"    {count:>5}  {name}")
    if "came" in r:  # not told of a first day that an earlier version played
        click.echo("  came: " + ", ".join(f"{n} {how}" for how, n in r["came"].items()))
    click.echo("  branches: " + ", ".join(f"{k} {v}" for k, v in r["branches"].items()))
    for line in r["joint"]:
        click.echo(f"  joint matter: {line}")
    if "benefits" in r:
        click.echo("  without an application: " + ", ".join(f"{n} {what}" for what, n in r["benefits"].items()))
    click.echo(f"  draws repeated: {r['draws_same']} of {r['draws']} give the same person again")
    click.echo(f"  papers sealed: {r['sealed']}")
    click.echo(
        f"  record: {'verified' if r['verified'] else 'DOES NOT VERIFY'} ({r['chains']} chains, {r['events']} events, {r['roots']} roots)"
    )
    click.echo(f"\n  Sign in at {_url()}/login with the password  {state['password']}  as")
    for post, names in state["logins"].items():
        click.echo(f"    {post}: {', '.join(names)}")
    click.echo(f"  Residents sign in at {_url()}/me/sign-in by telephone; read the code at {_url()}/demo/post/")
    for line in state["residents"]:
        click.echo(f"    {line}")
    click.echo(
        f"  Another system calls {_url()}/api/v1/ (described at {_url()}/api/reference) with the key in {key_file(data_folder())}"
    )
    click.echo(f"  Out of order: the department behind {LEFT_DOWN}; switch it on with linli exchange fault {LEFT_DOWN} none, or at")
    click.echo(f"    {_url()}/console/exchange/interfaces/{LEFT_DOWN} as admin")
    click.echo(f"\n  ready after {time.monotonic() - started:.0f} s")
    if not r["verified"] or r["draws"] != r["draws_same"]:
        raise click.ClickException("something does not hold; see linli trace verify and linli draw replay")
