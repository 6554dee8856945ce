"""Where a result is collected, as a field to choose it with: at the counter and on the phone."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from linli.domains.cases.queries import FINAL, Case, State, collected_at, collection_places
from linli.web.ui.fields import FieldSpec, Option


def collection_field(case: Case, *, on: date) -> FieldSpec | None:
    """The counters of the city, the one that counts chosen; None where nothing is left to hand over."""
    if case.state in FINAL or case.state == State.DELIVERED:
        return None
    places = [Option(str(place.pk), place.name) for place in collection_places(case, on=on)]
    return FieldSpec(
        name="place", label=_("领取地点"), type="select", value=str(collected_at(case)), options=places, required=True, autocomplete="off",
        help=_("可以选离申请人近的大厅、乡镇（街道）或村（社区）；结果电子件随时可以在手机上领。"),
    )  # fmt: skip
