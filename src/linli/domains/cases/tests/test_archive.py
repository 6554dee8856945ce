"""The electronic file of a case: whole, signed, checked by anybody, linked to what came later, and destroyed by two people."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources

import pytest
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob

from linli.domains.cases import commands as do
from linli.domains.cases.errors import NotOver
from linli.domains.cases.models import Case, MaterialFile
from linli.domains.documents.commands import (
    Contents,
    NotDue,
    PackageGone,
    SameHand,
    json_part,
    propose_destruction,
    settle_destruction,
    store_file,
)
from linli.domains.documents.queries import (
    Package,
    PaperKind,
    check_archive,
    destruction_proof,
    documents_of,
    due_packages,
    package_content,
    packages_of,
)
from linli.domains.trace.commands import public_folder, seal_heads
from linli.domains.trace.queries import timeline, verify_all
from linli.kernel.actors import system
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.story import PERMIT, Story, at, picture

pytestmark = pytest.mark.django_db
NIGHT = at("2026-03-03 01:30")
RETAIN = "documents.retain"


@pytest.fixture
def story(world):
    return Story(world, item=PERMIT)


def closed(story):
    """A whole case with an original, told of, its notices sealed."""
    story.receive()
    material = next(m for m in story.standard.materials if not m.from_departments)
    file = store_file(content=picture("证件"), declared_name="证件.png", by=story.who("clerk"), now=at("2026-03-02 10:01"))
    do.hand_in(
        case_id=story.case_id,
        material=do.Handed(material.code, do.Received.UPLOADED, files=((file, "证件.png"),)),
        by=story.who("clerk"),
        now=at("2026-03-02 10:02"),
    )
    story.accept()
    story.review()
    story.issue()
    story.deliver()
    story.close()
    finish(story)
    return story.case_id


def finish(story):
    for job in ProcrastinateJob.objects.filter(task_name="cases.seal_notice").order_by("id"):
        do.seal_notice(document_id=job.args["document_id"], by=system("documents.seal"), now=at("2026-03-02 18:00"))
    for job in ProcrastinateJob.objects.filter(task_name="cases.tell", args__chain_id=str(story.case_id)).order_by("id"):
        do.tell(case_id=story.case_id, seq=job.args["seq"], by=system(), now=at("2026-03-02 18:00"))


def put_away(case_id, now=NIGHT):
    return do.archive_case(case_id=case_id, by=system(), now=now)


def opened(package_id):
    return zipfile.ZipFile(io.BytesIO(package_content(package_id)))


# -- what is in it ------------------------------------------------------------------------------------------------------------------


def test_everything_of_the_case_is_in_it_and_the_four_checks_hold(story):
    case_id = closed(story)
    package = Package.objects.get(pk=put_away(case_id))
    assert {name: c["found"] for name, c in package.checks.items()} == {
        n: [] for n in ("truth", "completeness", "usability", "safety")
    }
    archive = opened(package.pk)
    manifest = json.loads(archive.read("manifest.json"))
    kinds = {p["kind"] for p in manifest["parts"]}
    assert {"application", "messages", "metadata", "opinions", "decision", "delivery", "trace", "original", "paper-sealed"} <= kinds
    assert len([p for p in manifest["parts"] if p["kind"].startswith("paper-")]) == len(documents_of(case_id))
    told = json.loads(archive.read("messages.json"))
    assert [m["kind"] for m in told][-1] == "case.delivered" and told[0]["deliveries"][0]["state"] == "sent"
    assert len(json.loads(archive.read("trace/proof.json"))["events"]) == len(timeline(case_id))
    assert len(json.loads(archive.read("opinions.json"))) >= 4
    number = Case.objects.get(pk=case_id).number
    assert json.loads(archive.read("metadata.json"))["case"]["number"] == number


def test_it_is_kept_once_however_often_it_is_asked_for(story):
    case_id = closed(story)
    first = put_away(case_id)
    assert put_away(case_id) is None
    assert put_away(case_id, NIGHT + timedelta(days=3)) is None
    assert [p.pk for p in packages_of(case_id)] == [first]


def test_a_case_under_way_is_not_put_away(story):
    story.receive()
    with pytest.raises(NotOver):
        put_away(story.case_id)


def test_closing_asks_for_the_coming_night(story):
    assert do.archive_moment(at("2026-03-02 16:00")) == NIGHT
    assert do.archive_moment(at("2026-03-02 00:10")) == NIGHT
    story.whole()
    assert ProcrastinateJob.objects.filter(task_name="cases.archive_tonight", args__chain_id=str(story.case_id)).count() == 1


def test_a_withdrawn_case_has_a_file_and_a_draft_given_up_has_none(story, world):
    story.receive()
    do.withdraw_case(case_id=story.case_id, reason="另行办理", by=story.who("clerk"), now=at("2026-03-02 11:00"))
    finish(story)
    package = Package.objects.get(pk=put_away(story.case_id))
    assert package.checks["truth"]["ok"] and package.keep_until == date(2036, 12, 31)
    draft = Story(world, item=PERMIT)
    draft.case_id = do.open_draft(item_code=PERMIT, applicant=draft.applicant, by=draft.who("clerk"), now=at("2026-03-02 10:00"))
    do.withdraw_case(case_id=draft.case_id, by=draft.who("clerk"), now=at("2026-03-02 10:01"))
    assert put_away(draft.case_id) is None


def test_what_comes_later_is_a_linked_package_with_only_what_is_new(story):
    case_id = closed(story)
    first = Package.objects.get(pk=put_away(case_id))
    paper = next(d for d in documents_of(case_id) if d.kind is PaperKind.RESULT_CERTIFICATE)
    from linli.domains.documents.commands import revoke_document

    revoke_document(
        document_id=paper.id,
        reason="写错了姓名",
        legal_basis="《行政许可法》第六十九条",
        by=story.who("leader"),
        now=at("2026-03-05 10:00"),
    )
    assert ProcrastinateJob.objects.filter(task_name="cases.archive_paper", args__chain_id=str(case_id)).exists()
    second = do.archive_again(case_id=case_id, by=system(), now=at("2026-03-06 01:30"))
    manifest = json.loads(opened(second).read("manifest.json"))
    assert manifest["previous"] == {"id": str(first.pk), "manifest_sm3": bytes(first.manifest_digest).hex()}
    assert {"trace/proof.json", "papers.json"} <= {p["path"] for p in manifest["parts"]}
    assert not [p for p in manifest["parts"] if p["kind"] == "original"]


# -- anybody can check it -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def outside(story, tmp_path, django_capture_on_commit_callbacks):
    """An archive and everything an outsider has, in a folder with no installation."""
    case_id = closed(story)
    with django_capture_on_commit_callbacks(execute=True):  # a root is published once it stands
        seal_heads(now=at("2026-03-03 00:10"))
    (tmp_path / "file.zip").write_bytes(package_content(put_away(case_id)))
    shutil.copy(public_folder() / "roots.jsonl", tmp_path)
    shutil.copy(public_folder() / "linli-root.pem", tmp_path)
    (tmp_path / "verify_case.py").write_text((resources.files("linli.domains.trace") / "data/verify_case.py").read_text("utf-8"))
    return tmp_path


def verify(folder, *more):
    words = [sys.executable, "-I", "verify_case.py", "file.zip", "roots.jsonl", *more]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def rewritten(folder, change):
    """The archive written anew, with one part changed, left out or added."""
    with zipfile.ZipFile(folder / "file.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(folder / "file.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_the_script_outside_accepts_it(outside):
    code, said = verify(outside, "linli-root.pem")
    assert code == 0, said
    assert "its signature holds" in said and "stamp holds" in said and said.splitlines()[-1].startswith("OK: ")
    assert verify(outside)[0] == 0


def test_one_changed_byte_is_named_wherever_it_is(outside):
    whole = (outside / "file.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        entries = [(i.filename, i.header_offset + 30 + len(i.filename.encode()) + i.compress_size // 2) for i in archive.infolist()]
    for name, place in entries:
        if name == "manifest.p7s":
            continue  # the next test
        (outside / "file.zip").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        code, said = verify(outside, "linli-root.pem")
        assert code == 1 and "CHANGED" in said, name
        assert name in said or name == "manifest.json", said
        assert not check_archive((outside / "file.zip").read_bytes(), now=NIGHT)["truth"]["ok"]


def test_a_part_left_out_added_or_replaced_with_its_line_is_found(outside):
    whole = (outside / "file.zip").read_bytes()

    def replaced(parts):
        manifest = json.loads(parts["manifest.json"])
        line = next(p for p in manifest["parts"] if p["path"] == "decision.json")
        from linli.kernel.crypto import sm3

        parts["decision.json"] = b"{}"
        line["size"], line["sm3"] = 2, sm3(b"{}").hex()
        parts["manifest.json"] = json.dumps(manifest).encode()

    for change, named in (
        (lambda parts: parts.pop("decision.json"), "decision.json: is missing"),
        (lambda parts: parts.update({"more.json": b"{}"}), "more.json: is not in the manifest"),
        (replaced, "manifest.json: its signature does not hold"),
        (lambda parts: parts.update({"manifest.p7s": b"nothing"}), "manifest.json: its signature does not hold"),
    ):
        (outside / "file.zip").write_bytes(whole)
        rewritten(outside, change)
        code, said = verify(outside, "linli-root.pem")
        assert code == 1 and named in said, said
        checks = check_archive((outside / "file.zip").read_bytes(), now=NIGHT)
        assert not checks["truth"]["ok"]


def test_a_check_that_finds_something_says_what(story):
    """The proof above could not fail for checks that look at nothing."""
    case_id = closed(story)
    from linli.domains.cases.commands import archive as module
    from linli.domains.documents.commands import Part, keep_package

    case = Case.objects.get(pk=case_id)
    whole = module._parts(case, story.standard, NIGHT)
    less = [replace(p, content=b"%PDF-1.4\n") if p.kind.startswith("paper") else p for p in whole if p.kind != "delivery"]
    less.append(
        Part("materials/a.docx", "表", "original", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK")
    )
    contents = Contents(module.subject(case_id), "t", less, module._required(case), [], date(2026, 3, 2), frozenset())
    checks = Package.objects.get(pk=keep_package(contents, by=system(), now=NIGHT)).checks
    assert "delivery: is missing" in checks["completeness"]["found"]
    assert any("its seal does not hold" in f for f in checks["truth"]["found"])
    assert any("is no PDF/A" in f for f in checks["usability"]["found"])
    assert any("materials/a.docx" in f for f in checks["safety"]["found"]) and any(
        "one maker" in f for f in checks["usability"]["found"]
    )
    assert json_part("a", "b", "c", {}).content == b"{}"


# -- how long, and then -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def over(story, world):
    """A package whose time is over, and two people who may destroy it."""
    case_id = closed(story)
    package = put_away(case_id)
    one, two = (replace(world.actor(n), permissions=frozenset({RETAIN})) for n in ("administrator", "security"))
    return case_id, package, one, two, at("2057-01-02 10:00")


def test_nothing_is_destroyed_before_its_time_nor_by_one_person(over):
    _, package, one, two, then = over
    assert not due_packages(by=one, on=date(2056, 12, 31)).exists()
    with pytest.raises(NotDue):
        propose_destruction(package_ids=[package], reason="到期", by=one, now=at("2056-12-31 10:00"))
    assert [p.pk for p in due_packages(by=one, on=then.date())] == [package]
    proposed = propose_destruction(package_ids=[package], reason="保管期满", by=one, now=then)
    with pytest.raises(SameHand):
        settle_destruction(destruction_id=proposed, approve=True, by=one, now=then)
    with pytest.raises(NotDue):
        propose_destruction(package_ids=[package], reason="再来", by=two, now=then)
    with pytest.raises(NotAllowed):
        settle_destruction(destruction_id=proposed, approve=True, by=replace(two, permissions=frozenset()), now=then)
    assert package_content(package)
    assert settle_destruction(destruction_id=proposed, approve=False, by=two, now=then) == 0
    assert [p.pk for p in due_packages(by=one, on=then.date())] == [package]


def test_two_people_destroy_it_the_proof_remains_and_so_does_the_record(over, django_capture_on_commit_callbacks):
    case_id, package, one, two, then = over
    digest = bytes(Package.objects.get(pk=package).manifest_digest).hex()
    events = len(timeline(case_id))
    with django_capture_on_commit_callbacks(execute=True):
        proposed = propose_destruction(package_ids=[package], reason="保管期满", by=one, now=then)
        assert settle_destruction(destruction_id=proposed, approve=True, by=two, now=then) == 1
        job = ProcrastinateJob.objects.get(task_name="cases.forget_contents")
        assert do.forget_contents(package_id=job.args["chain_id"], seq=job.args["seq"], by=system(), now=then) == 1
    with pytest.raises(PackageGone):
        package_content(package)
    proof = destruction_proof(proposed, by=one)
    assert proof["packages"][0]["manifest_sm3"] == digest and [a["act"].rpartition("_")[2] for a in proof["acts"]] == [
        "proposed",
        "approved",
    ]
    assert proof["proposed_by"] != proof["approved_by"]
    assert len(timeline(case_id)) == events and verify_all(now=then).ok
    assert Case.objects.get(pk=case_id).form.open_json() == {}
    assert not MaterialFile.objects.filter(material__case_id=case_id, removed_at=None).exists()
    assert put_away(case_id, then) is None  # nothing of it comes back


def test_the_database_keeps_what_a_package_is(over):
    _, package, *_ = over
    for change in ("keep_until = '2027-01-01'", "manifest_digest = '\\x00'", "ordinal = 9", "file_id = NULL"):
        with (
            pytest.raises((IntegrityError, Exception), match="kept|documents_package"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"UPDATE documents_package SET {change} WHERE id = %s", [package])
    with pytest.raises(Exception, match="written once"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM documents_package WHERE id = %s", [package])


def test_a_notice_that_was_not_sealed_yet_is_told(story):
    story.whole()
    checks = Package.objects.get(pk=put_away(story.case_id)).checks
    assert [f.rpartition(": ")[2] for f in checks["completeness"]["found"]] == ["was not sealed yet"]


def test_only_who_supervises_the_case_takes_its_file(story):
    case_id = closed(story)
    put_away(case_id)
    do.take_archive(case_id=case_id, ordinal=1, by=story.who("manager"), now=NIGHT)
    with pytest.raises(NotFound):
        do.take_archive(case_id=case_id, ordinal=1, by=story.who("manager-elsewhere"), now=NIGHT)
    with pytest.raises(NotAllowed):
        do.take_archive(case_id=case_id, ordinal=1, by=story.who("clerk"), now=NIGHT)
    with pytest.raises(NotFound):
        do.take_archive(case_id=case_id, ordinal=2, by=story.who("manager"), now=NIGHT)
