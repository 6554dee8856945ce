"""What an outsider can check: a document by its code or as a file, the draws, the record of a case."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from linli.domains.cases.commands import reveal_draws
from linli.domains.documents.commands import revoke_document
from linli.domains.documents.queries import PaperKind, State, documents_of, pdf, verify
from linli.domains.trace.commands import export_roots, seal_heads
from linli.kernel.actors import system
from linli.testing.browser import login_of
from linli.testing.story import Story, at
from linli.web.portal.verify.views import FILES, WRONG_CODES, _standing
from linli.web.throttle import Throttle, network

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def public(tmp_path, monkeypatch):
    """A public folder of the test's own."""
    folder = tmp_path / "public"
    folder.mkdir()
    for place in ("linli.domains.trace.roots", "linli.domains.trace.verify", "linli.domains.cases.commands.upkeep",
                  "linli.web.portal.verify.record"):  # fmt: skip
        monkeypatch.setattr(f"{place}.public_folder", lambda: folder)
    return folder


@pytest.fixture
def story(world):
    story = Story(world)
    story.whole()
    return story


@pytest.fixture
def result(story):
    return next(d for d in documents_of(story.case_id) if d.kind is PaperKind.RESULT_CERTIFICATE)


def text(answer):
    return re.sub(r"\s+", " ", answer.content.decode())


def upload(client, content, name="证书.pdf"):
    return client.post("/verify-file", {"file": SimpleUploadedFile(name, content, "application/pdf")})


def sign_in(client, world, name):
    login = login_of(world, name)
    client.post("/login", {"username": login.username, "password": login.password})


# -- by code ----------------------------------------------------------------------------------------------------------------


def test_whoever_holds_a_result_learns_that_it_stands(client, story, result):
    answer = client.get("/verify", {"code": result.code.lower().replace("-", " ")}, follow=True)
    said = text(answer)
    assert "这份文书是真的，现在有效" in said
    for known in (
        result.title,
        result.number,
        "云岭市人力资源和社会保障局",
        story.standard.name,
        "业务专用章",
        "云岭示例服务有限公司",
    ):
        assert known in said
    assert "盖的是演示印章" in said
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"


def test_a_person_is_masked_and_no_number_is_shown(client, world):
    story = Story(world, item="job-seeker-registration")
    story.whole()
    for document in documents_of(story.case_id):
        said = text(client.get(f"/verify/{document.code}"))
        assert "赵**" in said
        assert "赵示例" not in said
        assert story.case.number not in said


def test_a_revoked_document_says_so_with_its_ground_but_not_the_reason(client, result):
    by = system("documents.revoke", "cases.decide")
    revoke_document(
        document_id=result.id,
        reason="赵某举报",
        legal_basis="《中华人民共和国行政许可法》第六十九条",
        by=by,
        now=at("2026-03-05 10:00"),
    )
    said = text(client.get(f"/verify/{result.code}"))
    assert "这份文书已作废" in said
    assert "2026-03-05" in said
    assert "《中华人民共和国行政许可法》第六十九条" in said
    assert "举报" not in said


def test_a_paper_that_is_not_sealed_has_no_force(client, world):
    story = Story(world)
    story.receive()
    story.accept()
    notice = documents_of(story.case_id)[0]
    said = text(client.get(f"/verify/{notice.code}"))
    assert "还没有用印" in said


def test_a_misread_character_leads_to_the_right_code(client, result):
    code = result.code
    misread = {"8": "B", "B": "8", "5": "S", "S": "5", "2": "Z", "Z": "2", "0": "D", "1": "7", "7": "1", "6": "G", "G": "6", "V": "U",
               "M": "N", "N": "M", "E": "F", "F": "E", "P": "R", "R": "P", "K": "X", "X": "K", "4": "A", "A": "4", "D": "0",
               "Q": "0", "C": "0", "3": "8", "Y": "V", "W": "V", "H": "M", "9": "A"}  # fmt: skip
    place, wrong = next((i, misread[c]) for i, c in enumerate(code) if c in misread)
    answer = client.get(f"/verify/{code[:place]}{wrong}{code[place + 1 :]}")
    assert answer.status_code == 404
    assert "有一个字符可能看错了" in text(answer)
    assert f"/verify/{code}" in text(answer)


