from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from io import BytesIO

import pypdf
import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from PIL import Image

from linli.domains.documents import queries
from linli.domains.documents.codes import spaced
from linli.domains.documents.commands import (
    CannotSupersede,
    DecisionMissing,
    FileChanged,
    NoPowerToSeal,
    NotInThisState,
    PaperKind,
    PaperWrong,
    SealMissing,
    SealNotValid,
    SealTaken,
    TemplateUnknown,
    compose,
    register_seal,
    revoke_document,
    seal_document,
    stop_seal,
    supersede,
    vouched,
)
from linli.domains.documents.models import Document, Seal, SealUse
from linli.domains.documents.queries import State
from linli.domains.documents.tests.conftest import ITEM, NOW, REGION, House, actor
from linli.domains.documents.tests.samples import SAMPLES
from linli.domains.trace.commands import Subject, record
from linli.domains.trace.queries import timeline, verify_chain
from linli.kernel.calendar import local_date
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotAllowed, NotFound
from linli.kernel.ids import uuid7

BY_KIND = {s.kind: s for s in reversed(SAMPLES)}
LAW = "《中华人民共和国行政许可法》第六十九条"


def composed(house: House, kind: PaperKind = PaperKind.ACCEPTANCE_NOTICE, *, case=None, **changes):
    return compose(
        kind=kind, subject_id=case or uuid7(), standard_id=uuid7(), org_id=house.org, data=BY_KIND[kind], by=house.clerk, now=NOW, **changes
    )  # fmt: skip


def sealed(house: House, document=None, **changes):
    document = document or composed(house)
    options = {"item_code": ITEM, "region": REGION, "decision_ref": "决-1", "by": house.issuer, "now": NOW} | changes
    return document, seal_document(document_id=document, **options)


# -- composing --------------------------------------------------------------------------------------------------------------


def test_composing_numbers_and_keeps_but_does_not_print(house, django_assert_max_num_queries):
    composed(house)
    with django_assert_max_num_queries(8):  # with its two savepoints
        document = Document.objects.get(pk=composed(house))
    assert document.number == "示范区人社局受字〔2026〕2号"
    assert (document.state, document.sealed_at, document.template_version) == ("composed", None, 1)
    assert "阿卜杜热合曼" in document.data.open()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM documents_document WHERE id = %s", [document.pk])
        assert "阿卜杜热合曼".encode().hex() not in cursor.fetchone()[0]
    act = timeline(document.pk)
    assert [e.act for e in act] == ["documents.composed"]
    assert act[0].data["content"] == sm3(document.data.cipher).hex()


def test_each_kind_body_and_year_counts_for_itself(house):
    numbers = [Document.objects.get(pk=pk).number for pk in (composed(house), composed(house, PaperKind.DECISION), composed(house))]
    assert [n[-2:] for n in numbers] == ["1号", "1号", "2号"]
    next_year = compose(
        kind=PaperKind.DECISION, subject_id=uuid7(), standard_id=None, org_id=house.org, data=BY_KIND[PaperKind.DECISION],
        by=house.clerk, now=NOW + timedelta(days=60),
    )  # fmt: skip
    assert Document.objects.get(pk=next_year).number == "示范区人社局决字〔2027〕1号"


def test_what_is_rolled_back_leaves_no_gap(house):
    first = Document.objects.get(pk=composed(house)).sequence
    with pytest.raises(RuntimeError), transaction.atomic():
        composed(house)
        raise RuntimeError
    assert Document.objects.get(pk=composed(house)).sequence == first + 1


def test_incomplete_data_are_refused_before_a_number_is_given(house):
    with pytest.raises(PaperWrong, match="right|职权|权"):
        compose(
            kind=PaperKind.NON_ACCEPTANCE, subject_id=uuid7(), standard_id=None, org_id=house.org, by=house.clerk, now=NOW,
            data=BY_KIND[PaperKind.NON_ACCEPTANCE].model_dump(mode="json") | {"right_authority": None},
        )  # fmt: skip
    with pytest.raises(PaperWrong) as caught:
        compose(
            kind="decision", subject_id=uuid7(), standard_id=None, org_id=house.org, by=house.clerk, now=NOW,
            data={"outcome": "rejected"},
        )  # fmt: skip
    assert "addressee" in str(caught.value)
    assert not Document.objects.exists()


