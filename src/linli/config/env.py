"""Settings from the environment, typed and checked at start: a wrong value stops the start with a clear line."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from datetime import time
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from linli.kernel.place import data_folder


class Env(BaseSettings):
    """Every setting the platform knows; each is an environment variable ``LINLI_<NAME>`` (``docs/operations.md``)."""

    model_config = SettingsConfigDict(env_prefix="LINLI_", extra="ignore", frozen=True)

    data: Path = Field(default_factory=data_folder, description="Folder of everything Linli keeps on disk.")
    database_url: str = Field("", validation_alias="DATABASE_URL", description="Your own PostgreSQL; embedded one when empty.")
    owner_database_url: str = Field("", description="The same database as the role that owns the tables; used by migrate.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535)
    base_url: str = Field("", description="Public address, printed in QR codes; http://host:port when empty.")
    allowed_hosts: str = Field("127.0.0.1,localhost,[::1]", description="Host names served, separated by commas.")
    trusted_proxy: bool = Field(False, description="Believe X-Forwarded-Proto and -For of the proxy in front.")
    debug: bool = False
    workers: int = Field(1, ge=1, le=64, description="Page server processes.")
    threads: int = Field(8, ge=1, le=256, description="Threads per page server process.")
    secret_key: str = Field("", description="Generated into the data folder at first start when empty.")
    # Sign-in (docs/security.md SE-01, SE-02; the numbers are K and therefore settings).
    second_factor: Literal["optional", "required"] = "optional"
    lockout_tries: int = Field(5, ge=3, le=20)
    lockout_minutes: int = Field(30, ge=1)
    idle_minutes: int = Field(15, ge=1, le=480)
    sessions_per_user: int = Field(2, ge=1, le=20)
    # The clock (docs/deadlines.md 4 and DL-025: L and K, hence settings).
    pause_counts_first_day: bool = False
    pause_counts_last_day: bool = False
    after_hours: Literal["next_working_day", "same_day"] = "next_working_day"
    close_of_business: time = time(17, 30)
    amber_fraction: float = Field(1 / 3, gt=0, lt=1)
    amber_working_days: int = Field(1, ge=0)
    correction_days: int = Field(10, ge=1, description="Working days an applicant is given to correct; stated in the notice.")
    demand_days: int = Field(5, ge=1, description="Working days to answer a demand.")
    reviewer_load: int = Field(30, ge=1, description="Open cases at which a reviewer is left out of the draw.")
    # Documents.
    tsa_url: str = Field("", description="RFC 3161 time stamp authority; stamps are made locally, and say so, when empty.")
    upload_megabytes: int = Field(20, ge=1, le=500)
    crypto_suite: Literal["sm", "intl"] = "sm"

    @model_validator(mode="after")
    def _check(self) -> Env:
        if self.database_url and not self.database_url.startswith(("postgres://", "postgresql://")):
            raise ValueError("DATABASE_URL must begin with postgresql://; Linli runs on PostgreSQL only")
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("LINLI_BASE_URL must begin with http:// or https://")
        return self

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    def django_secret(self) -> str:
        """The key for sessions and forms; made at first start and kept in the data folder."""
        if self.secret_key:
            return self.secret_key
        path = self.data / "secrets" / "django.key"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(48))
        return path.read_text()


def load() -> Env:
    """Read and check the environment; a wrong value ends the process with one line for each."""
    try:
        return Env()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(p) for p in problem["loc"]).upper() or "settings"
            name = name if name.startswith(("LINLI_", "DATABASE_URL")) else f"LINLI_{name}"
            sys.stderr.write(f"linli: {name}: {problem['msg']} (got {problem.get('input')!r})\n")
        raise SystemExit(2) from None
