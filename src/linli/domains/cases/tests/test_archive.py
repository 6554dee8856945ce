"""The electronic file of a case: whole, signed, checked by anybody, linked to what came later, and destroyed by two people."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from uuid import UUID

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from procrastinate.contrib.django.models import ProcrastinateJob
from pypdf import PdfReader

from linli.domains.cases import commands as do
from linli.domains.cases.errors import NotOver
from linli.domains.cases.grounds import Received
from linli.domains.cases.models import Case, CaseMaterial, MaterialFile
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
    pdf,
)
from linli.domains.exchange import commands as exchange
from linli.domains.exchange.queries import Question, still_waiting, unfiled_subjects
from linli.domains.trace.commands import public_folder, seal_heads
from linli.domains.trace.queries import timeline, verify_all
from linli.kernel.actors import system
from linli.kernel.crypto import sm3
from linli.kernel.errors import NotAllowed, NotFound
from linli.testing.departments import Departments, departments, sandbox_server  # noqa: F401
from linli.testing.joint import JointStory
from linli.testing.story import INSTANT, PERMIT, Story, at, filled, picture
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
NIGHT = at("2026-03-03 01:30")
RETAIN = "documents.retain"
SHARED = INSTANT
Receipt = apps.get_model("exchange", "Receipt")


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
        do.seal_notice(document_id=UUID(job.args["document_id"]), by=system("documents.seal"), now=at("2026-03-02 18:00"))
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
    return laid_out(case_id, tmp_path)


def laid_out(case_id, tmp_path, package=None):
    (tmp_path / "file.zip").write_bytes(package_content(package or put_away(case_id)))
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


# -- what departments answered ------------------------------------------------------------------------------------------------------


def asked(story, departments, until=None) -> Story:  # noqa: F811
    """A case whose materials came from departments, from the first paper to the closing (or as far as ``until``)."""
    departments.connect(at("2026-03-02 09:00"))
    story.receive(form=filled(story.standard) | {f.name: person_id(0) for f in story.standard.form if f.type == "id-number"})
    answered(story)
    (until or closed_from)(story)
    return story


def answered(story) -> None:
    do.ask_departments(case_id=story.case_id, user_id=story.world.users["clerk"], now=at("2026-03-02 10:01"))
    exchange.fetch(question_ids=still_waiting(story.case_id), now=at("2026-03-02 10:01"))
    do.take_in_shared(case_id=story.case_id, now=at("2026-03-02 10:02"))


def closed_from(story) -> None:
    story.accept()
    story.review()
    story.issue()
    story.deliver()
    story.close()
    finish(story)


@pytest.fixture
def shared_story(world, departments: Departments):  # noqa: F811
    return asked(Story(world, item=SHARED), departments)


def receipts_in(package_id) -> dict[str, dict]:
    archive = opened(package_id)
    listed = [p for p in json.loads(archive.read("manifest.json"))["parts"] if p["kind"] == "receipt"]
    return {p["path"]: json.loads(archive.read(p["path"])) for p in listed}


def test_what_departments_answered_is_in_it_whole(shared_story):
    package = Package.objects.get(pk=put_away(shared_story.case_id))
    assert {name: c["found"] for name, c in package.checks.items()} == {
        n: [] for n in ("truth", "completeness", "usability", "safety")
    }
    kept = {str(r.pk): r for r in Receipt.objects.filter(question__subject_id=shared_story.case_id)}
    told = {r["question"]: r for r in receipts_in(package.pk).values()}
    assert kept
    assert set(told) == set(kept)
    for key, row in kept.items():
        said = told[key]
        assert {f["name"]: f["value"] for f in said["fields"]} == row.answer.open_json()
        assert (said["answer_sm3"], said["query_sm3"]) == (bytes(row.answer_sm3).hex(), bytes(row.query_sm3).hex())
        assert (said["source"], said["answered_at"]) == (row.source, row.at.isoformat())
        assert said["interface"]["code"]
        assert all(f["label"] for f in said["fields"])
    assert person_id(0) in json.dumps(list(told.values()))  # nothing is masked inside
    manifest = json.loads(opened(package.pk).read("manifest.json"))
    assert "receipt" in manifest["required"]
    assert person_id(0) not in json.dumps(manifest)


def test_the_cover_lists_what_departments_answered(shared_story):
    cover = next(d for d in documents_of(shared_story.case_id) if d.kind is PaperKind.CASE_COVER)
    text = re.sub(r"\s", "", "".join(p.extract_text() for p in PdfReader(io.BytesIO(pdf(cover.id))).pages))
    got = CaseMaterial.objects.filter(case_id=shared_story.case_id, received=Received.SHARED)
    assert got
    for material in got:
        receipt = Receipt.objects.get(question__subject_id=shared_story.case_id, question__material=material.code)
        assert bytes(receipt.answer_sm3).hex() in text
        assert receipt.source in text
    assert "数据共享" in text


def test_forgotten_answers_stay_in_the_file_and_what_is_in_no_file_is_not_forgotten(shared_story):
    mine = Receipt.objects.filter(question__subject_id=shared_story.case_id)
    said = {str(r.pk): r.answer.open_json() for r in mine}
    long_ago = datetime.now(UTC) - timedelta(days=4 * 366)
    with connection.cursor() as cursor:  # the application has no right to this: four years go by
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE exchange_receipt DISABLE TRIGGER USER")
        cursor.execute("UPDATE exchange_receipt SET at = %s", [long_ago])
        cursor.execute("ALTER TABLE exchange_receipt ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE exchange_try DISABLE TRIGGER USER")
        cursor.execute("UPDATE exchange_try SET at = %s", [long_ago])
        cursor.execute("ALTER TABLE exchange_try ENABLE TRIGGER USER")
    Question.objects.filter(settled_at__isnull=False).update(settled_at=long_ago)
    exchange.forget(now=datetime.now(UTC))
    assert {str(r.pk): r.answer.open_json() for r in mine.all()} == said
    package = put_away(shared_story.case_id)
    assert exchange.forget(now=datetime.now(UTC)) == len(said)
    assert {r.answer for r in mine.all()} == {None}
    assert {r["question"]: {f["name"]: f["value"] for f in r["fields"]} for r in receipts_in(package).values()} == said
    assert put_away(shared_story.case_id, NIGHT + timedelta(days=1)) is None


def test_an_answer_that_came_after_the_file_was_made_gets_into_a_later_one(world, departments: Departments):  # noqa: F811
    story = asked(Story(world, item=SHARED), departments)
    first = put_away(story.case_id)
    before = set(receipts_in(first))
    late = before.pop()
    pk = late.removesuffix(".json")[-36:]
    Question.objects.filter(pk=pk).update(filed_at=None)  # as after an update, for a case that was put away before
    night = NIGHT + timedelta(days=2)
    assert do.file_answers(now=night) == 1
    job = ProcrastinateJob.objects.filter(task_name="cases.archive", args__case_id=str(story.case_id)).latest("id")
    assert job.scheduled_at == do.archive_moment(night - timedelta(days=1))
    assert do.file_answers(now=at("2026-03-02 20:00")) == 0  # closed today: the coming night does it anyway


def test_a_draft_given_up_keeps_no_answer_for_ever(world, departments: Departments):  # noqa: F811
    departments.connect(at("2026-03-02 09:00"))
    story = Story(world, item=SHARED)
    story.case_id = do.open_draft(item_code=SHARED, applicant=story.applicant, by=story.who("clerk"), now=at("2026-03-02 10:00"))
    answered(story)
    do.withdraw_case(case_id=story.case_id, by=story.who("clerk"), now=at("2026-03-02 11:00"))
    assert story.case_id in set(unfiled_subjects())
    assert put_away(story.case_id) is None
    assert story.case_id not in set(unfiled_subjects())


def test_the_script_outside_finds_a_changed_a_left_out_and_a_swapped_answer(
    shared_story, tmp_path, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        seal_heads(now=at("2026-03-03 00:10"))
    outside = laid_out(shared_story.case_id, tmp_path)
    code, said = verify(outside, "linli-root.pem")
    assert code == 0, said
    assert "answers of departments, as the events tell of them" in said
    whole = (outside / "file.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        lines = json.loads(archive.read("manifest.json"))["parts"]
    path = next(p["path"] for p in lines if p["kind"] == "receipt")

    def with_line(parts, content):
        """The part and its line in the manifest changed together, as somebody might who has no certificate to fear."""
        manifest = json.loads(parts["manifest.json"])
        line = next(p for p in manifest["parts"] if p["path"] == path)
        parts[path], line["size"], line["sm3"] = content, len(content), sm3(content).hex()
        parts["manifest.json"] = json.dumps(manifest).encode()

    def other(parts, **change):
        with_line(parts, json.dumps(json.loads(parts[path]) | change).encode())

    for change, named in (
        (lambda parts: parts.update({path: parts[path].replace(b"answer_sm3", b"answer_sm4")}), f"{path}: was changed"),
        (lambda parts: parts.pop(path), f"{path}: is missing"),
        (lambda parts: other(parts, answer_sm3="00" * 32), f"{path}: the events tell of another answer"),
        (lambda parts: other(parts, question=str(shared_story.case_id)), f"{path}: the events tell of another answer"),
        (lambda parts: other(parts, fields=[]), f"{path}: the events tell of another answer"),
    ):
        (outside / "file.zip").write_bytes(whole)
        rewritten(outside, change)
        code, said = verify(outside)  # without a certificate, so that the signature is not what finds it
        assert (code, named in said) == (1, True), said
        assert not check_archive((outside / "file.zip").read_bytes(), now=NIGHT)["truth"]["ok"]


def test_a_file_made_before_answers_were_kept_in_it_stays_valid(shared_story, tmp_path, django_capture_on_commit_callbacks):
    """Put away as it was then: without receipts and without asking for them."""
    from linli.domains.cases.commands import archive as module
    from linli.domains.documents.commands import keep_package

    with django_capture_on_commit_callbacks(execute=True):
        seal_heads(now=at("2026-03-03 00:10"))
    case = Case.objects.get(pk=shared_story.case_id)
    parts = module._parts(case, shared_story.standard, NIGHT)
    old = Contents(module.subject(case.pk), "t", parts, module._required(case), [], date(2026, 3, 2), module._LOOSE)
    first = Package.objects.get(pk=keep_package(old, by=system(), now=NIGHT))
    assert all(c["ok"] for c in first.checks.values()), first.checks
    (tmp_path / "old").mkdir()
    outside = laid_out(case.pk, tmp_path / "old", first.pk)
    assert verify(outside, "linli-root.pem")[0] == 0
    later = put_away(case.pk, NIGHT + timedelta(days=1))  # and what it lacks comes after it
    assert receipts_in(later)
    (tmp_path / "new").mkdir()
    code, said = verify(laid_out(case.pk, tmp_path / "new", later), "linli-root.pem")
    assert code == 0, said


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


def test_what_was_said_once_for_a_joint_matter_goes_with_its_last_part(partners, over):
    _, _, one, two, _ = over
    story = JointStory(partners)
    story.begun("seal-filing", "employee-enrolment")
    do.withdraw_joint(joint_id=story.joint_id, reason="不开了", by=story.who("clerk"), now=story.now("16:00"))
    parts = list(Case.objects.filter(joint_id=story.joint_id).values_list("pk", flat=True))
    assert len(parts) == 2 and story.joint.form.open_json() and story.joint.handed
    then = at("2090-01-02 10:00")
    for left, case_id in enumerate(parts, 1 - len(parts)):
        package = put_away(case_id)
        proposed = propose_destruction(package_ids=[package], reason="保管期满", by=one, now=then)
        settle_destruction(destruction_id=proposed, approve=True, by=two, now=then)
        job = ProcrastinateJob.objects.filter(task_name="cases.forget_contents").latest("id")
        do.forget_contents(package_id=job.args["chain_id"], seq=job.args["seq"], by=system(), now=then)
        assert bool(story.joint.form.open_json() or story.joint.handed) is (left < 0)


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