def test_an_unknown_template_and_a_guide_are_refused(house):
    with pytest.raises(TemplateUnknown):
        composed(house, template_version=9)
    with pytest.raises(ValueError, match="guides"):
        composed(house, PaperKind.SERVICE_GUIDE)


def test_composing_asks_for_permission_unless_a_receipt_is_owed(house):
    resident = actor()
    for by, kind, fine in [
        (resident, PaperKind.DECISION, False), (resident, PaperKind.DEMAND_RECEIPT, True), (vouched(resident), PaperKind.DECISION, True),
    ]:  # fmt: skip
        ask = {
            "kind": kind,
            "subject_id": uuid7(),
            "standard_id": None,
            "org_id": house.org,
            "data": BY_KIND[kind],
            "by": by,
            "now": NOW,
        }
        if fine:
            compose(**ask)
        else:
            with pytest.raises(NotAllowed):
                compose(**ask)


def test_the_pinned_template_is_used_for_ever(house, tmp_path, monkeypatch):
    """A second version appears: what was composed with the first is still printed with it, byte for byte."""
    from linli.domains.documents import engine

    document = composed(house, template_version=1)
    before = queries.pdf(document)
    shutil.copytree(engine.TEMPLATES, tmp_path / "t")
    first = tmp_path / "t/acceptance_notice/1.typ"
    (tmp_path / "t/acceptance_notice/2.typ").write_text(first.read_text().replace("予以受理", "依法受理"))
    monkeypatch.setattr(engine, "TEMPLATES", tmp_path / "t")
    for cached in (engine.current_templates, engine.template_digest):
        cached.cache_clear()
    monkeypatch.setattr("linli.domains.documents.fittings._press", lambda: engine.Press(local_fonts=tmp_path, cache=tmp_path / "c"))
    try:
        assert queries.current_templates()["acceptance_notice"] == 2
        assert queries.pdf(document) == before
        newer = composed(house)
        assert Document.objects.get(pk=newer).template_version == 2
        assert "依法受理" in pypdf.PdfReader(BytesIO(queries.pdf(newer))).pages[0].extract_text()
        first.write_text(first.read_text() + "\n")
        engine.template_digest.cache_clear()
        with pytest.raises(Exception, match="模板"):
            queries.pdf(document)
    finally:
        for cached in (engine.current_templates, engine.template_digest):
            cached.cache_clear()


# -- sealing ----------------------------------------------------------------------------------------------------------------


def test_sealing_signs_keeps_and_notes(house):
    case = Subject("case", uuid7())
    record("cases.started", subject=case, by=house.clerk, at=NOW, new=True)
    document, use = sealed(house, composed(house, case=case.id))
    row = Document.objects.get(pk=document)
    content = queries.pdf(document)
    assert (row.state, row.sealed_at, bytes(row.sealed_digest)) == ("sealed", NOW, sm3(content))
    entry = SealUse.objects.get(pk=use)
    assert (entry.document_id, bytes(entry.document_digest), entry.decision_ref, entry.item_code) == (
        document,
        sm3(content),
        "决-1",
        ITEM,
    )
    assert (entry.user_id, entry.org_id, entry.at, entry.stamped) == (house.issuer.user_id, house.hall, NOW, False)
    acts = timeline(case.id)
    assert [a.act for a in acts] == ["cases.started", "documents.sealed"]
    assert acts[-1].data["digest"] == sm3(content).hex()
    assert verify_chain(case.id).ok
    text = "".join(p.extract_text() for p in pypdf.PdfReader(BytesIO(content)).pages)
    assert "业务专用章" in text
    assert "未用印" not in text


