"""Whatever a source answers, however hostile, is kept away from the case, and the bureau tries again later."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linli.domains.exchange import commands as do
from linli.domains.exchange.models import Question, Receipt, Try
from linli.domains.exchange.queries import canonical, query_digest, signature
from linli.domains.exchange.rules import BIGGEST, Outcome
from linli.domains.exchange.tests.test_asking import about, put
from linli.testing.departments import MANAGER
from linli.testing.world import person_id

pytestmark = pytest.mark.django_db
FACE, SECRET = "ga-identity", "a secret of the tests only"


def now():
    return datetime.now(UTC)


def good(asked: dict, **record) -> dict:
    """An answer by the contract, about whom it was asked about."""
    said = {
        "name": asked["query"]["subject_name"], "id_number": asked["query"]["subject_number"], "gender": "男", "birth_date": "1990-01-01",
        "valid_to": "2040-01-01", "status": "有效",
    }  # fmt: skip
    return {
        "interface": FACE, "nonce": asked["nonce"], "query": query_digest(FACE, asked["query"]).hex(),
        "as_of": now().date().isoformat(), "records": [said | record],
    }  # fmt: skip


class Source(ThreadingHTTPServer):
    """A department that answers as it is told; ``elsewhere`` counts who was led to its other address."""

    daemon_threads = True
    behave = None
    elsewhere = 0


class Handler(BaseHTTPRequestHandler):
    server: Source

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "inside" in self.path:
            self.server.elsewhere += 1
        self.server.behave(self, json.loads(body) if body else {})

    do_GET = do_POST

    def log_message(self, *args):
        pass


def send(handler, body: bytes, *, kind="application/json", status=200, signed=True, **headers):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body)))
    if signed:
        handler.send_header("Linli-Signature", signature(SECRET, body))
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def source():
    server = Source(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    do.connect(code=FACE, base_url=url, app_id="tests", secret=SECRET, timeout_ms=600, by=MANAGER, now=now())
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask_it(world, source, behave) -> tuple[Question, Try]:
    source.behave = behave
    [asked] = put(world, case=about(world))
    do.fetch(question_ids=[asked], now=now())
    return Question.objects.get(pk=asked), Try.objects.get(question=asked)


def huge(handler, asked):
    send(handler, canonical(good(asked, note="x" * (BIGGEST + 1))))


def endless(handler, asked):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65_536)
    except OSError:
        return


def drip(handler, asked):
    handler.send_response(200)
    handler.end_headers()
    try:
        for _piece in range(40):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def redirect(handler, asked):
    send(handler, b"", status=302, Location=f"http://127.0.0.1:{handler.server.server_port}/inside")


def html(handler, asked):
    send(handler, b"<html><script>alert(1)</script></html>", kind="text/html")


def broken_json(handler, asked):
    send(handler, canonical(good(asked))[:-10])


def deep_json(handler, asked):
    send(handler, b"[" * 100_000)


def not_utf8(handler, asked):
    send(handler, b"\xff\xfe" + canonical(good(asked)))


def a_list(handler, asked):
    send(handler, canonical([good(asked)]))


def field_missing(handler, asked):
    answer = good(asked)
    del answer["records"][0]["status"]
    send(handler, canonical(answer))


def wrong_type(handler, asked):
    send(handler, canonical(good(asked, name=["赵示例"])))


def impossible_date(handler, asked):
    send(handler, canonical(good(asked, birth_date="1990-02-31")))


def unknown_value(handler, asked):
    send(handler, canonical(good(asked, gender="<b>男</b>")))


def two_people(handler, asked):
    answer = good(asked)
    answer["records"].append(answer["records"][0] | {"name": "别人"})
    send(handler, canonical(answer))


def of_another_question(handler, asked):
    other = {**asked, "query": asked["query"] | {"subject_number": person_id(5)}}
    send(handler, canonical(good(other)))


def played_again(handler, asked):
    send(handler, canonical(good(asked) | {"nonce": "00" * 16}))


def unsigned(handler, asked):
    send(handler, canonical(good(asked)), signed=False)


def no_http(handler, asked):
    handler.wfile.write(b"\x00\xff not http\r\n\r\n")


def cut_off(handler, asked):
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"{")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("behave", "outcome"),
    [
        (huge, Outcome.MALFORMED), (endless, Outcome.MALFORMED), (drip, Outcome.SLOW), (redirect, Outcome.REFUSED), (html, Outcome.MALFORMED),
        (broken_json, Outcome.MALFORMED), (deep_json, Outcome.MALFORMED), (not_utf8, Outcome.MALFORMED), (a_list, Outcome.MALFORMED),
        (field_missing, Outcome.CONTRACT), (wrong_type, Outcome.CONTRACT), (impossible_date, Outcome.CONTRACT),
        (unknown_value, Outcome.CONTRACT), (two_people, Outcome.CONTRACT), (of_another_question, Outcome.FORGED),
        (played_again, Outcome.FORGED), (unsigned, Outcome.FORGED), (no_http, Outcome.UNREACHABLE), (cut_off, Outcome.UNREACHABLE),
    ],
)  # fmt: skip
def test_a_hostile_answer_counts_for_nothing_and_is_asked_for_again(world, source, behave, outcome):
    question, call = ask_it(world, source, behave)
    assert call.outcome == outcome
    assert (question.state, bool(question.next_try_at)) == ("waiting", True)
    assert not Receipt.objects.filter(question=question).exists()
    assert source.elsewhere == 0


def test_an_answer_about_somebody_else_is_kept_and_does_not_stand_for_the_material(world, source):
    question, call = ask_it(
        world, source, lambda handler, asked: send(handler, canonical(good(asked, name="别人", id_number=person_id(5))))
    )
    assert call.outcome == Outcome.ANSWERED
    assert set(question.differs) == {"name", "id_number"}


def test_fields_nobody_asked_for_are_not_kept(world, source):
    question, _call = ask_it(
        world, source, lambda handler, asked: send(handler, canonical(good(asked, religion="x", __proto__="y")))
    )
    assert question.state == "answered"
    assert set(question.receipt.answer.open_json()) == {"name", "id_number", "gender", "birth_date", "valid_to", "status"}


def test_a_good_answer_of_another_content_type_is_what_its_signature_says(world, source):
    question, _call = ask_it(world, source, lambda handler, asked: send(handler, canonical(good(asked)), kind="text/plain"))
    assert question.state == "answered"
