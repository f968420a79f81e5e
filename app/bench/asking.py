"""What a day's users ask of a search: the stream that its figures over HTTP are measured by.

A text is a judged query (``tests/search/judged``) or a name of the synthetic items, 6,000 in all, in a random order of
popularity. The text of rank r is asked as often as 1/r, Zipf's law with the exponent 1 that logs of searches are near.
Six in ten ask without a region, the others within one: of a name, that of its item; of a query, any, again by 1/r. Of
the pages, 85 in 100 are first ones, 10 second, 5 third: few look further. Nobody says a day, so all ask for today. Each
request is drawn by itself, from one seed.

What was asked before is kept while nothing is published, so how much a worker answers depends on where in the stream
it is asked. It is measured at two places: from its first request on, as after a start or a publication; and after
``BEFORE`` requests, which is where a worker is within the first minute wherever as much is asked as the target allows.
The share asked before is told beside both, and the two extremes stand in rows of their own.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from urllib.parse import quote, urlencode

from app.bench import corpora
from app.bench.judging import HALVES, judged
from app.bench.load import Answered
from app.bench.registries import Registry

TEXTS = 6_000
EXPONENT = 1.0
WITHOUT_REGION = 0.6
PAGES = (0.85, 0.10, 0.05)
HITS = 20
"""Of a page."""
BEFORE = 40_000
"""Requests answered before the later place in the stream is measured."""
ASKED = 3 * BEFORE
"""Requests in the stream: more than are answered in the time."""
FIRST, DAYS = dt.date(2021, 1, 1), 1_800
ASKED_TEXTS = [text for text in corpora.ASKED if len(text) > 1]


def days_users(registry: Registry, path: str, count: int = ASKED, seed: int = 1) -> list[str]:
    """The addresses that are asked, one after the other."""
    chance = random.Random(seed)
    homes = registry.named_items()
    texts = _texts(sorted(homes), chance)
    regions = registry.subjects("region")
    chance.shuffle(regions)
    drawn = chance.choices(texts, _weights(len(texts)), k=count)
    found = []
    for text in drawn:
        wanted = {"q": text}
        if chance.random() >= WITHOUT_REGION:
            wanted["region"] = homes.get(text) or chance.choices(regions, _weights(len(regions)))[0]
        if page := chance.choices(range(len(PAGES)), PAGES)[0]:
            wanted["offset"] = str(page * HITS)
        found.append(f"{path}?{urlencode(wanted)}")
    return found


def asked_again(path: str) -> list[str]:
    """A few texts, over and over."""
    return [f"{path}?q={quote(text)}" for text in ASKED_TEXTS]


def never_asked(path: str) -> list[str]:
    """The same texts, each on many days, in a random order: more than are asked in the time, and far more than are
    kept."""
    days = [FIRST + dt.timedelta(days=number) for number in range(DAYS)]
    paths = [f"{path}?q={quote(text)}&on={day}" for day in days for text in ASKED_TEXTS]
    random.Random(1).shuffle(paths)
    return paths


def _texts(names: Sequence[str], chance: random.Random) -> list[str]:
    queries = [one.q for half in HALVES for one in judged(half)]
    texts = [*queries, *chance.sample(names, min(len(names), TEXTS - len(queries)))]
    chance.shuffle(texts)
    return texts


def _weights(count: int) -> list[float]:
    return [rank**-EXPONENT for rank in range(1, count + 1)]


def asked_before(paths: Sequence[str], rounds: Sequence[Answered], seconds: float, before: int = 0) -> float:
    """The share of the requests answered in the rounds that had been asked before, those of the warm-up and of what
    was asked ``before`` among them."""
    if not rounds:
        return 0.0
    warm = max(before, round(rounds[0]["rate"] * min(1.0, seconds)))
    answered = round(sum(one["rate"] for one in rounds) * seconds)
    seen, again = set(paths[:warm]), 0
    measured = [paths[at % len(paths)] for at in range(warm, warm + answered)]
    for path in measured:
        again += path in seen
        seen.add(path)
    return again / max(1, len(measured))
