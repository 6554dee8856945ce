"""The stages of a lifecycle in django-viewflow, a human task for each, done by users of Django.

Run by ``bench/lifecycle.py``: ``viewflow_peer.py CONNINFO COUNT`` prints how many lifecycles a second.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import django
import psycopg
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

STEPS = ("accept", "review", "decide", "prepare", "issue", "deliver", "close")


def set_up(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as db:
        db.execute("CREATE SCHEMA IF NOT EXISTS peer_viewflow")
    parts: dict[str, Any] = conninfo_to_dict(conninfo)
    settings.configure(
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "viewflow", "viewflow.workflow", "peers"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts["dbname"], "USER": parts["user"],
                "PASSWORD": parts["password"], "HOST": parts["host"], "PORT": str(parts["port"]), "CONN_MAX_AGE": None,
                "OPTIONS": {"options": "-c search_path=peer_viewflow"},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True, SECRET_KEY="of the benchmark", ROOT_URLCONF=__name__,
    )  # fmt: skip
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


urlpatterns: list[Any] = []
CaseFlow: Any = None  # viewflow finds a flow again by its module and name


def make_flow() -> None:
    global CaseFlow
    from viewflow import this
    from viewflow.workflow import flow, lock
    from viewflow.workflow.models import Process

    def page(request: Any) -> None:
        """Never called: the benchmark does what viewflow's own views do with a task."""

    def begin(self: Any, activation: Any) -> Any:
        return activation

    nodes: dict[str, Any] = {"begin": begin, "start": flow.StartHandle(this.begin).Next(this.accept), "end": flow.End()}
    for step, after in zip(STEPS, [*STEPS[1:], "end"], strict=True):
        nodes[step] = flow.View(page).Next(getattr(this, after))
    members = {"process_class": Process, "lock_impl": lock.select_for_update_lock, "__module__": __name__, **nodes}
    CaseFlow = type("CaseFlow", (flow.Flow,), members)


def main() -> None:
    conninfo, count = sys.argv[1], int(sys.argv[2])
    set_up(conninfo)
    from django.contrib.auth.models import User
    from django.db import transaction
    from viewflow.workflow.models import Task

    make_flow()
    case_flow = CaseFlow
    user, _ = User.objects.get_or_create(username="somebody")
    request = SimpleNamespace(user=user)

    def run() -> None:
        process_id = case_flow.start.run().process.pk
        for step in STEPS:
            task = Task.objects.get(process_id=process_id, flow_task=getattr(case_flow, step), finished=None)
            with transaction.atomic(), task.activation() as act:
                act.assign(user)
                act.start(request)
                act.execute()
        assert Task.objects.get(process_id=process_id, flow_task=case_flow.end).status == "DONE"

    for _ in range(10):
        run()
    began = time.perf_counter()
    for _ in range(count):
        run()
    print(count / (time.perf_counter() - began))


if __name__ == "__main__":
    # Under its own name, as part of the package that viewflow knows as an application.
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import_module("peers.viewflow_peer").main()
