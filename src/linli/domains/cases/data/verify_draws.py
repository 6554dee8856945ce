#!/usr/bin/env python3
"""Repeat every published draw with nothing but this file and the published list of draws.

    python3 verify_draws.py draws.jsonl [an-older-copy.jsonl]

Needs Python 3.9 or later and no package. Exit status 0: every draw gives the same person again. 1: something does not
hold; it is named. 2: the files cannot be read.

What it shows: before a day begins the bureau publishes a digest that fixes the secret seed of that day; when the day is over
it publishes the seed. From the seed, the case, the stage and the people who were qualified follows who had to be drawn.
Nobody could choose a reviewer, unless they knew a case's id when they made the seed. People and cases appear by ids only.

An older copy of the list, kept by you, shows besides that nothing published was changed or taken back since: every line of
it must still be there, in its place. Copies of single days (draws/2026-11-20.jsonl) can be checked too.
"""

import hashlib
import hmac
import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

SHANGHAI = timezone(timedelta(hours=8))


def _rotate(x, n):
    n %= 32
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def _sm3_plain(data):
    """SM3 after GB/T 32905, for a Python whose hashlib lacks it."""
    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data = data + b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for start in range(0, len(data), 64):
        w = [int.from_bytes(data[i : i + 4], "big") for i in range(start, start + 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ _rotate(w[j - 3], 15)
            w.append(x ^ _rotate(x, 15) ^ _rotate(x, 23) ^ _rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = _rotate((_rotate(a, 12) + e + _rotate(t, j)) & 0xFFFFFFFF, 7)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + (ss1 ^ _rotate(a, 12)) + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, _rotate(b, 9), c
            e, f, g, h = tt2 ^ _rotate(tt2, 9) ^ _rotate(tt2, 17), e, _rotate(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]  # noqa: B905  (Python 3.9)
    return b"".join(x.to_bytes(4, "big") for x in state)


def sm3(data):
    if "sm3" in hashlib.algorithms_available:
        return hashlib.new("sm3", data).digest()
    return _sm3_plain(data)


def sm3_hmac(key, data):
    """HMAC (RFC 2104) with SM3; a seed is shorter than a block."""
    if "sm3" in hashlib.algorithms_available:
        return hmac.new(key, data, "sm3").digest()
    key = key.ljust(64, b"\0")
    return sm3(bytes(b ^ 0x5C for b in key) + sm3(bytes(b ^ 0x36 for b in key) + data))


def commitment(day, seed):
    """What is published before the day."""
    return sm3(b"linli-draw/1\0" + day.encode() + b"\0" + seed)


def pick(seed, draw):
    """Who had to be drawn. Numbers that would favour the first candidates are thrown away and the next one is taken."""
    people = sorted(UUID(c) for c in draw["candidates"])
    about = UUID(draw["case"]).bytes + draw["stage"].to_bytes(2, "big") + draw["attempt"].to_bytes(2, "big")
    limit, counter = (1 << 64) // len(people) * len(people), 0
    while True:
        number = int.from_bytes(sm3_hmac(seed, about + counter.to_bytes(4, "big"))[:8], "big")
        if number < limit:
            return people[number % len(people)]
        counter += 1


class Wrong(Exception):
    """Something does not hold."""


def check_draw(day, seed, committed_at, draw, seen):
    """One draw: made on its day, after the commitment, once only, among people not excluded, and the same again."""
    where = f"draw of {day}, case {draw['case']}, stage {draw['stage']}, attempt {draw['attempt']}"
    at = datetime.fromisoformat(draw["at"])
    if at < committed_at:
        raise Wrong(f"{where}: made before the seed was committed to")
    if at.astimezone(SHANGHAI).date().isoformat() != day:
        raise Wrong(f"{where}: made on another day")
    place = (draw["case"], draw["stage"], draw["attempt"])
    if place in seen:
        raise Wrong(f"{where}: drawn twice")
    seen.add(place)
    if not draw["candidates"] or len(set(draw["candidates"])) != len(draw["candidates"]):
        raise Wrong(f"{where}: the list of candidates is empty or names somebody twice")
    if set(draw["candidates"]) & set(draw["excluded"]):
        raise Wrong(f"{where}: somebody is a candidate and excluded")
    again = pick(seed, draw)
    if again != UUID(draw["chosen"]):
        raise Wrong(f"{where}: the seed gives {again}, published is {draw['chosen']}")


def check(lines):
    """Every line, in the order of publication; returns how many days and draws hold, and the days that wait."""
    committed, revealed, seen, draws, late = {}, set(), set(), 0, []
    for line in lines:
        day = line["day"]
        if line["what"] == "committed":
            if day in committed:
                raise Wrong(f"seed of {day}: committed to twice")
            committed[day] = (bytes.fromhex(line["commitment"]), datetime.fromisoformat(line["at"]))
            begins = datetime.fromisoformat(day).replace(tzinfo=SHANGHAI)
            if committed[day][1] >= begins:
                late.append(day)
        elif line["what"] == "revealed":
            if day not in committed:
                raise Wrong(f"seed of {day}: revealed without having been committed to before")
            if day in revealed:
                raise Wrong(f"seed of {day}: revealed twice")
            seed = bytes.fromhex(line["seed"])
            if commitment(day, seed) != committed[day][0]:
                raise Wrong(f"seed of {day}: does not match its commitment")
            for draw in line["draws"]:
                check_draw(day, seed, committed[day][1], draw, seen)
            draws += len(line["draws"])
            revealed.add(day)
        else:
            raise Wrong(f"line about {day}: neither a commitment nor a seed")
    return len(revealed), draws, sorted(set(committed) - revealed), late


def check_older(older, lines):
    """Nothing that was published before is missing or different now."""
    for place, line in enumerate(older):
        now = lines[place] if place < len(lines) else None
        if now != line:
            raise Wrong(f"line {place + 1} ({line.get('what')}, {line.get('day')}): published otherwise in the older copy")


def main(arguments):
    if len(arguments) not in (1, 2):
        print(__doc__)
        return 2
    try:
        files = [[json.loads(line) for line in Path(a).read_text("utf-8").splitlines() if line.strip()] for a in arguments]
    except (OSError, ValueError) as error:
        print(f"cannot read the files: {error}")
        return 2
    try:
        days, draws, waiting, late = check(files[0])
        if len(files) == 2:
            check_older(files[1], files[0])
    except Wrong as error:
        print(f"WRONG: {error}")
        return 1
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        print(f"WRONG: the list is damaged: {error!r}")
        return 1
    for day in late:
        print(f"note: the seed of {day} was committed to when the day had begun; its draws all came later")
    if waiting:
        print(f"{len(waiting)} days are committed to and not yet revealed, the first is {waiting[0]}")
    print(f"OK: {draws} draws of {days} days give the same person again")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
