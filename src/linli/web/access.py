"""Who may open an address. Every view says so with one of three decorators; a test walks all addresses and asks.

``@public`` for everybody, ``@signed_in`` for staff with a live session, ``@requires("cases.accept")`` for a post that carries one
of the permissions, ``@requires("portal.use")`` for a resident. Staff and residents are never mixed: neither opens a page of the
other, and each is led to their own sign-in. They work on functions and on the result of ``as_view()`` alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

from linli.kernel.errors import Kind, LinliError, NotAllowed
from linli.kernel.text import noop
from linli.web.http import Request

View = Callable[..., HttpResponseBase]

PORTAL = "portal.use"
STAFF_LOGIN, RESIDENTS_LOGIN = "account:login", "me:sign_in"


@dataclass(frozen=True, slots=True)
class Access:
    """What a view declared: everybody, or somebody signed in, whose post carries one of ``permissions`` if any are named."""

    everybody: bool = False
    permissions: frozenset[str] = frozenset()


class SignInNeeded(LinliError):
    """Nobody is signed in, or no longer; what was typed is still in the page that sent it."""

    code = "web.sign_in_needed"
    kind = Kind.NOT_ALLOWED
    template = noop("登录已过期，这一步没有保存。")
    remedy = noop("请重新登录后再做一次；页面上已填写的内容都还在。")


def public(view: View) -> View:
    """Open to everybody."""
    return _declare(view, Access(everybody=True), None)


def signed_in(view: View) -> View:
    """Open to staff who are signed in, whatever their post."""
    return _declare(view, Access(), lambda request: _not_signed_in(request) or _no_staff(request) or _unfinished(request))


def unfinished(view: View) -> View:
    """Open to staff who are signed in, even if they must first change the password or bind a second factor."""
    return _declare(view, Access(), lambda request: _not_signed_in(request) or _no_staff(request))


def present(view: View) -> View:
    """Open to whoever is signed in, staff or resident."""
    return _declare(view, Access(), _not_signed_in)


def requires(*permissions: str) -> Callable[[View], View]:
    """Open to a post that carries one of the permissions, or to residents (``portal.use``); others see the page for 403."""
    login = RESIDENTS_LOGIN if PORTAL in permissions else STAFF_LOGIN

    def check(request: Request) -> HttpResponseBase | None:
        return _not_signed_in(request, login) or _unfinished(request) or _without(request, permissions)

    return lambda view: _declare(view, Access(permissions=frozenset(permissions)), check)


def _declare(view: View, access: Access, check: Callable[[Request], HttpResponseBase | None] | None) -> View:
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refused = check(request) if check else None
        return refused if refused is not None else view(request, *args, **kwargs)

    guarded.access = access  # type: ignore[attr-defined]
    return guarded


def _not_signed_in(request: Request, login: str = STAFF_LOGIN) -> HttpResponseBase | None:
    if request.sign_in is not None:
        return None
    if request.htmx or request.method not in ("GET", "HEAD"):
        request.login = login
        raise SignInNeeded
    return redirect(sign_in_url(request.get_full_path(), login))


def _no_staff(request: Request) -> HttpResponseBase | None:
    """Residents have an account page of their own."""
    assert request.actor
    if request.actor.resident_id is None:
        return None
    if request.method not in ("GET", "HEAD"):
        raise NotAllowed(permission="account")
    return _go(request, "me:home")


def _unfinished(request: Request) -> HttpResponseBase | None:
    """Where somebody must go before anything else."""
    assert request.sign_in
    user = request.sign_in.user
    if user.must_change_password:
        return _go(request, "account:password")
    if settings.ENV.second_factor == "required" and not user.has_second_factor:
        return _go(request, "account:second_factor")
    return None


def _without(request: Request, permissions: Sequence[str]) -> HttpResponseBase | None:
    assert request.actor
    if any(request.actor.can(p) for p in permissions):
        return None
    if request.method == "GET":
        if PORTAL in permissions:
            return _go(request, RESIDENTS_LOGIN)  # which says that this is a sign-in of its own
        if request.actor.posting_id is None and request.actor.resident_id is None:
            return _go(request, "account:post")
    raise NotAllowed(permission=permissions[0])


def _go(request: Request, name: str) -> HttpResponse:
    url = reverse(name) + "?" + urlencode({"next": request.get_full_path() if request.method == "GET" else "/"})
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def sign_in_url(next_url: str, login: str = STAFF_LOGIN) -> str:
    """The sign-in page, of staff or of residents, which leads on to ``next_url``."""
    return reverse(login) + "?" + urlencode({"next": next_url})


def next_url(request: Request, default: str) -> str:
    """Where the form or the address asks to go next, if that is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if safe else default


def all_views() -> Iterator[tuple[str, URLPattern]]:
    """Every address of the platform with its pattern."""
    yield from _walk("", get_resolver().url_patterns)


def _walk(prefix: str, patterns: Sequence[URLPattern | URLResolver]) -> Iterator[tuple[str, URLPattern]]:
    for entry in patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _walk(route, entry.url_patterns)
        else:
            yield route, entry


def access_of(pattern: URLPattern) -> Access | None:
    """What the view behind a pattern declared; None is a mistake."""
    return getattr(pattern.callback, "access", None)
