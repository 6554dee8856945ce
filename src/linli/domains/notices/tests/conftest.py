"""Providers on loopback: a gateway and an official account over real HTTP, a mail server over real SMTP."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from linli.domains.notices.adapters import wechat


@dataclass
class Provider:
    """An HTTP server that answers from a script and keeps what it was asked."""

    url: str = ""
    asked: list[Any] = field(default_factory=list)
    answers: list[Any] = field(default_factory=list)  # (status, body) for each call; then the usual answer
    tokens: int = 0

    def bodies(self, path: str = "") -> list[dict[str, Any]]:
        return [json.loads(body) for p, _, body in self.asked if p.startswith(path)]


@pytest.fixture
def provider():
    told = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            told.asked.append((self.path, dict(self.headers), b""))
            status, answer = told.answers.pop(0) if told.answers else (200, {"openid": "oNobody_0000000000000000000"})
            said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")  # as WeChat does
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            with contextlib.suppress(OSError):  # whoever asked has heard enough
                self.wfile.write(said)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.asked.append((self.path, dict(self.headers), body))
            if self.path.startswith("/cgi-bin/stable_token"):
                told.tokens += 1
                status, answer = 200, {"access_token": f"token-{told.tokens}", "expires_in": 7200}
            elif told.answers:
                status, answer = told.answers.pop(0)
            elif self.path.startswith("/cgi-bin/"):
                status, answer = 200, {"errcode": 0, "errmsg": "ok", "msgid": 200228332}
            else:
                status, answer = 200, {"id": f"gw-{json.loads(body)['id']}"}
            said = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    wechat._tokens.clear()
    yield told
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Mailbox:
    """A real mail server that keeps letters and refuses those it is told to refuse."""

    port: int = 0
    letters: list[Any] = field(default_factory=list)
    refuses: dict[str, str] = field(default_factory=dict)

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(message_from_bytes(envelope.content, policy=default))
        return "250 kept"


@pytest.fixture
def mailbox():
    box = Mailbox()

    def checks(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"linli", b"right"), handled=False)

    class Mailed(Controller):
        def factory(self):
            return SMTP(box, authenticator=checks, auth_require_tls=False, enable_SMTPUTF8=True)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = Mailed(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


@pytest.fixture
def ways(settings):
    """Sets up providers: ``ways(sms_url=…)``; the post office is closed."""

    def set_up(**values):
        settings.ENV = settings.ENV.model_copy(update={"post_office": False, **values})

    return set_up
