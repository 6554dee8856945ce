"""The bank, played: what it says to a file of payments (``docs/payments.md``)."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from datetime import date

BACK = "户名与账号不符"


def references(content: bytes) -> list[str]:
    """What the payments of a file are called, in their order."""
    return [row[2] for row in csv.reader(io.StringIO(content.decode())) if row[0] == "D"]


def answer(content: bytes, *, returned: Collection[str] = (), on: date) -> bytes:
    """Everything paid on a day, but for the references that are sent back."""
    rows = list(csv.reader(io.StringIO(content.decode())))
    sums = {True: 0, False: 0}
    out = io.StringIO()
    told = csv.writer(out, lineterminator="\n")
    told.writerow(["H", "LINLI-ANSWER-1", rows[0][2]])
    payments = [row for row in rows if row[0] == "D"]
    for row in payments:
        reference, amount = row[2], row[6]
        paid = reference not in returned
        sums[paid] += int(amount.replace(".", ""))
        told.writerow(["D", reference, amount, "PAID" if paid else "RETURNED", on.isoformat(), "" if paid else BACK])
    told.writerow(["T", len(payments), *(f"{fen // 100}.{fen % 100:02d}" for fen in sums.values())])
    return out.getvalue().encode()
