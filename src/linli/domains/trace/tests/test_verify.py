"""Whatever is changed behind the platform's back is found and named."""

from __future__ import annotations

import http.server
import json
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from asn1crypto import tsp
from django.conf import settings
from django.db import transaction
from pyhanko.sign.timestamps import DummyTimeStamper

from linli.domains.trace import stamps
from linli.domains.trace.commands import Subject, record
from linli.domains.trace.models import Event, Root
from linli.domains.trace.queries import case_proof, verify_all
from linli.domains.trace.roots import ROOTS_FILE, authority, seal_heads
from linli.kernel.actors import Actor
from linli.kernel.ids import uuid7
from linli.kernel.pki import DemoAuthority
from linli.testing.concurrency import at_once

NOW = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
CLERK = Actor(user_id=uuid7(), posting_id=uuid7(), org_id=uuid7(), device="w3")


@pytest.fixture
def public(tmp_path, monkeypatch):
    """A folder of published roots of the test's own."""
    monkeypatch.setattr("linli.domains.trace.roots.public_folder", lambda: tmp_path)
    monkeypatch.setattr("linli.domains.trace.verify.public_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def cases(committed_db, public):
    """Three cases of four acts; the first three acts of each are under a published root."""
    subjects = [Subject("case", uuid7()) for _ in range(3)]
    for place in range(4):
        if place == 3:
            seal_heads(now=NOW + timedelta(days=1))
        for subject in subjects:
            with transaction.atomic():
                record("t.step", subject=subject, by=CLERK, at=NOW + timedelta(hours=place), place=place)
    return sorted(subjects, key=lambda s: s.id)


def faults(now=NOW + timedelta(days=2), **kw):
    return [(str(f.what), f.chain, f.seq, f.root) for f in verify_all(now=now, **kw).faults]


def test_an_untouched_record_verifies(cases):
    verdict = verify_all(now=NOW + timedelta(days=2))
    assert verdict.ok, verdict.faults
    assert verdict.chains == Event.objects.values("chain_id").distinct().count() > 3
    assert verdict.events == Event.objects.count() > 12
    assert (verdict.roots, verdict.stamps_local) == (1, 1)


def test_a_record_that_grows_meanwhile_verifies(cases):
    """The hall does not stop while its record is verified: what is written meanwhile is no fault."""
    stop = threading.Event()

    def work():
        place = 4
        while not stop.is_set():
            for subject in [*cases, Subject("case", uuid7())]:
                with transaction.atomic():
                    record("t.step", subject=subject, by=CLERK, at=NOW + timedelta(hours=4), place=place)
            place += 1

    def verify():
        try:
            before = Event.objects.count()
            found = [fault for _ in range(20) for fault in faults()]
            return found, Event.objects.count() - before
        finally:
            stop.set()

    _, (found, written) = at_once([work, verify])
    assert not found
    assert written > 20


COLUMNS = {
    "id": "gen_random_uuid()", "kind": "'person'", "seq": "seq + 10", "at": "at + interval '1 microsecond'", "act": "act || 'x'",
    "user_id": "NULL", "posting_id": "gen_random_uuid()", "org_id": "gen_random_uuid()", "hall_id": "gen_random_uuid()",
    "device": "'w4'", "channel": "'online'", "data": "jsonb_set(data, '{place}', '9')",
    "salt": "set_byte(salt, 3, (get_byte(salt, 3) + 1) %% 256)", "prev": "set_byte(prev, 3, (get_byte(prev, 3) + 1) %% 256)",
    "hash": "set_byte(hash, 31, (get_byte(hash, 31) + 1) %% 256)", "chain_id": "gen_random_uuid()",
}  # fmt: skip


def test_every_column_is_covered_by_this_test():
    assert set(COLUMNS) == {f.column for f in Event._meta.fields if f.name != "pk"}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_to_any_column_of_any_event_is_found_and_named(cases, as_superuser, column):
    victim = cases[1].id
    for seq in (4, 2, 1):  # from the back, so that each round has a new first fault
        as_superuser.execute(f"UPDATE trace_event SET {column} = {COLUMNS[column]} WHERE chain_id = %s AND seq = %s", [victim, seq])
        named = [place for _, chain, place, _ in faults() if chain == victim]
        assert named, (column, seq)
        if column not in ("seq", "chain_id"):  # these two make the event appear elsewhere, and its place empty
            assert named[0] == seq


def test_the_first_broken_event_is_named(cases, as_superuser):
    as_superuser.execute("UPDATE trace_event SET act = 'forged' WHERE chain_id = %s AND seq = 2", [cases[2].id])
    what, chain, seq, _ = faults()[0]
    assert (chain, seq) == (cases[2].id, 2)
    assert "摘要" in what


def rewrite_chain(admin, chain):
    """What a careful forger does: recompute every hash of the chain after the change."""
    from linli.domains.trace.verify import _EVENTS, _rows, link_of

    head = bytes(32)
    for row in list(_rows(_EVENTS + " WHERE e.chain_id = %s ORDER BY e.seq", [chain])):
        link = link_of(row)
        link = type(link)(**{f: getattr(link, f) for f in link.__dataclass_fields__} | {"prev": head})
        head = link.hash()
        admin.execute("UPDATE trace_event SET prev = %s, hash = %s WHERE id = %s", [link.prev, head, link.id])
    admin.execute("UPDATE trace_chain SET head = %s WHERE id = %s", [head, chain])


def test_a_chain_forged_with_all_its_hashes_is_found_through_the_root(cases, as_superuser):
    chain = cases[0].id
    as_superuser.execute("UPDATE trace_event SET act = 'forged' WHERE chain_id = %s AND seq = 2", [chain])
    rewrite_chain(as_superuser, chain)
    assert [(c, s, r) for _, c, s, r in faults()] == [(chain, 3, 1)]


def test_cutting_off_the_newest_events_is_found_through_the_root(cases, as_superuser):
    chain = cases[0].id
    as_superuser.execute("DELETE FROM trace_event WHERE chain_id = %s AND seq > 2", [chain])
    as_superuser.execute(
        "UPDATE trace_chain SET seq = 2, head = (SELECT hash FROM trace_event WHERE chain_id = %s AND seq = 2) WHERE id = %s",
        [chain] * 2,
    )
    assert ("已公布的根见证过的事件被删除", chain, 3, 1) in faults()


def test_cutting_off_a_tail_without_mending_the_head_is_found(cases, as_superuser):
    as_superuser.execute("DELETE FROM trace_event WHERE chain_id = %s AND seq = 4", [cases[1].id])
    assert [(c, s) for _, c, s, _ in faults()] == [(cases[1].id, 4)]


def test_a_whole_case_removed_is_found(cases, as_superuser):
    for table in ("trace_event WHERE chain_id", "trace_chain WHERE id"):
        as_superuser.execute(f"DELETE FROM {table} = %s", [cases[1].id])
    assert any(c == cases[1].id and r == 1 for _, c, _, r in faults())


def test_removing_the_roots_too_is_found_through_what_was_published(cases, as_superuser, public):
    as_superuser.execute("TRUNCATE trace_leaf, trace_root CASCADE")
    assert ("已公布的根在数据库中缺失", None, None, 1) in faults()


def test_a_root_made_anew_differs_from_the_published_one(cases, as_superuser, public):
    as_superuser.execute("TRUNCATE trace_leaf, trace_root CASCADE")
    kept = (public / ROOTS_FILE).read_text()
    seal_heads(now=NOW + timedelta(days=1))
    (public / ROOTS_FILE).write_text(kept)
    assert any("已公布的内容不符" in what for what, *_ in faults())


def test_a_changed_root_or_stamp_is_found(cases, as_superuser):
    as_superuser.execute("UPDATE trace_root SET made_at = made_at + interval '1 second'")
    assert any("摘要不符" in what for what, *_ in faults())
    assert any("时间戳" in what for what, *_ in faults())


def test_roots_chain_and_only_chains_that_grew_are_leaves(cases, public):
    again = seal_heads(now=NOW + timedelta(days=2))
    assert again.leaves == 3
    assert bytes(again.previous) == bytes(Root.objects.get(number=1).hash)
    assert seal_heads(now=NOW + timedelta(days=3)) is None
    with transaction.atomic():
        record("t.late", subject=cases[0], by=CLERK, at=NOW)
    assert seal_heads(now=NOW + timedelta(days=4)).leaves == 1
    assert len((public / ROOTS_FILE).read_text().splitlines()) == 3
    assert not faults(now=NOW + timedelta(days=5))


def test_a_line_cut_off_by_a_crash_is_written_again(cases, public):
    path = public / ROOTS_FILE
    path.write_text(path.read_text()[:100])
    seal_heads(now=NOW + timedelta(days=2))
    assert [json.loads(line)["record"]["number"] for line in path.read_text().splitlines()] == [1, 2]


# -- the outsider, with a stand-alone script and no database -----------------------------------------------------------


def outsider(public, proof, *certificate):
    (public / "proof.json").write_text(json.dumps(proof))
    with resources.as_file(resources.files("linli.domains.trace") / "data/verify_case.py") as script:
        command = [
            sys.executable,
            "-I",
            "-S",
            str(script),
            str(public / "proof.json"),
            str(public / ROOTS_FILE),
            *map(str, certificate),
        ]
        return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("show_data", [True, False])
def test_an_outsider_verifies_one_case(cases, public, show_data):
    proof = case_proof(cases[0].id, show_data=show_data)
    done = outsider(public, proof, public / "linli-root.pem")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "OK: 4 events, 3 fixed by published roots" in done.stdout
    assert "stamp holds" in done.stdout
    assert str(CLERK.user_id) not in json.dumps(proof)
    assert ("place" in json.dumps(proof)) is show_data


def _each_string(value, path=()):
    if isinstance(value, dict):
        for k, v in value.items():
            yield from _each_string(v, (*path, k))
    elif isinstance(value, list):
        for i, v in enumerate(value):
            yield from _each_string(v, (*path, i))
    elif isinstance(value, str):
        yield path, value


def test_the_outsider_notices_any_change_to_the_proof(cases, public):
    original = case_proof(cases[0].id, show_data=True)
    for path, value in list(_each_string(original)):
        if path[-1] in ("stamp", "stamped_by") or not value:
            continue  # read from the published roots, not from the proof
        proof = json.loads(json.dumps(original))
        spot = proof
        for step in path[:-1]:
            spot = spot[step]
        spot[path[-1]] = ("b" if value[0] != "b" else "c") + value[1:]
        assert outsider(public, proof).returncode == 1, path
    short = json.loads(json.dumps(original))
    del short["events"][1]
    assert "CHANGED: event 2" in outsider(public, short).stdout
    cut = json.loads(json.dumps(original))
    del cut["events"][2:]
    assert "missing from the proof" in outsider(public, cut).stdout


def test_the_outsider_notices_changed_roots_and_foreign_stamps(cases, public, tmp_path):
    proof = case_proof(cases[0].id, show_data=False)
    path = public / ROOTS_FILE
    kept = path.read_text()
    path.write_text(re.sub(r'"leaves": \d+', '"leaves": 1', kept))
    assert path.read_text() != kept
    assert outsider(public, proof).returncode == 1
    path.write_text(kept)
    foreign = tmp_path / "foreign.pem"
    from cryptography.hazmat.primitives.serialization import Encoding

    foreign.write_bytes(DemoAuthority(tmp_path / "pki").root.certificate.public_bytes(Encoding.PEM))
    done = outsider(public, proof, foreign)
    assert done.returncode == 1
    assert "time stamp does not hold" in done.stdout


def test_the_plain_sm3_of_the_script_is_sm3():
    import importlib.util

    with resources.as_file(resources.files("linli.domains.trace") / "data/verify_case.py") as script:
        spec = importlib.util.spec_from_file_location("verify_case", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    from linli.kernel.crypto import sm3

    for length in (0, 1, 3, 55, 56, 63, 64, 65, 200):
        assert module._sm3_plain(bytes(range(length))) == sm3(bytes(range(length)))


# -- a real time stamp authority over HTTP --------------------------------------------------------------------------------


@pytest.fixture
def tsa(tmp_path):
    """A small RFC 3161 server with certificates of its own."""
    ca = DemoAuthority(tmp_path / "tsa")
    credential = ca.time_stamp()
    from asn1crypto import keys
    from cryptography.hazmat.primitives import serialization as s
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    store.register_multiple(stamps._asn1(c) for c in credential.chain[1:])
    key = keys.PrivateKeyInfo.load(credential.key.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption()))
    stamper = DummyTimeStamper(stamps._asn1(credential.certificate), key, certs_to_embed=store)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            request = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            body = stamper.request_tsa_response(request).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", ca.root.certificate
    server.shutdown()
    server.server_close()


def test_a_root_is_stamped_by_the_authority_that_is_set(committed_db, public, tsa, monkeypatch):
    url, certificate = tsa
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"tsa_url": url}))
    with transaction.atomic():
        record("t.step", subject=Subject("case", uuid7()), by=CLERK, at=NOW)
    now = datetime.now(UTC)
    assert seal_heads(now=now).stamped_by == "tsa"
    assert any("受信任" in what for what, *_ in faults(now=now + timedelta(minutes=1)))
    own = authority().root.certificate
    monkeypatch.setattr("linli.domains.trace.verify.trusted_certificates", lambda: [own, certificate])
    assert not faults(now=now + timedelta(minutes=1))


def test_when_the_authority_does_not_answer_nothing_is_stored_and_the_error_says_where(committed_db, public, monkeypatch):
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update={"tsa_url": "http://127.0.0.1:9/"}))
    with transaction.atomic():
        record("t.step", subject=Subject("case", uuid7()), by=CLERK, at=NOW)
    with pytest.raises(stamps.StampRefused, match="127"):
        seal_heads(now=NOW)
    assert not Root.objects.exists()
    assert not (public / ROOTS_FILE).exists()