def test_a_sealed_file_is_intact_trusted_and_known(house):
    document, _ = sealed(house)
    content = queries.pdf(document)
    verdict = queries.verify_pdf(content, now=NOW)
    assert verdict.genuine
    assert (verdict.signature.intact, verdict.signature.trusted, verdict.signature.whole_file) == (True, True, True)
    assert verdict.signature.signed_at == NOW
    assert "无法律效力" in verdict.signature.signer
    assert verdict.document.number == Document.objects.get(pk=document).number
    assert queries.verify_pdf(content, now=NOW + timedelta(days=365 * 8)).signature.trusted  # long after the certificate ran out


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.999])
def test_one_changed_byte_is_seen(house, place):
    document, _ = sealed(house)
    content = bytearray(queries.pdf(document))
    content[int(len(content) * place)] ^= 1
    verdict = queries.verify_pdf(bytes(content), now=NOW)
    assert verdict.document is None
    assert not verdict.genuine
    assert not (verdict.signature.intact and verdict.signature.whole_file)


def test_what_was_added_afterwards_is_seen(house):
    document, _ = sealed(house)
    writer = pypdf.PdfWriter(BytesIO(queries.pdf(document)), incremental=True)
    writer.add_blank_page()
    out = BytesIO()
    writer.write(out)
    verdict = queries.verify_pdf(out.getvalue(), now=NOW)
    assert not verdict.genuine
    assert not verdict.signature.whole_file


