"""Certification in the three faces: who may open and do what, what the pages say, and what they cost."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from linli.domains.benefits import commands
from linli.domains.benefits.queries import certifications, my_certifications, sheet, visits
from linli.kernel.actors import Actor
from linli.kernel.calendar import local_date
from linli.testing.browser import sign_in_resident
from linli.testing.certifying import TELLER, reach_in_vain, receive, receive_many
from linli.testing.world import PASSWORD, person_id

pytestmark = pytest.mark.django_db


def enter(name: str) -> Client:
    client = Client()
    assert client.post("/login", {"username": name, "password": PASSWORD}).status_code == 302
    return client


def send(client, url, **given):
    return client.post(url, {"once": str(uuid4()), **given})


def row_of(world, who="applicant"):
    return certifications(by=world.actor("certification"), on=local_date(timezone.now())).get(person_id=world.people[who])


@pytest.fixture
def row(world):
    """Somebody whose cycle ended long ago, with the steps that are due."""
    receive(world.people["applicant"], since=local_date(timezone.now()) - timedelta(800))
    commands.climb(by=TELLER, now=timezone.now())
    return row_of(world)


@pytest.mark.parametrize(
    ("who", "see", "do", "visit", "witness"),
    [
        ("certification", 200, 200, 200, 403), ("benefits", 200, 403, 403, 403), ("auditor", 200, 403, 403, 403), ("clerk", 403, 403, 403, 200),
        ("second-policies", 200, 403, 403, 403),
        ("village", 403, 403, 200, 200), ("reviewer-1", 403, 403, 403, 403), ("payments", 200, 403, 403, 403),
    ],
)  # fmt: skip
def test_each_post_opens_what_it_may(world, row, who, see, do, visit, witness):
    client = enter(who)
    for url in (reverse("certification:overview"), reverse("certification:people"), reverse("certification:one", args=[row.pk])):
        assert client.get(url).status_code == see
    for name in ("calls", "photos", "export"):
        assert client.get(reverse(f"certification:{name}")).status_code == do
    if do == 403:
        for act in ("confirm", "visit", "inquire", "conclude", "suspend", "resume"):
            assert send(client, reverse("certification:act", args=[row.pk, act]), reason="x").status_code == 403
        assert send(client, reverse("certification:whole", args=[row.pk, "phone"]), purpose="contact").status_code == 403
    decides = 200 if who in ("certification", "second-policies") else 403
    assert client.get(reverse("certification:proposals")).status_code == decides
    if who != "second-policies":
        for act in ("agree", "refuse"):
            assert send(client, reverse("certification:act", args=[row.pk, act]), said="x").status_code == 403
    assert client.get(reverse("visits:list")).status_code == visit
    assert client.get(reverse("visits:counter")).status_code == witness


def test_who_is_of_another_place_sees_nobody_here(world, row):
    client = enter("benefits-elsewhere")
    assert client.get(reverse("certification:one", args=[row.pk])).status_code == 200, "the county it lives in"
    receive(world.people["neighbour"], region="770102001")
    other = row_of(world, "neighbour")
    assert client.get(reverse("certification:one", args=[other.pk])).status_code == 404
    assert "阿卜杜热合曼" not in client.get(reverse("certification:people")).content.decode()
    commands.climb(by=TELLER, now=timezone.now())
    village = enter("village")
    reach = visits(by=world.actor("certification")).filter(certification=other).first()
    assert reach is None or village.get(reverse("visits:visit", args=[reach.pk])).status_code == 404


def test_the_first_day_to_stop_is_told_only_where_a_day_decides(world, row):
    client, page = enter("certification"), reverse("certification:one", args=[row.pk])
    text = client.get(page).content.decode()
    assert "最早可以暂停" in text and "还没有打过电话或者走访" in text and "由后面的提醒代替" in text
    assert "（还没有到）" not in text, "a step that was passed over is not one that is still to come"
    assert "亲眼或通过视频见到了本人" in text
    row.signal = "presumed-dead"  # then an inquiry decides, on any day
    row.save(update_fields=["signal"])
    assert "最早可以暂停" not in client.get(page).content.decode()


def test_a_decision_that_is_refused_says_why_beside_what_was_typed(world, row):
    client = enter("certification")
    answer = send(client, reverse("certification:act", args=[row.pk, "suspend"]), reason="打了很多次电话")
    text = answer.content.decode()
    assert answer.status_code == 409 and "还没有人联系过本人" in text and "打了很多次电话" in text
    assert send(client, reverse("certification:act", args=[row.pk, "inquire"]), reason="").status_code == 422
    assert send(client, reverse("certification:act", args=[row.pk, "burn"])).status_code == 404
    assert send(client, reverse("certification:act", args=[uuid4(), "confirm"])).status_code == 404
    assert send(client, reverse("certification:act", args=[row.pk, "confirm"])).status_code == 302
    assert row_of(world).certified_on == local_date(timezone.now())


def test_two_officers_suspend_and_the_second_is_told_who_waits(world):
    receive(world.people["applicant"], since=local_date(timezone.now()) - timedelta(800))
    reach_in_vain(by=world.actor("certification"))
    row, first, second = row_of(world), enter("certification"), enter("second-policies")
    act = lambda name: reverse("certification:act", args=[row.pk, name])  # noqa: E731
    assert send(first, act("suspend"), reason="多次联系不上").status_code == 302
    for client in (first, second):
        assert "赵示例" in client.get(reverse("certification:proposals")).content.decode()
    assert "同意暂停发放" not in first.get(reverse("certification:one", args=[row.pk])).content.decode()
    answer = send(second, act("refuse"), said="")
    assert answer.status_code == 422 and "请写明理由" in answer.content.decode()
    key = str(uuid4())
    for _ in range(2):
        assert second.post(act("agree"), {"once": key}).status_code == 302
    assert send(second, act("agree")).status_code == 409
    text = first.get(reverse("certification:one", args=[row.pk])).content.decode()
    assert "已暂停发放" in text and "复核，" in text
    assert "没有等复核的暂停" in second.get(reverse("certification:proposals")).content.decode()


def test_the_list_of_what_waits_costs_the_same_for_few_and_for_many(world):
    client = enter("second-policies")

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse("certification:proposals")).status_code == 200
        return len(seen)

    officer, since = world.actor("certification"), local_date(timezone.now()) - timedelta(800)
    receive(world.people["applicant"], since=since)
    reach_in_vain(by=officer)
    commands.propose_suspension(certification_id=row_of(world).pk, reason="x", by=officer, now=timezone.now())
    cost()
    few = cost()
    for who in ("neighbour", "agent"):
        receive(world.people[who], since=since)
        reach_in_vain(by=officer)
        commands.propose_suspension(certification_id=row_of(world, who).pk, reason="x", by=officer, now=timezone.now())
    assert cost() == few


def test_a_double_click_confirms_once(world, row):
    client, key = enter("certification"), str(uuid4())
    for _ in range(2):
        assert client.post(reverse("certification:act", args=[row.pk, "confirm"]), {"once": key}).status_code == 302
    assert "officer_check" in row_of(world).certified_by
    (sign,) = sheet(row.pk, by=world.actor("certification"), on=local_date(timezone.now())).signs
    assert sign.kind.code == "officer_check"


def test_who_stands_at_the_counter_is_certified_and_a_stranger_is_not(world, row):
    client = enter("clerk")
    url = reverse("visits:counter")
    answer = send(client, url, number=person_id(1), kind="counter")
    assert (
        answer.status_code == 404
        and "没有查到需要认证的待遇" in answer.content.decode()
        and person_id(1) in answer.content.decode()
    )
    assert send(client, url, number="", kind="counter").status_code == 422
    assert send(client, url, number=person_id(0), kind="counter").status_code == 302
    assert row_of(world).certified_by == ["counter"]


def test_a_cadre_prints_the_list_and_says_what_came_of_a_visit(world, row):
    client = enter("village")
    text = client.get(reverse("visits:list")).content.decode()
    assert "赵示例" in text and person_id(0) not in text
    reach = visits(by=world.actor("village")).get()
    url = reverse("visits:visit", args=[reach.pk])
    assert send(client, url, outcome="").status_code == 422
    assert send(client, url, outcome="seen").status_code == 302
    assert send(client, url, outcome="died").status_code == 409
    assert row_of(world).certified_by == ["visit"]


def selfie():
    out = BytesIO()
    Image.new("RGB", (40, 40), "#446").save(out, "JPEG")
    return SimpleUploadedFile("me.jpg", out.getvalue(), "image/jpeg")


def test_a_resident_sees_until_when_and_why_and_nobody_elses(world, row):
    client = Client()
    sign_in_resident(client, world)
    text = client.get(reverse("certify:mine")).content.decode()
    assert "请认证" in text and "首次领取待遇" in text
    stranger = Client()
    sign_in_resident(stranger, world, "agent")
    assert "没有要认证的待遇" in stranger.get(reverse("certify:mine")).content.decode()
    assert stranger.get(reverse("certify:photo", args=[world.people["applicant"]])).status_code == 404
    assert send(stranger, reverse("certify:photo", args=[world.people["applicant"]]), photo=selfie()).status_code == 404
    assert send(stranger, reverse("certify:abroad", args=[row.pk]), abroad="yes").status_code == 404


def test_a_photograph_goes_from_the_resident_to_the_officer_and_is_gone(world, row):
    client = Client()
    sign_in_resident(client, world)
    url = reverse("certify:photo", args=[world.people["applicant"]])
    asked = client.get(url).content.decode()
    assert client.get(url).content.decode().count("<strong>") == asked.count("<strong>")
    assert send(client, url).status_code == 422
    assert send(client, url, photo=SimpleUploadedFile("me.jpg", b"no picture", "image/jpeg")).status_code == 422
    assert send(client, url, photo=selfie()).status_code == 302
    assert "照片正在比对" in client.get(reverse("certify:mine")).content.decode()
    officer = enter("certification")
    (href,) = {h for h in officer.get(reverse("certification:photos")).content.decode().split('"') if "/photos/" in h}
    picture = officer.get(f"{href}/picture")
    assert picture["Content-Type"] == "image/jpeg" and picture["Cache-Control"] == "no-store"
    assert send(officer, href).status_code == 422
    assert send(officer, href, verdict="yes").status_code == 302
    assert officer.get(f"{href}/picture").status_code == 404
    by = Actor(user_id=uuid4(), permissions=frozenset({"portal.use"}), resident_id=world.people["applicant"])
    assert my_certifications(by=by, on=local_date(timezone.now()))[0].certified


@pytest.mark.parametrize("name", ["certification:overview", "certification:people", "certification:calls", "visits:list"])
def test_the_pages_cost_the_same_for_few_and_for_many(world, name):
    client = enter("certification")
    days = local_date(timezone.now()) - timedelta(800)

    def cost(number):
        receive_many(number, since=days)
        commands.climb(by=TELLER, now=timezone.now())
        client.get(reverse(name))
        with CaptureQueriesContext(connection) as seen:
            assert client.get(reverse(name)).status_code == 200
        return len(seen)

    assert cost(2) == cost(15)


def test_the_list_is_handed_out_with_masked_numbers(world, row):
    text = b"".join(enter("certification").get(reverse("certification:export")).streaming_content).decode()
    assert "赵示例" in text and person_id(0) not in text
