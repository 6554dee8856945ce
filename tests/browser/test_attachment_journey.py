"""What a form asks to be attached: photographed beside the form at the counter, on a page of its own on a phone."""

from __future__ import annotations

import pytest
from django.utils import timezone

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case
from linli.testing.browser import PHONE, axe, login_of, shot, sign_in, sign_in_resident
from linli.testing.story import Story, picture

pytestmark = pytest.mark.browser
CARD = "card-replacement-lost"


def file(name="照片.png"):
    return {"name": name, "mimeType": "image/png", "buffer": picture(name).read()}


def test_a_clerk_takes_in_the_photograph_beside_the_form(page, live, world, open_page):
    story = Story(world, item=CARD, day=timezone.localdate().isoformat())
    case_id = do.open_draft(item_code=CARD, applicant=story.applicant, by=story.who("clerk"), now=timezone.now())
    sign_in(page, login_of(world, "clerk"), to=f"/desk/cases/{case_id}")
    page.locator("#m-photo").scroll_into_view_if_needed()
    axe(page)
    shot(page, "attachment-wanted")
    page.locator("#file-photo").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": b"MZ not a picture"})
    page.locator("#m-photo").get_by_role("alert").wait_for()
    page.locator("#file-photo").set_input_files(file())
    page.locator("#m-photo").get_by_role("link", name="下载 照片.png").wait_for()
    axe(page)
    shot(page, "attachment-there")
    assert Case.objects.get(pk=case_id).materials.get(code="photo").state == "have"


@pytest.mark.parametrize("large", [False, True])
def test_a_resident_photographs_it_on_a_phone(live, world, open_page, large):
    me = open_page(PHONE, large=large)
    sign_in_resident(me, world, "applicant", to=f"/apply/item/{CARD}")
    me.locator("main form button").first.click()
    me.wait_for_url("**/apply/**/p/**")
    case = Case.objects.get()
    me.goto(f"/apply/{case.pk}/p/give-photo")
    axe(me)
    shot(me, f"attachment-phone{'-large' if large else ''}")
    me.locator("input[name=photo]").set_input_files(file())
    me.get_by_role("button", name="交上，继续").click()
    me.get_by_text("已交 1 个文件").wait_for()
    axe(me)
    me.goto(f"/apply/{case.pk}/m/m01/commit")
    me.get_by_text("这份材料不能用承诺代替").wait_for()
    axe(me)
    shot(me, f"no-promise{'-large' if large else ''}")
