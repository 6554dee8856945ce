"""kill -9 of workers that tell and send: every act the applicant must know has one message, every message goes out, and whoever gets
something twice can tell so by its id."""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from linli.domains.cases.commands.telling import TELLS
from linli.domains.notices.commands import deliver, sweep
from linli.domains.notices.models import Delivery, Message
from linli.domains.trace.queries import timeline
from linli.kernel.jobs import take_up
from linli.testing import processes
from linli.testing.story import INSTANT, PERMIT, Story

pytestmark = pytest.mark.slow
KILLS = int(os.environ.get("LINLI_KILLS", "4"))


class Gateway:
    """A gateway that is slow enough to be killed in the middle of, and keeps the id of everything it took."""

    def __init__(self) -> None:
        self.took: list[str] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.took.append(told["id"])
                time.sleep(0.15)  # what a provider takes to answer
                said = json.dumps({"id": f"gw-{told['id']}"}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *args):
                pass

            def handle(self):
                with suppress(ConnectionError):  # the worker was killed while it waited
                    super().handle()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.close()


def worker(settings, gateway, log) -> subprocess.Popen[bytes]:
    sending = {
        "LINLI_SMS_URL": gateway.url,
        "LINLI_SMS_SECRET": "secret",
        "LINLI_QUIET_FROM": "00:00",
        "LINLI_QUIET_UNTIL": "00:00",
    }
    return processes.worker(settings, log, "default", "notices", **sending)


def test_killed_workers_neither_lose_a_message_nor_tell_one_twice(world, committed_db, settings, gateway, tmp_path):
    stories = [Story(world, item=item) for item in (PERMIT, INSTANT, PERMIT)]
    for number, story in enumerate(stories):
        story.whole(approve=number != 2)
    settings.ENV = settings.ENV.model_copy(update={"post_office": False, "sms_url": gateway.url, "sms_secret": "secret"})
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)  # shown when it fails
    dice = random.Random(seed)
    with (tmp_path / "worker.log").open("wb") as log:
        for _ in range(KILLS):
            at_work, before = worker(settings, gateway, log), len(gateway.took)
            give_up = time.monotonic() + 120
            while at_work.poll() is None and len(gateway.took) < before + dice.randint(1, 3):
                assert time.monotonic() < give_up, (tmp_path / "worker.log").read_text()[-3000:]
                time.sleep(dice.random() * 0.1)
            at_work.kill()
            at_work.wait()
            take_up(silent_seconds=0)
        assert worker(settings, gateway, log).wait(timeout=240) == 0, (tmp_path / "worker.log").read_text()[-3000:]
    # What the dead had half handed over is found once it has been silent for long enough.
    later = datetime.now(UTC) + timedelta(minutes=11)
    sweep(now=later)
    for _ in range(2):  # at night the first time puts it off to the morning
        for pk, at in Delivery.objects.filter(state="waiting").values_list("pk", "next_try_at"):
            deliver(delivery_id=pk, now=max(at, later))
    for story in stories:
        acts = Counter(TELLS[e.act][0] for e in timeline(story.case_id) if e.act in TELLS)
        assert sum(acts.values()) == 5
        assert Counter(Message.objects.filter(subject_id=story.case_id).values_list("kind", flat=True)) == acts
    deliveries = list(Delivery.objects.all())
    assert {d.state for d in deliveries} == {"sent"}
    assert len({d.message_id for d in deliveries}) == len(deliveries) == Message.objects.count()
    assert set(gateway.took) == {str(d.pk) for d in deliveries}
    # A kill may make one try come twice; the gateway can tell by the id, and no more than one is lost to each kill and job slot.
    assert len(gateway.took) - len(deliveries) <= 2 * KILLS
