"""The server behind ``linli sandbox``: checks requests as a department would, answers by the contract, misbehaves on demand.

It knows no database. What it says of somebody is made from their number alone, so it says the same every time: the birth date
and the sex that the number spells, and for the rest values of the contract chosen by a digest. Of some numbers a source has no
record, and of some it says another name, because real sources do too.
"""

from __future__ import annotations

import hmac
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from linli.domains.exchange.queries import Interface, ResponseField, ValueType, canonical, interfaces, query_digest, signature
from linli.kernel.crypto import sm3

_SECRET = os.environ.get("LINLI_SANDBOX_SECRET", "")
_LATENCY = int(os.environ.get("LINLI_SANDBOX_LATENCY_MS", "0")) / 1000
_FACES = {face.code: face for face in interfaces()}
_SLOW_SECONDS = 10.0
# What everybody has on file; of other data sets a source may well have no record.
_EVERYBODY = {"ga-identity", "ga-household", "sj-registration", "sj-search", "rs-card", "rs-insurance", "rs-records", "yh-account"}

_faults = dict(pair.split("=", 1) for pair in os.environ.get("LINLI_SANDBOX_FAULTS", "").split(",") if "=" in pair)
_lock = threading.Lock()
_counts: dict[str, int] = {}

Reply = tuple[str, dict[str, str], bytes]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """WSGI."""
    status, headers, body = _reply(environ)
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers.items()])
    return [body]


def _reply(environ: dict[str, Any]) -> Reply:
    path = environ.get("PATH_INFO", "").strip("/")
    if path == "_health":
        return "200 OK", {}, b'{"ok": true}'
    if environ["REQUEST_METHOD"] != "POST":
        return _problem("405 Method Not Allowed", "post")
    length = min(int(environ.get("CONTENT_LENGTH") or 0), 200_000)
    body = environ["wsgi.input"].read(length)
    if not hmac.compare_digest(environ.get("HTTP_LINLI_SIGNATURE", ""), signature(_SECRET, body)):
        return _problem("401 Unauthorized", "signature")
    try:
        asked = json.loads(body)
    except ValueError:
        return _problem("400 Bad Request", "json")
    if path == "_faults":
        return _switch(asked)
    face = _FACES.get(path)
    if face is None:
        return _problem("404 Not Found", "interface")
    with _lock:
        _counts[face.code] = _counts.get(face.code, 0) + 1
        fault = _faults.get(face.code) or _faults.get("*", "none")
    return _play(face, asked, fault)


def _switch(asked: dict[str, Any]) -> Reply:
    """Switch a fault on or off, for one interface or for all (``*``), or only tell how they are where none is named."""
    with _lock:
        if "fault" not in asked:
            pass
        elif asked["fault"] == "none":
            _faults.pop(str(asked.get("interface")), None)
        else:
            _faults[str(asked.get("interface"))] = str(asked["fault"])
        return "200 OK", {}, canonical({"faults": _faults, "counts": _counts})


def _problem(status: str, why: str) -> Reply:
    return status, {}, canonical({"error": why})


def _play(face: Interface, asked: dict[str, Any], fault: str) -> Reply:
    if fault == "down":
        return _problem("503 Service Unavailable", "down")
    time.sleep(_SLOW_SECONDS if fault == "slow" else _LATENCY)
    record = answer(face, asked.get("query", {}))
    if fault == "empty":
        record = None
    records = [] if record is None else [record]
    as_of = _day(asked)
    match fault:
        case "duplicate":
            records = records * 2
        case "stale":
            as_of -= timedelta(days=face.fresh_days + 30)
        case "wrong" if records:
            records = [{k: v for k, v in records[0].items() if k != face.response[0].name} | {"unasked": "x"}]
        case "wrong":
            return _signed(b"<html>maintenance</html>")
    body = canonical(
        {
            "interface": face.code, "nonce": asked.get("nonce"), "query": query_digest(face.code, asked.get("query", {})).hex(),
            "as_of": as_of.isoformat(), "records": records,
        }
    )  # fmt: skip
    status, headers, body = _signed(body)
    if fault == "forged":
        headers = {"Linli-Signature": signature("another secret", body)}
    return status, headers, body


def _day(asked: dict[str, Any]) -> date:
    """The data are as of the day of the question, so that a demonstration's past weeks can be played."""
    try:
        return datetime.fromisoformat(str(asked.get("at"))).date()
    except ValueError:
        return datetime.now(UTC).date()


def _signed(body: bytes) -> Reply:
    return "200 OK", {"Linli-Signature": signature(_SECRET, body)}, body


# -- what a department knows -----------------------------------------------------------------------------------------------


def answer(face: Interface, query: dict[str, str]) -> dict[str, Any] | None:
    """The record of somebody, or None where there is none; only people of the reserved division 77 exist here."""
    number = str(query.get("subject_number", ""))
    by_name = all(f.name != "subject_number" for f in face.request)
    place = number[2:8] if (len(number) == 18 and not number[:17].isdecimal()) or number[:2] == "91" else number[:6]
    place = "77" if by_name else place
    seed = sm3(f"{face.code} {query.get('subject_name', '') if by_name else number}".encode())
    if not place.startswith("77") or (face.code not in _EVERYBODY and seed[0] < 10):
        return None
    record = {f.name: _value(f, query, number, sm3(seed, f.name.encode())) for f in face.response}
    compared = next((f.name for f in face.response if f.fact == "subject_name"), None)
    if compared and face.code not in _EVERYBODY and seed[1] < 6:
        record[compared] = "同名有误"
    return {name: value for name, value in record.items() if value is not None}


def _value(field: ResponseField, query: dict[str, str], number: str, seed: bytes) -> Any:
    if field.fact in query:
        return query[str(field.fact)]
    pick = int.from_bytes(seed[:4], "big")
    person = len(number) == 18 and number[6:8] in ("19", "20")
    if field.name == "gender" and person:
        return "男" if int(number[16]) % 2 else "女"
    if field.name == "birth_date" and person:
        return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    if field.values:
        return field.values[0] if pick % 4 else field.values[pick % len(field.values)]
    return _typed(field, number, pick)


def _typed(field: ResponseField, number: str, pick: int) -> Any:
    match field.type:
        case ValueType.DATE:
            # Past what lies behind, ahead what still counts; from fixed days, so that the answer stays the same.
            base = date(2031, 1, 1) if field.name.endswith("_to") else date(2025, 12, 1)
            return (base - timedelta(days=pick % 700)).isoformat()
        case ValueType.NUMBER:
            return 1 + pick % (12 if "近十二个月" in field.label else 180)
        case ValueType.MONEY:
            return f"{500 + pick % 90_000}.{pick % 100:02d}"
        case ValueType.BOOLEAN:
            return pick % 5 == 0
        case ValueType.CREDIT_CODE if number[:2] != "91":  # asked by a name, or by a trader's own number
            return f"91770100{pick:010d}"
        case ValueType.ID_NUMBER | ValueType.CREDIT_CODE:
            return number
        case ValueType.ACCOUNT:
            return f"6299{pick:014d}"
    return _TEXTS.get(field.name) or f"{field.label}{pick % 9000 + 1000}"


_TEXTS = {
    "household_place": "示例省云岭市", "address": "云岭市示例路18号", "residence": "云岭市示例路18号", "bank_name": "云岭农村商业银行",
    "hospital": "云岭市第一人民医院", "school": "云岭示例学院", "kept_at": "云岭市人才服务中心", "kinds": "养老、工伤、失业", "period": "2025年度",
}  # fmt: skip
