"""The ten pages a hall lives on, over HTTP against the served application, with a million stored cases and 16 users.

    .venv/bin/python bench/desk.py [--stored 1000000] [--users 16] [--seconds 40] [--workers 2]

Clerks, reviewers, issuers, supervisors and visitors sign in and ask for pages one after the other, without a pause, all at once.
Printed for each page: queries (in process, once it is warm), p50, p95 and p99 in milliseconds, and p95 against that of a page
that does one lookup (a person's own account) asked for in the same run by the same users.
"""

from __future__ import annotations

import argparse
import http.cookiejar
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from common import admin_conninfo, prepare, quantiles, table
from fill import Original, fill

WORLD = prepare()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from linli.cli.serve import port_is_free  # noqa: E402
from linli.domains.accounts.commands import create_user  # noqa: E402
from linli.domains.accounts.models import User  # noqa: E402
from linli.domains.cases import commands as do  # noqa: E402
from linli.domains.cases.queries import Case, Step  # noqa: E402
from linli.domains.catalog.queries import package_standards  # noqa: E402
from linli.domains.org.commands import appoint  # noqa: E402
from linli.kernel.calendar import local_date  # noqa: E402
from linli.testing.story import Story  # noqa: E402
from linli.testing.world import BUILDER, FIRST_DAY, PASSWORD  # noqa: E402

# Reviewed and decided by two people, with a result, and for persons: the copies have persons of their own.
ITEM = next(
    s.code
    for s in package_standards()
    if [(x.kind, x.duty) for x in s.plan.stages] == [("review", "review"), ("decide", "decision")]
    and s.handled_in == "linli" and s.result_document and "person" in s.applicant_kinds
)  # fmt: skip
BASELINE = "one lookup: my account"


@dataclass
class Worker:
    """Somebody at work, and the pages their work consists of."""

    name: str
    pages: dict[str, Callable[[], str]]
    took: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def staff() -> dict[str, list[str]]:
    """Users by kind of work; those the small world lacks are added once."""
    kinds = {"clerk": ("window-clerk", "hall", 7), "issuer": ("issuer", "division", 3), "manager": ("hall-supervisor", "hall", 2)}
    names = {"clerk": ["clerk", "second-clerk"], "issuer": ["issuer", "second-issuer"], "manager": ["manager"]}
    now = timezone.now()
    WORLD.users |= dict(User.objects.filter(username__startswith="bench-").values_list("username", "pk"))
    for kind, (post, where, count) in kinds.items():
        for number in range(len(names[kind]), count):
            name = f"bench-{kind}-{number}"
            names[kind].append(name)
            if name not in WORLD.users:
                WORLD.users[name] = create_user(username=name, name=name, password=PASSWORD, must_change=False, by=BUILDER, now=now)
                appoint(
                    user_id=WORLD.users[name], post=post, org_id=WORLD.orgs[where], hall_id=WORLD.orgs["hall"],
                    valid_from=FIRST_DAY, by=BUILDER, now=now,
                )  # fmt: skip
    # The draw decides whose the originals are; a reviewer may have nothing, then another has a second window open.
    holders = set(Step.objects.filter(state="open").values_list("user_id", flat=True))
    reviewers = [f"reviewer-{n}" for n in range(1, 5) if WORLD.users[f"reviewer-{n}"] in holders]
    return names | {"reviewer": (reviewers * 4)[:4]}


def store(count: int) -> None:
    """Cases that are over, and some that are under way, as many as a busy hall has."""
    now = timezone.now()
    today = local_date(now)
    do.commit_draws(by=BUILDER, now=now, days=3, first=today)
    if Case.objects.filter(state="in_review").count() >= 1000:
        return
    over = Story(WORLD, item=ITEM, day=today.isoformat())
    over.whole()
    person = WORLD.people["applicant"]
    assert over.case_id
    fill(admin_conninfo(), [Original(over.case_id)], upto=count, person_id=person)
    originals = []
    for stage in ["review"] * 8 + ["decided"] * 2 + ["issued"] * 2 + ["taken in"]:
        story = Story(WORLD, item=ITEM, day=today.isoformat())
        story.receive()
        if stage != "taken in":
            story.accept()
        if stage in ("decided", "issued"):
            story.review()
        if stage == "issued":
            story.issue()
        assert story.case_id
        originals.append(Original(story.case_id, share=1 / 13, days=10))
    fill(admin_conninfo(), originals, upto=Case.objects.count() + 2600, person_id=person)


def choose(queryset: Any, count: int = 300) -> Callable[[], UUID]:
    """One of some hundred rows, another each time."""
    found = list(queryset.values_list("pk", flat=True)[:count])
    if not found:
        raise SystemExit(f"nothing to look at: {queryset.query}")
    return lambda: random.choice(found)


