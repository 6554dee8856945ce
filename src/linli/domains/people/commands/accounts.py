"""Recognising residents: by a code to their telephone, by an identity provider, by a code given at the counter.

Whatever the way, an account belongs to one person. Who only says who they are gets a person of their own that nothing known before
hangs on (``models.Person.verified``), so that a name and a number alone open nobody's record.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from linli.domains.accounts.commands import begin_resident_session, create_resident, end_sessions
from linli.domains.accounts.queries import SignIn, last_seen
from linli.domains.people import rules
from linli.domains.people.commands.records import person_subject
from linli.domains.people.errors import (
    CodeTooSoon,
    CodeWrong,
    IdentityDiffers,
    MobileOnly,
    NotVerified,
    PhoneTaken,
    ProofOver,
    StartCodeWrong,
)
from linli.domains.people.models import Account, Person, PhoneCode, StartCode
from linli.domains.people.queries.accounts import PHONE_CONTEXT
from linli.domains.people.queries.records import CONTEXT
from linli.domains.people.rules import Assurance, Binding, IdType, check_document
from linli.domains.trace.commands import record
from linli.kernel.actors import Actor, Channel, system
from linli.kernel.calendar import local_date
from linli.kernel.crypto import CannotDecrypt
from linli.kernel.errors import LinliError, NotFound
from linli.kernel.fields import blind, keyring
from linli.kernel.identifiers import check_phone, compact
from linli.kernel.text import msg

# Letters and digits that nobody takes for one another: a start code is read from a slip of paper.
_CLEAR = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_RECOGNISER = system("accounts.residents", device="people")


# -- the telephone ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def ask_code(*, phone: str, address: str | None, now: datetime) -> str:
    """Make a code for a telephone, whether or not anybody signs in with it; the caller has it sent in the same transaction.

    Raises :class:`MobileOnly`, :class:`CodeTooSoon`.
    """
    return _new_code(blind(_mobile(phone), context=PHONE_CONTEXT), "phone", address, now)


@transaction.atomic
def ask_email_code(*, email: str, address: str | None, by: Actor, now: datetime) -> str:
    """Make a code for an e-mail address that a resident says is theirs, under the limits of telephones; the caller has it sent in
    the same transaction. Raises :class:`CodeTooSoon`."""
    by.must("portal.use")
    return _new_code(_email_index(email), "email", address, now)


def take_email_code(*, email: str, code: str, by: Actor, now: datetime) -> None:
    """Take the code that was sent to an address; it is good once. Wrong tries are counted though they raise :class:`CodeWrong`."""
    by.must("portal.use")
    with transaction.atomic():
        taken = _take(_email_index(email), code, now)
    if not taken:
        raise CodeWrong(field="code")


def _email_index(email: str) -> bytes:
    return blind(email.strip().casefold(), context="email")


def _new_code(index: bytes, field: str, address: str | None, now: datetime) -> str:
    network = blind(address or "-", context="address")
    for key in sorted((index, network)):  # always in this order, so that two askers never wait for each other
        _one_at_a_time(key)
    since = now - rules.CODES_KEPT
    by_phone = _times(PhoneCode.objects.filter(phone_index=index, sent_at__gt=since))
    by_address = _times(PhoneCode.objects.filter(address_index=network, sent_at__gt=since))
    waits = (
        rules.code_wait(sent=by_phone, limits=((1, rules.CODE_PAUSE), *rules.CODES_PER_PHONE), now=now),
        rules.code_wait(sent=by_address, limits=rules.CODES_PER_ADDRESS, now=now),
    )
    if any(waits):
        longest = max(w for w in waits if w)
        raise CodeTooSoon(field=field, minutes=-(-longest // timedelta(minutes=1)))
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = PhoneCode(phone_index=index, address_index=network, sent_at=now)
    row.digest = _digest(code, row.pk)
    row.save(force_insert=True)
    return code


def _times(rows: QuerySet[PhoneCode]) -> list[datetime]:
    return list(rows.order_by("-sent_at").values_list("sent_at", flat=True))


@dataclass(frozen=True, slots=True)
class PhoneShown:
    """A telephone was shown to be somebody's: ``session`` if it is known whose; otherwise ``proof`` goes into the next command."""

    session: SignIn | None
    proof: str


