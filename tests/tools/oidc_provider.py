"""An identity provider such as an authority runs, for tests: Django OAuth Toolkit with people of its own, in a process of its own.

``python oidc_provider.py FOLDER PORT REDIRECT_URI`` prints a line when it is ready and serves until it is ended.
"""

import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

folder, port, redirect_uri = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
CLIENT, SECRET = "linli", "a-secret-of-the-provider"
PEOPLE = {"zhao": ("赵示例", sys.argv[4]), "nameless": ("", sys.argv[4])}

_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
settings.configure(
    SECRET_KEY="of the provider", ALLOWED_HOSTS=["127.0.0.1"], ROOT_URLCONF=__name__, USE_TZ=True, LOGIN_URL="/login/",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "provider.sqlite3"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SESSION_COOKIE_NAME="provider",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"],
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {
            "registration/login.html": "<form method=post>{% csrf_token %}{{ form }}</form>"})]}},
    ],
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True, "PKCE_REQUIRED": True, "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
        "SCOPES": {"openid": "who", "profile": "name and number"}, "ALLOWED_REDIRECT_URI_SCHEMES": ["http"],
        "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{port}/o",
        "OIDC_RSA_PRIVATE_KEY": _key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode(),
    },
)  # fmt: skip
sys.modules["__main__"].__spec__ = None
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402


class Validator(OAuth2Validator):
    oidc_claim_scope = None

    def get_additional_claims(self, request):
        return {"name": request.user.first_name, "id_number": request.user.last_name}


urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")), path("login/", LoginView.as_view())]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    for username, (name, number) in PEOPLE.items():
        User.objects.create_user(username, password="its-own-password", first_name=name, last_name=number)
    Application.objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type=Application.CLIENT_CONFIDENTIAL, redirect_uris=redirect_uri,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE, skip_authorization=True, algorithm=Application.RS256_ALGORITHM,
    )  # fmt: skip
    with make_server("127.0.0.1", port, get_wsgi_application(), Server, Quiet) as server:
        print("ready", flush=True)
        server.serve_forever()
