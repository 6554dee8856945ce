"""On an English page stands no sentence of ours in Chinese: what has its English is shown in English.

Names of people, bodies, items and their fields are data and stay as they are; they are told apart by not being sentences that the
catalogue of translations knows.
"""

import runpy
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from linli.kernel.calendar import local_date
from linli.testing.story import Story
from linli.testing.world import PASSWORD, STAFF
from linli.web.access import access_of, all_views

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent
SAID = {"aria-label", "title", "placeholder", "alt", "data-label"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "use", "wbr"}
# Names of items, steps, form fields and policies in the reference data that happen to be words of pages as well.
DATA = {
    "失业保险稳岗返还",
    "一次性扩岗补助",
    "受理",
    "审核",
    "审批",
    "复核",
    "决定",
    "办结",
    "送达",
    "出件",
    "公示",
    "姓名",
    "性别",
    "地址",
    "联系电话",
    "证件号码",
    "统一社会信用代码",
}


class Words(HTMLParser):
    """Everything a page says, outside elements that are marked as Chinese."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._chinese: list[bool] = [False]

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        chinese = self._chinese[-1] or (given.get("lang") or "").startswith("zh") or tag in ("script", "style")
        if tag not in VOID:
            self._chinese.append(chinese)
        if not chinese:
            self.found += [v.strip() for k, v in attrs if k in SAID and v]

    def handle_endtag(self, tag):
        if tag not in VOID and len(self._chinese) > 1:
            self._chinese.pop()

    def handle_data(self, data):
        if not self._chinese[-1]:
            self.found.append(data.strip())


@pytest.fixture(scope="module")
def sentences():
    """Chinese sentences without places to fill, as pages would show them."""
    messages = runpy.run_path(str(ROOT / "script" / "messages"))
    one = (s for _, sentence in messages["extracted"]() for s in messages["forms"](sentence))
    return {s for s in one if messages["HAN"].search(s) and "%(" not in s} - DATA


@pytest.fixture
def cases(world):
    """One case at each desk."""
    day = (local_date(timezone.now()) - timedelta(days=1)).isoformat()
    for steps in ((), ("accept",), ("accept", "review"), ("accept", "review", "issue")):
        story = Story(world, day=day)
        story.receive()
        for step in steps:
            getattr(story, step)()


def pages():
    return sorted(f"/{route}" for route, pattern in all_views() if "<" not in route and access_of(pattern) and pattern.name)


POSTS = {post: name for name, post, *_ in STAFF}


@pytest.mark.parametrize("login", ["", *POSTS.values()])
def test_pages_speak_english(cases, sentences, login):
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    if login:
        assert client.post("/login", {"username": login, "password": PASSWORD}).status_code == 302
    wrong, seen = {}, 0
    for path in pages():
        answer = client.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        words = Words()
        words.feed(answer.content.decode())
        seen += 1
        if chinese := sorted(set(words.found) & sentences):
            wrong[path] = chinese
    assert seen > 5
    assert wrong == {}