def work() -> list[Worker]:
    """Who asks for what."""
    names = staff()
    hall = WORLD.orgs["hall"]
    recent = Case.objects.filter(hall_id=hall).order_by("-received_at")
    people = choose(Case.objects.filter(applicant_is_employer=False).order_by("-received_at"))
    case = choose(recent.exclude(state="draft"))
    person_of = dict(Case.objects.filter(pk__in=[people() for _ in range(200)]).values_list("pk", "applicant_id"))
    persons = list(person_of.values())
    account = {BASELINE: lambda: reverse("account:home")}
    users = []
    for name in names["clerk"]:
        users.append(Worker(name, account | {
            "counter: today": lambda: reverse("counter:today"),
            "counter: a person": lambda: reverse("counter:person", args=[random.choice(persons)]),
            "counter: a case": lambda: reverse("counter:case", args=[case()]),
            "counter: to hand over": lambda: reverse("issue:deliver_list"),
        }))  # fmt: skip
    for name in names["reviewer"]:
        step = choose(Step.objects.filter(user_id=WORLD.users[name], state="open"))
        users.append(Worker(name, account | {
            "reviewer: my cases": lambda: reverse("review:mine"),
            "reviewer: a case": lambda step=step: reverse("review:sheet", args=[step()]),
        }))  # fmt: skip
    for name in names["issuer"]:
        users.append(Worker(name, account | {"issuer: queue": lambda: reverse("issue:queue")}))
    for name in names["manager"]:
        users.append(Worker(name, account | {
            "supervisor: board": lambda: reverse("supervise:board"),
            "supervisor: open cases": lambda: reverse("supervise:cases"),
            "supervisor: a case": lambda: reverse("supervise:case", args=[case()]),
        }))  # fmt: skip
    return users


# -- asking ----------------------------------------------------------------------------------------------------------------


class Browser:
    """Keeps cookies and connections the way a browser does."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def get(self, path: str) -> str:
        with self.opener.open(self.site + path, timeout=60) as answer:
            return str(answer.read().decode())

    def sign_in(self, username: str) -> None:
        path = reverse("account:login")
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.get(path)))
        body = urllib.parse.urlencode(hidden | {"username": username, "password": PASSWORD}).encode()
        request = urllib.request.Request(self.site + path, body, {"Referer": self.site + path})
        with self.opener.open(request, timeout=60) as answer:
            if answer.geturl().endswith(path):
                raise SystemExit(f"{username} could not sign in")


def at_work(user: Worker, site: str, until: float) -> None:
    browser = Browser(site)
    browser.sign_in(user.name)
    for name, address in user.pages.items():  # warm
        browser.get(address())
        user.took[name] = []
    while time.monotonic() < until:
        for name, address in random.sample(list(user.pages.items()), len(user.pages)):
            path = address()
            began = time.perf_counter()
            try:
                browser.get(path)
            except OSError as error:
                user.failures.append(f"{path}: {error}")
            else:
                user.took[name].append((time.perf_counter() - began) * 1000)


def queries_of(users: list[Worker]) -> dict[str, int]:
    """Queries a page takes once caches are warm."""
    found: dict[str, int] = {}
    for user in users:
        missing = [name for name in user.pages if name not in found]
        if not missing:
            continue
        client = Client(SERVER_NAME="127.0.0.1")
        client.post(
            reverse("account:login"), {"username": user.name, "password": PASSWORD, "once": str(UUID(int=random.getrandbits(128)))}
        )
        for name in missing:
            path = user.pages[name]()
            client.get(path)
            with CaptureQueriesContext(connection) as seen:
                answer = client.get(path)
            if answer.status_code != 200:
                raise SystemExit(f"{path} answers {answer.status_code}")
            found[name] = len(seen)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--workers", type=int, default=2, help="page server processes")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    if not port_is_free("127.0.0.1", options.port):
        raise SystemExit(f"port {options.port} is taken: choose another with --port")
    store(options.stored)
    users = work()
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    queries = queries_of(users)
    server = subprocess.Popen(
        [sys.executable, "-m", "linli.cli", "serve", "--port", str(options.port)],
        env={k: v for k, v in os.environ.items() if k != "LINLI_AS_OWNER"} | {"LINLI_WORKERS": str(options.workers)},
    )
    try:
        wait_for(options.port, server)
        until = time.monotonic() + options.seconds + 10
        threads = [threading.Thread(target=at_work, args=(u, f"http://127.0.0.1:{options.port}", until)) for u in users]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        server.terminate()
        server.wait()
    report(users, queries, options.workers)


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while port_is_free("127.0.0.1", port):
        if server.poll() is not None or time.monotonic() > until:
            raise SystemExit("the platform did not start")
        time.sleep(0.2)


def report(users: list[Worker], queries: dict[str, int], workers: int) -> None:
    took: dict[str, list[float]] = {}
    for user in users:
        for name, values in user.took.items():
            took.setdefault(name, []).extend(values)
    one = quantiles(took[BASELINE])[1]
    rows = []
    for name, values in took.items():
        p50, p95, p99 = quantiles(values)
        rows.append((name, queries[name], len(values), f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", f"{p95 / one:.1f}"))
    stored = Case.objects.count()
    table(
        f"{len(users)} users at once, {stored:,} stored cases, {workers} page server processes (milliseconds)",
        ("page", "queries", "asked", "p50", "p95", "p99", "p95 / one lookup"),
        rows,
    )
    failures = [f for u in users for f in u.failures]
    if failures:
        raise SystemExit(f"{len(failures)} requests failed, the first: {failures[0]}")


if __name__ == "__main__":
    main()
