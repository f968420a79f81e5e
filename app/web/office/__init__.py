"""The office: the working room of those who keep the catalogue. ``visiting.TABLE`` says who reaches what."""

from fastapi import FastAPI

from app.web.gate import ANSWERS
from app.web.office import (
    accounts,
    attaching,
    audit,
    calendar,
    changesets,
    checks,
    citing,
    desk,
    duties,
    editions,
    fulfilling,
    imports,
    item_ending,
    items,
    law,
    many,
    many_files,
    organ_founding,
    organs,
    overlaps,
    own_tokens,
    receiving,
    recording,
    rehearsals,
    renewing,
    reports,
    round_deciding,
    round_desk,
    round_files,
    round_forms,
    round_item,
    round_moves,
    round_new,
    rounds,
    sign_on,
    signing,
    voiding,
    webhooks,
)
from app.web.office.keeping import PayFirst, SignInAgain, TurnedAway
from app.web.office.waiting import pay_first, sign_in_again, turned_away

PARTS = (
    signing, own_tokens, sign_on, desk, items, item_ending, voiding, receiving, fulfilling, renewing, changesets,
    checks, rounds, recording, round_files, rehearsals, round_deciding, round_item, round_forms, round_new,
    round_moves, round_desk, duties, editions, law, many, many_files, organ_founding, organs, imports, attaching,
    citing, calendar, overlaps, accounts, webhooks, reports, audit,
)  # fmt: skip


def include(app: FastAPI) -> None:
    """Each router by itself; see ``api.include``. And what answers those who have to sign in again."""
    setattr(app.state, ANSWERS, {SignInAgain: sign_in_again, PayFirst: pay_first, TurnedAway: turned_away})
    for part in PARTS:
        app.include_router(part.router, include_in_schema=False)