@pytest.mark.parametrize("content", [b"", b"no pdf", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n0\n%%EOF"])
def test_what_is_no_signed_pdf_is_not_intact(db, content):
    verdict = queries.verify_pdf(content, now=NOW)
    assert not verdict.genuine
    assert not verdict.signature.intact


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="poppler is not installed")
def test_poppler_agrees_with_the_signature(house, tmp_path):
    document, _ = sealed(house)
    path = tmp_path / "sealed.pdf"
    path.write_bytes(queries.pdf(document))
    said = subprocess.run(["pdfsig", path], capture_output=True, text=True).stdout
    assert "Signature is Valid" in said
    assert "ETSI.CAdES.detached" in said
    assert "Total document signed" in said


def test_sealing_twice_is_refused_and_with_a_key_gives_the_same_answer(house):
    document, key = composed(house), uuid7()
    ask = {
        "document_id": document, "item_code": ITEM, "region": REGION, "decision_ref": "决-1", "by": house.issuer, "now": NOW, "key": key,
    }  # fmt: skip
    first = seal_document(**ask)
    assert seal_document(**ask) == first
    with pytest.raises(NotInThisState):
        seal_document(**(ask | {"key": uuid7()}))
    assert SealUse.objects.filter(document=document).count() == 1


def test_only_who_may_seal_for_the_item_in_this_house_seals(house):
    document = composed(house)
    with pytest.raises(NotAllowed):
        sealed(house, document, by=house.clerk)
    with pytest.raises(NoPowerToSeal):
        sealed(house, document, item_code="another-item")
    with pytest.raises(NoPowerToSeal):
        sealed(house, document, region="999999")
    with pytest.raises(NotFound):
        sealed(house, document, by=house.stranger)
    with pytest.raises(DecisionMissing):
        sealed(house, document, decision_ref=" ")
    assert Document.objects.get(pk=document).state == "composed"
    assert not SealUse.objects.exists()
    sealed(house, document)


def test_a_receipt_for_a_demand_needs_no_power_over_an_item(house):
    sealed(house, composed(house, PaperKind.DEMAND_RECEIPT, subject_kind="demand"), item_code="", region="")


def test_an_expired_stopped_or_missing_seal_blocks_sealing_and_old_papers_stay_good(house):
    old, _ = sealed(house)
    with pytest.raises(SealNotValid, match="有效期"):
        sealed(house, now=NOW + timedelta(days=800))
    stop_seal(seal_id=house.seal, reason="更换印章", by=house.root, now=NOW)
    with pytest.raises(SealMissing):
        sealed(house)
    with pytest.raises(SealNotValid, match="停用"):
        sealed(house, seal_id=house.seal)
    assert queries.verify_pdf(queries.pdf(old), now=NOW).genuine
    day = NOW.date()
    fresh = register_seal(
        org_id=house.org, code="1101050099999", valid_from=day, valid_to=day + timedelta(days=9), by=house.root, now=NOW
    )
    _, use = sealed(house)
    assert SealUse.objects.get(pk=use).seal_id == fresh


def test_a_seal_whose_certificate_is_not_the_key_at_hand_blocks_sealing(house):
    Seal.objects.filter(pk=house.seal).update(certificate="0" * 64)
    with pytest.raises(SealNotValid, match="证书"):
        sealed(house)


def test_one_seal_for_a_purpose_and_codes_once(house):
    day = NOW.date()
    for org, code in ((house.org, "1101050000002"), (house.other, "1101050012345")):
        with pytest.raises(SealTaken):
            register_seal(org_id=org, code=code, valid_from=day, valid_to=day + timedelta(days=9), by=house.root, now=NOW)
    with pytest.raises(NotAllowed):
        register_seal(org_id=house.other, code="3", valid_from=day, valid_to=day + timedelta(days=9), by=house.clerk, now=NOW)


def test_a_seal_kept_on_disk_that_was_changed_is_not_handed_out(house):
    document, _ = sealed(house)
    path = settings.ENV.data / "files" / Document.objects.get(pk=document).sealed_file.path
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(FileChanged):
        queries.pdf(document)
    path.unlink()
    with pytest.raises(FileChanged):
        queries.pdf(document)


# -- what can no longer be changed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "title = 'x'", "data = '\\x00'", "number = 'x'", "code = 'ZZZZZZZZZZZZ'", "template_version = 2", "org_id = gen_random_uuid()",
        "subject_id = gen_random_uuid()", "sealed_digest = '\\x00'", "sealed_at = now()", "state = 'composed'", "kind = 'decision'",
        "sealed_file_id = NULL, sealed_at = NULL, sealed_digest = NULL, state = 'composed'", "made_at = now()", "sequence = 99",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_a_sealed_document(house, change):
    sealed(house)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE documents_document SET {change}")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE documents_sealuse SET decision_ref = 'x'", "DELETE FROM documents_sealuse", "TRUNCATE documents_sealuse",
        "DELETE FROM documents_document", "TRUNCATE documents_document CASCADE", "UPDATE documents_counter SET last = 0",
        "UPDATE documents_counter SET last = last + 2", "DELETE FROM documents_counter",
        "UPDATE documents_document SET state = 'superseded'",
    ],
)  # fmt: skip
def test_the_database_refuses_to_change_ledger_and_numbers(house, sql):
    sealed(house)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "change",
    [
        "sealed_at = now()", "state = 'sealed'", "state = 'revoked'", "revoked_reason = 'x'", "revoked_at = now()",
        "superseded_at = now()", "state = 'nothing'",
    ],
)  # fmt: skip
def test_what_belongs_together_is_set_together(house, change):
    composed(house)
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE documents_document SET {change}")


def test_the_ledger_is_on_the_list_of_what_is_only_added_to():
    from django.apps import apps

    assert apps.get_app_config("documents").append_only == ("documents_sealuse",)


# -- afterwards ---------------------------------------------------------------------------------------------------------------


def test_a_revoked_document_no_longer_stands(house):
    document, _ = sealed(house)
    code = Document.objects.get(pk=document).code
    revoke_document(document_id=document, reason="送达地址有误", legal_basis=LAW, by=house.leader, now=NOW)
    found = queries.verify(code)
    assert (found.state, found.stands, found.revoked_on) == (State.REVOKED, False, NOW.date())
    verdict = queries.verify_pdf(queries.pdf(document), now=NOW)
    assert verdict.signature.intact
    assert not verdict.genuine
    with pytest.raises(NotInThisState):
        revoke_document(document_id=document, reason="再次", legal_basis=LAW, by=house.leader, now=NOW)


def test_an_unsealed_document_can_be_revoked_and_prints_as_void(house):
    document = composed(house)
    revoke_document(document_id=document, reason="制作有误", legal_basis=LAW, by=house.leader, now=NOW)
    assert "已作废" in pypdf.PdfReader(BytesIO(queries.pdf(document))).pages[0].extract_text()
    with pytest.raises(NotInThisState):
        sealed(house, document)


