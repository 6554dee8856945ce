"""The operator's commands against a real installation: what they find, what they refuse, and with which status they end."""

import re
import shutil
import socket
import tarfile
from dataclasses import replace
from datetime import date, timedelta
from importlib import resources
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
import yaml

pytestmark = pytest.mark.slow


# -- the demonstration ---------------------------------------------------------------------------------------------------------------


def test_the_first_day_sums_itself_up(hall):
    said = hall.first_words
    assert int(re.search(r"(\d+) cases over \d+ different items, \d+ staff", said)[1]) >= 24  # joint matters bring more
    assert re.search(r"accepted \d+, on time \d+ of \d+ decided", said)
    same, drawn = re.search(r"draws repeated: (\d+) of (\d+)", said).groups()
    assert same == drawn != "0"
    assert re.search(r"record: verified \(\d+ chains, \d+ events, \d+ roots\)", said)
    for post in ("综合窗口受理员", "审核员", "出件员", "局领导", "审计员"):
        assert post in said


def test_the_first_day_is_applied_for_on_every_track(hall):
    said = hall.first_words
    came = dict(reversed(part.split(" ", 1)) for part in re.search(r"  came: (.+)", said)[1].split(", "))
    assert set(came) == {
        "at a counter", "online", "by an agent", "from a roster", "by another system", "parts of joint matters", "begun by the bureau",
    }  # fmt: skip
    assert int(came["from a roster"]) == 30 and int(came["online"]) >= 4 and int(came["at a counter"]) >= 10
    assert len(re.findall(r"^    1000\d{7}  \S+: ", said, re.M)) == 5, "five residents to sign in as"


def test_the_first_day_reaches_people_without_an_application(hall):
    told = re.search(r"  without an application: (.+)", hall.first_words)[1]
    came_to = {what: int(n) for n, what in (part.split(" ", 1) for part in told.split(", "))}
    assert came_to["scans"] == came_to["lists published"] == 2 and came_to["grants"] > 10
    assert came_to["payments"] > came_to["payments sent back"] == 2 and came_to["ready to pay"] == 3


def test_the_first_day_leaves_nothing_undone(hall):
    """Whoever looks finds no failed job, a key that only its owner can read, and one department out of order on purpose."""
    assert "none failed" in hall.run("doctor")
    key = hall.data / "secrets" / "demo-partner.key"
    assert key.stat().st_mode & 0o777 == 0o600 and str(key) in hall.first_words
    assert key.read_text().startswith("linli_") and key.read_text().strip() not in hall.first_words
    assert "Out of order" in hall.first_words


def test_a_second_start_keeps_everything(hall):
    before = hall.counts()
    again = hall.run("demo", "--once")
    assert hall.counts() == before

    def lasting(said):
        return said[said.index(" cases over") : said.index("ready after")]

    assert lasting(again) == lasting(hall.first_words)


def test_reset_leaves_alone_what_is_no_demonstration(hall, tmp_path):
    precious = tmp_path / "letters.txt"
    precious.write_text("keep me")
    said = replace(hall, data=tmp_path).run("demo", "--once", "--reset", expect=1)
    assert "does not hold a demonstration" in said and precious.read_text() == "keep me"


def test_a_port_that_is_taken_is_said_before_anything_starts(hall):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for words in (["serve", "--port", port], ["demo", "--port", port]):
            assert f"port {port} is taken" in hall.run(*words, expect=1)


def test_pages_are_served_until_they_are_stopped_and_their_files_are_kept_by_the_browser(hall):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    running = hall.start("serve", "--port", port)
    try:
        here = next(line for line in running.stdout if "Linli runs at" in line).split()[3]
        page = urlopen(here).read().decode()
        assert "邻里" in page
        style = urlopen(
            Request(here + re.search(r"/static/ui/linli\.[0-9a-f]{12}\.css", page)[0], headers={"Accept-Encoding": "gzip"})
        )
        assert style.headers["Content-Encoding"] == "gzip" and "immutable" in style.headers["Cache-Control"]
        icons = re.search(r"/static/ui/vendor/icons\.[0-9a-f]{12}\.svg", page)[0]
        assert urlopen(here + icons).status == 200
    finally:
        running.terminate()
        running.communicate(timeout=60)
    assert running.returncode == 0
    with pytest.raises(URLError):
        urlopen(here)


