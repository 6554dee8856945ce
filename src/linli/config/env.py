"""Settings from the environment, typed and checked at start: a wrong value stops the start with a clear line."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from datetime import time
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from linli.kernel.place import DEMO_STATE, data_folder


def page_threads() -> int:
    """How many threads a page server has where nobody says: a page waits for the database now and then, and more threads than this
    only take the cores from each other."""
    return min(8, 2 * (os.cpu_count() or 1) + 1)


class Env(BaseSettings):
    """Every setting the platform knows; each is an environment variable ``LINLI_<NAME>`` (``docs/operations.md``)."""

    model_config = SettingsConfigDict(env_prefix="LINLI_", extra="ignore", frozen=True)

    data: Path = Field(default_factory=data_folder, description="Folder of everything Linli keeps on disk.")
    public_data: str = Field(
        "", description="Folder of what anybody may copy (roots, draws); `public` in the data folder when empty."
    )
    database_url: str = Field("", validation_alias="DATABASE_URL", description="Your own PostgreSQL; embedded one when empty.")
    owner_database_url: str = Field("", description="The same database as the role that owns the tables; used by migrate.")
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    base_url: str = Field("", description="Public address, printed in QR codes; http://host:port when empty.")
    allowed_hosts: str = Field("127.0.0.1,localhost,[::1]", description="Host names served, separated by commas.")
    trusted_proxy: bool = Field(False, description="Believe X-Forwarded-Proto and -For of the proxy in front.")
    debug: bool = Field(False, description="Error pages show the inside; for development only.")
    workers: int = Field(1, ge=1, le=64, description="Page server processes.")
    threads: int = Field(
        default_factory=page_threads, ge=1, le=256,
        description="Threads per page server process; more than twice the cores and one wait for each other.",
    )  # fmt: skip
    secret_key: str = Field("", description="Generated into the data folder at first start when empty.")
    # Sign-in (docs/security.md SE-01, SE-02). L and K say how sure a number is (docs/deadlines.md); that is why it is a setting.
    second_factor: Literal["optional", "required"] = Field("optional", description="Whether staff must bind a second factor.")
    lockout_tries: int = Field(5, ge=3, le=20, description="Wrong passwords in a row that lock an account. (K)")
    lockout_minutes: int = Field(30, ge=1, description="How long it stays locked. (K)")
    idle_minutes: int = Field(15, ge=1, le=480, description="Minutes without a request that end a session. (K)")
    sessions_per_user: int = Field(2, ge=1, le=20, description="Live sessions of one account; a further one ends the oldest. (K)")
    resident_idle_minutes: int = Field(
        30, ge=5, le=480, description="The same for residents, who read slowly and are warned first. (K)"
    )
    resident_sessions: int = Field(
        5, ge=1, le=20, description="Live sessions of a resident: telephone, computer, a child's telephone. (K)"
    )
    # The authority's identity provider (OpenID Connect), with which residents may sign in.
    oidc_issuer: str = Field("", description="Its address (`https://…`, as it names itself); not offered when empty.")
    oidc_client_id: str = Field("", description="What it calls this platform.")
    oidc_client_secret: str = Field("", description="The secret it gave this platform.")
    oidc_name: str = Field("统一身份认证", description="What people call it; stands on the button.")
    oidc_scope: str = Field("openid profile", description="What is asked for, separated by spaces; begins with `openid`.")
    oidc_claim_name: str = Field("name", description="The claim that holds the name on the document.")
    oidc_claim_number: str = Field("id_number", description="The claim that holds its number.")
    # The clock (docs/deadlines.md).
    pause_counts_first_day: bool = Field(False, description="Whether the first day of a suspension is counted. (L)")
    pause_counts_last_day: bool = Field(False, description="Whether its last day is counted. (L)")
    after_hours: Literal["next_working_day", "same_day"] = Field(
        "next_working_day", description="Which day counts for what comes in after close of business or on a closed day. (L)"
    )
    close_of_business: time = Field(time(17, 30), description="When a working day ends.")
    amber_fraction: float = Field(1 / 3, gt=0, lt=1, description="Share of a limit that is left when its clock turns amber. (K)")
    amber_working_days: int = Field(1, ge=0, description="Or that many working days, whichever comes first. (K)")
    correction_days: int = Field(10, ge=1, description="Working days an applicant is given to correct; stated in the notice. (L)")
    commitment_check_days: int = Field(
        60,
        ge=1,
        description="Working days from the decision within which a commitment is checked. (L: 浙江, art. 14 of its regulation)",
    )
    commitment_hearing_days: int = Field(
        5, ge=1, description="Working days an applicant has to answer to facts that belie a commitment. (K)"
    )
    credit_note_months: int = Field(
        12, ge=1, le=60, description="Months for which a commitment proved untrue is noted, unless repaired before. (K)"
    )
    pending_remind_days: int = Field(
        2, ge=0, description="Working days before its day on which a promised material is reminded of. (K)"
    )
    roster_days: int = Field(
        30, ge=1, le=365, description="Days after which a roster's workbook and rows are forgotten, once made or left lying. (K)"
    )
    demand_days: int = Field(5, ge=1, description="Working days to answer a demand. (L)")
    objection_days: int = Field(
        15, ge=1, description="Working days to answer somebody who says that a record about them is wrong. (K)"
    )
    reviewer_load: int = Field(30, ge=1, description="Open cases at which a reviewer is left out of the draw. (K)")
    # Documents.
    tsa_url: str = Field("", description="RFC 3161 time stamp authority; stamps are made locally, and say so, when empty.")
    retention_file: str = Field(
        "", description="Your own schedule of how long files are kept (YAML); the usual classes when empty."
    )
    exchange_keep_years: int = Field(
        3, ge=3, description="Years for which calls to other departments and their answers are kept; receipts keep their digests."
    )
    upload_hours: int = Field(
        48, ge=25, description="Hours after which a file that another system handed in and put into no case is destroyed."
    )
    upload_megabytes: int = Field(20, ge=1, le=500, description="Most that one file handed in may have.")
    crypto_suite: Literal["sm", "intl"] = Field(
        "sm", description="Ciphers of a new key ring: SM4-GCM, or AES-256-GCM. An existing ring keeps what it has."
    )
    # Benefits (docs/operations.md, Benefits).
    policies: str = Field("", description="Folder of the bureau's own policies (docs/policies.md); none when empty.")
    benefits_engine: Literal["duckdb", "spark"] = Field(
        "duckdb", description="What scans of whole populations run on; both give the same result."
    )
    spark_master: str = Field(
        "local[*]", description="The Spark to use: this machine (`local[4]`) or a cluster (`spark://host:7077`)."
    )
    # Messages (docs/operations.md, Messages).
    post_office: bool = Field(
        False, description="Keep what would be sent where anybody can read it (/demo/post/); never with real people."
    )
    quiet_from: time = Field(time(21, 0), description="From when nobody is disturbed; only sign-in codes go out.")
    quiet_until: time = Field(time(8, 0), description="Until when.")
    sms_signature: str = Field("邻里", max_length=16, description="The name in 【】 before every text message.")
    sms_url: str = Field("", description="Address of the SMS gateway; no SMS when empty.")
    sms_key: str = Field("", description="The name the gateway knows us by.")
    sms_secret: str = Field("", description="The secret that signs requests to the gateway and its receipts.")
    smtp_host: str = Field("", description="Mail server; no e-mail when empty.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Its port.")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="How the connection to it is protected.")
    smtp_user: str = Field("", description="Account at the mail server; none when empty.")
    smtp_password: str = Field("", description="Its password.")
    mail_from: str = Field("", description="The sender's address of every e-mail.")
    wechat_app_id: str = Field("", description="WeChat official account; no WeChat when empty.")
    wechat_secret: str = Field("", description="Its secret.")
    wechat_token: str = Field("", description="The token agreed with WeChat for its callbacks.")
    wechat_templates: dict[str, str] = Field(
        default_factory=dict, description='Template of each kind of message, as JSON; "*" for every other kind.'
    )
    wechat_api: str = Field("https://api.weixin.qq.com", description="Address of the WeChat interface.")
    wechat_authorize: str = Field(
        "https://open.weixin.qq.com/connect/oauth2/authorize", description="Where residents let the official account write to them."
    )

    webhook_networks: str = Field(
        "", description="Networks that webhooks may reach besides public addresses, separated by commas (10.8.0.0/16)."
    )

    @model_validator(mode="after")
    def _check(self) -> Env:
        if self.database_url and not self.database_url.startswith(("postgres://", "postgresql://")):
            raise ValueError("DATABASE_URL must begin with postgresql://; Linli runs on PostgreSQL only")
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError("LINLI_BASE_URL must begin with http:// or https://")
        for network in filter(None, (n.strip() for n in self.webhook_networks.split(","))):
            ip_network(network)  # its error says what is wrong
        if self.smtp_host and "@" not in self.mail_from:
            raise ValueError("LINLI_MAIL_FROM must name the sender when LINLI_SMTP_HOST is set")
        if self.sms_url and not self.sms_secret:
            raise ValueError("LINLI_SMS_SECRET must be set with LINLI_SMS_URL: requests to the gateway are signed")
        if self.wechat_app_id and not (self.wechat_secret and self.wechat_templates):
            raise ValueError("LINLI_WECHAT_SECRET and LINLI_WECHAT_TEMPLATES must be set with LINLI_WECHAT_APP_ID")
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("LINLI_OIDC_ISSUER needs LINLI_OIDC_CLIENT_ID and LINLI_OIDC_CLIENT_SECRET")
        return self

    @property
    def public_url(self) -> str:
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def demonstration(self) -> bool:
        """Whether the people here are invented: asked for, or the data folder was filled by ``linli demo``."""
        return self.post_office or (self.data / DEMO_STATE).exists()

    @property
    def reach(self) -> list[IPv4Network | IPv6Network]:
        """Networks that webhooks may reach besides public addresses; a demonstration may also call its own machine."""
        named = [n.strip() for n in self.webhook_networks.split(",") if n.strip()]
        return [ip_network(n) for n in named + (["127.0.0.0/8", "::1/128"] if self.demonstration else [])]

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
