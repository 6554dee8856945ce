"""Signing in through an identity provider: a real one, and one that lies."""

import base64
import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from linli.domains.accounts.queries import SignIn
from linli.domains.people.queries import account_of, person_facts
from linli.testing.browser import sign_in_resident
from linli.testing.world import person_id
from linli.web.oidc import forget_provider

PROVIDER = Path(__file__).parents[5] / "tests" / "tools" / "oidc_provider.py"
BACK = "http://testserver/me/sign-in/identity/back"
CLIENT, SECRET = "linli", "a-secret-of-the-provider"
pytestmark = pytest.mark.django_db


def use(monkeypatch, issuer):
    forget_provider()
    env = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "base_url": "http://testserver"}
    monkeypatch.setattr(settings, "ENV", settings.ENV.model_copy(update=env))


def leave(client):
    """The address at the provider that the button leads to."""
    answer = client.get(reverse("me:identity") + "?next=/me/account")
    assert answer.status_code == 302
    return answer["Location"]


def query(url):
    return {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}


def refused(client, answer):
    """Nobody is in, and the page says what to do."""
    assert answer.status_code == 302 and answer["Location"] == reverse("me:sign_in")
    assert not SignIn.objects.filter(user__is_resident=True).exists()
    return client.get(answer["Location"]).content.decode()


# -- a real provider ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """Django OAuth Toolkit in a process of its own, on the loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, str(PROVIDER), str(tmp_path_factory.mktemp("provider")), str(port), BACK, person_id(0)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    yield f"http://127.0.0.1:{port}/o"
    process.terminate()
    process.wait()
    process.stdout.close()


def visit(url, username="zhao"):
    """What the browser does there: sign in with the provider's own password; gives the address it sends back to."""
    with httpx.Client() as browser:
        answer = browser.get(url)
        for _ in range(4):
            if answer.status_code == 200:
                token = browser.cookies["csrftoken"]
                typed = {"username": username, "password": "its-own-password", "csrfmiddlewaretoken": token}
                answer = browser.post(answer.url, data=typed)
            target = str(answer.url.join(answer.headers["Location"]))
            if target.startswith(BACK):
                return target
            answer = browser.get(target)
    raise AssertionError(answer.status_code)


def test_a_real_provider_signs_in_whom_it_knows(real, monkeypatch, world, client):
    use(monkeypatch, real)
    assert "用统一身份认证登录" in client.get(reverse("me:sign_in")).content.decode()
    away = leave(client)
    asked = query(away)
    assert asked["code_challenge_method"] == "S256" and len(asked["state"]) > 30 and len(asked["nonce"]) > 30
    back = visit(away)
    assert client.get(back)["Location"] == "/me/account"
    assert "赵示例" in client.get("/me/account").content.decode()
    account = account_of(world.people["applicant"])
    assert account.assurance == "identity" and account.issuer == real
    # the same answer once more, in this browser or another, signs nobody in
    again = Client()
    for who in (client, again):
        assert who.get(back)["Location"] == reverse("me:sign_in")
    assert again.get(reverse("me:home")).status_code == 302


def test_an_answer_meant_for_another_browser_signs_nobody_in(real, monkeypatch, world):
    use(monkeypatch, real)
    victim, attacker = Client(), Client()
    leave(victim)
    back = visit(leave(attacker))
    assert "没有确认您的身份" in refused(victim, victim.get(back))


def test_a_code_without_its_verifier_is_refused_by_the_provider(real, monkeypatch, world, client):
    use(monkeypatch, real)
    stolen = query(visit(leave(Client())))["code"]
    mine = query(leave(client))["state"]
    assert "没有确认您的身份" in refused(client, client.get(f"{BACK}?code={stolen}&state={mine}"))


def test_somebody_without_a_name_there_is_not_let_in(real, monkeypatch, world, client):
    use(monkeypatch, real)
    assert "没有确认您的身份" in refused(client, client.get(visit(leave(client), "nameless")))


# -- a provider that lies ---------------------------------------------------------------------------------------------------------


KEY, OTHER_KEY = RSAKey.generate_key(2048, {"kid": "one"}), RSAKey.generate_key(2048, {"kid": "one"})


class Liar:
    """A provider whose answers a test bends: ``claims`` and ``sign`` make the token, ``about`` its description of itself."""

    def __init__(self):
        self.claims, self.about, self.sign, self.userinfo, self.raw, self.nonce = {}, {}, None, None, None, ""
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args):
                """Say nothing."""

            def answer(self):
                body = liar.body(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            do_GET = answer

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                self.answer()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def body(self, path):
        if self.raw is not None:
            return self.raw
        if path.endswith("configuration"):
            names = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
            if self.userinfo:
                names["userinfo_endpoint"] = "userinfo"
            return json.dumps({"issuer": self.url} | {k: f"{self.url}/{v}" for k, v in names.items()} | self.about).encode()
        if path.endswith("keys"):
            return json.dumps({"keys": [KEY.as_dict(private=False)]}).encode()
        if path.endswith("userinfo"):
            return json.dumps(self.userinfo).encode()
        return json.dumps({"access_token": "a", "token_type": "Bearer", "id_token": self.token()}).encode()

    def token(self):
        now = int(time.time())
        claims = {
            "iss": self.url, "sub": "s-1", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": self.nonce, "name": "赵示例",
            "id_number": person_id(0),
        } | self.claims  # fmt: skip
        claims = {k: v for k, v in claims.items() if v is not None}
        return self.sign(claims) if self.sign else jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)


