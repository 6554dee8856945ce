"""Many signatures by one key: each is its own, and none differs from what the library makes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from linli.domains.documents.signing import Signer, check_signature
from linli.domains.documents.tests.samples import SAMPLES
from linli.domains.documents.tests.test_papers import AT, sheet
from linli.kernel.pki import DemoAuthority

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return DemoAuthority(tmp_path_factory.mktemp("pki"))


def test_a_signature_by_the_kept_structure_is_the_one_the_library_makes(authority, press):
    kept = Signer(authority.seal())
    papers = [press.render(sheet(p), 1, at=AT) for p in SAMPLES[:3]]
    signed = []
    for n, pdf in enumerate(papers):
        at = FIRST + timedelta(days=n)
        one = kept.sign(pdf, name="章", reason=f"第{n}份", at=at)
        found = check_signature(one, roots=[authority.root.certificate], now=at + timedelta(minutes=1))
        assert found.intact and found.trusted and found.whole_file and found.signed_at == at
        signed.append(_signature(one))
        alone = Signer(authority.seal()).sign(pdf, name="章", reason=f"第{n}份", at=at)
        # The file has an id of its own each time, so what is signed differs; all else of the structure is the same.
        assert len(_signature(alone)) == len(signed[n]) and _names(one) == _names(alone)
    assert len(set(signed)) == 3


def test_one_byte_changed_is_seen_whichever_way_it_was_signed(authority, press):
    kept = Signer(authority.seal())
    pdf = press.render(sheet(SAMPLES[0]), 1, at=AT)
    for _ in range(2):  # the library's, then one by the kept structure
        one = bytearray(kept.sign(pdf, name="章", reason="一份", at=FIRST))
        one[len(pdf) // 2] ^= 1
        assert not check_signature(bytes(one), roots=[authority.root.certificate], now=FIRST).intact


def _embedded(pdf: bytes):
    (found,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    return found


def _signature(pdf: bytes) -> bytes:
    return _embedded(pdf).signer_info.dump()


def _names(pdf: bytes) -> list[str]:
    """Which attributes are signed: no time among them, which would be the first one's for ever."""
    names = [a["type"].native for a in _embedded(pdf).signer_info["signed_attrs"]]
    assert "signing_time" not in names
    return names
