from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from django.db import transaction

from linli.domains.documents.commands import PaperKind, compose, seal_document, store_file
from linli.domains.documents.models import Document, SealUse, StoredFile
from linli.domains.documents.tests.conftest import ITEM, NOW, REGION, House
from linli.domains.documents.tests.samples import SAMPLES
from linli.kernel.errors import LinliError
from linli.kernel.ids import uuid7
from linli.testing.concurrency import at_once

NOTICE = SAMPLES[0]


def one(house: House, kind=PaperKind.ACCEPTANCE_NOTICE):
    return compose(kind=kind, subject_id=uuid7(), standard_id=None, org_id=house.org, data=NOTICE, by=house.clerk, now=NOW)


def test_fifty_at_once_get_fifty_numbers_without_gap_or_double(committed_db):
    house = House()
    made = at_once([lambda: one(house)] * 50)
    assert not [m for m in made if isinstance(m, Exception)]
    assert sorted(Document.objects.values_list("sequence", flat=True)) == list(range(1, 51))
    assert Document.objects.values("number").distinct().count() == 50
    assert Document.objects.values("code").distinct().count() == 50


def test_those_who_fail_in_the_middle_leave_no_gap(committed_db):
    house = House()

    def failing():
        with transaction.atomic():
            one(house)
            raise RuntimeError("changed my mind")

    results = at_once([(failing if n % 3 == 0 else (lambda: one(house))) for n in range(30)])
    assert sum(isinstance(r, RuntimeError) for r in results) == 10
    assert sorted(Document.objects.values_list("sequence", flat=True)) == list(range(1, 21))


def test_many_issuers_at_one_document_seal_it_once(committed_db):
    house = House()
    document = one(house)

    def seal():
        return seal_document(document_id=document, item_code=ITEM, region=REGION, decision_ref="决-1", by=house.issuer, now=NOW)

    results = at_once([seal] * 8)
    assert sum(not isinstance(r, Exception) for r in results) == 1
    assert all(isinstance(r, LinliError) for r in results if isinstance(r, Exception))
    assert SealUse.objects.count() == 1


def test_the_same_file_brought_by_many_at_once_is_kept_once(committed_db):
    from io import BytesIO

    house = House()
    content = "同一份材料。".encode() * 5000
    refs = at_once([lambda: store_file(content=BytesIO(content), declared_name="材料.txt", by=house.clerk, now=NOW)] * 12)
    assert not [r for r in refs if isinstance(r, Exception)]
    assert len({r.id for r in refs}) == 1
    assert StoredFile.objects.count() == 1


def test_threads_of_a_server_print_side_by_side(committed_db):
    from linli.domains.documents.queries import pdf

    house = House()
    documents = [one(house) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(_printed, documents))
    assert first == [pdf(d) for d in documents]


def _printed(document):
    from django.db import connections

    from linli.domains.documents.queries import pdf

    try:
        return pdf(document)
    finally:
        connections.close_all()