def sign_in_by_phone(*, phone: str, code: str, device: str, address: str | None, now: datetime) -> PhoneShown:
    """Take the code that was sent; it is good once. Who signs in with this telephone gets a session.

    Wrong tries are counted though they raise. Raises :class:`CodeWrong`.
    """
    outcome: PhoneShown | LinliError
    with transaction.atomic():
        outcome = _try_code(_mobile(phone), code, device, address, now)
    if isinstance(outcome, LinliError):
        raise outcome
    return outcome


def _try_code(phone: str, code: str, device: str, address: str | None, now: datetime) -> PhoneShown | LinliError:
    if not _take_code(phone, code, now):
        return CodeWrong(field="code")
    account = Account.objects.filter(phone_index=blind(phone, context=PHONE_CONTEXT)).first()
    if account and rules.phone_is_trusted(seen_at=last_seen(account.user_id), now=now):
        return PhoneShown(_begin(account, Binding.PHONE, device, address, now), "")
    return PhoneShown(None, _proof(phone, device, now))


def _take_code(phone: str, code: str, now: datetime) -> bool:
    """Try the newest code of a telephone; it is locked meanwhile, so that of two at once one is too late."""
    return _take(blind(phone, context=PHONE_CONTEXT), code, now)


def _take(index: bytes, code: str, now: datetime) -> bool:
    row = PhoneCode.objects.select_for_update().filter(phone_index=index).order_by("-sent_at").first()
    if row is None or not rules.code_is_open(sent_at=row.sent_at, tries=row.tries, used=row.used_at is not None, now=now):
        return False
    if hmac.compare_digest(bytes(row.digest), _digest(compact(code), row.pk)):
        row.used_at = now
        row.save(update_fields=["used_at"])
        return True
    row.tries += 1
    row.save(update_fields=["tries"])
    return False


def bind_by_phone(
    *, proof: str, name: str, id_type: IdType = IdType.CITIZEN, id_number: str, region: str, device: str, address: str | None, now: datetime
) -> SignIn:  # fmt: skip
    """Bind a telephone that was just shown to a person, and sign in.

    Where name, number and telephone agree with what the bureau knows, it is that person. Otherwise, and without a word of what did not
    agree, it is somebody who says so: they may apply, and see nothing that was known before. Raises :class:`ProofOver`.
    """
    phone, shown_at = _shown(proof, device, now)
    number, born = check_document(id_type, id_number, today=local_date(now), field="id_number")
    with transaction.atomic():
        index, tel = blind(number, context=CONTEXT), blind(phone, context=PHONE_CONTEXT)
        _one_at_a_time(tel)
        known = Person.objects.select_for_update().filter(id_type=id_type, id_index=index, verified=True).first()
        agrees = (
            known is not None and known.name == name.strip() and known.phone_index is not None and bytes(known.phone_index) == tel
        )
        held = Account.objects.select_related("person").filter(phone_index=tel).first()
        if held and _same_number(held.person, id_type, index) and held.person.name == name.strip():
            return _begin(held, Binding.PHONE, device, address, now)  # back after a long time
        if held and held.bound_at >= shown_at:  # one showing binds one person
            raise ProofOver
        if held:
            _take_phone_away(held, now)
        if agrees:
            assert known
            account = _bind(known, Assurance.PHONE, Binding.PHONE, phone=phone, now=now)
        else:
            said = Person(
                name=name.strip(), id_type=id_type, id_number=number, id_index=index, birth_date=born, phone=phone, phone_index=tel,
                region=region, verified=False, created_at=now, updated_at=now,
            )  # fmt: skip
            said.save(force_insert=True)
            account = _bind(said, Assurance.LOW, Binding.PHONE, phone=phone, now=now, new=True)
        return _begin(account, Binding.PHONE, device, address, now)


