"""Revision -> search document; what is owed drained into the engine; index and registry compared.

documents    DocumentBuilder: the maximal intervals of an item, as a searcher sees it
touching     whose documents a publication changes
draining     drain, rebuild, catch_up
comparing    verify --search: what differs, and its repair
tending      the thread or process that drains, one at a time, restarted when it falls
"""

from app.indexing.comparing import Difference, compare, repair
from app.indexing.documents import DocumentBuilder
from app.indexing.draining import catch_up, drain, is_behind_index, is_missing, rebuild
from app.indexing.tending import TIDY_SECONDS, Drainer, tidy
from app.indexing.touching import touched_items

__all__ = [
    "TIDY_SECONDS",
    "Difference",
    "DocumentBuilder",
    "Drainer",
    "catch_up",
    "compare",
    "drain",
    "is_behind_index",
    "is_missing",
    "rebuild",
    "repair",
    "tidy",
    "touched_items",
]