def test_an_unknown_code_says_how_codes_look_and_what_to_do(client, world):
    for code in ("AAAA-BBBB-CCCC", "1", "<script>", "x" * 200):
        answer = client.get(f"/verify/{code}")
        assert answer.status_code == 404
        said = text(answer)
        assert "核验码一共 12 位" in said
        assert "这份文书可能不是我局出具的" in said
        assert "<script>alert" not in said


def test_guessing_is_slowed_down_and_looking_at_real_ones_is_not(client, result):
    for _ in range(WRONG_CODES.times):
        assert client.get(f"/verify/{result.code}").status_code == 200
        assert client.get("/verify/AAAA-BBBB-CCCC").status_code == 404
    answer = client.get(f"/verify/{result.code}")  # a hit must not stand out among the refusals
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 600
    assert "分钟再试" in text(answer)
    elsewhere = client.get("/verify/AAAA-BBBB-CCCC", REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 404


def test_the_throttle_lets_go_with_time_and_forgets_who_was_quiet():
    throttle, now = Throttle(3, timedelta(minutes=10), kept=2), timezone.now()
    for n in range(3):
        assert throttle.wait("192.0.2.1", now) is None
        throttle.count("192.0.2.1", now + timedelta(minutes=n))
    assert throttle.wait("192.0.2.1", now + timedelta(minutes=2)) == timedelta(minutes=8)
    assert throttle.wait("192.0.2.1", now + timedelta(minutes=10)) is None
    for address in ("192.0.2.2", "192.0.2.3"):
        throttle.count(address, now)
    assert throttle.wait("192.0.2.1", now + timedelta(minutes=2)) is None
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::1") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")


def test_what_ran_out_or_was_replaced_is_real_but_counts_no_more(result, rf):
    request = rf.get("/")
    request.today = date(2026, 3, 9)
    known = verify(result.code)
    changes = [
        {"valid_to": date(2026, 3, 8)}, {"valid_to": date(2026, 3, 9)}, {"state": State.SUPERSEDED, "superseded_by": "甲字2号"},
    ]  # fmt: skip
    answers = [_standing(replace(known, **change), request) for change in changes]
    assert [a.tone for a in answers] == ["soon", "done", "bad"]
    assert "已过有效期" in str(answers[0].title)
    assert "甲字2号" in str(answers[2].meaning)


# -- by file ----------------------------------------------------------------------------------------------------------------


def test_the_very_file_is_recognised(client, result):
    said = text(upload(client, pdf(result.id)))
    assert "这份文书是真的，现在有效" in said
    assert "这个文件就是原件，一个字也没有改动" in said
    assert result.number in said


