"""Acceptance and review are never held by one person in one hall at one time, however many appoint at once."""

from datetime import date, timedelta
from itertools import product

from linli.domains.accounts.commands import create_user
from linli.domains.org import commands as do
from linli.domains.org.models import Posting
from linli.testing.concurrency import at_once
from linli.testing.world import BUILDER, PASSWORD, START

DAY = date(2026, 3, 2)


def test_of_many_appointments_at_once_no_two_clash(committed_db, world):
    people = [create_user(username=f"n{n}", name=f"某{n}", password=PASSWORD, by=BUILDER, now=START) for n in range(10)]
    halls = (world.orgs["hall"], world.orgs["other-hall"])

    def appoint(user, hall, post, week):
        first = DAY + timedelta(days=7 * week)
        return lambda: do.appoint(
            user_id=user,
            post=post,
            org_id=hall,
            hall_id=hall,
            valid_from=first,
            valid_to=first + timedelta(days=10),
            by=BUILDER,
            now=START,
        )

    wanted = list(product(people, halls, ("window-clerk", "reviewer"), (0, 1)))
    outcomes = at_once([appoint(*one) for one in wanted])
    refused = [o for o in outcomes if isinstance(o, do.DutiesConflict)]
    assert not [o for o in outcomes if isinstance(o, Exception) and o not in refused]
    # Of a person's four posts in a hall (two duties, two weeks that overlap) one duty stands: at least one, at most two rows.
    held = Posting.objects.filter(user_id__in=people).select_related("post")
    for user, hall in product(people, halls):
        rows = [p for p in held if p.user_id == user and p.hall_id == hall]
        assert len({p.post.duty for p in rows}) == 1, (user, hall)
        assert 1 <= len(rows) <= 2
    assert held.count() + len(refused) == len(wanted)