# -- doctor --------------------------------------------------------------------------------------------------------------------------


def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(hall):
    well = hall.run("doctor", expect=None)
    assert "tables are up to date" in well and "cannot change the record" in well
    key = hall.data / "secrets" / "keyring.json"
    key.chmod(0o644)
    try:
        ill = hall.run("doctor", expect=1)
        assert f"BAD   {key} can be read by others" in ill and f"→ chmod 600 {key}" in ill
    finally:
        key.chmod(0o600)
    with hall.superuser() as link:
        link.execute("ALTER TABLE trace_event DISABLE TRIGGER trace_event_write_once")
        try:
            assert "the trigger that guards the record is switched off" in hall.run("doctor", expect=1)
        finally:
            link.execute("ALTER TABLE trace_event ENABLE TRIGGER trace_event_write_once")
    assert "read by others" not in hall.run("doctor", expect=None)


def test_a_wrong_setting_stops_the_start_with_its_name(hall):
    said = hall.run("doctor", expect=2, LINLI_PORT="many")
    assert "LINLI_PORT" in said and "many" in said and "Traceback" not in said


# -- the clock -----------------------------------------------------------------------------------------------------------------------

CASES = resources.files("linli.domains.cases").joinpath("data/deadline-cases.yaml")


def test_the_cases_that_ship_pass(hall):
    total = len(yaml.safe_load(CASES.read_text("utf-8"))["cases"])
    assert hall.run("clock", "check", str(CASES)).strip().endswith(f"{total} passed, 0 failed")


def test_a_wrong_date_is_named_and_ends_with_one(hall, tmp_path):
    raw = yaml.safe_load(CASES.read_text("utf-8"))
    wrong = next(c for c in raw["cases"] if "due_date" in c["expected"])
    wrong["expected"]["due_date"] = str(date.fromisoformat(str(wrong["expected"]["due_date"])[:10]) + timedelta(days=1))
    file = tmp_path / "cases.yaml"
    file.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    said = hall.run("clock", "check", str(file), expect=1)
    assert next(line for line in said.splitlines() if "FAILED" in line).startswith(f"{wrong['id']} FAILED")
    assert said.strip().endswith(f"{len(raw['cases']) - 1} passed, 1 failed")


@pytest.mark.parametrize("text", ["cases: [", "[]", "cases: [{id: x}]", "\x00"])
def test_a_file_that_is_no_such_file_is_a_clear_error(hall, tmp_path, text):
    file = tmp_path / "cases.yaml"
    file.write_text(text)
    said = hall.run("clock", "check", str(file), expect=2)
    assert said.startswith("linli: ") and "Traceback" not in said


# -- the record ----------------------------------------------------------------------------------------------------------------------


def test_the_record_verifies(hall):
    assert re.search(r"^OK: [\d,]+ chains, [\d,]+ events, \d+ roots", hall.run("trace", "verify"), re.M)


def test_one_byte_changed_by_a_superuser_is_found_and_named(hall):
    with hall.superuser() as link:
        chain, seq, device = link.execute(
            "SELECT chain_id, seq, device FROM trace_event WHERE kind = 'case' AND device <> '' ORDER BY at LIMIT 1 OFFSET 40"
        ).fetchone()
        change = "UPDATE trace_event SET device = %s WHERE chain_id = %s AND seq = %s"
        link.execute(change, [device[:-1] + ("x" if device[-1] != "x" else "y"), chain, seq])
        try:
            said = hall.run("trace", "verify", expect=1)
        finally:
            link.execute(change, [device, chain, seq])
    assert next(line for line in said.splitlines() if line.startswith("BROKEN")).startswith(f"BROKEN event {chain}/{seq}:")
    assert "NOT OK" in said
    hall.run("trace", "verify")