def show_new_phone(*, phone: str, code: str, device: str, address: str | None, by: Actor, now: datetime) -> SignIn:
    """Sign in with another telephone from now on; all sessions end, and one begins anew. Raises :class:`CodeWrong`, :class:`PhoneTaken`."""
    with transaction.atomic():
        account = _own(by)
        number = _mobile(phone)
        shown = _take_code(number, code, now)
        if shown:
            _must_be_free(number, account)
            _give_phone(account, number, now=now)
            _note_phone(account.person, number, by, now)  # what was just shown to be theirs is also where they are reached
            record("people.account_phone_changed", subject=person_subject(account.person_id), by=by, at=now)
            return _begin(account, Binding.PHONE, device, address, now)
    raise CodeWrong(field="code")


def forget_codes(*, now: datetime) -> int:
    """Drop the codes that limit nobody any more."""
    return PhoneCode.objects.filter(sent_at__lt=now - rules.CODES_KEPT).delete()[0]


# -- the counter ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue_start_code(*, person_id: UUID, by: Actor, now: datetime) -> str:
    """A code for somebody present whose document the clerk has seen; it is shown once, and an older one no longer counts."""
    by.must("people.register")
    person = Person.objects.select_for_update().filter(pk=person_id, verified=True).first()
    if person is None:
        raise NotFound(what=msg("该人员"))
    StartCode.objects.filter(person=person, used_at=None).delete()
    code = "".join(secrets.choice(_CLEAR) for _ in range(10))
    StartCode.objects.create(
        person=person, digest=blind(code, context="start_code"), issued_by_id=by.person_id, issued_at=now, expires_at=now + rules.START_CODE_LIFE
    )  # fmt: skip
    record("people.start_code_issued", subject=person_subject(person_id), by=by, at=now)
    return f"{code[:5]}-{code[5:]}"


def start_by_code(*, proof: str, code: str, device: str, address: str | None, now: datetime) -> SignIn:
    """Bind a telephone that was just shown to whoever was given the code at the counter, and sign in.

    Raises :class:`ProofOver`, :class:`StartCodeWrong`, :class:`PhoneTaken`.
    """
    phone, _ = _shown(proof, device, now)
    with transaction.atomic():
        person = _take_start_code(code, now)
        held = Account.objects.select_related("person").filter(phone_index=blind(phone, context=PHONE_CONTEXT)).first()
        if held and held.person_id != person.pk:  # only who was away too long comes here with a telephone that is in use
            _take_phone_away(held, now)
        account = _bind(person, Assurance.IDENTITY, Binding.COUNTER, phone=phone, now=now)
        return _begin(account, Binding.COUNTER, device, address, now)


def confirm_by_code(*, code: str, device: str, address: str | None, by: Actor, now: datetime) -> SignIn:
    """Somebody signed in who had only said who they are shows it with a code from the counter; they go on with a session anew.

    Raises :class:`StartCodeWrong`.
    """
    with transaction.atomic():
        account = _own(by)
        person = _take_start_code(code, now)
        if account.assurance != Assurance.LOW:
            if account.person_id != person.pk:
                raise StartCodeWrong(field="code")
            _raise(account, Assurance.IDENTITY, Binding.COUNTER, now)
            return _begin(account, Binding.COUNTER, device, address, now)
        account = _become(account, person, Assurance.IDENTITY, Binding.COUNTER, by=by, now=now)
        return _begin(account, Binding.COUNTER, device, address, now)


def _take_start_code(code: str, now: datetime) -> Person:
    digest = blind(code.replace("-", ""), context="start_code")
    row = (
        StartCode.objects.select_for_update()
        .select_related("person")
        .filter(digest=digest, used_at=None, expires_at__gt=now)
        .first()
    )
    if row is None:
        raise StartCodeWrong(field="code")
    row.used_at = now
    row.save(update_fields=["used_at"])
    return row.person


# -- an identity provider ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an identity provider says has signed in."""

    issuer: str
    subject: str
    name: str
    id_number: str
    id_type: IdType = IdType.CITIZEN


