"""What the tests of this room share: a press, an organisation with a seal, and who acts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from linli.domains.documents.engine import Press
from linli.domains.org.queries import OrgKind, Power
from linli.kernel.actors import Actor
from linli.kernel.ids import uuid7

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ITEM, REGION = "si-unemp-01", "110105"


def actor(*permissions: str, org_id=None) -> Actor:
    return Actor(user_id=uuid7(), posting_id=uuid7(), org_id=org_id, device="w3", region=REGION, permissions=frozenset(permissions))


@pytest.fixture(scope="session")
def press(tmp_path_factory) -> Press:
    folder = tmp_path_factory.mktemp("press")
    return Press(local_fonts=folder / "fonts", cache=folder / "cache")


class House:
    """A bureau with the power to seal, its seal, and the people in it."""

    def __init__(self) -> None:
        from linli.domains.documents.commands import register_seal
        from linli.domains.org.commands import add_organisation, add_region, grant

        root = actor("org.manage", "org.authorise")
        day = date(2026, 1, 1)
        add_region(code=REGION, name="示范区", valid_from=day, by=root, now=NOW)
        self.org = add_organisation(
            code="doc-bureau", name="示范区人力资源和社会保障局", short_name="示范区人社局", kind=OrgKind.BUREAU, region=REGION,
            valid_from=day, by=root, now=NOW,
        )  # fmt: skip
        self.hall = add_organisation(
            code="doc-hall", name="示范区政务服务大厅", short_name="示范区大厅", kind=OrgKind.HALL, region=REGION, parent_id=self.org,
            valid_from=day, by=root, now=NOW,
        )  # fmt: skip
        self.other = add_organisation(
            code="doc-other", name="邻区人力资源和社会保障局", short_name="邻区人社局", kind=OrgKind.BUREAU, region=REGION,
            valid_from=day, by=root, now=NOW,
        )  # fmt: skip
        grant(
            org_id=self.org, item_code=ITEM, powers=[Power.SEAL], region=REGION, document="测试", valid_from=day, by=root, now=NOW
        )
        self.root = root
        self.seal = register_seal(
            org_id=self.org, code="1101050012345", valid_from=day, valid_to=date(2027, 12, 31), by=root, now=NOW
        )
        self.clerk = actor("cases.accept", "cases.decide", org_id=self.hall)
        self.issuer = actor("documents.seal", "cases.issue", org_id=self.hall)
        self.stranger = actor("documents.seal", "documents.revoke", "cases.decide", "cases.issue", org_id=self.other)
        self.leader = actor("documents.revoke", org_id=self.org)
        self.auditor = actor("trace.read", "trace.verify", org_id=self.org)


@pytest.fixture
def house(db) -> House:
    return House()
