"""What certification puts into the navigation."""

from __future__ import annotations

from linli.domains.benefits.queries import open_calls, photos_waiting, suspensions_to_agree
from linli.kernel.text import noop
from linli.web import navigation
from linli.web.navigation import Entry

_SEE, _DO = frozenset({"benefits.certify", "benefits.view"}), frozenset({"benefits.certify"})
_DECIDE = frozenset({"benefits.certify", "benefits.agree"})
_GROUP = noop("待遇资格认证")
navigation.register(
    Entry("console", noop("认证总览"), "certification:overview", "heartbeat", _SEE, 60, _GROUP),
    Entry("console", noop("领取人员"), "certification:people", "users", _SEE, 61, _GROUP),
    Entry("console", noop("待打电话"), "certification:calls", "phone", _DO, 62, _GROUP, waits=open_calls),
    Entry(
        "console", noop("待复核的暂停"), "certification:proposals", "player-pause", _DECIDE, 64, _GROUP, waits=suspensions_to_agree
    ),
    Entry("console", noop("待比对照片"), "certification:photos", "camera", _DO, 63, _GROUP, waits=photos_waiting),
)
