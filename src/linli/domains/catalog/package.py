"""Reading the reference catalogue that ships with the platform into standards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml
from pydantic import ValidationError

from linli.domains.catalog.bundles import Bundle, Words
from linli.domains.catalog.errors import StandardWrong
from linli.domains.catalog.standard import Standard
from linli.domains.catalog.timing import complete_times
from linli.domains.catalog.wording import problems
from linli.kernel.errors import Invalid, LinliError

_DATA = resources.files("linli.domains.catalog") / "data"
_BRACKETS = re.compile(r"[((][^))]*[))]")
_LINK_LIMIT = re.compile(r"(\d+)\s*(?:至\s*(\d+)\s*)?(个工作日|工作日|日|天)")


@cache
def reference(name: str) -> dict[str, Any]:
    """One of the reference tables, such as ``step-words`` or ``time-rules``."""
    return yaml.load((_DATA / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)


def read_package() -> Iterator[Standard]:
    """All items of the reference catalogue, in order of file and place."""
    for path in sorted((_DATA / "items").iterdir(), key=lambda p: p.name):
        yield from read_domain(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))


def read_partners() -> Iterator[Standard]:
    """Items of other departments that are members of joint matters, in order of department and place."""
    for raw in reference("partner-items")["departments"]:
        yield from read_domain(raw)


@cache
def partner_departments() -> dict[str, str]:
    """What the department of each partner item is called, by item code; an item that is not here is the bureau's own."""
    return {
        item["code"]: raw["department"]
        for raw in reference("partner-items")["departments"]
        for main in raw["main_items"]
        for item in main["sub_items"]
    }


def read_bundles() -> Iterator[Bundle]:
    """All joint matters of the reference catalogue. Raises :class:`StandardWrong` naming matter and field."""
    for raw in reference("bundles")["bundles"]:
        try:
            yield Bundle.model_validate(raw)
        except ValidationError as error:
            raise wrong(raw.get("code", "?"), error) from error


@cache
def bundle_words() -> Words:
    """Which names mean the same across the members of joint matters."""
    return Words.model_validate({k: v for k, v in reference("bundles").items() if k != "bundles"})


def read_domain(raw: dict[str, Any]) -> Iterator[Standard]:
    """The items of one domain file. Raises :class:`StandardWrong` naming item and field."""
    for main in raw["main_items"]:
        for item in main["sub_items"]:
            try:
                yield complete_times(_standard(raw, main, item), reference("time-rules"))
            except ValidationError as error:
                raise wrong(item.get("code", "?"), error) from error


def wrong(code: str, error: ValidationError) -> LinliError:
    """The problems of a document as an expected error: one, or :class:`Invalid` with all of them."""
    errors: list[LinliError] = []
    for place, why in problems(error):
        where = ".".join(place) or "standard"
        errors.append(StandardWrong(field=where, where=f"{code} {where}".strip(), why=why))
    return errors[0] if len(errors) == 1 else Invalid(errors)


def _standard(raw: dict[str, Any], main: dict[str, Any], item: dict[str, Any]) -> Standard:
    external = reference("external-systems")["items"].get(item["code"]) or reference("external-systems")["main_items"].get(
        main["code"]
    )
    materials = list(_materials(item.get("materials") or []))
    return Standard.model_validate({
        "main_code": main["code"], "main_name": main["name"], "code": item["code"], "name": item["name"],
        "domain": raw["domain"], "domain_name": raw["domain_name"], "kind": item["kind"],
        "applicant_kinds": item["applicant_kinds"],
        "legal_basis": item.get("legal_basis", []),
        "materials": materials,
        "applicant_steps": item.get("applicant_steps", []),
        "links": [read_link(name) for name in item.get("back_office_steps", [])],
        "times": _times(item),
        "form": list(_form(item.get("form_fields") or [], materials)),
        "summary": item.get("summary", ""),
        "conditions": item.get("conditions", []), "conditions_any": item.get("conditions_any", []),
        "benefit": _text(item.get("standard", "")), "fee": item.get("fee", ""),
        "result_document": item.get("result_document", ""), "result_validity": item.get("result_validity", ""),
        "channels": item.get("channels", []), "levels": item.get("levels", []),
        "handled_in": "external" if external else "linli", "external_system": external or "",
        "national_code": str(item.get("national_code", "")), "region_code": str(item.get("region_code", "")),
        "provenance": {
            "region": item.get("region_of_source", ""), "sources": item.get("sources", []),
            "knowledge": item.get("knowledge_fields", []),
        },
    })  # fmt: skip


def _text(value: Any) -> str:
    return "；".join(map(str, value)) if isinstance(value, list) else str(value)


