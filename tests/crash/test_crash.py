"""kill -9, again and again, of processes at work and of the database: nothing acknowledged is lost, nothing is half done.

The database is a real one with all its promises of durability, not the quick one of the other tests; the load runs in processes of
its own (``load.py``), and only processes started here are killed, by their number.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from linli.kernel.postgres import EmbeddedPostgres

pytestmark = pytest.mark.slow
LOAD = Path(__file__).with_name("load.py")
WORKERS, KILLS = 3, int(os.environ.get("LINLI_KILLS", "8"))


class Scene:
    """An installation under load."""

    def __init__(self, data: Path) -> None:
        self.data, self.journals = data, data / "journals"
        self.server = EmbeddedPostgres(data)
        self.workers: list[subprocess.Popen[bytes]] = []
        self.number = 0

    def env(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("LINLI_") and k != "DATABASE_URL"}
        return kept | {"LINLI_DATA": str(self.data)} | more

    def run(self, *words: str, **more: str) -> str:
        done = subprocess.run([sys.executable, *words], env=self.env(**more), capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
        return done.stdout

    def hire(self) -> None:
        """One more worker."""
        self.number += 1
        words = [sys.executable, str(LOAD), "work", str(self.journals), str(self.number)]
        with (self.data / f"worker-{self.number}.log").open("wb") as log:
            self.workers.append(subprocess.Popen(words, env=self.env(), stdout=log, stderr=log))

    def kill_worker(self, dice: random.Random) -> None:
        victim = self.workers.pop(dice.randrange(len(self.workers)))
        victim.kill()
        victim.wait()
        self.hire()

    def kill_database(self) -> None:
        """The postmaster dies at once; its children are on their own. Then it is started as the platform starts it."""
        postmaster = self.server._process
        assert postmaster is not None
        os.kill(postmaster.pid, signal.SIGKILL)
        postmaster.wait()
        self.server._process = None  # there is nothing left to shut down, only its lock to give back
        self.server.stop()
        self.server = EmbeddedPostgres(self.data)
        self.server.start()

    def answered(self) -> int:
        return sum(path.read_text().count('"answered"') for path in self.journals.glob("*.journal"))

    def until(self, count: int) -> None:
        """Wait until so many requests were answered: progress, not time, says when the next blow falls."""
        give_up = time.monotonic() + 300
        while self.answered() < count:
            dead = [w for w in self.workers if w.poll() is not None]
            assert not dead, "\n".join(p.read_text()[-3000:] for p in self.data.glob("worker-*.log") if p.stat().st_size)
            assert time.monotonic() < give_up, "the load stands still"
            time.sleep(0.02)


@pytest.fixture
def scene():
    data = Path(tempfile.mkdtemp(prefix="linli-crash-"))
    data.chmod(0o755)  # as root, the server runs as another user
    made = Scene(data)
    made.journals.mkdir()
    made.server.start()
    try:
        made.run("-m", "linli.cli", "migrate")
        made.run(str(LOAD), "build", str(made.journals), LINLI_AS_OWNER="1")
        yield made
    finally:
        for worker in made.workers:
            worker.kill()
            worker.wait()
        made.server.stop()
        shutil.rmtree(data)


def test_whatever_is_killed_what_was_acknowledged_is_there_and_nothing_is_half_done(scene):
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)  # shown when it fails
    dice = random.Random(seed)
    for _ in range(WORKERS):
        scene.hire()
    scene.until(10)
    for blow in range(KILLS):
        scene.until(scene.answered() + dice.randint(3, 12))
        time.sleep(dice.random() * 0.2)  # anywhere within a request
        if blow % 2:
            scene.kill_database()
        else:
            scene.kill_worker(dice)
    scene.until(scene.answered() + 10)
    (scene.journals / "stop").touch()
    for worker in scene.workers:
        assert worker.wait(timeout=180) == 0, [p.read_text()[-3000:] for p in scene.data.glob("worker-*.log") if p.stat().st_size]
    said = scene.run(str(LOAD), "settle", str(scene.journals))
    assert re.search(r"\d+ requests had no answer", said)
    said = scene.run(str(LOAD), "check", str(scene.journals))
    cases, answers = map(int, re.match(r"(\d+) cases, (\d+) answered requests, all there", said).groups())
    assert cases > 10 and answers > 40


def test_the_check_notices_a_loss(scene):
    """The proof above could not fail for a check that looks at nothing: lose one acknowledged case on purpose."""
    scene.hire()
    scene.until(6)
    (scene.journals / "stop").touch()
    assert scene.workers[0].wait(timeout=180) == 0
    scene.run(str(LOAD), "check", str(scene.journals))
    journal = next(scene.journals.glob("1.journal"))
    made_up = '{"key": "0190f0a0-0000-7000-8000-00000000ffff", "answered": true, "act": "receive", "case": "0190f0a0-0000-7000-8000-00000000fffe"}\n'
    journal.write_text(journal.read_text() + made_up)
    with pytest.raises(AssertionError, match="lost"):
        scene.run(str(LOAD), "check", str(scene.journals))
