"""What may be asked about persons, employers, their accounts and mandates; the only door for reading."""

from linli.domains.people.models import Account, Consent, Mandate, Objection
from linli.domains.people.queries.accounts import account_of, account_with_phone, own_account, resident_actor, resident_names
from linli.domains.people.queries.mandates import (
    MandateLine,
    MandateSheet,
    Power,
    given_by,
    held_by,
    lines,
    mandate_for,
    mandate_sheet,
    mandates_of,
    may_act_for,
    of_employers,
    powers,
    principal_of,
    principals,
    stands_for_employers,
)
from linli.domains.people.queries.records import (
    CONTEXT,
    LOOKS,
    Party,
    PersonCard,
    employer_facts,
    find_employers,
    is_verified,
    looks,
    masked_facts,
    names_known,
    own_ids,
    parties,
    party,
    party_indexes,
    person_by_index,
    person_card,
    person_facts,
    recognised,
    region_of,
)
from linli.domains.people.queries.rights import (
    consent_texts,
    consents,
    has_consented,
    my_looks,
    my_objection,
    my_objections,
    objection,
    objections,
    recorded,
)
from linli.domains.people.rules import (
    FOR_EMPLOYERS,
    FOR_PERSONS,
    Assurance,
    Binding,
    ConsentPurpose,
    Gender,
    Ground,
    IdType,
    MandateState,
    ObjectionState,
    Purpose,
    Scope,
    longest_mandate,
)

__all__ = [
    "Account", "account_of", "account_with_phone", "Assurance", "Binding", "Consent", "consent_texts", "ConsentPurpose",
    "consents", "CONTEXT", "employer_facts", "find_employers", "FOR_EMPLOYERS", "FOR_PERSONS", "Gender", "given_by", "Ground",
    "has_consented", "held_by", "IdType", "is_verified", "lines", "longest_mandate", "looks", "LOOKS", "Mandate", "mandate_for",
    "mandate_sheet", "MandateLine", "MandateSheet", "mandates_of", "MandateState", "masked_facts", "may_act_for", "my_looks", "my_objection", "my_objections",
    "names_known", "objection", "Objection", "objections", "ObjectionState", "of_employers", "own_account", "own_ids", "parties", "Party",
    "party", "party_indexes", "person_by_index", "person_card", "person_facts", "PersonCard", "Power", "powers", "principal_of",
    "principals", "Purpose", "recognised", "recorded", "region_of", "resident_actor", "resident_names", "Scope", "stands_for_employers",
]  # fmt: skip
