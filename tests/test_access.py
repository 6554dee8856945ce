"""Every address of the platform says who may open it, and holds to it."""

from importlib import resources

import pytest
import yaml
from django.urls import reverse

from linli.web.access import PORTAL, access_of, all_views
from linli.web.permissions import in_words


def known_permissions() -> set[str]:
    raw = yaml.safe_load(resources.files("linli.domains.org").joinpath("data/posts.yaml").read_text("utf-8"))
    return {permission for post in raw["posts"] for permission in post["permissions"]} | {PORTAL}


@pytest.mark.parametrize(("route", "pattern"), [pytest.param(r, p, id=r or "/") for r, p in all_views()])
def test_the_view_declares_who_may_open_it(route, pattern):
    access = access_of(pattern)
    assert access is not None, f"/{route}: decorate the view with public, signed_in or requires (linli.web.access)"
    unknown = access.permissions - known_permissions()
    assert not unknown, f"/{route}: no post carries {unknown}"


def test_every_permission_has_words_for_who_lacks_it():
    assert [p for p in sorted(known_permissions()) if str(in_words(p)) == p] == [], "add them to linli.web.permissions"


def closed_addresses():
    for route, pattern in all_views():
        access = access_of(pattern)
        if access and not access.everybody and "<" not in route and pattern.name:
            login = "me:sign_in" if PORTAL in access.permissions else "account:login"
            yield pytest.param(f"/{route}", login, id=route)


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "login"), list(closed_addresses()))
def test_a_stranger_is_led_to_the_sign_in_page(client, path, login):
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse(login) + "?next=")


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "login"), list(closed_addresses()))
def test_a_stranger_changes_nothing(client, path, login):
    assert client.post(path, {}).status_code == 401
