"""Joint matters at the counter: started, filled in, submitted once and followed; each address asks who asks."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from linli.domains.cases import commands as do
from linli.domains.cases.commands import hand_on
from linli.domains.cases.queries import Case, Joint, joint_sheet
from linli.domains.documents.queries import documents_of, verify
from linli.kernel.ids import uuid7
from linli.testing.joint import OPENING, STARTUP, JointStory
from linli.testing.online import resident
from linli.testing.story import at, filled, picture
from linli.testing.world import PASSWORD

pytestmark = pytest.mark.django_db
NOW = at("2026-03-02 10:00")
SEAL = "seal-filing"


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: NOW)


@pytest.fixture
def story(partners):
    return JointStory(partners, OPENING)


def enter(name):
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD})["Location"] == "/begin"
    return client


def begin(story, clerk, *wanted):
    page = clerk.get(reverse("joint:start", args=[OPENING]))
    assert page.status_code == 200
    answer = clerk.post(page.request["PATH_INFO"], {"number": "云岭示例服务有限公司", "once": uuid7()})
    assert answer.status_code == 302, answer.content.decode()[:3000]
    story.joint_id = Joint.objects.latest("started_at").pk
    for question in joint_sheet(story.joint_id, by=story.who("clerk"), now=NOW).questions:
        code = question.member.code
        clerk.post(
            reverse("joint:choose", args=[story.joint_id, code]), {"wanted": "yes" if code in wanted else "no", "once": uuid7()}
        )
    return joint_sheet(story.joint_id, by=story.who("clerk"), now=NOW)


def typed(sheet):
    like = sheet.chosen.members[0].model_copy(update={"form": sheet.fields})
    return {"typed": "1"} | {
        f"f_{k}": v for k, v in (filled(like) | sheet.form).items() if not isinstance(v, list)
    }  # fmt: skip


def test_a_matter_is_begun_filled_in_and_submitted_once(story):
    clerk = enter("clerk")
    sheet = begin(story, clerk, SEAL)
    url = reverse("joint:submit", args=[story.joint_id])
    form = typed(sheet)
    refused = clerk.post(url, form | {"once": uuid7()})
    assert refused.status_code == 422 and "企业登记申请材料" in refused.content.decode()
    assert "经营范围（示例）" in refused.content.decode()  # what was typed came back
    paper = sheet.still_asked[0]
    assert (
        clerk.post(reverse("joint:material", args=[story.joint_id, paper.code]), {"how": "paper", "once": uuid7()}).status_code
        == 302
    )
    key = uuid7()
    first, again = (clerk.post(url, form | {"once": key}) for _ in range(2))
    assert first.status_code == again.status_code == 302
    assert Case.objects.filter(joint_id=story.joint_id).count() == 1
    progress = clerk.get(reverse("joint:sheet", args=[story.joint_id])).content.decode()
    assert "等“企业设立登记”办好后自动提交" in progress and "云岭市市场监督管理局" in progress
    receipt = clerk.get(reverse("joint:receipt", args=[story.joint_id]))
    assert receipt["Content-Type"] == "application/pdf" and receipt.content.startswith(b"%PDF")
    (card,) = documents_of(story.joint_id)
    assert card.kind == "joint_receipt" and card.sealed_at and verify(card.code).number == card.number
    assert clerk.post(reverse("joint:save", args=[story.joint_id]), form).status_code == 409  # no draft any more


def test_what_is_typed_is_kept_when_a_part_is_chosen_or_a_paper_uploaded(story):
    clerk = enter("clerk")
    sheet = begin(story, clerk)
    code = sheet.questions[0].member.code
    more = {"typed": "1", "f_org_name": "云岭新办有限公司", "f_uscc": "错的"}
    clerk.post(reverse("joint:choose", args=[story.joint_id, code]), more | {"wanted": "yes", "once": uuid7()})
    kept = joint_sheet(story.joint_id, by=story.who("clerk"), now=NOW).form
    assert kept["org_name"] == "云岭新办有限公司" and kept["uscc"] != "错的"
    line = sheet.still_asked[0]
    file = SimpleUploadedFile("证明.png", picture("a").read(), "image/png")
    clerk.post(reverse("joint:material", args=[story.joint_id, line.code]), {"how": "uploaded", "file": file, "once": uuid7()})
    page = clerk.get(reverse("joint:sheet", args=[story.joint_id])).content.decode()
    link = re.search(r'href="(/desk/joint/[^"]+/files/[^"]+)"', page)
    assert link and clerk.get(link[1]).status_code == 200
    assert enter("elsewhere").get(link[1]).status_code == 404
    bad = SimpleUploadedFile("x.exe", b"MZ\x00\x00", "application/octet-stream")
    answer = clerk.post(
        reverse("joint:material", args=[story.joint_id, line.code]), {"how": "uploaded", "file": bad, "once": uuid7()}
    )
    assert answer.status_code == 422


def test_the_other_department_follows_but_does_not_change(story):
    story.begun(SEAL)
    partner = enter("market-clerk")
    page = partner.get(reverse("joint:sheet", args=[story.joint_id]))
    assert page.status_code == 200 and "撤回这一项" not in page.content.decode()
    assert story.joint.number in partner.get(reverse("joint:matters")).content.decode()
    assert partner.post(reverse("joint:withdraw", args=[story.joint_id]), {"once": uuid7()}).status_code == 404


def test_every_address_refuses_a_stranger_and_another_post(story):
    story.begun(SEAL)
    joint = str(story.joint_id)
    gets = [("sheet", ()), ("receipt", ()), ("results", ()), ("file", (uuid7(),))]
    posts = [("save", ()), ("submit", ()), ("withdraw", ()), ("other", ()), ("choose", (SEAL,)), ("material", ("j1",)),
             ("withdraw_part", (SEAL,)), ("otherwise", (SEAL,))]  # fmt: skip
    elsewhere, reviewer = enter("elsewhere"), enter("reviewer-1")
    for name, args in gets:
        url = reverse(f"joint:{name}", args=[joint, *args])
        assert elsewhere.get(url).status_code == 404, name
        assert reviewer.get(url).status_code == 403, name
    for name, args in posts:
        url = reverse(f"joint:{name}", args=[joint, *args])
        said = {"wanted": "yes", "how": "paper", "number": "1", "once": uuid7()}
        assert elsewhere.post(url, said).status_code == 404, name
        assert reviewer.post(url, said).status_code == 403, name
    assert reviewer.get(reverse("joint:start", args=[OPENING])).status_code == 403
    assert enter("clerk").get(reverse("joint:start", args=["no-such-matter"])).status_code == 404


def test_each_case_leads_to_its_joint_matter_for_the_counter_and_the_supervisor(story):
    story.bundle = STARTUP
    story.begun("employment-certificate")
    case, link = story.case("employment-certificate"), reverse("joint:sheet", args=[story.joint_id])
    for name, url in (("clerk", reverse("counter:case", args=[case.pk])), ("manager", reverse("supervise:case", args=[case.pk]))):
        someone = enter(name)
        assert link in someone.get(url).content.decode()
        assert someone.get(link).status_code == 200


def test_results_are_joined_in_one_file(story):
    story.begun(SEAL)
    story.decide("enterprise-registration")
    hand_on(case_id=story.case("enterprise-registration").pk, now=story.now("15:30"))
    clerk = enter("clerk")
    answer = clerk.get(reverse("joint:results", args=[story.joint_id]))
    with zipfile.ZipFile(BytesIO(answer.content)) as found:
        assert len(found.namelist()) == 2 and all(n.endswith(".pdf") for n in found.namelist())
        assert found.read(found.namelist()[0]).startswith(b"%PDF")


def test_one_part_is_taken_back_and_what_waited_goes_on_another_way(story):
    story.begun(SEAL)
    clerk = enter("clerk")
    assert (
        clerk.post(reverse("joint:withdraw_part", args=[story.joint_id, "enterprise-registration"]), {"once": uuid7()}).status_code
        == 302
    )
    page = clerk.get(reverse("joint:sheet", args=[story.joint_id])).content.decode()
    assert "没有办成" in page and "另行提供材料，继续办" in page
    clerk.post(reverse("joint:otherwise", args=[story.joint_id, SEAL]), {"once": uuid7()})
    assert story.case(SEAL).state == "submitted"


def test_the_console_and_the_portal_show_what_a_matter_computes_to(story):
    editor = enter("editor")
    assert "企业开办一件事" in editor.get(reverse("catalog:bundles")).content.decode()
    page = editor.get(reverse("catalog:bundle", args=[OPENING])).content.decode()
    assert "联办申请表" in page and "由前面的事项办出来，不用带" in page
    assert enter("clerk").get(reverse("catalog:bundles")).status_code == 403
    anybody = Client()
    assert "企业开办一件事" in anybody.get(reverse("bundles:list")).content.decode()
    guide = anybody.get(reverse("bundles:item", args=[OPENING])).content.decode()
    assert "企业登记申请材料" in guide and "要刻制公章" in guide
    assert anybody.get(reverse("bundles:item", args=["nothing-like-it"])).status_code == 404
    assert anybody.get(reverse("bundles:progress", args=[uuid7()])).status_code in (302, 403)


def handed(answer):
    return "".join(re.search(r">(\d{4}) (\d{4})<", text(answer)).groups())


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_code_brings_a_draft_from_the_phone_here_once_and_another_gives_it_back(story):
    me = resident(story.world)
    joint_id = do.start_joint(bundle_code=STARTUP, applicant=do.Applicant(me.resident_id), by=me, now=NOW)
    code, clerk, once = do.make_joint_hand_over(joint_id=joint_id, by=me, now=NOW), enter("clerk"), {"once": uuid7()}
    sheet = reverse("joint:sheet", args=[joint_id])
    assert clerk.get(sheet).status_code == 404
    take = reverse("counter:take_over", args=[code])
    page = text(clerk.get(take))
    assert "赵示例" in page and "个人创业" in page
    assert clerk.post("/desk/find", {"q": code, "once": uuid7()}).url == take
    for _twice in range(2):
        assert clerk.post(take, once).url == sheet
    assert clerk.get(take).status_code == 404
    draft = joint_sheet(joint_id, by=story.who("clerk"), now=NOW)
    assert draft.fillable and "给申请人接着办码" in text(clerk.get(sheet))
    give = reverse("joint:give_code", args=[joint_id])
    assert enter("elsewhere").post(give, {"once": uuid7()}).status_code == 404
    assert enter("reviewer-1").post(give, {"once": uuid7()}).status_code == 403
    assert clerk.get(reverse("joint:code", args=[joint_id])).url == sheet  # there is none yet
    shown = clerk.post(give, {"typed": "1", "f_phone": "10000000007", "once": uuid7()})
    assert shown.url == reverse("joint:code", args=[joint_id])
    assert enter("elsewhere").get(shown.url).status_code == 404
    do.take_over(code=handed(clerk.get(shown.url)), by=me, now=NOW)
    assert joint_sheet(joint_id, by=me, now=NOW).form["phone"] == "10000000007"  # what was typed went with it
    assert clerk.get(sheet).status_code == 404 and clerk.get(shown.url).status_code == 404


def test_a_code_is_not_given_for_what_takes_a_counter(story):
    clerk = enter("clerk")
    applicant = do.Applicant(story.world.people["employer"], is_employer=True)
    joint_id = do.start_joint(bundle_code="bundle-retirement", applicant=applicant, by=story.who("clerk"), now=NOW)
    do.choose_part(joint_id=joint_id, code="special-trade-early-retirement", wanted=True, by=story.who("clerk"), now=NOW)
    refused = clerk.post(reverse("joint:give_code", args=[joint_id]), {"once": uuid7()})
    assert refused.status_code == 422 and "按规定要到窗口办" in text(refused)