@pytest.fixture
def liar(monkeypatch):
    found = Liar()
    use(monkeypatch, found.url)
    yield found
    found.server.shutdown()
    found.server.server_close()


def come_back(client, liar, **more):
    asked = query(leave(client))
    liar.nonce = liar.claims.pop("_nonce", asked["nonce"])
    answer = {"code": "c", "state": asked["state"]} | more
    return client.get(reverse("me:identity_back"), {k: v for k, v in answer.items() if v is not None})


def unsigned(claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()  # noqa: E731
    return f"{part({'alg': 'none'})}.{part(claims)}."


def with_public_key_as_secret(claims):
    """The old confusion: the public key, which everybody has, taken for a shared secret."""
    return jwt.encode({"alg": "HS256", "kid": "one"}, claims, OctKey.import_key(KEY.as_pem(private=False)), algorithms=["HS256"])


def tampered(claims):
    head, _, tail = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY).split(".")
    changed = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "s-2"}).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{tail}"


def test_told_the_truth_it_lets_in(liar, client, world):
    half = base64.urlsafe_b64encode(hashlib.sha256(b"a").digest()[:16]).rstrip(b"=").decode()
    liar.claims = {"at_hash": half}
    assert come_back(client, liar)["Location"] == "/me/account"
    assert account_of(world.people["applicant"]).subject == "s-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"_nonce": "of another request"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"iat": None}, {"iat": 9_999_999_999},
        {"aud": "another"}, {"aud": ["another"]}, {"aud": None}, {"aud": [CLIENT, "another"]}, {"azp": "another"},
        {"iss": "http://127.0.0.1:1"}, {"iss": None}, {"sub": None}, {"sub": ""}, {"sub": 7}, {"sub": "s" * 300}, {"at_hash": "AAAA"},
        {"name": None}, {"name": " "}, {"id_number": None}, {"id_number": ["x"]}, {"id_number": "770121198802291230"}, {"name": "别人"},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_does_not_show_who_for_whom_and_now_lets_nobody_in(liar, client, world, claims):
    liar.claims = dict(claims)
    refused(client, come_back(client, liar))


@pytest.mark.parametrize(
    "sign",
    [
        unsigned, with_public_key_as_secret, tampered, lambda claims: "not.a.token", lambda claims: "",
        lambda claims: jwt.encode({"alg": "RS256", "kid": "one"}, claims, OTHER_KEY),
        lambda claims: jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, OTHER_KEY), lambda claims: None,
    ],
    ids=["none", "confused", "tampered", "rubbish", "empty", "other key", "unknown key", "missing"],
)  # fmt: skip
def test_a_signature_that_is_not_the_providers_lets_nobody_in(liar, client, world, sign):
    liar.sign = sign
    refused(client, come_back(client, liar))


@pytest.mark.parametrize(
    "answer",
    [{"state": "x"}, {"state": None}, {"code": None}, {"error": "access_denied"}, {"iss": "https://mixed.up"}],
    ids=str,
)
def test_an_answer_to_something_else_lets_nobody_in(liar, client, world, answer):
    refused(client, come_back(client, liar, **answer))


def test_a_provider_that_says_it_names_itself_must(liar, client, world):
    liar.about = {"authorization_response_iss_parameter_supported": True}
    refused(client, come_back(client, liar))
    assert come_back(client, liar, iss=liar.url)["Location"] == "/me/account"


def test_userinfo_of_somebody_else_lets_nobody_in(liar, client, world):
    liar.userinfo = {"sub": "s-2", "id_number": person_id(1)}
    refused(client, come_back(client, liar))


@pytest.mark.parametrize(
    "about",
    [{"issuer": "https://another"}, {"authorization_endpoint": "http://far.example/a"}, {"authorization_endpoint": "javascript:x"},
     {"authorization_endpoint": None}],
    ids=str,
)  # fmt: skip
def test_a_provider_that_is_not_the_one_or_not_safe_is_not_gone_to(liar, client, world, about):
    liar.about = about
    answer = client.get(reverse("me:identity"))
    assert answer["Location"] == reverse("me:sign_in") and "连不上" in client.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("raw", [b"", b"[]", b"<html>", b"{" + b"x" * 500_000], ids=["empty", "list", "html", "huge"])
def test_rubbish_is_said_to_be_out_of_reach(liar, client, world, raw):
    liar.raw = raw
    assert client.get(reverse("me:identity"))["Location"] == reverse("me:sign_in")


def test_without_a_provider_there_is_no_such_way(client, monkeypatch, world):
    use(monkeypatch, "")
    assert "统一身份认证登录" not in client.get(reverse("me:sign_in")).content.decode()
    assert client.get(reverse("me:identity")).status_code == 404 and client.get(reverse("me:identity_back")).status_code == 404


def test_who_had_only_said_who_they_are_is_recognised(liar, world):
    from linli.domains.people.commands import ask_code, bind_by_phone, sign_in_by_phone

    facts = person_facts(world.people["applicant"])
    from django.utils import timezone

    client, now = Client(), timezone.now()
    code = ask_code(phone="10000000055", address=None, now=now)
    proof = sign_in_by_phone(phone="10000000055", code=code, device="d", address=None, now=now).proof
    who = {"name": facts["name"], "id_number": facts["id_number"], "region": "77"}
    said = bind_by_phone(proof=proof, **who, device="d", address=None, now=now)
    sign_in_resident(client, world, "agent")  # somebody else is signed in with certainty: they stay who they are
    assert come_back(client, liar)["Location"] == "/me/account"
    assert account_of(world.people["applicant"]).user_id != said.user_id
    assert account_of(world.people["agent"]) is not None
