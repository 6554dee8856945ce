"""What may be done with persons, employers, their accounts and mandates; the only door for changes."""

from linli.domains.people.commands.accounts import (
    Identity,
    PhoneShown,
    ask_code,
    ask_email_code,
    bind_by_phone,
    confirm_by_code,
    forget_codes,
    issue_start_code,
    show_new_phone,
    sign_in_by_identity,
    sign_in_by_phone,
    start_by_code,
    take_email_code,
)
from linli.domains.people.commands.mandates import (
    attach_paper,
    find_agent,
    give_mandate,
    note_look,
    read_paper,
    register_mandate,
    revoke_mandate,
)
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
    view_numbers,
    view_person,
)
from linli.domains.people.commands.rights import (
    answer_objection,
    copy_own,
    give_consent,
    note_consent,
    object_to,
    show_own,
    withdraw_consent,
    withdraw_objection,
)
from linli.domains.people.errors import CodeTooSoon, CodeWrong, ProofOver

__all__ = [
    "answer_objection", "ask_code", "ask_email_code", "attach_paper", "audit_looks", "bind_by_phone", "CodeTooSoon", "CodeWrong", "confirm_by_code", "copy_own",
    "employer_subject", "find_agent", "find_person", "forget_codes", "give_consent", "note_consent", "give_mandate", "Identity",
    "issue_start_code", "learn", "NameDiffers", "note_look", "object_to", "person_subject", "PhoneShown", "ProofOver", "read_paper", "ReasonMissing",
    "register_employer", "register_mandate", "register_person", "revoke_mandate", "show_new_phone", "show_own", "Shown",
    "sign_in_by_identity", "sign_in_by_phone", "start_by_code", "take_email_code", "update_person", "view_employer", "view_full", "view_numbers", "view_person",
    "withdraw_consent", "withdraw_objection",
]  # fmt: skip
