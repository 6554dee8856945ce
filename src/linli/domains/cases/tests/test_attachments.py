"""What a form asks to be attached: handed in like a material, required where its field is, and never typed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from linli.domains.cases import commands as do
from linli.domains.cases.queries import CaseMaterial, MaterialState, own_sheet
from linli.domains.cases.rostering import plan_of
from linli.domains.catalog.queries import Standard, package_standards
from linli.domains.documents.commands import store_file
from linli.kernel.errors import Invalid
from linli.testing.online import NOW, fill, resident, started
from linli.testing.story import Story, filled, picture

pytestmark = pytest.mark.django_db
CARD = "card-replacement-lost"  # its form must have a photograph attached
EVIDENCE = "labour-inspection-report"  # its form may


def unattached(error: Invalid) -> list[str | None]:
    return [e.field for e in error.errors if e.code == "cases.attachment_missing"]


def test_a_file_field_is_a_paper_to_hand_in_unless_it_is_one_of_the_list():
    by_code = {s.code: s for s in package_standards()}
    assert [m.code for m in by_code[CARD].attachments] == ["photo"] and "photo" not in {f.name for f in by_code[CARD].typed}
    apply = by_code["card-application"]
    photo = next(f for f in apply.form if f.name == "photo")
    assert not apply.attachments and apply.material(photo.material).name.startswith("电子照片")
    for s in by_code.values():
        assert not {m.code for m in s.attachments} & {m.code for m in s.materials}
    here = [s.model_copy(update={"handled_in": "linli"}) for s in (by_code[CARD], apply)]
    assert plan_of(here[0]) is None and plan_of(here[1]) is not None  # nobody's photograph stands for another's


@pytest.mark.parametrize("change", [{"material": "m99"}, {"type": "text", "material": "m01"}, {"name": "m01"}])
def test_a_standard_cannot_point_anywhere_else(change):
    s = next(s for s in package_standards() if s.code == CARD)
    doc = s.dump()
    doc["form"] = [f | change if f["name"] == "photo" else f for f in doc["form"]]
    with pytest.raises(ValidationError):
        Standard.model_validate(doc)


def test_nothing_is_received_without_what_must_be_attached(world):
    story = Story(world, item=CARD)
    without = [h for h in story.handed() if h.code != "photo"]
    with pytest.raises(Invalid) as refused:
        do.receive_case(
            item_code=CARD, applicant=story.applicant, form=filled(story.standard) | {"photo": "见附件"}, materials=without,
            by=story.who("clerk"), now=NOW,
        )  # fmt: skip
    assert unattached(refused.value) == ["photo"]
    case_id = do.open_draft(item_code=CARD, applicant=story.applicant, by=story.who("clerk"), now=NOW)
    common = {"case_id": case_id, "by": story.who("clerk"), "now": NOW}
    do.save_form(values=filled(story.standard) | {"photo": "写了也不算"}, **common)
    with pytest.raises(Invalid) as refused:
        do.submit_case(**common)
    assert unattached(refused.value) == ["photo"]
    ref = store_file(content=picture(), declared_name="照片.png", by=story.who("clerk"), now=NOW)
    do.hand_in(material=do.Handed("photo", do.Received.PHOTOGRAPHED, ((ref, "照片.png"),)), **common)
    assert do.submit_case(**common)
    row = CaseMaterial.objects.get(case_id=case_id, code="photo")
    assert (row.name, row.state, row.files.count()) == ("电子照片", MaterialState.HAVE, 1)


def test_a_resident_attaches_what_must_be_and_leaves_out_what_may_be(world):
    me = resident(world)
    case_id = started(me, CARD)
    sheet = own_sheet(case_id, by=me, now=NOW)
    assert next(m for m in sheet.materials if m.row.code == "photo").open
    fill(me, case_id)
    photo = next(m for m in own_sheet(case_id, by=me, now=NOW).materials if m.row.code == "photo")
    do.take_off_online(case_id=case_id, file_id=photo.files[0].pk, by=me, now=NOW)
    with pytest.raises(Invalid) as refused:
        do.submit_online(case_id=case_id, by=me, now=NOW)
    assert unattached(refused.value) == ["photo"]
    fill(me, case_id, questions=False)
    assert do.submit_online(case_id=case_id, by=me, now=NOW)

    report = started(me, EVIDENCE)
    fill(me, report)
    left_out = next(m for m in own_sheet(report, by=me, now=NOW).materials if m.row.code == "evidence")
    assert not left_out.open and not left_out.files and do.submit_online(case_id=report, by=me, now=NOW)