def _materials(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: dict[str, int] = {}
    required = {True: "yes", False: "no", "conditional": "conditional"}
    for number, row in enumerate(rows, 1):
        # The same paper named twice (once for each situation) stays two materials with two names.
        seen[row["name"]] = seen.get(row["name"], 0) + 1
        name = row["name"] if seen[row["name"]] == 1 else f"{row['name']}（{row.get('condition') or seen[row['name']]}）"
        yield {
            "code": f"m{number:02d}", "name": name, "form": row["form"], "copies": row.get("copies"),
            "required": required[row["required"]], "condition": row.get("condition", ""), "question": row.get("question", ""), "source": row["source"],
            "issued_by": row.get("issued_by", ""), "replaced_by": row.get("can_be_replaced_by"), "note": row.get("note", ""),
            "pending_days": row.get("pending_days"), "provisional": row.get("provisional", False),
        }  # fmt: skip


def _form(rows: list[dict[str, Any]], materials: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    codes = {m["name"]: m["code"] for m in materials}
    choices = reference("form-words")["choices"]
    seen: dict[str, int] = {}
    for row in rows:
        seen[row["name"]] = seen.get(row["name"], 0) + 1
        name = row["name"] if seen[row["name"]] == 1 else f"{row['name']}_{seen[row['name']]}"
        note = row.get("note", "")
        options: Iterable[str] = ()
        if row["type"] == "select":
            # A note such as “工人/管理技术/灵活就业” lists the choices.
            options = note.split("/") if "/" in note and len(note) < 80 else choices.get(row["label"], ())
        yield {
            "name": name,
            "label": row["label"],
            "type": row["type"],
            "required": row["required"],
            "note": note,
            "options": list(options),
            "material": codes[row["material"]] if "material" in row else "",
        }


def _times(item: dict[str, Any]) -> dict[str, Any]:
    times: dict[str, Any] = {"instant": bool(item.get("instant")), "note": item.get("limit_note", "")}
    if item.get("promised"):
        times["promised"] = item["promised"]
    basis = "、".join(f"{b['law']}{b.get('article', '')}" for b in item.get("legal_basis", [])[:2])
    for key, unit, name in (
        ("statutory_limit_working_days", "workday", "statutory"),
        ("statutory_limit_calendar_days", "calday", "statutory"),
        ("committed_limit_working_days", "workday", "promised"),
    ):
        if item.get(key) is not None:
            source = basis if name == "statutory" else f"{item.get('region_of_source', '')}公布的承诺时限"
            times[name] = {"number": item[key], "unit": unit, "basis": source, "certainty": "L"}
    return times


def read_link(name: str) -> dict[str, Any]:
    """What a link of the flow is, from its name by the table ``step-words``; a number in brackets becomes its limit."""
    words = reference("step-words")
    bare = _BRACKETS.sub("", name).strip() or name
    found = next((line for line in words["links"] if _says(line, bare)), words["otherwise"])
    limit = None
    inside = "".join(_BRACKETS.findall(name)) + (bare if "内" in bare else "")
    if match := _LINK_LIMIT.search(inside):
        unit = "workday" if "工作日" in match[3] else "calday"
        limit = {"number": int(match[2] or match[1]), "unit": unit, "basis": "环节名称所载", "certainty": "L"}
    return {
        "name": name, "duty": found["duty"], "automatic": found.get("automatic", False), "special": found.get("special", ""),
        "limit": limit,
    }  # fmt: skip


def _says(line: dict[str, Any], name: str) -> bool:
    return any(name.startswith(w) for w in line.get("starts", ())) or any(w in name for w in line.get("match", ()))


def everyday_words() -> dict[str, tuple[str, ...]]:
    """Everyday words and the official ones they are to be found by."""
    return {say: tuple(entry["means"]) for entry in reference("everyday-words")["words"] for say in entry["say"]}


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """What happens in a life, and the items that then matter. ``applicant`` is person or employer."""

    code: str
    name: str
    icon: str
    applicant: str
    say: tuple[str, ...]
    items: tuple[str, ...]

    def is_meant(self, text: str) -> bool:
        """Whether what somebody typed speaks of it."""
        return any(word in text or text in word for word in (self.name, *self.say)) if text else False


@cache
def life_events() -> tuple[LifeEvent, ...]:
    """Every life event, in the order it is shown."""
    return tuple(
        LifeEvent(e["code"], e["name"], e["icon"], e["for"], tuple(e["say"]), tuple(e["items"]))
        for e in reference("life-events")["events"]
    )


def known_facts(standard: Standard, *, employer: bool) -> dict[str, str]:
    """Which form fields are facts already known of the applicant: field name to fact name. Nothing is read out of labels.

    Where an employer fills in a form about somebody, what can be said of a person too (telephone, address, account) is theirs.
    """
    person, own = (reference("form-words")["facts"][kind] for kind in ("person", "employer"))
    by_field = {field: fact for fact, fields in (own if employer else person).items() for field in fields}
    if employer and any(f.name in (*person["name"], *person["id_number"]) for f in standard.form):
        of_persons = {field for fact, fields in person.items() if fact != "employer" for field in fields}
        by_field = {field: fact for field, fact in by_field.items() if field not in of_persons}
    return {f.name: by_field[f.name] for f in standard.form if f.name in by_field}


def application_papers(standard: Standard) -> frozenset[str]:
    """The materials that are the application form itself, by code: whoever fills the form in online has handed them in."""
    endings = tuple(reference("form-words")["application_papers"])
    asked = (m for m in standard.materials if not m.from_departments)
    return frozenset(m.code for m in asked if standard.form and _BRACKETS.sub("", m.name).endswith(endings))
