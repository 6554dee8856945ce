"""What may be done with persons, employers, their accounts and mandates; the only door for changes."""

from linli.domains.people.commands.records import (
    NameDiffers,
    ReasonMissing,
    Shown,
    audit_looks,
    employer_subject,
    find_person,
    learn,
    person_subject,
    register_employer,
    register_person,
    update_person,
    view_employer,
    view_full,
    view_person,
)

__all__ = [
    "audit_looks", "employer_subject", "find_person", "learn", "NameDiffers", "person_subject", "ReasonMissing",
    "register_employer", "register_person", "Shown", "update_person", "view_employer", "view_full", "view_person",
]  # fmt: skip
