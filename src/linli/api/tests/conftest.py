from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from linli.domains.clients.commands import admit_client
from linli.domains.clients.queries import Scope
from linli.kernel.actors import system

SECURITY = system("clients.manage")


class Caller:
    """A system with a key; answers are parsed JSON and carry their status."""

    def __init__(self, client_id, key):
        self.client_id, self.key, self.http = client_id, key, Client()

    def ask(self, method, path, body=None, *, once=None, **headers):
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        if method != "get":
            headers.setdefault("Idempotency-Key", once or str(uuid4()))
        data = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(self.http, method)(f"/api/v1{path}", headers=headers, **data)

    def get(self, path, **headers):
        return self.ask("get", path, **headers)

    def post(self, path, body=None, **more):
        return self.ask("post", path, {} if body is None else body, **more)

    def patch(self, path, body, **more):
        return self.ask("patch", path, body, **more)

    def upload(self, file, name, *, once=None):
        file.name = name
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": once or str(uuid4())}
        return self.http.post("/api/v1/files", {"file": file}, headers=headers)


def admit(world, name="省平台", *, org="hall", scopes=tuple(Scope), **more):
    now = timezone.now()
    given = {"owner": "示例处 0000-1230000", "expires_at": now + timedelta(days=90), "per_minute": 6000} | more
    return Caller(*admit_client(name=name, org_id=world.orgs[org], scopes=scopes, by=SECURITY, now=now, **given))


@pytest.fixture
def caller(world):
    return admit(world)
