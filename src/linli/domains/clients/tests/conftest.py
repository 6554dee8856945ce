from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings
from django.utils import timezone

from linli.domains.clients.commands import admit_client, enter
from linli.domains.clients.queries import Scope
from linli.kernel.actors import system

SECURITY = system("clients.manage")


def admit(world, name="省平台", *, org="hall", scopes=tuple(Scope), **more):
    now = timezone.now()
    given = {"owner": "示例处", "expires_at": now + timedelta(days=90), "per_minute": 600} | more
    return admit_client(name=name, org_id=world.orgs[org], scopes=scopes, by=SECURITY, now=now, **given)


def acting(key, now=None):
    """The actor that a key makes."""
    return enter(key=key, address="127.0.0.1", now=now or timezone.now()).actor


@dataclass
class Receiver:
    """The other side, on the loopback: what it got, and how it answers (a function of the handler)."""

    url: str = ""
    got: list = field(default_factory=list)
    answers: list = field(default_factory=list)


@pytest.fixture
def receiver():
    here = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            here.got.append((self.path, dict(self.headers), body))
            answer = here.answers.pop(0) if here.answers else 204
            if callable(answer):
                answer(self)
            else:
                self.send_response(answer)
                self.end_headers()

        do_GET = do_POST

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    here.url = f"http://127.0.0.1:{server.server_port}/hook?x=1"
    yield here
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def loopback_allowed():
    """The operator lets webhooks reach this machine."""
    kept = settings.ENV
    settings.ENV = kept.model_copy(update={"post_office": False, "webhook_networks": "127.0.0.0/8, ::1/128"})
    yield
    settings.ENV = kept
