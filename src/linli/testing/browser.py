"""Fixtures and helpers for tests in a real Chromium. A ``conftest.py`` takes them with ``from linli.testing.browser import *``.

``page`` is a tab on a running Linli with a database of its own (``committed_db``); it fails the test when the browser
reports a script error, a breach of the content security policy or an answer of 5xx. ``open_page`` makes further tabs: narrow, in English,
in large print, without scripts.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from linli.testing.world import World

__all__ = [
    "DESKTOP", "PHONE", "TABLET", "Login", "LiveSite", "axe", "chromium", "live", "login_of", "make_login", "open_page", "page", "shot", "sign_in",
    "resident_session", "sign_in_resident",
]  # fmt: skip

DESKTOP, TABLET, PHONE = 1440, 768, 360
_HEIGHTS = {DESKTOP: 900, TABLET: 1024, PHONE: 740}
_FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--lang=zh-CN",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
]  # fmt: skip
PASSWORD = "qiao-liu-shan-feng-7"


@dataclass(frozen=True, slots=True)
class Login:
    """An account made for a test."""

    user_id: UUID
    username: str
    name: str
    password: str = PASSWORD


@dataclass(slots=True)
class LiveSite:
    """A running Linli; ``trouble`` is what browsers reported about its pages."""

    url: str
    trouble: list[str] = field(default_factory=list)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """One Chromium for all tests of the package. ``LINLI_CHROMIUM`` names its program where it is not on the path."""
    from django.db import connections
    from playwright.sync_api import sync_playwright

    program = os.environ.get("LINLI_CHROMIUM") or next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if program is None:
        pytest.skip("no Chromium: install one or set LINLI_CHROMIUM")
    # Playwright keeps an event loop in this thread. Django would take the tests for asynchronous code, and keeps the
    # connections it makes with a loop apart from those without, so both changes begin and end with none.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        connections.close_all()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
            yield browser
            browser.close()
            connections.close_all()


@pytest.fixture
def live(committed_db: str) -> Iterator[LiveSite]:
    """The whole platform, served on a free port of the loopback by threads of this process."""
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    from linli.web.site import forget_site

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    forget_site()
    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    server.set_app(_slowly(WSGIHandler(), float(os.environ.get("LINLI_TEST_SLOW", "0"))))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield LiveSite(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()
    thread.join()
    forget_site()


def _slowly(app: Any, seconds: float) -> Any:
    """The same on a slow network (``LINLI_TEST_SLOW``): each page begins after so many seconds and stops as long in its middle, so
    that a test shows what it does not wait for."""
    if not seconds:
        return app

    def late(environ: dict[str, Any], start: Any) -> Iterator[bytes]:
        if environ.get("HTTP_SEC_FETCH_MODE") != "navigate" and "HTTP_HX_REQUEST" not in environ:
            yield from app(environ, start)
            return
        time.sleep(seconds)
        whole = b"".join(app(environ, start))
        yield whole[: len(whole) // 3]
        time.sleep(seconds)
        yield whole[len(whole) // 3 :]

    return late


@pytest.fixture
def open_page(live: LiveSite, chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a tab with cookies of its own: ``open_page(PHONE, large=True, language="en", scripts=False)``."""
    contexts: list[Any] = []

    def make(width: int = DESKTOP, *, large: bool = False, language: str = "zh-hans", scripts: bool = True) -> Any:
        context = chromium.new_context(
            base_url=live.url, viewport={"width": width, "height": _HEIGHTS.get(width, 900)}, java_script_enabled=scripts,
            locale="zh-CN", timezone_id="Asia/Shanghai", reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(15_000)
        contexts.append(context)
        cookies = {"django_language": language} | ({"linli_print": "large"} if large else {})
        context.add_cookies([{"name": k, "value": v, "url": live.url} for k, v in cookies.items()])
        tab = context.new_page()
        tab.on("pageerror", lambda error: live.trouble.append(f"script error: {error}"))
        tab.on("console", lambda line: _note(live, line))
        tab.on("response", lambda answer: live.trouble.extend([f"{answer.status} at {answer.url}"] if answer.status >= 500 else []))
        return tab

    yield make
    for context in contexts:
        context.close()
    if live.trouble:
        pytest.fail("the browser reported:\n" + "\n".join(live.trouble))


# An answer of 4xx, a connection cut on purpose and a request that a later one replaces are lines in the console too; what it means is for the test to say.
_EXPECTED = re.compile(
    r"Failed to load resource|Response Status Error Code|htmx:(afterRequest|sendAbort|sendError|responseError|timeout)"
)


def _note(live: LiveSite, line: Any) -> None:
    if line.type == "error" and not _EXPECTED.match(line.text):
        live.trouble.append(f"console: {line.text} ({line.location.get('url')})")


@pytest.fixture
def page(open_page: Callable[..., Any]) -> Any:
    """A tab 1440 pixels wide."""
    return open_page()


# -- who -----------------------------------------------------------------------------------------------------------------


def make_login(username: str = "wang", *posts: str, name: str = "王小明", must_change: bool = False, where: str = "hall") -> Login:
    """A further account in the invented city, with posts (codes of ``org/data/posts.yaml``) at one of its organisations."""
    from django.utils import timezone

    from linli.domains.accounts.commands import create_user
    from linli.domains.org.commands import appoint
    from linli.domains.org.queries import tree
    from linli.kernel.actors import system

    by, now = system("accounts.manage", "org.manage"), timezone.now()
    user_id = create_user(username=username, name=name, password=PASSWORD, must_change=must_change, by=by, now=now)
    place = tree().get(code=where).pk if posts else None
    for post in posts:
        assert place
        appoint(user_id=user_id, post=post, org_id=place, hall_id=place, valid_from=date(2026, 1, 1), by=by, now=now)
    return Login(user_id, username, name)


def login_of(world: World, username: str) -> Login:
    """Somebody who already works in the invented city (``linli.testing.world``)."""
    from linli.testing.world import PASSWORD as THEIRS

    return Login(world.users[username], username, username, THEIRS)


def sign_in(page: Any, login: Login, *, to: str = "") -> None:
    """Be signed in as somebody and go to an address: what the login page does, without drawing it; its own tests fill it in."""
    from django.conf import settings
    from django.test import Client

    typed = {"username": login.username, "password": login.password, "next": to}
    answer = Client(headers={"user-agent": page.evaluate("navigator.userAgent")}).post("/login", typed)
    assert answer.status_code == 302, f"{login.username} was not let in"
    cookie = answer.client.cookies[settings.SESSION_COOKIE_NAME]
    url = page.context._impl_obj._options["baseURL"]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url, "httpOnly": True, "sameSite": "Lax"}])
    page.goto(answer["Location"])