def test_the_newest_events_cut_off_cleanly_are_found_through_the_published_roots(hall):
    """The chain's own head is set back too, so that the chain by itself is without fault."""
    with hall.superuser() as link:
        (chain,) = link.execute(
            "SELECT l.chain_id FROM trace_leaf l JOIN trace_chain c ON c.id = l.chain_id AND c.seq = l.seq WHERE l.seq > 3 AND c.kind = 'case' LIMIT 1"
        ).fetchone()
        last = link.execute("SELECT seq, head FROM trace_chain WHERE id = %s", [chain]).fetchone()
        link.execute("DROP TABLE IF EXISTS cut; CREATE TABLE cut AS SELECT * FROM trace_event WHERE false")
        link.execute("INSERT INTO cut SELECT * FROM trace_event WHERE chain_id = %s AND seq > %s", [chain, last[0] - 2])
        link.execute("DELETE FROM trace_event WHERE chain_id = %s AND seq > %s", [chain, last[0] - 2])
        link.execute(
            "UPDATE trace_chain SET seq = %(seq)s, head = (SELECT hash FROM trace_event WHERE chain_id = %(id)s AND seq = %(seq)s) WHERE id = %(id)s",
            {"id": chain, "seq": last[0] - 2},
        )
        try:
            said = hall.run("trace", "verify", expect=1)
            copied = Path(shutil.copy(hall.data / "public" / "roots.jsonl", hall.data / "kept-elsewhere.jsonl"))
            assert str(chain) in hall.run("trace", "verify", "--roots", str(copied), expect=1)
        finally:
            link.execute("INSERT INTO trace_event SELECT * FROM cut; DROP TABLE cut")
            link.execute("UPDATE trace_chain SET seq = %s, head = %s WHERE id = %s", [*last, chain])
    broken = [line for line in said.splitlines() if line.startswith("BROKEN")]
    assert broken and all(f"event {chain}/" in line and "(root " in line for line in broken)
    hall.run("trace", "verify")


# -- the draw ------------------------------------------------------------------------------------------------------------------------


def test_any_day_of_draws_is_repeated_and_a_changed_one_is_found(hall):
    with hall.superuser() as link:
        day, many = link.execute("SELECT day_id, count(*) FROM cases_draw GROUP BY 1 ORDER BY 2 DESC LIMIT 1").fetchone()
        said = hall.run("draw", "replay", str(day))
        assert "matches its commitment" in said and f"{many} of {many} draws give the same person again" in said
        pk, case, chosen = link.execute(
            "SELECT step_id, case_id, chosen FROM cases_draw WHERE day_id = %s LIMIT 1", [day]
        ).fetchone()
        (other,) = link.execute("SELECT id FROM accounts_user WHERE id <> %s LIMIT 1", [chosen]).fetchone()
        link.execute("UPDATE cases_draw SET chosen = %s WHERE step_id = %s", [other, pk])
        try:
            said = hall.run("draw", "replay", str(day), expect=1)
        finally:
            link.execute("UPDATE cases_draw SET chosen = %s WHERE step_id = %s", [chosen, pk])
    assert f"DIFFERS case {case}" in said and f"{many - 1} of {many}" in said
    assert "there were no draws" in hall.run("draw", "replay", "2019-01-01")


# -- the calendar --------------------------------------------------------------------------------------------------------------------


def test_a_notice_moves_open_cases_and_says_why(hall, tmp_path):
    """The newest due date of an open case becomes a day off: the case is due later, and its record says from when to when and why."""
    find = "SELECT id, due_on FROM cases_case WHERE state = 'in_review' AND NOT external AND due_on > accepted_at::date ORDER BY due_on DESC LIMIT 1"
    with hall.superuser() as link:
        case, due = link.execute(find).fetchone()
        closed, worked = link.execute(
            "SELECT closed, worked FROM org_calendarnotice WHERE region = '' AND year = %s ORDER BY loaded_at DESC LIMIT 1", [due.year]
        ).fetchone() or ([], [])  # fmt: skip
        events = link.execute("SELECT count(*) FROM trace_event WHERE chain_id = %s", [case]).fetchone()[0]
    file = tmp_path / "notice.yaml"
    file.write_text(
        yaml.safe_dump({
            "year": due.year, "region": "", "source": "测试通知1号", "closed": [{"name": "测试", "first": d} for d in sorted({*closed, due})],
            "weekend_days_worked": [d for d in worked if d != due],
        }, allow_unicode=True),
        "utf-8",
    )  # fmt: skip
    assert "open cases follow" in hall.run("calendar", "load", str(file))
    hall.run("worker", "--until-empty")
    with hall.superuser() as link:
        later = link.execute("SELECT due_on FROM cases_case WHERE id = %s", [case]).fetchone()[0]
        fresh = link.execute(
            "SELECT act, data FROM trace_event WHERE chain_id = %s ORDER BY seq OFFSET %s", [case, events]
        ).fetchall()
    assert later > due
    (act, noted), *_ = fresh
    assert act == "cases.due_projected_anew", fresh
    assert (noted["before"], noted["after"]) == (str(due), str(later)) and "测试通知1号" in noted["notices"]
    hall.run("trace", "verify")


