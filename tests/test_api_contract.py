"""The interface against its own document, by Schemathesis: whatever is sent, no answer breaks the contract and none is a 5xx.

On the real application, as a system with every scope and as one that is admitted for one thing only. One check is left out because
the document cannot say what it would have to: which form an item has, so that a well-formed application may well be refused
(``positive_data_acceptance``).
"""

from __future__ import annotations

from datetime import timedelta

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from linli.api import results
from linli.domains.cases.commands import check_roster
from linli.domains.cases.queries import Case
from linli.domains.clients.commands import admit_client
from linli.domains.clients.queries import Delivery, Scope, Webhook
from linli.domains.documents.queries import SealUse
from linli.kernel.actors import Actor, system
from linli.testing.fixtures import standing_on
from linli.testing.rosters import ENROL, PLANS, common_of, person
from linli.testing.story import PERMIT, Story, filled

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SCHEMA = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]
EXAMPLES = 30


@pytest.fixture(autouse=True)
def one_connection():
    """Calls are made in the transaction of the test, so none of them may tidy the connection away (as Django's own client sees to)."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def admitted(world):
    """The key of a system that may do everything, and of one that may only look at the catalogue."""
    now = timezone.now()
    return {
        name: admit_client(
            name=name,
            org_id=world.orgs["hall"],
            owner="示例处",
            scopes=scopes,
            per_minute=6000,
            expires_at=now + timedelta(days=9),
            by=system("clients.manage"),
            now=now,
        )
        for name, scopes in (("whole", list(Scope)), ("narrow", [Scope.CATALOGUE]))
    }


def made(world, keys):
    """Ids of what is there, for calls that get past the door."""
    story = Story(world, item=PERMIT)
    story.whole()
    mine = Story(world, item=PERMIT)
    mine.receive(complete=False)
    client_id = keys["whole"][0]
    Case.objects.filter(pk__in=[story.case_id, mine.case_id]).update(client_id=client_id)
    hook = Webhook.objects.create(
        client_id=client_id, url="https://example.org/h", acts=["cases.accepted"], secret="s", made_at=timezone.now()
    )
    gone = timezone.now()
    delivery = Delivery.objects.create(webhook=hook, act="ping", body="{}", state="given_up", made_at=gone, done_at=gone)
    use = SealUse.objects.select_related("document").first()
    actor = Actor(
        user_id=client_id, org_id=world.orgs["hall"], body_id=world.orgs["bureau"], hall_id=world.orgs["hall"], region="7701",
        permissions=frozenset({"cases.receive"}),
        client_id=client_id,
    )  # fmt: skip
    lists = [
        check_roster(
            item_code=ENROL, employer_id=world.people["employer"], people=tuple(people), common=common_of(world), materials={},
            by=actor, now=timezone.now(),
        )
        for people in ([person(PLANS[ENROL], 1)], [person(PLANS[ENROL], 2), {}])
    ]  # fmt: skip
    return {
        "case_id": [str(mine.case_id), str(story.case_id)], "paper_id": [str(use.document_id)], "webhook_id": [str(hook.pk)],
        "delivery_id": [str(delivery.pk)], "code": [PERMIT, ENROL, use.document.code],
        "roster_id": [str(one) for one in lists], "region": ["0", "7701"], "version": ["1"],
    }  # fmt: skip


@pytest.fixture(scope="module")
def ground(every_world, django_db_blocker):
    """Both, made once: a hundred and thirty tests look at them, and what a test changes is taken back with its transaction."""

    def build():
        keys = admitted(every_world)
        return keys, made(every_world, keys)

    with standing_on("contract", build, django_db_blocker) as found:
        yield found


@pytest.fixture
def keys(ground):
    return ground[0]


@pytest.fixture
def known(ground):
    return ground[1]


def bodies(operation, world):
    """Bodies that mean something, where a generated one would only ever be refused."""
    return {
        "submit_case": {
            "item": PERMIT, "applicant": {"kind": "employer", "id": str(world.people["employer"])},
            "form": filled(Story(world, item=PERMIT).standard),
        },
        "check_roster": {
            "item": ENROL, "employer": str(world.people["employer"]), "common": common_of(world),
            "rows": [person(PLANS[ENROL], 3), {"name": "只有姓名"}],
        },
        "mend_roster": {"rows": [person(PLANS[ENROL], 4)]},
        "add_webhook": {"url": "https://example.org/hook", "acts": ["cases.accepted"]},
        "find_employer": {"credit_code": "91770100123456788U"},
    }.get(operation.definition.raw["operationId"])  # fmt: skip


def play(operation, strategy, key):
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(case=strategy)
    def run(case):
        results.WRONG_CODES.forget()
        results.FILES.forget()
        headers = {"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"}  # the player does not unpack
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    run()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda m: m.value)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_nothing_sent_breaks_the_contract(operation, mode, keys, known, world):
    names = {p.name for p in operation.path_parameters}
    strategies = [operation.as_strategy(mode)]
    if mode is GenerationMode.POSITIVE and names:
        strategies.append(
            st.fixed_dictionaries({n: st.sampled_from(known[n]) for n in names}).flatmap(
                lambda ids: operation.as_strategy(mode, path_parameters=ids)
            )
        )
    body = bodies(operation, world)
    if mode is GenerationMode.POSITIVE and body:
        strategies.append(operation.as_strategy(mode, body=body))
    play(operation, st.one_of(strategies), keys["whole"][1])


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.label)
def test_who_is_admitted_for_one_thing_only_breaks_nothing_either(operation, keys):
    play(operation, operation.as_strategy(GenerationMode.POSITIVE), keys["narrow"][1])


def test_the_document_is_openapi_3_1_and_names_every_answer():
    raw = SCHEMA.raw_schema
    assert raw["openapi"].startswith("3.1.")
    assert len(OPERATIONS) >= 25
    for operation in OPERATIONS:
        answers = operation.definition.raw["responses"]
        assert {"400", "404", "422", "429", "500", "503"} <= set(answers), operation.label
        assert all("application/problem+json" in a["content"] for s, a in answers.items() if s >= "4"), operation.label
        if operation.definition.raw.get("security"):
            assert {"401", "403"} <= set(answers)
