"""A closed case is put away; its supervisor takes the file along; when its time is over two people destroy it."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import pytest
from django.db import connection

from linli.domains.cases import commands as cases
from linli.domains.documents.models import Package
from linli.kernel.actors import system
from linli.testing.browser import PHONE, axe, follow, login_of, make_login, shot, sign_in
from linli.testing.concurrency import at_once
from linli.testing.story import INSTANT, Story, at

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def put_away(world, live):
    """A case closed and archived, in a thread of its own: signing keeps an event loop, and so does the browser's driver."""
    story = Story(world, item=INSTANT)

    def play():
        story.whole()
        return cases.archive_case(case_id=story.case_id, by=system(), now=at("2026-03-03 01:30"))

    (made,) = at_once([play])
    assert not isinstance(made, Exception), made
    return story, made


def time_passes(package_id):
    """The package is due; what it is cannot be changed, not even by a test that does not go past the trigger."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE documents_package DISABLE TRIGGER documents_package_fixed")
        cursor.execute("UPDATE documents_package SET keep_until = %s WHERE id = %s", [date(2026, 3, 31), package_id])
        cursor.execute("ALTER TABLE documents_package ENABLE TRIGGER documents_package_fixed")


def test_the_supervisor_takes_the_file_and_two_people_destroy_it(open_page, live, world, put_away):
    story, package = put_away
    page = open_page()
    sign_in(page, login_of(world, "manager"), to=f"/desk/all-cases/{story.case_id}")
    page.get_by_role("heading", name="电子档案").scroll_into_view_if_needed()
    axe(page)
    shot(page, "archive-case")
    with page.expect_download() as coming:
        page.get_by_role("button", name="下载电子档案").click()
    taken = zipfile.ZipFile(io.BytesIO(coming.value.path().read_bytes()))
    assert "manifest.json" in taken.namelist() and coming.value.suggested_filename.endswith("-1.zip")

    time_passes(package)
    one, two = make_login("archivist-1", "archivist", where="bureau"), make_login("archivist-2", "archivist", where="bureau")
    first = open_page()
    sign_in(first, one, to="/console/archives")
    first.get_by_role("button", name="提出销毁清单").click()
    first.get_by_text("请选择要销毁的档案").first.wait_for()
    axe(first)
    shot(first, "archive-due-error")
    first.get_by_role("checkbox").first.check()
    first.get_by_label("销毁理由").fill("保管期满")
    first.get_by_role("button", name="提出销毁清单").click()
    first.get_by_text("提出清单的人不能自己批准").wait_for()
    axe(first)
    shot(first, "archive-list-own")
    second = open_page(PHONE)
    sign_in(second, two, to="/console/archives")
    follow(second.get_by_role("link", name="保管期满"))
    axe(second)
    shot(second, "archive-list-other")
    second.get_by_role("button", name="批准并销毁").click()
    second.get_by_text("已销毁 1 份电子档案").wait_for()
    with second.expect_download() as coming:
        second.get_by_role("link", name="下载销毁证明").click()
    assert "manifest_sm3" in coming.value.path().read_text("utf-8")
    assert Package.objects.get(pk=package).file_id is None
    page.reload()
    page.get_by_text("保管期满，已于").wait_for()
    assert not page.get_by_role("button", name="下载电子档案").count()