def test_revoking_needs_permission_reason_law_and_the_own_house(house):
    document, _ = sealed(house)
    what = {"document_id": document, "reason": "x", "legal_basis": LAW, "by": house.leader, "now": NOW}
    for by in (house.issuer, house.clerk):
        with pytest.raises(NotAllowed):
            revoke_document(**what | {"by": by})
    for missing in ("reason", "legal_basis"):
        with pytest.raises(PaperWrong) as caught:
            revoke_document(**what | {missing: " "})
        assert caught.value.field == missing
    with pytest.raises(NotFound):
        revoke_document(**what | {"by": house.stranger})
    with pytest.raises(NotFound):
        revoke_document(**what | {"document_id": uuid7()})
    revoke_document(**what)
    record = queries.document_record(document)
    assert (record.revoked_reason, record.revoked_basis, record.revoked_by) == ("x", LAW, house.leader.user_id)
    assert timeline(record.card.subject_id)[-1].data["basis"] == LAW


def test_a_document_is_superseded_by_a_sealed_one_of_the_same_case_and_kind(house):
    case = uuid7()
    old, _ = sealed(house, composed(house, PaperKind.DECISION, case=case))
    new = composed(house, PaperKind.DECISION, case=case)
    ask = {"document_id": old, "reason": "更正", "by": house.clerk, "now": NOW}
    with pytest.raises(CannotSupersede):
        supersede(new_document_id=new, **ask)
    sealed(house, new)
    elsewhere, _ = sealed(house, composed(house, PaperKind.DECISION))
    with pytest.raises(CannotSupersede):
        supersede(new_document_id=elsewhere, **ask)
    with pytest.raises(NotFound):
        supersede(new_document_id=old, **ask)
    supersede(new_document_id=new, **ask)
    found = queries.verify(Document.objects.get(pk=old).code)
    assert (found.state, found.stands, found.superseded_by) == (State.SUPERSEDED, False, Document.objects.get(pk=new).number)
    assert [a.act for a in timeline(case)] == ["documents.sealed", "documents.sealed", "documents.superseded"]


# -- verifying and lists ----------------------------------------------------------------------------------------------------------


def test_a_stranger_learns_what_it_is_and_whether_it_stands_but_not_whose(house):
    document, _ = sealed(house)
    row = Document.objects.get(pk=document)
    found = queries.verify(spaced(row.code).lower())
    assert (found.title, found.number, found.issuer, found.stands) == ("受理通知书", row.number, "示范区人力资源和社会保障局", True)
    assert found.holder == "阿*****·买****"
    assert found.digest == sm3(queries.pdf(document)).hex()
    assert "653001" not in repr(found)


def test_an_employer_is_shown_by_name(house):
    data = BY_KIND[PaperKind.ACCEPTANCE_NOTICE].model_dump(mode="json") | {
        "addressee": "某某(中国)有限公司",
        "addressee_is_employer": True,
    }
    document = compose(
        kind="acceptance_notice", subject_id=uuid7(), standard_id=None, org_id=house.org, data=data, by=house.clerk, now=NOW
    )
    assert queries.verify(Document.objects.get(pk=document).code).holder == "某某(中国)有限公司"


def test_an_unsealed_print_does_not_stand(house):
    found = queries.verify(Document.objects.get(pk=composed(house)).code)
    assert (found.state, found.stands, found.sealed_at, found.digest) == (State.COMPOSED, False, None, "")


def test_codes_that_are_no_codes_find_nothing(db):
    assert queries.verify("0000-0000-0000") is None
    assert queries.verify("'; DROP TABLE") is None


def test_documents_of_a_case_cost_one_query_and_open_nothing(house, django_assert_num_queries):
    case = uuid7()
    for kind in (PaperKind.ACCEPTANCE_NOTICE, PaperKind.SUSPENSION_NOTICE, PaperKind.DECISION):
        composed(house, kind, case=case)
    with django_assert_num_queries(1):
        found = queries.documents_of(case)
    assert [d.kind for d in found] == ["acceptance_notice", "suspension_notice", "decision"]
    assert all(d.state == "composed" and not d.digest for d in found)


