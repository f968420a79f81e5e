"""Small documents and questions for the tests of search."""

from search.engine import Engine, SearchDocument, SearchPage, SearchQuery

DAY = "2024-07-01"


def document(subject: str, name: str, valid_from: str = "2000-01-01", **fields: object) -> SearchDocument:
    return SearchDocument(
        id=f"{subject}:{valid_from}",
        subject=subject,
        kind="item",
        name=name,
        valid_from=valid_from,
        **fields,  # type: ignore[arg-type]
    )


def search(engine: Engine, q: str, **fields: object) -> SearchPage:
    return engine.search(SearchQuery(q=q, **({"on": DAY} | fields)))  # type: ignore[arg-type]


def subjects(engine: Engine, q: str, **fields: object) -> list[str]:
    return [hit.subject for hit in search(engine, q, **fields).hits]