def sign_in_by_identity(
    *, identity: Identity, region: str, device: str, address: str | None, by: Actor | None = None, now: datetime
) -> SignIn:
    """Sign in whom the authority's identity provider vouches for; ``by`` is who was signed in meanwhile, having only said who they are.

    Raises :class:`IdentityDiffers` where it does not agree with what is known here.
    """
    number, born = check_document(identity.id_type, identity.id_number, today=local_date(now))
    with transaction.atomic():
        index = blind(number, context=CONTEXT)
        _one_at_a_time(index)
        linked = Account.objects.select_related("person").filter(issuer=identity.issuer, subject=identity.subject).first()
        if linked:
            if not _same_number(linked.person, identity.id_type, index):
                raise IdentityDiffers
            return _begin(linked, Binding.OIDC, device, address, now)
        person = Person.objects.filter(id_type=identity.id_type, id_index=index, verified=True).first()
        if person is None:
            person = Person(
                name=identity.name.strip(), id_type=identity.id_type, id_number=number, id_index=index, birth_date=born, region=region,
                created_at=now, updated_at=now,
            )  # fmt: skip
            person.save(force_insert=True)
            record("people.registered", subject=person_subject(person.pk), by=_online(), at=now, new=True, id_type=identity.id_type)
        elif person.name != identity.name.strip():
            raise IdentityDiffers
        said = Account.objects.select_related("person").filter(pk=by.user_id, assurance=Assurance.LOW).first() if by else None
        if said:
            account = _become(said, person, Assurance.IDENTITY, Binding.OIDC, by=by or _online(), now=now)
        else:
            account = _bind(person, Assurance.IDENTITY, Binding.OIDC, phone=None, now=now)
        if account.issuer and (account.issuer, account.subject) != (identity.issuer, identity.subject):
            raise IdentityDiffers
        account.issuer, account.subject = identity.issuer, identity.subject
        account.save(update_fields=["issuer", "subject"])
        return _begin(account, Binding.OIDC, device, address, now)


# -- binding ------------------------------------------------------------------------------------------------------------------


def _bind(person: Person, assurance: Assurance, how: Binding, *, phone: str | None, now: datetime, new: bool = False) -> Account:
    """The account of a person, made if there is none, signing in with this telephone from now on."""
    account = Account.objects.select_for_update().filter(person=person).first()
    if account is None:
        user_id = create_resident(name=person.name, by=_RECOGNISER, now=now)
        account = Account(user_id=user_id, person=person, assurance=assurance, bound_by=how, bound_at=now)
        if phone:
            account.phone, account.phone_index = phone, blind(phone, context=PHONE_CONTEXT)
        account.save(force_insert=True)
        record(
            "people.account_bound",
            subject=person_subject(person.pk),
            by=_online(user_id),
            at=now,
            new=new,
            how=how,
            assurance=assurance,
        )
    else:
        _raise(account, assurance, how, now)
        if phone:
            _give_phone(account, phone, now=now)
    if how is Binding.COUNTER and phone:
        _note_phone(person, phone, _online(account.user_id), now)
    return account


def _raise(account: Account, assurance: Assurance, how: Binding, now: datetime) -> None:
    """Note a surer binding; a less sure one changes nothing."""
    order = list(Assurance)
    if order.index(assurance) > order.index(Assurance(account.assurance)):
        account.assurance, account.bound_by, account.bound_at = assurance, how, now
        account.save(update_fields=["assurance", "bound_by", "bound_at"])
        record(
            "people.account_bound", subject=person_subject(account.person_id), by=_online(account.user_id), at=now, how=how, assurance=assurance
        )  # fmt: skip


def _become(said: Account, person: Person, assurance: Assurance, how: Binding, *, by: Actor, now: datetime) -> Account:
    """The account of somebody who said who they are becomes that of the person they are, or gives its telephone to the one there is."""
    before, phone = said.person, said.phone.open() if said.phone else None
    account = Account.objects.select_for_update().filter(person=person).first()
    if account:
        _take_phone_away(said, now)
        _raise(account, assurance, how, now)
        if phone:
            _give_phone(account, phone, now=now)
    else:
        account = said
        account.person, account.assurance, account.bound_by, account.bound_at = person, assurance, how, now
        account.save(update_fields=["person", "assurance", "bound_by", "bound_at"])
        end_sessions(user_id=account.user_id, why="rebound", by=_RECOGNISER, now=now)
        record("people.account_bound", subject=person_subject(person.pk), by=by, at=now, how=how, assurance=assurance)
    if _same_number(before, IdType(person.id_type), bytes(person.id_index)):
        Person.objects.filter(pk=before.pk).update(same_as=person, updated_at=now)
        record("people.recognised", subject=person_subject(before.pk), by=by, at=now, same_as=person.pk)
    if how is Binding.COUNTER and phone:
        _note_phone(person, phone, by, now)
    return account