@pytest.mark.parametrize("text", ["year: 2027", "nonsense", "year: x\nclosed: []\nsource: y"])
def test_a_notice_that_cannot_be_read_says_so(hall, tmp_path, text):
    file = tmp_path / "notice.yaml"
    file.write_text(text)
    assert "[org.notice_file_wrong]" in hall.run("calendar", "load", str(file), expect=2)


# -- backup and restore: the last tests, since they replace everything ------------------------------------------------------------------


@pytest.fixture(scope="module")
def copy(hall, tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("backup") / "linli.tar"
    hall.run("backup", str(file))
    return file


def test_a_backup_holds_no_key_and_is_never_overwritten(hall, copy):
    with tarfile.open(copy) as archive:
        names = archive.getnames()
    assert "database.dump" in names and "manifest.json" in names
    assert not [n for n in names if "secret" in n or "keyring" in n or n.endswith(".password")]
    assert "is there already" in hall.run("backup", str(copy), expect=1)


def test_what_is_damaged_or_cannot_be_read_here_is_refused_before_anything_is_touched(hall, copy, tmp_path):
    before = hall.counts()
    damaged = tmp_path / "damaged.tar"
    content = bytearray(copy.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    assert "is damaged" in hall.run("restore", str(damaged), "--yes", expect=1)
    cut = tmp_path / "cut.tar"
    cut.write_bytes(copy.read_bytes()[: len(content) // 3])
    assert "is not a whole backup" in hall.run("restore", str(cut), "--yes", expect=1)
    ring = hall.data / "secrets" / "keyring.json"
    mine = ring.read_bytes()
    try:
        ring.unlink()  # a fresh installation makes a key of its own, with the same number
        assert "lacks key 1 of that installation" in hall.run("restore", str(copy), "--yes", expect=1)
    finally:
        ring.write_bytes(mine)
        ring.chmod(0o600)
    assert hall.counts() == before
    hall.run("trace", "verify")


def test_a_new_key_is_for_what_is_new_and_what_was_there_stays_readable(hall, copy):
    assert "key 2 (SM4_GCM) is in use" in hall.run("keys", "rotate")
    assert re.search(
        r"  1  SM4_GCM .* reads what it once encrypted\n  2  SM4_GCM .* encrypts what is new", hall.run("keys", "list")
    )
    hall.run("backup", str(copy.with_name("later.tar")))
    for kept in (copy, copy.with_name("later.tar")):
        hall.run("restore", str(kept), "--yes")
        hall.run("trace", "verify")
        assert hall.run("demo", "--once").count(" cases over") == 1


def test_the_drill_backup_destroy_restore(hall, copy):
    before = hall.counts()
    files = {
        p.relative_to(hall.data): p.read_bytes() for n in ("files", "public") for p in (hall.data / n).rglob("*") if p.is_file()
    }
    with hall.superuser() as link:
        link.execute("TRUNCATE cases_case, trace_event, trace_chain, people_person CASCADE")
    for name in ("files", "public"):
        shutil.rmtree(hall.data / name)
    assert hall.counts()["cases_case"] == 0
    said = hall.run("restore", str(copy), "--yes")
    assert "the record verifies" in said
    assert hall.counts() == before
    assert {
        p.relative_to(hall.data): p.read_bytes() for n in ("files", "public") for p in (hall.data / n).rglob("*") if p.is_file()
    } == files
    hall.run("trace", "verify")
    # What was write-once is so again, for the role the platform runs as.
    assert "the platform's role cannot change the record" in hall.run("doctor", expect=None)
    assert hall.run("demo", "--once").count(" cases over") == 1