def test_the_ledger_shows_who_may_the_uses_of_the_own_seals(house, django_assert_num_queries):
    case = uuid7()
    uses = [sealed(house, composed(house, case=case))[1] for _ in range(5)]
    for by in (house.auditor, house.leader):
        assert [u.pk for u in queries.seal_ledger(by=by)] == uses[::-1]
    insider = replace(house.issuer, body_id=house.org)
    with django_assert_num_queries(2):
        found = list(queries.seal_ledger(by=insider, day=local_date(NOW)))
    assert [u.pk for u in found] == uses[::-1] and str(found[0].seal) == "示范区人力资源和社会保障局业务专用章"
    assert queries.powers_behind(found) == dict.fromkeys(uses, "测试")
    assert not queries.seal_ledger(by=insider, day=local_date(NOW) - timedelta(days=1))
    assert queries.seal_ledger(by=insider, subject_id=case, seal_id=house.seal).count() == 5
    assert not queries.seal_ledger(by=insider, subject_id=uuid7()) and not queries.seal_ledger(by=insider, seal_id=uuid7())
    stranger = replace(house.stranger, body_id=house.other)
    assert not queries.seal_ledger(by=stranger) and not queries.seals(by=stranger)
    with pytest.raises(NotAllowed):
        queries.seal_ledger(by=house.clerk)


def test_a_picture_shows_every_page_before_and_after_sealing(house):
    document = composed(house)
    before = queries.picture(document)
    sealed(house, document)
    after = queries.picture(document)
    assert before != after
    with Image.open(BytesIO(after), formats=["PNG"]) as image:
        pages = len(pypdf.PdfReader(BytesIO(queries.pdf(document))).pages)
        assert image.height == pytest.approx(image.width * 297 / 210 * pages + 12 * (pages - 1), abs=2 * pages)


# -- what is no document ------------------------------------------------------------------------------------------------------------


def test_guides_are_printed_without_a_document(db):
    for kind in (PaperKind.SERVICE_GUIDE, PaperKind.WINDOW_GUIDE):
        data = BY_KIND[kind].model_dump(mode="json")
        newest = queries.current_templates()[kind.value]
        assert queries.render_paper(kind, newest, data) == queries.render_paper(kind, None, BY_KIND[kind])
        for version in range(1, newest + 1):  # a standard keeps the version that it was published with
            content = queries.render_paper(kind, version, data)
            assert "失业保险金申领" in pypdf.PdfReader(BytesIO(content)).pages[0].extract_text()
    assert not Document.objects.exists()
    with pytest.raises(PaperWrong):
        queries.render_paper(PaperKind.SERVICE_GUIDE, 1, {"body": "某局"})


def test_a_specimen_says_that_it_is_one(db):
    content = queries.render_paper("decision", 1, BY_KIND[PaperKind.DECISION], issuer="示范区人社局", on=NOW.date())
    text = "".join(p.extract_text() for p in pypdf.PdfReader(BytesIO(content)).pages)
    assert "样张" in text
    assert "验证码" not in text
    with pytest.raises(ValueError, match="date"):
        queries.render_paper("decision", 1, BY_KIND[PaperKind.DECISION])


def test_pins_name_every_kind_with_a_number(db):
    pins = queries.current_templates()
    assert set(pins) == {k.value for k in PaperKind}
    assert all(isinstance(v, int) and v >= 1 for v in pins.values())


def test_an_authority_s_time_stamp_is_asked_for_when_one_is_set(house, monkeypatch):
    from linli.domains.documents.commands import SigningFailed

    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"tsa_url": "http://127.0.0.1:9/tsa"}))
    document = composed(house)
    with pytest.raises(SigningFailed):
        sealed(house, document)
    assert Document.objects.get(pk=document).state == "composed"
    assert replace(house.issuer).can("documents.seal")