def test_an_altered_file_is_called_out_wherever_it_was_altered(client, result):
    whole = pdf(result.id)
    middle = bytearray(whole)
    middle[len(whole) // 3] ^= 1
    for altered in (bytes(middle), whole + b"\n% more"):
        said = text(upload(client, altered))
        assert "这份文书是真的" not in said
        assert "这个文件就是原件" not in said
        assert re.search("这个文件被改动过|没有我局的电子签名", said)


def test_a_file_of_somebody_elses_or_none_at_all(client, result):
    assert "没有我局的电子签名" in text(upload(client, b"%PDF-1.4\n%%EOF"))
    assert "没有我局的电子签名" in text(upload(client, b"\x89PNG nonsense"))
    answer = client.post("/verify-file", {})
    assert answer.status_code == 422
    assert "请选择要核对的 PDF" in text(answer)


def test_looking_at_files_is_limited(client):
    for _ in range(FILES.times):
        assert upload(client, b"%PDF-1.4\n%%EOF").status_code == 200
    assert upload(client, b"%PDF-1.4\n%%EOF").status_code == 429


def test_the_original_of_a_revoked_document_does_not_pass(client, result):
    original = pdf(result.id)
    revoke_document(
        document_id=result.id, reason="错", legal_basis="《行政许可法》第八条", by=system("documents.revoke", "cases.decide"),
        now=timezone.now(),
    )  # fmt: skip
    said = text(upload(client, original))
    assert "这份文书已作废" in said
    assert "这份文书是真的，现在有效" not in said


# -- the record ---------------------------------------------------------------------------------------------------------------


def run(folder, *arguments):
    """An outsider's Python: no site packages, no environment of ours."""
    return subprocess.run([sys.executable, "-I", "-S", *arguments], cwd=folder, capture_output=True, text=True, timeout=120)


def fetch(client, folder, *names):
    folder.mkdir(exist_ok=True)
    for name in names:
        answer = client.get(f"/record/{name}")
        assert answer.status_code == 200, name
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        (folder / name.replace("/", "-")).write_bytes(content)
    return folder


def test_an_outsider_verifies_a_case_with_what_was_downloaded(client, world, story, tmp_path):
    seal_heads(now=at("2026-03-03 00:10"))
    export_roots()  # it waits for the commit, which a test never reaches
    folder = fetch(client, tmp_path / "outside", "roots.jsonl", "linli-root.pem", "verify_case.py")
    sign_in(client, world, "manager")
    answer = client.get("/record/proof", {"number": story.case.number})
    assert answer["Content-Disposition"].startswith("attachment")
    (folder / "proof.json").write_bytes(answer.content)
    proof = json.loads(answer.content)
    done = run(folder, "verify_case.py", "proof.json", "roots.jsonl", "linli-root.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cases.accepted" in done.stdout
    assert "stamp holds" in done.stdout
    assert re.search(r"OK: \d+ events, \d+ fixed", done.stdout)
    assert "赵" not in answer.content.decode()
    for name in ("clerk", "reviewer-1"):
        assert str(world.users[name]) not in answer.content.decode()

    proof["events"][2]["header"]["act"] = "cases.forged"
    (folder / "proof.json").write_text(json.dumps(proof))
    done = run(folder, "verify_case.py", "proof.json", "roots.jsonl", "linli-root.pem")
    assert (done.returncode, "CHANGED: event 3" in done.stdout) == (1, True)


@pytest.mark.parametrize(("name", "status"), [("manager", 200), ("auditor", 200), ("manager-elsewhere", 404), ("clerk", 403)])
def test_only_who_supervises_a_case_exports_its_proof(client, world, story, name, status):
    sign_in(client, world, name)
    answer = client.get("/record/proof", {"number": story.case.number})
    assert answer.status_code == status
    assert ("导出一件办件的证明" in text(client.get("/record/"))) is (name != "clerk")


def test_a_stranger_exports_nothing(client, story):
    assert "/login?next=" in client.get("/record/proof", {"number": story.case.number})["Location"]


def test_anybody_repeats_every_published_draw(client, story, tmp_path):
    reveal_draws(by=system(), now=at("2026-03-03 00:05"))
    day = story.day
    folder = fetch(client, tmp_path / "outside", "draws.jsonl", f"draws/{day}.jsonl", "verify_draws.py")
    done = run(folder, "verify_draws.py", "draws.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    count = int(re.search(r"OK: (\d+) draws", done.stdout)[1])
    assert count >= 3
    assert f"OK: {count} draws of 1 days" in run(folder, "verify_draws.py", f"draws-{day}.jsonl").stdout
    for person in story.world.users:
        assert person not in (folder / "draws.jsonl").read_text()


def test_files_are_fetched_again_only_when_they_grew(client, story):
    reveal_draws(by=system(), now=at("2026-03-03 00:05"))
    for name in ("draws.jsonl", "verify_case.py", f"draws/{story.day}.jsonl"):
        first = client.get(f"/record/{name}")
        assert first.getvalue()
        etag = first["ETag"]
        assert client.get(f"/record/{name}", headers={"If-None-Match": etag}).status_code == 304


def test_nothing_else_of_the_folder_is_served(client, public):
    (public / "other.txt").write_text("x")
    for name in ("other.txt", "..%2Froots.jsonl", "roots.jsonl", "draws/2026-13-40.jsonl", "draws/1999-01-01.jsonl"):
        assert client.get(f"/record/{name}").status_code == 404
    assert "还没有公布过" in text(client.get("/record/"))


def test_a_seed_of_a_day_that_is_not_over_is_not_published(client, story):
    lines = [json.loads(line) for line in client.get(f"/record/draws/{story.day}.jsonl").content.splitlines()]
    assert [line["what"] for line in lines] == ["committed"]
    assert "seed" not in lines[0]


def test_verifying_costs_two_queries(client, result, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert verify(result.code)
