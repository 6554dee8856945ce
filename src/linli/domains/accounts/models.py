"""Accounts and their sessions. What a user may do comes from the post chosen at sign-in (room ``org``)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from linli.kernel.fields import SealedField
from linli.kernel.ids import uuid7


class User(models.Model):
    """Somebody who can sign in. Active users can; a locked one can again after ``locked_until``.

    Staff sign in with a password. A resident (``is_resident``) has neither password nor second factor: room ``people`` proves who
    they are. The two are never mixed (``docs/adr/0016-residents-and-staff-apart.md``): what a user once is they stay, a resident holds no post (trigger in ``org``),
    and only a resident belongs to a person (trigger in ``people``).
    """

    id = models.UUIDField(primary_key=True, default=uuid7)
    username = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    password = models.CharField(max_length=256)
    password_changed_at = models.DateTimeField()
    must_change_password = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    is_resident = models.BooleanField(default=False)
    failed_tries = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    totp_secret = SealedField(null=True)
    totp_confirmed_at = models.DateTimeField(null=True)
    totp_last_step = models.BigIntegerField(default=0)  # a code is good once
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="accounts_user_username"),
            models.CheckConstraint(
                condition=Q(totp_confirmed_at__isnull=True) | Q(totp_secret__isnull=False), name="accounts_user_totp"
            ),
            models.CheckConstraint(
                condition=Q(is_resident=False) | Q(password="", totp_secret=None), name="accounts_user_resident_keyless"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_second_factor(self) -> bool:
        return self.totp_confirmed_at is not None


class SignIn(models.Model):
    """One session: begun by a sign-in, ended by sign-out, idleness, a newer session or an administrator."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sign_ins")
    posting_id = models.UUIDField(null=True)  # the post chosen (room org)
    device = models.CharField(max_length=200)
    address = models.GenericIPAddressField(null=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by="") | (Q(ended_at__isnull=False) & ~Q(ended_by="")),
                name="accounts_signin_ended",
            )
        ]
        indexes = [models.Index(fields=["user", "started_at"], name="accounts_signin_open", condition=Q(ended_at=None))]
