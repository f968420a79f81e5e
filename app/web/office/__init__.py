"""The office: the working room of those who keep the catalogue. Its rooms, in the order of imports: a room imports only
from lines above its own, and freely within itself. ``tests/test_structure.py`` reads the order from here.

doors          who comes in, what they reach, and the page that answers them
forms          what every room's forms stand on: fields, what is typed and kept, drafts, files, longer work
upkeep         what has to be seen to: duties, law, checks, overlaps, reports of the public, holidays
items          one item: edited whole, taken over, ended; a decision about it taken out
many           many items at once: one change over a filter, a workbook, an import
organs         organs founded, renamed, merged, divided, dissolved
publishing     what a second person approves: changesets and editions of lists
rounds         cleanup rounds, from opening to publishing; those of the past recorded
administering  accounts, subscriptions to events, the access log
desk           what waits for whoever signed in
"""

from fastapi import FastAPI

from app.web.gate import ANSWERS
from app.web.office import administering, desk, doors, forms, items, many, organs, publishing, rounds, upkeep
from app.web.office.doors.packing import PayFirst, SignInAgain, TurnedAway
from app.web.office.doors.waiting import pay_first, sign_in_again, turned_away

ROOMS = (doors, forms, upkeep, items, many, organs, publishing, rounds, administering)
PARTS = (*(part for room in ROOMS for part in room.PARTS), desk)


def include(app: FastAPI) -> None:
    """Each router by itself; see ``api.include``. And what answers those who have to sign in again."""
    setattr(app.state, ANSWERS, {SignInAgain: sign_in_again, PayFirst: pay_first, TurnedAway: turned_away})
    for part in PARTS:
        app.include_router(part.router, include_in_schema=False)
