"""Django settings; everything a site may change comes from :mod:`linli.config.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from linli.config import env as _env
from linli.kernel.crypto import KeyRing, Suite
from linli.kernel.postgres import APP, OWNER, EmbeddedPostgres

ENV = _env.load()
PACKAGE = Path(__file__).resolve().parent.parent
# Commands that change the shape of the database run as the role that owns it.
AS_OWNER = os.environ.get("LINLI_AS_OWNER") == "1"

DEBUG = ENV.debug
SECRET_KEY = ENV.django_secret()
ALLOWED_HOSTS = [h.strip() for h in ENV.allowed_hosts.split(",") if h.strip()]
LINLI_CRYPTO_SUITE = Suite.SM4_GCM if ENV.crypto_suite == "sm" else Suite.AES256_GCM
LINLI_KEYRING_FILE = ENV.data / "secrets" / "keyring.json"
LINLI_KEYRING = KeyRing.load_or_create(LINLI_KEYRING_FILE, LINLI_CRYPTO_SUITE)

INSTALLED_APPS = [
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "procrastinate.contrib.django",
    "django_htmx",
    "django_cotton.apps.SimpleAppConfig",
    "linli.domains.trace",
    "linli.domains.accounts",
    "linli.domains.org",
    "linli.domains.people",
    "linli.domains.catalog",
    "linli.domains.documents",
    "linli.domains.exchange",
    "linli.domains.notices",
    "linli.domains.cases",
    "linli.domains.benefits",
    "linli.domains.clients",
    "linli.domains.voice",
    "linli.web",
    "linli.web.ui",
    "linli.web.accounts",
    "linli.web.portal",
    "linli.web.desk",
    "linli.web.console",
    "linli.api",
]


def _database() -> dict[str, Any]:
    """The database of DATABASE_URL, or the embedded one's socket; no connection is made here."""
    url = (AS_OWNER and ENV.owner_database_url) or ENV.database_url
    if url:
        parts: dict[str, Any] = conninfo_to_dict(url)
        known = {
            "NAME": parts.pop("dbname", ""), "USER": parts.pop("user", ""), "PASSWORD": parts.pop("password", ""),
            "HOST": parts.pop("host", ""), "PORT": str(parts.pop("port", "")),
        }  # fmt: skip
        return known | {"OPTIONS": {**parts, "server_side_binding": True}}
    address = EmbeddedPostgres(ENV.data).address(OWNER if AS_OWNER else APP)
    return {
        "NAME": address.database, "USER": address.user, "PASSWORD": address.password,
        "HOST": address.host, "PORT": str(address.port), "OPTIONS": {"server_side_binding": True},
    }  # fmt: skip


DATABASES = {"default": {"ENGINE": "linli.kernel.backend", "CONN_MAX_AGE": 60, **_database()}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation."
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": _VALIDATION + "UserAttributeSimilarityValidator", "OPTIONS": {"user_attributes": ("username", "name")}},
    {"NAME": _VALIDATION + "MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": _VALIDATION + "CommonPasswordValidator"},
    {"NAME": _VALIDATION + "NumericPasswordValidator"},
]

ROOT_URLCONF = "linli.config.urls"
WSGI_APPLICATION = "linli.config.wsgi.application"

MIDDLEWARE = [
    "linli.web.middleware.HeadersMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "linli.api.middleware.ApiMiddleware",  # sees also what those below refuse
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "linli.web.middleware.ActorMiddleware",
]
CSRF_FAILURE_VIEW = "linli.web.errors.csrf_failure"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django_cotton.cotton_loader.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "django_cotton.templatetags.cotton",
                "linli.web.ui.templatetags.linli_ui",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# A component sees its attributes and the request, never by accident a variable of the page it stands in.
COTTON_ISOLATE_BY_DEFAULT = True

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATIC_ROOT = ENV.data / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise complains of a folder that is not there; the finders find all files
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": ENV.data / "files"}},
    "staticfiles": {"BACKEND": "linli.web.ui.storage.CollectedFiles"},
}
WHITENOISE_USE_FINDERS = True
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000

# The cookie carries only the id of a sign-in; whether that is still good stands in accounts.SignIn.
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.public_url.startswith("https://")
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "SAMEORIGIN"
if ENV.trusted_proxy:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"reference": {"()": "linli.web.reference.ReferenceFilter"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {reference} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["reference"]}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "linli": {"level": "INFO"},
        "procrastinate": {"level": "WARNING"},
        "pyhanko": {"level": "CRITICAL"},  # it logs what it also raises or returns
        "pyhanko_certvalidator": {"level": "CRITICAL"},
    },
}
