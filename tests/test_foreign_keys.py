"""Foreign keys point sideways inside a room or down the ranks of the house, never up and never to a room on the same line."""

import configparser
import itertools
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parents[1]


def ranks() -> dict[str, int]:
    """The line each room stands on, counted from the ground, as the import linter is told."""
    told = configparser.ConfigParser()
    told.read(ROOT / ".importlinter", "utf-8")
    lines = told["importlinter:contract:rooms"]["layers"].strip().splitlines()
    return {room.strip(" ()"): height for height, line in enumerate(reversed(lines)) for room in line.split("|")}


RANKS = ranks()
ROOMS = [config for config in apps.get_app_configs() if config.name.startswith("linli.domains.")]


def keys():
    for config in ROOMS:
        for model in config.get_models(include_auto_created=True):
            for field in model._meta.get_fields(include_hidden=True):
                if field.concrete and field.is_relation:
                    yield pytest.param(config.label, model, field, id=f"{model._meta.label}.{field.name}")


@pytest.mark.parametrize(("room", "model", "field"), list(keys()))
def test_it_points_sideways_inside_the_room_or_down(room, model, field):
    target = field.related_model._meta.app_label
    if target == room:
        return
    assert target in RANKS, f"{model._meta.label}.{field.name} leaves the house"
    assert RANKS[target] < RANKS[room], f"{model._meta.label}.{field.name}: {room} may not hold on to {target}"


@pytest.mark.parametrize(
    ("room", "model", "field"), [k for k in keys() if k.values[0] != k.values[2].related_model._meta.app_label]
)
def test_across_a_wall_there_is_no_way_back_and_nothing_is_swept_along(room, model, field):
    """No attribute appears on the lower room's rows, and deleting there never deletes here."""
    from django.db.models import CASCADE

    assert field.remote_field.related_name == "+" or field.remote_field.is_hidden(), "related_name='+'"
    assert field.remote_field.on_delete is not CASCADE


def test_every_room_is_ranked_and_no_two_stand_in_each_others_way():
    assert {config.label for config in ROOMS} <= set(RANKS)
    order = ["trace", "accounts", "org", "people", "catalog", "cases", "voice"]
    assert all(RANKS[low] < RANKS[high] for low, high in itertools.pairwise(order))
    assert RANKS["catalog"] == RANKS["documents"]


@pytest.mark.django_db
def test_the_database_says_the_same_as_the_models():
    """Foreign keys made by hand in a migration are looked at too."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conparentid = 0"
        )
        found = cursor.fetchall()
    rooms = {config.label for config in ROOMS}
    crossing = [(a, b) for a, b in found if a.split("_")[0] in rooms]
    assert len(crossing) > 30
    for a, b in crossing:
        here, there = a.split("_")[0], b.split("_")[0]
        assert here == there or RANKS[there] < RANKS[here], f"{a} -> {b}"


@pytest.mark.parametrize("config", ROOMS, ids=lambda c: c.label)
def test_every_room_says_what_it_answers_for(config):
    text = (Path(config.path) / "README.md").read_text("utf-8")
    assert text.startswith(f"# {config.label}")
    assert 4 <= len([line for line in text.splitlines() if line.strip()]) <= 40
