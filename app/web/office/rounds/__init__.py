"""Cleanup rounds: opened, worked on item by item or in bulk, rehearsed, handed in and published; those of the past
recorded."""

from app.web.office.rounds import (
    deciding,
    desk,
    item_form,
    moves,
    new_items,
    one_item,
    opening,
    recording,
    rehearsals,
    worksheets,
)

PARTS = (opening, recording, worksheets, rehearsals, deciding, one_item, item_form, new_items, moves, desk)