def _note_phone(person: Person, phone: str, by: Actor, now: datetime) -> None:
    """Who came with their document and their telephone, or showed another one, is reached under that number."""
    index = blind(phone, context=PHONE_CONTEXT)
    if person.phone_index is None or bytes(person.phone_index) != index:
        person.phone, person.phone_index, person.updated_at = phone, index, now
        person.save(update_fields=["phone", "phone_index", "updated_at"])
        record("people.corrected", subject=person_subject(person.pk), by=by, at=now, fields=["phone"])


def _give_phone(account: Account, phone: str, *, now: datetime) -> None:
    """Sign in with this telephone; sessions begun with another one end."""
    index = blind(phone, context=PHONE_CONTEXT)
    if account.phone_index is not None and bytes(account.phone_index) == index:
        return
    account.phone, account.phone_index = phone, index
    account.save(update_fields=["phone", "phone_index"])
    end_sessions(user_id=account.user_id, why="phone", by=_RECOGNISER, now=now)


def _take_phone_away(account: Account, now: datetime) -> None:
    account.phone = account.phone_index = None
    account.save(update_fields=["phone", "phone_index"])
    end_sessions(user_id=account.user_id, why="phone", by=_RECOGNISER, now=now)
    record("people.account_phone_gone", subject=person_subject(account.person_id), by=_RECOGNISER, at=now)


def _must_be_free(phone: str, account: Account) -> None:
    taken = Account.objects.filter(phone_index=blind(phone, context=PHONE_CONTEXT)).exclude(pk=account.pk)
    if taken.exists():
        raise PhoneTaken(field="phone")


def _same_number(person: Person, id_type: IdType, index: bytes) -> bool:
    return person.id_type == id_type and bytes(person.id_index) == index


def _begin(account: Account, how: Binding, device: str, address: str | None, now: datetime) -> SignIn:
    return begin_resident_session(user_id=account.user_id, how=how, device=device, address=address, by=_RECOGNISER, now=now)


def _own(by: Actor) -> Account:
    account = Account.objects.select_for_update().select_related("person").filter(pk=by.user_id).first()
    if account is None:
        raise NotVerified
    return account


def _online(user_id: UUID | None = None) -> Actor:
    return Actor(user_id=user_id, device="people", channel=Channel.ONLINE)


# -- small parts ------------------------------------------------------------------------------------------------------------------


def _mobile(text: str) -> str:
    number = check_phone(text, field="phone")
    if len(number) != 11 or not number.startswith("1"):
        raise MobileOnly(field="phone")
    return number


def _digest(code: str, row: UUID) -> bytes:
    """Keyed, and different for each row: six digits are soon tried through for whoever reads the table."""
    return blind(f"{row.hex}{code}", context="phone_code")


def _one_at_a_time(key: bytes) -> None:
    """Whoever asks about the same key waits for the end of this transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(key[:8], signed=True)])


_PROOF = "people.phone_proof"


def _proof(phone: str, device: str, now: datetime) -> str:
    """That a telephone was shown, on this device and now; sealed, since it travels in the browser."""
    text = json.dumps([phone, device, now.timestamp()])
    return base64.urlsafe_b64encode(keyring().encrypt(text.encode(), context=_PROOF)).decode()


def _shown(proof: str, device: str, now: datetime) -> tuple[str, datetime]:
    """The telephone, and when it was shown."""
    try:
        phone, made_on, made_at = json.loads(keyring().decrypt(base64.urlsafe_b64decode(proof), context=_PROOF))
    except (CannotDecrypt, binascii.Error, ValueError):
        raise ProofOver from None
    if made_on != device or not 0 <= now.timestamp() - made_at <= rules.PROOF_LIFE.total_seconds():
        raise ProofOver
    return str(phone), datetime.fromtimestamp(made_at, tz=now.tzinfo)
