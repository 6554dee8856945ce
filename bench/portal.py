"""The pages a resident uses, over HTTP against the served application, with a million stored cases and 16 residents at once.

    .venv/bin/python bench/portal.py [--stored 1000000] [--users 16] [--seconds 40] [--workers 2] [--phone]

Residents ask for pages and fill in applications one after the other, without a pause, all at once. Printed for each page:
queries, p50, p95 and p99 in milliseconds, and p95 against that of a page that does one lookup (the page for a code, which
looks up who is signed in and nothing else) asked for in the same run by the same users. With ``--phone`` also what a first visit costs a phone: bytes over the wire
(compressed, as served), and the moments a reader waits for in Chromium on a slow-3G profile.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import Any

from common import admin_conninfo, prepare, quantiles, table
from fill import Original, fill

WORLD = prepare()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from linli.cli.demo.forms import filled  # noqa: E402
from linli.cli.serve import port_is_free  # noqa: E402
from linli.domains.cases import commands as do  # noqa: E402
from linli.domains.cases.queries import Case, asked_fields, own_sheet  # noqa: E402
from linli.domains.catalog.queries import package_standards  # noqa: E402
from linli.domains.people.commands import register_person  # noqa: E402
from linli.domains.people.queries import Gender, IdType, resident_actor  # noqa: E402
from linli.kernel.calendar import local_date  # noqa: E402
from linli.testing.browser import sign_in_resident  # noqa: E402
from linli.testing.story import Story  # noqa: E402
from linli.testing.world import BUILDER, COUNTY, person_id  # noqa: E402
from linli.web.itemform import PREFIX  # noqa: E402

# Reviewed and decided by two people, with a result, and for persons: the copies have persons of their own.
STORED = next(
    s.code
    for s in package_standards()
    if [(x.kind, x.duty) for x in s.plan.stages] == [("review", "review"), ("decide", "decision")]
    and s.handled_in == "linli" and s.result_document and "person" in s.applicant_kinds
)  # fmt: skip
# Nothing has to be photographed for these, so that a whole application is one visit.
ITEMS = [
    s.code
    for s in package_standards()
    if "online" in s.channels and s.applicant_kinds == ("person",) and s.form and s.handled_in == "linli"
    and all(m.from_departments for m in s.materials)
]  # fmt: skip
BASELINE = "one lookup: who is signed in"
WORDS = ("退休", "失业", "社保卡", "tx", "工伤", "培训", "创业", "我想找工作")
COLD = 10  # cases each resident has besides those of the run


@dataclass
class Resident:
    """Somebody with a phone, and how long their pages took."""

    name: str
    cookie: str
    took: dict[str, list[float]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def store(count: int) -> None:
    """Cases that are over, spread over persons and two years; in a database that has them nothing is added."""
    now = timezone.now()
    do.commit_draws(by=BUILDER, now=now, days=3, first=local_date(now))
    if Case.objects.count() >= count:
        return
    over = Story(WORLD, item=STORED, day=local_date(now).isoformat())
    over.whole()
    assert over.case_id
    fill(admin_conninfo(), [Original(over.case_id)], upto=count, person_id=WORLD.people["applicant"])


def residents(count: int) -> list[Resident]:
    """People of the county, signed in, each with some cases of their own."""
    found, now = [], timezone.now()
    for n in range(count):
        name = f"bench-resident-{n}"
        WORLD.people[name] = register_person(
            name=f"居民{n:02d}", id_type=IdType.CITIZEN, id_number=person_id(300 + n), gender=Gender.FEMALE, phone=f"1000001{n:04d}",
            address=f"云岭市示例路{n}号", region=COUNTY, by=BUILDER, now=now,
        )  # fmt: skip
        client = Client(SERVER_NAME="127.0.0.1")
        sign_in_resident(client, WORLD, name)
        found.append(Resident(name, client.cookies[settings.SESSION_COOKIE_NAME].value))
        for item in ITEMS[:COLD]:
            begin_and_submit(client, item)
    return found


def begin_and_submit(client: Client, item: str) -> None:
    """One application through the commands, for a list that is not empty."""
    account = client.get(reverse("apply:mine")).wsgi_request.actor  # type: ignore[attr-defined]
    by, now = resident_actor(account.user_id, device="bench"), timezone.now()
    assert by and by.resident_id
    case_id = do.start_online(item_code=item, applicant_id=by.resident_id, by=by, now=now)
    sheet = own_sheet(case_id, by=by, now=now)
    names = set(asked_fields(sheet.standard))
    do.save_online(case_id=case_id, values={k: v for k, v in filled(sheet.standard).items() if k in names}, by=by, now=now)
    do.submit_online(case_id=case_id, by=by, now=now)


# -- asking ----------------------------------------------------------------------------------------------------------------


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that leads on is an answer; where it leads is asked for next, and timed by itself."""

    def redirect_request(self, *args: Any) -> None:
        return None


