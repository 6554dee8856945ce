"""Where a webhook may lead, and that no answer, however hostile, does more than fail."""

from __future__ import annotations

import socket
import threading
import time
from ipaddress import ip_address, ip_network

import pytest

from linli.domains.clients.errors import WebhookWrong
from linli.domains.clients.rules import address_within, check_url, may_reach, signature
from linli.domains.clients.sending import MOST_BYTES, send

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/h", "ftp://example.org/h", "https://127.0.0.1/h", "https://10.0.0.1/h", "https://192.168.1.1/", "https://[::1]/h",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/h", "https://[fe80::1]/", "https://100.64.0.1/", "https://0.0.0.0/",
        "https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/", "https://224.0.0.1/", "https://user:pw@example.org/", "https://example.org/#x",
        "https://example.org:99999/", "https://example.org:0/", "https:///h", "javascript:alert(1)", "https://exa mple.org/", "https://例子.org/",
        "https://example.org\\@10.0.0.1/", "https://example.org/\r\nHost: x", "https://" + "a" * 600, "//example.org/", "", "https://[::1",
    ],
)  # fmt: skip
def test_an_address_that_leads_inside_or_nowhere_is_refused(url):
    with pytest.raises(WebhookWrong):
        check_url(url, allowed=[])


def test_a_public_address_is_taken_and_plain_http_only_to_a_loopback_that_is_allowed():
    for url in ("https://example.org/h?a=b", "https://example.org:8443/", "https://93.184.216.34/", "https://[2606:4700::1]/"):
        assert check_url(url, allowed=[]) == url
    assert check_url("http://127.0.0.1:8123/h", allowed=LOOPBACK)
    for url in ("http://127.0.0.1:8123/h", "http://localhost/h"):
        with pytest.raises(WebhookWrong):
            check_url(url, allowed=[])
    with pytest.raises(WebhookWrong):  # allowed networks are reached by https
        check_url("http://10.8.0.1/", allowed=[ip_network("10.8.0.0/16")])
    assert check_url("https://10.8.0.1/", allowed=[ip_network("10.8.0.0/16")])


def test_an_address_may_not_dress_as_another():
    for text in ("::ffff:127.0.0.1", "2002:a00:1::", "2001:0:0:0:0:0:f5ff:fffe"):
        assert not may_reach(ip_address(text), [])
    assert address_within("::ffff:10.1.2.3", ["10.1.0.0/16"]) and not address_within("10.2.0.1", ["10.1.0.0/16"])
    assert address_within(None, []) and not address_within(None, ["10.0.0.0/8"]) and not address_within("x", ["10.0.0.0/8"])


def test_a_name_is_looked_at_when_it_is_called(monkeypatch, receiver):
    """A name that was public when it was registered and leads inside now is not followed."""
    asked = []

    def resolve(host, port, *args, **kwargs):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in ("93.184.216.34", "127.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = receiver.url.split(":")[2].split("/")[0]
    assert send(f"https://rebind.example:{port}/h", b"{}", {}, allowed=[]).error == "address"
    assert asked == ["rebind.example"] and receiver.got == []


def test_what_arrives_is_what_was_sent(receiver):
    outcome = send(receiver.url, b'{"a": 1}', {"Content-Type": "application/json", "Linli-Event": "ping"}, allowed=LOOPBACK)
    assert outcome.arrived and outcome.status == 204
    path, headers, body = receiver.got[0]
    assert path == "/hook?x=1" and body == b'{"a": 1}' and headers["Linli-Event"] == "ping"
    assert headers["Host"].startswith("127.0.0.1:")


def redirect(handler):
    handler.send_response(302)
    handler.send_header("Location", "http://127.0.0.1:1/inside")
    handler.end_headers()


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 8_192)
    except OSError:
        pass


def long_header(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n")


def many_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(500)) + b"\r\n")


def garbage(handler):
    handler.wfile.write(b"\x00\xff\x00 not http\r\n\r\n")


def lying_length(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")


def bad_chunks(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n")


def cut(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (redirect, "status"), (500, "status"), (404, "status"), (endless, "answer"), (long_header, "answer"), (many_headers, "answer"),
        (garbage, "answer"), (bad_chunks, "answer"), (cut, "answer"),
    ],
    ids=lambda a: getattr(a, "__name__", str(a)),
)  # fmt: skip
def test_a_hostile_answer_only_fails(receiver, answer, error):
    receiver.answers = [answer]
    outcome = send(receiver.url, b"{}", {}, allowed=LOOPBACK, seconds=5)
    assert (outcome.arrived, outcome.error) == (False, error), outcome
    assert len(receiver.got) == 1  # and nobody was sent anywhere else
    assert outcome.milliseconds < 5_000


def test_a_length_that_lies_is_no_harm(receiver):
    receiver.answers = [lying_length]
    assert send(receiver.url, b"{}", {}, allowed=LOOPBACK, seconds=5).status in (None, 200)


@pytest.mark.parametrize("where", ["status", "headers", "body"])
def test_whoever_answers_drop_by_drop_is_cut_off_in_time(where):
    """Each piece comes soon enough for a clock that begins anew with every piece; ours does not."""
    stop, server = threading.Event(), socket.create_server(("127.0.0.1", 0))

    def drip():
        connection, _ = server.accept()
        start = {"status": b"", "headers": b"HTTP/1.1 200 OK\r\n", "body": b"HTTP/1.1 200 OK\r\n\r\n"}[where]
        try:
            connection.sendall(start)
            while not stop.wait(0.05):
                connection.sendall(b"H")
        except OSError:
            pass
        connection.close()

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    began = time.monotonic()
    outcome = send(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, allowed=LOOPBACK, seconds=0.6)
    stop.set()
    thread.join()
    server.close()
    assert not outcome.arrived and time.monotonic() - began < 5
    assert MOST_BYTES < 100_000


def test_nobody_there_is_a_connection_that_failed():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/", b"{}", {}, allowed=LOOPBACK).error == "connection"


def test_a_certificate_that_is_not_good_is_refused(receiver):
    assert send(receiver.url.replace("http:", "https:"), b"{}", {}, allowed=LOOPBACK).error == "certificate"


def test_the_signature_is_what_the_documents_say():
    import hashlib
    import hmac

    expected = hmac.new(b"whsec_x", b"1700000000." + b'{"a":1}', hashlib.sha256).hexdigest()
    assert signature("whsec_x", at=1_700_000_000, body=b'{"a":1}') == f"t=1700000000,v1={expected}"
