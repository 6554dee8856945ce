"""A joint matter from a resident's own pages: begun, filled in, submitted once, followed; and nobody else's by any address."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from linli.domains.cases import commands as do
from linli.domains.cases.queries import Case, Joint, JointPart, joint_sheet, promises_of
from linli.domains.catalog.queries import Required
from linli.domains.people.commands import register_mandate, revoke_mandate
from linli.domains.people.queries import Ground, Scope
from linli.kernel.ids import uuid7
from linli.testing.browser import sign_in_resident
from linli.testing.joint import OPENING, STARTUP, JointStory
from linli.testing.online import NOW, TODAY, resident
from linli.testing.story import filled, picture
from linli.web.itemform import PREFIX

pytestmark = pytest.mark.django_db
CERTIFICATE = "employment-certificate"
GRADUATE, ENROLMENT = "bundle-graduate-employment", "employee-enrolment"
FLEXIBLE = "bundle-flexible-employment"
ALL = "*"


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("linli.web.middleware.timezone.now", lambda: NOW)


@pytest.fixture
def city(partners):
    return partners


@pytest.fixture
def me(client, city):
    sign_in_resident(client, city, "applicant")
    return client


def key():
    return {"once": str(uuid4())}


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def begun(client, bundle=STARTUP, **more):
    answer = client.post(reverse("apply:joint_start", args=[bundle]), key() | more)
    assert answer.status_code == 303, text(answer)
    return Joint.objects.get(pk=answer.url.split("/")[-1])


def answers_of(draft, names):
    values, data = filled(draft.standard), {}
    for name in names:
        value = values.get(name, "")
        if isinstance(value, list):
            data |= {f"{PREFIX}{name}-{n}-line": line for n, line in enumerate(value)}
        else:
            data[PREFIX + name] = "true" if value is True else value
    return data


def walk(client, joint, *wanted, commit=False):
    """Go through every page as somebody would, answering what is asked; returns what each page was."""
    url, seen = reverse("apply:joint_resume", args=[joint.pk]), []
    while True:
        page = client.get(url, follow=True)
        here = page.redirect_chain[-1][0] if page.redirect_chain else url
        assert page.status_code == 200 and here not in seen, (here, seen)
        seen.append(here)
        if here.endswith("/review"):
            return seen
        context, data = page.context, key()
        match context["page"].kind:
            case "parts":
                data["wanted"] = [c.code for c in context["draft"].choices] if ALL in wanted else list(wanted)
            case "fields":
                data |= answers_of(context["draft"], context["page"].fields)
            case "question":
                data["applies"] = "yes" if commit else "no"
            case "material" if context["m"].open:
                if commit and context["commit_url"]:
                    answer = client.post(context["commit_url"], key() | {"agree": "true", "name": "赵示例"})
                else:
                    photo = SimpleUploadedFile("证明.png", picture(here).read(), "image/png")
                    assert client.post(here, key() | {"photo": photo}).url == here
                    answer = client.post(here, key())
                assert answer.status_code == 303, text(answer)
                url = answer.url
                continue
        answer = client.post(here, data)
        assert answer.status_code == 303, text(answer)
        url = answer.url


def submitted(client, *wanted, bundle=STARTUP, **more):
    joint = begun(client, bundle)
    walk(client, joint, *wanted, **more)
    answer = client.post(reverse("apply:joint_submit", args=[joint.pk]), key() | {"agree": "true"})
    assert answer.status_code == 303, text(answer)
    joint.refresh_from_db()
    return joint


def test_from_the_matter_to_the_receipt_each_thing_is_asked_once_and_submitted_once(me):
    guide = me.get(reverse("bundles:item", args=[STARTUP]))
    assert reverse("apply:joint_start", args=[STARTUP]) in text(guide)
    joint = begun(me)
    assert begun(me).pk == joint.pk and Joint.objects.count() == 1  # begun again it goes on
    seen = walk(me, joint, CERTIFICATE)
    assert seen[0].endswith("/p/parts") and seen[1].endswith("/p/known")
    gives = [url for url in seen if "/p/give-" in url]
    assert len(gives) == len(set(gives)) > 0
    review = text(me.get(seen[-1]))
    assert "赵示例" in review and "改选要办的事项" in review
    url = reverse("apply:joint_submit", args=[joint.pk])
    assert me.post(url, key()).status_code == 422  # not said to be true
    once = key() | {"agree": "true"}
    answers = [me.post(url, once), me.post(url, once), me.post(url, key() | {"agree": "true"})]
    receipt = reverse("bundles:receipt", args=[joint.pk])
    assert [(a.status_code, a.url) for a in answers] == [(303, receipt)] * 3
    joint.refresh_from_db()
    assert joint.number in text(me.get(receipt))
    paper = me.get(reverse("bundles:receipt_paper", args=[joint.pk]))
    assert paper.content.startswith(b"%PDF") and me.get(receipt + ".pdf").content == paper.content  # sealed once
    begun_parts = JointPart.objects.filter(joint=joint).exclude(case=None).count()
    assert Case.objects.filter(joint_id=joint.pk).count() == begun_parts > 0
    # Back to a page of the form: it leads to what became of it.
    assert me.get(seen[2]).url == reverse("bundles:progress", args=[joint.pk])
    assert me.post(seen[2], key()).url == reverse("bundles:progress", args=[joint.pk])


def test_what_is_typed_is_kept_and_what_is_wrong_is_named_at_its_field(me):
    joint = begun(me)
    parts = reverse("apply:joint_page", args=[joint.pk, "parts"])
    me.post(parts, key() | {"wanted": [CERTIFICATE]})
    page = me.get(reverse("apply:joint_resume", args=[joint.pk]), follow=True)
    fields = page.context["page"].fields
    phone = next((f for f in page.context["draft"].standard.form if f.name in fields and f.required), None)
    here = page.redirect_chain[-1][0]
    empty = me.post(here, key())
    assert empty.status_code == 422 and f'href="#id_{PREFIX}{phone.name}"' in empty.content.decode()
    data = answers_of(page.context["draft"], fields)
    saved = me.post(here + "/save", data | key())
    assert saved.status_code == 200
    kept = joint_sheet(joint.pk, by=_actor(page), now=NOW).form
    assert set(fields) & set(kept)
    assert me.post(parts, key() | {"wanted": ["no-such-part"]}).status_code == 404


def _actor(page):
    return page.context["request"].actor


def test_nothing_at_all_chosen_is_said_at_the_question(me):
    joint = begun(me, "bundle-social-card")
    answer = me.post(reverse("apply:joint_page", args=[joint.pk, "parts"]), key())
    assert answer.status_code == 422 and "还没有选要办的事项" in text(answer)


def test_a_commitment_given_once_is_kept_by_every_part_that_needs_the_paper(me, city):
    joint = submitted(me, ALL, bundle=FLEXIBLE, commit=True)
    lines = joint_sheet(joint.pk, by=resident(city), now=NOW).chosen.asked
    committed = [m for m in lines if joint.handed.get(m.code, {}).get("received") == "committed"]
    assert committed
    for line in committed:
        for item, material in line.needed_by:
            part = JointPart.objects.get(joint=joint, item_code=item)
            if part.case_id:
                promise = promises_of(part.case_id)[material]
                assert promise.signed == "typed" and promise.typed_name == "赵示例"


def test_a_file_is_looked_at_and_taken_off_again_by_its_owner_only(me, city):
    joint = begun(me, "bundle-veteran")
    me.post(reverse("apply:joint_page", args=[joint.pk, "parts"]), key())
    line = next(m for m in joint_sheet(joint.pk, by=resident(city), now=NOW).chosen.asked if m.required is Required.YES)
    here = reverse("apply:joint_page", args=[joint.pk, f"give-{line.code}"])
    for _n in range(2):  # the same photograph twice is one
        me.post(here, key() | {"photo": SimpleUploadedFile("证明.png", picture("a").read(), "image/png")})
    joint.refresh_from_db()
    (file,) = joint.handed[line.code]["files"]
    url = reverse("apply:joint_file", args=[joint.pk, file["id"]])
    assert me.get(url).status_code == 200
    other = Client()
    sign_in_resident(other, city, "neighbour")
    assert other.get(url).status_code == 404
    assert me.post(reverse("apply:joint_take_off", args=[joint.pk, file["id"]]), key()).url == here
    joint.refresh_from_db()
    assert line.code not in joint.handed and me.get(url).status_code == 404
    bad = me.post(here, key() | {"file": SimpleUploadedFile("x.exe", b"MZ\x00\x00", "application/octet-stream")})
    assert bad.status_code == 422


def test_nobody_else_opens_a_draft_or_a_matter_by_any_address(me, city):
    joint = submitted(me, CERTIFICATE)
    draft = begun(me)
    stranger, clerk = Client(), Client()
    sign_in_resident(stranger, city, "neighbour")
    names = {
        "apply:joint_resume": (), "apply:joint_review": (), "apply:joint_page": ("parts",), "apply:joint_commit": ("j1",),
        "apply:joint_file": (uuid7(),), "bundles:progress": (), "bundles:receipt": (), "bundles:receipt_paper": (), "bundles:withdraw": (),
        "bundles:withdraw_part": (CERTIFICATE,),
    }  # fmt: skip
    posts = {
        "apply:joint_submit": (), "apply:joint_save": ("parts",), "apply:joint_take_back": ("j1",), "apply:joint_take_off": (uuid7(),),
        "bundles:collect": (), "bundles:otherwise": (CERTIFICATE,), "bundles:withdraw": (), "apply:joint_page": ("parts",),
        "apply:joint_commit": ("j1",), "bundles:withdraw_part": (CERTIFICATE,),
    }  # fmt: skip
    for pk in (joint.pk, draft.pk):
        for name, args in names.items():
            url = reverse(name, args=[pk, *args])
            assert stranger.get(url).status_code == 404, url
            assert clerk.get(url).status_code in (302, 401), url
        for name, args in posts.items():
            url = reverse(name, args=[pk, *args])
            assert stranger.post(url, key() | {"agree": "true"}).status_code == 404, url
            assert clerk.post(url, key()).status_code in (302, 401, 403), url


def mandate(city, *scopes, principal="applicant", employer=False, items=(), agent="agent"):
    return register_mandate(
        principal_id=city.people[principal], is_employer=employer, agent_id=city.people[agent], scopes=scopes, items=items,
        last_day=TODAY.replace(month=6), ground=Ground.COMPANY_CLERK if employer else Ground.WRITTEN, evidence="授权委托书原件",
        by=city.actor("clerk", on=TODAY), now=NOW,
    )  # fmt: skip


def test_a_mandate_opens_what_it_names_and_nothing_more(me, city):
    agent = Client()
    sign_in_resident(agent, city, "agent")
    who = {"who": str(city.people["applicant"])}
    url = reverse("apply:joint_start", args=[STARTUP])
    assert agent.post(url, key() | who).status_code == 422  # nobody asked them
    limited = mandate(city, Scope.APPLY, items=[CERTIFICATE])
    assert agent.post(url, key() | who).status_code == 422  # one item is not a matter of many
    revoke_mandate(mandate_id=limited, by=city.actor("clerk", on=TODAY), now=NOW)
    reading = mandate(city, Scope.READ)
    own = submitted(me, CERTIFICATE)
    assert agent.get(reverse("bundles:progress", args=[own.pk])).status_code == 200
    assert agent.post(url, key() | who).status_code == 422  # to read is not to apply
    assert agent.post(reverse("bundles:withdraw", args=[own.pk]), key()).status_code == 404
    revoke_mandate(mandate_id=reading, by=city.actor("clerk", on=TODAY), now=NOW)
    mandate(city, Scope.APPLY)
    assert agent.get(reverse("bundles:progress", args=[own.pk])).status_code == 404  # to apply is not to read what others brought
    theirs = begun(agent, **who)
    assert theirs.agent_id == city.people["agent"] and "为赵示例办理" in text(
        agent.get(reverse("apply:joint_resume", args=[theirs.pk]), follow=True)
    )


def test_lists_take_as_many_queries_for_many_as_for_few(me):
    def queries(url):
        me.get(url)
        with CaptureQueriesContext(connection) as found:
            assert me.get(url).status_code == 200
        return len(found)

    urls = [reverse("bundles:mine"), reverse("apply:mine"), "/"]
    begun(me)
    begun(me, "bundle-newborn")
    few = [queries(url) for url in urls]
    for bundle in ("bundle-veteran", "bundle-disabled", "bundle-social-card", "bundle-unemployment"):
        begun(me, bundle)
    assert [queries(url) for url in urls] == few
    assert Joint.objects.count() == 6 and text(me.get(urls[0])).count("开始填") == 6


def test_a_draft_given_up_is_gone_and_one_part_taken_back_leaves_the_others(me):
    draft = begun(me)
    url = reverse("bundles:withdraw", args=[draft.pk])
    assert "删除草稿" in text(me.get(url))
    assert me.post(url, key()).url == reverse("apply:mine")
    assert str(draft.pk) not in text(me.get(reverse("bundles:mine")))
    joint = submitted(me, CERTIFICATE)
    one = reverse("bundles:withdraw_part", args=[joint.pk, CERTIFICATE])
    assert "其余各项照常办理" in text(me.get(one))
    assert me.post(one, key()).url == reverse("bundles:progress", args=[joint.pk])
    states = dict(JointPart.objects.filter(joint=joint).exclude(case=None).values_list("item_code", "case__state"))
    assert states.pop(CERTIFICATE) == "withdrawn" and "withdrawn" not in states.values()


def test_the_clerk_of_an_employer_begins_for_it(city):
    agent = Client()
    sign_in_resident(agent, city, "agent")
    start = reverse("apply:joint_start", args=[OPENING])
    assert "这件事由用人单位办理" in text(agent.get(start))
    mandate(city, Scope.APPLY, Scope.READ, Scope.COLLECT, principal="employer", employer=True)
    joint = submitted(agent, bundle=OPENING)
    assert joint.applicant_is_employer and joint.form.open_json()["org_name"] == "云岭示例服务有限公司"


def test_the_page_of_progress_shows_results_and_a_refusal_and_what_to_do(city):
    agent = Client()
    sign_in_resident(agent, city, "agent")
    mandate(city, Scope.APPLY, Scope.READ, Scope.COLLECT, principal="employer", employer=True)
    joint = submitted(agent, "seal-filing", bundle=OPENING)
    story = JointStory(city, OPENING)
    story.joint_id = joint.pk
    story.decide("enterprise-registration")
    do.hand_on(case_id=story.case("enterprise-registration").pk, now=story.now("15:30"))
    story.decide("seal-filing", office="partners", approve=False)
    url = reverse("bundles:progress", args=[joint.pk])
    page = text(agent.get(url))
    assert "在线领取 2 份结果" in page and "未予批准" in page and "其余各项照常办理" in page
    assert agent.post(reverse("bundles:collect", args=[joint.pk]), key()).url == url
    page = text(agent.get(url))
    links = re.findall(r'href="(/mine/[^"]+/papers/[^"]+\.pdf)"', page)
    assert len(links) >= 2 and all(agent.get(link).content.startswith(b"%PDF") for link in links)
    case = story.case("seal-filing")
    assert url in text(agent.get(reverse("apply:case", args=[case.pk])))
    mine = text(agent.get(reverse("apply:mine")))
    assert url in mine and "4 项，办好 1 项" in mine  # what was refused is not done
    assert url in text(agent.get("/"))


def test_a_code_leads_to_the_counter_and_back(me, city):
    joint = begun(me)
    url, qr = reverse("bundles:code", args=[joint.pk]), reverse("bundles:code_qr", args=[joint.pk])
    first = me.get(reverse("apply:joint_resume", args=[joint.pk]), follow=True)
    assert url in text(first) and url in text(me.get(reverse("bundles:progress", args=[joint.pk])))
    assert "取接着办码" in text(me.get(url)) and me.get(qr).status_code == 404
    assert me.post(url, key()).url == url
    shown = re.search(r"接着办码 (\d{8})", text(me.get(url)))[1]
    assert me.get(qr).status_code == 200
    stranger, clerk = Client(), city.actor("clerk", on=TODAY)
    sign_in_resident(stranger, city, "neighbour")
    assert [stranger.get(u).status_code for u in (url, qr)] == [404, 404] and stranger.post(url, key()).status_code == 404
    do.take_over(code=shown, by=clerk, now=NOW)
    progress = reverse("bundles:progress", args=[joint.pk])
    assert me.get(url).url == progress and "向窗口要一个接着办码" in text(me.get(progress))
    back = do.make_joint_hand_over(joint_id=joint.pk, by=clerk, now=NOW)
    take = reverse("apply:take_over")
    theirs = stranger.post(take, key() | {"code": back})
    assert theirs.status_code == 422 and "没有找到" in text(theirs)
    assert me.post(take, key() | {"code": back}).url == reverse("apply:joint_resume", args=[joint.pk])
    assert me.get(reverse("apply:joint_resume", args=[joint.pk]), follow=True).status_code == 200


def test_a_draft_with_another_partys_data_stays_at_the_counter(me, city):
    clerk = city.actor("clerk", on=TODAY)
    applicant = do.Applicant(city.people["applicant"])
    joint_id = do.start_joint(bundle_code=GRADUATE, applicant=applicant, by=clerk, now=NOW)
    do.name_other(joint_id=joint_id, party_id=city.people["employer"], by=clerk, now=NOW)
    code = do.make_joint_hand_over(joint_id=joint_id, by=clerk, now=NOW)
    answer = me.post(reverse("apply:take_over"), key() | {"code": code})
    assert answer.status_code == 422 and "您还没有得到委托" in text(answer)


def test_the_other_party_is_one_of_those_who_let_somebody_apply_for_them(me, city):
    joint = begun(me, GRADUATE)
    parts, other = (reverse("apply:joint_page", args=[joint.pk, page]) for page in ("parts", "other"))
    assert me.post(parts, key() | {"wanted": [ENROLMENT]}).url == other
    page = me.get(other)
    assert page.context["page"].kind == "other" and page.context["draft"].others == []
    assert str(city.people["employer"]) not in text(page)
    nobody = me.post(other, key())
    assert nobody.status_code == 422 and 'href="#id_other"' in nobody.content.decode()
    for whose in (city.people["employer"], uuid7()):
        assert me.post(other, key() | {"other": str(whose)}).status_code in (404, 422)
    mandate(city, Scope.APPLY, principal="employer", employer=True, agent="applicant")
    assert "云岭示例服务有限公司" in text(me.get(other))
    answer = me.post(other, key() | {"other": str(city.people["employer"])})
    joint.refresh_from_db()
    assert answer.status_code == 303 and joint.other_id == city.people["employer"]
    assert "云岭示例服务有限公司" in joint.form.open_json().values()


def test_the_page_of_a_commitment_tells_what_each_part_that_needs_the_paper_tells_and_takes_one_signature(me, city):
    joint = begun(me, FLEXIBLE)
    draft = me.get(reverse("apply:joint_resume", args=[joint.pk]), follow=True).context["draft"]
    me.post(reverse("apply:joint_page", args=[joint.pk, "parts"]), key() | {"wanted": [c.code for c in draft.choices]})
    sheet = joint_sheet(joint.pk, by=resident(city), now=NOW)
    line = next(m for m in sheet.chosen.asked if m.may_be_committed)
    names = {sheet.chosen.standard(item).name for item, _code in line.needed_by}
    here = reverse("apply:joint_commit", args=[joint.pk, line.code])
    page = text(me.get(here))
    assert all(name in page for name in names) and line.name in page
    for wrong, field in (({"name": "赵示例"}, "agree"), ({"agree": "true", "name": "别的人"}, "name")):
        answer = me.post(here, key() | wrong)
        assert answer.status_code == 422 and f'href="#id_{field}"' in answer.content.decode(), text(answer)[:3000]
    assert me.post(here, key() | {"agree": "true", "name": "赵示例"}).status_code == 303
    joint.refresh_from_db()
    assert joint.handed[line.code]["received"] == "committed"
    assert me.post(reverse("apply:joint_take_back", args=[joint.pk, line.code]), key()).status_code == 303
    joint.refresh_from_db()
    assert "received" not in joint.handed.get(line.code, {})