def resident_session(world: World, name: str = "applicant") -> UUID:
    """The session of a person of the invented city who signs in with their telephone, in the way the pages do it."""
    from django.utils import timezone

    from linli.domains.people.commands import ask_code, bind_by_phone, sign_in_by_phone
    from linli.domains.people.queries import person_facts

    facts, now = person_facts(world.people[name]), timezone.now()
    code = ask_code(phone=facts["phone"], address=None, now=now)
    shown = sign_in_by_phone(phone=facts["phone"], code=code, device="test", address=None, now=now)
    if shown.session:
        return shown.session.pk
    return bind_by_phone(
        proof=shown.proof, name=facts["name"], id_number=facts["id_number"], region="7701", device="test", address=None, now=now
    ).pk


def sign_in_resident(page_or_client: Any, world: World, name: str = "applicant", *, to: str = "") -> None:
    """Be a resident of the invented city, in a browser's page or in Django's test client; with a page, go to an address."""
    from importlib import import_module

    from django.conf import settings

    from linli.domains.accounts.queries import SignIn

    session = import_module(settings.SESSION_ENGINE).SessionStore()
    signed = SignIn.objects.get(pk=resident_session(world, name))
    session["sign_in"], session["user"] = str(signed.pk), str(signed.user_id)
    session.save()
    if hasattr(page_or_client, "goto"):
        url = page_or_client.context._impl_obj._options["baseURL"]
        page_or_client.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": url}])
        if to:
            page_or_client.goto(to)
    else:
        page_or_client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key


def follow(link: Any) -> None:
    """Click what leads to another page, and wait until that page is there: what comes next would else look at the old one."""
    with link.page.expect_navigation():
        link.click()


# -- looking -------------------------------------------------------------------------------------------------------------


def axe(page: Any, *, also: Iterable[str] = (), without: Iterable[str] = ()) -> None:
    """Fail with a readable list when axe finds anything on the page, and when it is wider than the screen.

    ``also`` names rules that are off by default (``color-contrast-enhanced``: 7:1), ``without`` rules to leave out.
    """
    from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]

    page.wait_for_load_state("load")
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        pytest.fail(f"{page.url} is wider than the screen", pytrace=False)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    rules = {rule: {"enabled": True} for rule in also} | {rule: {"enabled": False} for rule in without}
    # Every rule runs; only what was found wrong is written out in full and comes over, which is most of the work on a long page.
    options = {"rules": rules, "resultTypes": ["violations"]}
    found = page.evaluate("options => axe.run(options).then(all => all.violations)", options)
    lines = [
        f"{v['id']}: {v['help']}\n"
        + "\n".join(f"    {' '.join(map(str, n['target']))}\n      {_one_line(n['html'])}" for n in v["nodes"][:6])
        for v in found
    ]
    if lines:
        pytest.fail(f"axe on {page.url}:\n" + "\n".join(lines), pytrace=False)


def _one_line(html: str) -> str:
    return re.sub(r"\s+", " ", html)[:160]


def shot(page: Any, name: str) -> None:
    """Pictures of the page at three widths and in large print on a phone, into the folder ``LINLI_SHOTS`` if that is set."""
    folder = os.environ.get("LINLI_SHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for width, height in _HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=f"{folder}/{name}-{width}.png", full_page=True)
    for width in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": _HEIGHTS[width]})
        page.evaluate("document.documentElement.dataset.print = 'large'")
        page.screenshot(path=f"{folder}/{name}-{width}-large.png", full_page=True)
        page.evaluate("delete document.documentElement.dataset.print")
    page.set_viewport_size(before)