class Phone:
    """Keeps cookies the way a browser does, and times each page by its name."""

    def __init__(self, site: str, who: Resident) -> None:
        self.site, self.who = site, who
        self.cookies = {settings.SESSION_COOKIE_NAME: who.cookie}
        self.opener = urllib.request.build_opener(NoRedirect())

    def ask(self, name: str, path: str, data: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, text, and where it leads."""
        body = (
            urllib.parse.urlencode(data | {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}).encode()
            if data is not None
            else None
        )
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Referer": self.site + path}
        began = time.perf_counter()
        try:
            answer: Any = self.opener.open(urllib.request.Request(self.site + path, body, headers), timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        text = answer.read().decode()
        if name:
            self.who.took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        for line in answer.headers.get_all("Set-Cookie") or []:
            key, _, value = line.partition(";")[0].partition("=")
            self.cookies[key] = value
        if answer.status >= 400:
            self.who.failures.append(f"{path}: {answer.status}")
        return answer.status, text, answer.headers.get("Location") or ""


def visit(phone: Phone, kept: str) -> None:
    """One visit: look around, apply for something page by page, submit, see it in the list."""
    phone.ask(BASELINE, kept)
    phone.ask("home", "/")
    phone.ask("search", "/guides?" + urllib.parse.urlencode({"q": random.choice(WORDS)}))
    phone.ask("guide", f"/guides/{random.choice(ITEMS)}")
    item = random.choice(ITEMS)
    start = reverse("apply:start", args=[item])
    phone.ask("before applying", start)
    _, _, to = phone.ask("begin", start, {"once": str(uuid.uuid4())})
    for _n in range(40):
        if not to:
            return
        if to.endswith("/review"):
            break
        status, text, onward = phone.ask("" if "/p/" not in to else "apply: a step", to)
        if status in (302, 303):
            to = onward
            continue
        _, _, to = phone.ask("apply: keep a step", to, {"once": str(uuid.uuid4())} | typed(item, text))
    phone.ask("apply: review", to)
    phone.ask("submit", to.replace("/review", "/submit"), {"once": str(uuid.uuid4()), "agree": "true"})
    _, text, _ = phone.ask("mine", reverse("apply:mine"))
    if found := re.search(r'href="(/mine/[0-9a-f-]{36})"', text):
        phone.ask("mine: a case", found[1])


_STANDARDS: dict[str, dict[str, Any]] = {}


def typed(item: str, text: str) -> dict[str, str]:
    """What somebody types into the fields of a page."""
    values = _STANDARDS[item]
    data = {}
    for name in set(re.findall(rf'name="{PREFIX}([a-z0-9_]+)(?:-0-line)?"', text)):
        value = values.get(name, "1")
        if isinstance(value, list):
            data[f"{PREFIX}{name}-0-line"] = value[0] if value else "1"
        else:
            data[PREFIX + name] = "true" if value is True else str(value)
    return data | ({"applies": "no"} if 'name="applies"' in text else {})


def at_home(who: Resident, site: str, kept: str, seconds: float, warm: threading.Barrier) -> None:
    phone = Phone(site, who)
    try:
        visit(phone, kept)
        who.took.clear()
    finally:
        warm.wait(300)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        visit(phone, kept)


def queries_of(who: Resident, kept: str) -> dict[str, int]:
    """Queries a page takes once caches are warm, those that are read only."""
    client = Client(SERVER_NAME="127.0.0.1")
    client.cookies[settings.SESSION_COOKIE_NAME] = who.cookie
    mine = re.search(r'href="(/mine/[0-9a-f-]{36})"', client.get("/mine").content.decode())
    assert mine
    found = {}
    pages = {
        BASELINE: kept, "home": "/", "search": "/guides?q=退休", "guide": f"/guides/{ITEMS[0]}",
        "before applying": reverse("apply:start", args=[ITEMS[0]]), "mine": "/mine", "mine: a case": mine[1],
    }  # fmt: skip
    for name, path in pages.items():
        client.get(path)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200, path
        found[name] = len(seen)
    return found


def report(users: list[Resident], queries: dict[str, int], workers: int) -> None:
    took: dict[str, list[float]] = {}
    for who in users:
        for name, values in who.took.items():
            took.setdefault(name, []).extend(values)
    one = quantiles(took[BASELINE])[1]
    rows = []
    for name, values in took.items():
        p50, p95, p99 = quantiles(values)
        rows.append((name, queries.get(name, ""), len(values), f"{p50:.0f}", f"{p95:.0f}", f"{p99:.0f}", f"{p95 / one:.1f}"))
    title = f"{len(users)} residents at once, {Case.objects.count():,} stored cases, {workers} page server processes (milliseconds)"
    table(title, ("page", "queries", "asked", "p50", "p95", "p99", "p95 / one lookup"), rows)
    failures = [f for who in users for f in who.failures]
    if failures:
        raise SystemExit(f"{len(failures)} requests failed, the first: {failures[0]}")


# -- a phone on a slow network ------------------------------------------------------------------------------------------------

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400 * 1024 / 8, "uploadThroughput": 400 * 1024 / 8}
_FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
_LARGEST = """() => new Promise((done) => {
  new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)).observe({type: 'largest-contentful-paint', buffered: true});
  setTimeout(() => done(0), 3000);
})"""


def first_visits(site: str, pages: dict[str, str], cookie: str) -> None:
    """Bytes over the wire and what a reader waits for, each page in a browser that has never been here."""
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("LINLI_CHROMIUM"), args=["--headless", "--no-sandbox"])
        for name, path in pages.items():
            context = browser.new_context(
                viewport={"width": 360, "height": 740}, device_scale_factor=2, is_mobile=True, bypass_csp=True
            )
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": site}] if path.startswith("/apply") else []
            )
            tab = context.new_page()
            session = context.new_cdp_session(tab)
            session.send("Network.enable")
            session.send("Network.emulateNetworkConditions", SLOW_3G)
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
            weights: dict[str, float] = {}
            session.on(
                "Network.loadingFinished",
                lambda event, weights=weights: weights.update({event["requestId"]: event["encodedDataLength"]}),
            )
            tab.goto(site + path, wait_until="load", timeout=120_000)
            timing = json.loads(tab.evaluate("JSON.stringify(performance.getEntriesByType('navigation')[0])"))
            largest = tab.evaluate(_LARGEST)
            rows.append((
                name, len(weights), f"{sum(weights.values()) / 1024:.0f}", f"{timing['responseStart'] / 1000:.1f}",
                f"{tab.evaluate(_FIRST_PAINT) / 1000:.1f}", f"{largest / 1000:.1f}", f"{timing['loadEventEnd'] / 1000:.1f}",
            ))  # fmt: skip
            context.close()
        browser.close()
    heads = ("first visit", "requests", "KB", "first byte", "first paint", "largest paint", "loaded")
    table("a phone on slow 3G (400 kbit/s, 400 ms, processor slowed 4 times; seconds)", heads, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--workers", type=int, default=2, help="page server processes")
    parser.add_argument("--port", type=int, default=8767)
    parser.add_argument("--phone", action="store_true", help="also what a first visit costs a phone, in Chromium")
    options = parser.parse_args()
    if not port_is_free("127.0.0.1", options.port):
        raise SystemExit(f"port {options.port} is taken: choose another with --port")
    call_command("collectstatic", interactive=False, verbosity=0)  # a folder kept from earlier has the files of earlier pages
    store(options.stored)
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    users = residents(options.users)
    _STANDARDS.update({s.code: filled(s) for s in package_standards() if s.code in ITEMS})
    kept = reverse("apply:take_over")
    queries = queries_of(users[0], kept)
    server = subprocess.Popen(
        [sys.executable, "-m", "linli.cli", "serve", "--port", str(options.port)],
        env={k: v for k, v in os.environ.items() if k != "LINLI_AS_OWNER"} | {"LINLI_WORKERS": str(options.workers)},
    )
    site = f"http://127.0.0.1:{options.port}"
    try:
        wait_for(options.port, server)
        if options.phone:
            guide = f"/guides/{ITEMS[0]}"
            first_visits(
                site,
                {"home": "/", "search": "/guides?q=退休", "guide": guide, "before applying": f"/apply/item/{ITEMS[0]}"},
                users[0].cookie,
            )
        warm = threading.Barrier(len(users))
        threads = [threading.Thread(target=at_home, args=(u, site, kept, options.seconds, warm)) for u in users]
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


if __name__ == "__main__":
    main()
