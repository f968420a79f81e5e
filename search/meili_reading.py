"""What is asked of one index of a Meilisearch server, several questions in one call."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from search import pinyin
from search.conditions import Condition
from search.engine import EngineError, SearchDocument
from search.meili_documents import MARKER
from search.meili_filters import possible
from search.meili_server import NoIndex, Server
from search.meili_text import pairs, read, sound_pairs, word
from search.values import from_source

Question = dict[str, Any]

_TRIES = 5  # to be answered from one state while others write
_MOST_WORDS = 10  # of `q` that the server looks at
_IN_TITLES = ["title_pairs"]
_ANYWHERE = ["title_pairs", "other_pairs"]


class MeiliReader:
    """A Reader (see conditions.py). An index that is not there is an empty one."""

    def __init__(self, server: Server, index: str) -> None:
        self._server = server
        self._index = index

    # -- questions

    def ask(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        """The answers in order, all from one state of the index: questions of one call may meet several.

        Raises NoIndex, EngineError.
        """
        if not questions:
            return []
        state: Question = {
            "filter": f"role = {MARKER}",
            "limit": 1,
            "attributesToRetrieve": ["seq", "batch", "build"],
        }
        asked = [{"indexUid": self._index, "q": "", **question} for question in (state, *questions, state)]
        for _ in range(_TRIES):
            answers = self._server.reading(lambda client: client.multi_search(asked))["results"]
            if answers[0]["hits"] == answers[-1]["hits"]:
                return list(answers[1:-1])
        raise EngineError("the index changes faster than it can be asked")

    def page(self, condition: str, limit: int, offset: int = 0, **more: Any) -> Question:
        return {
            **more,
            "filter": condition,
            "limit": limit,
            "offset": offset,
            "attributesToRetrieve": ["key", "source"],
        }

    def count(self, condition: str, **more: Any) -> Question:
        return {"filter": condition, "page": 1, "hitsPerPage": 0, "attributesToRetrieve": [], **more}

    # -- the Reader

    def holds(self, conditions: Sequence[Condition]) -> list[bool]:
        answers = self._asked([self.page(possible(one), 1) for one in conditions])
        return [bool(answer["hits"]) for answer in answers]

    def shortest(self, conditions: Sequence[Condition], limit: int) -> list[list[SearchDocument]]:
        return list(map(documents_of, self._asked([self.page(possible(one), limit) for one in conditions])))

    def likeliest(
        self,
        pieces: Sequence[str],
        frequencies: Mapping[str, int],
        conditions: Sequence[Condition],
        limit: int,
    ) -> list[list[SearchDocument]]:
        """The server ranks by how many words a document has, leaving out the commonest first, or the last: so
        rare pairs lead, or the beginning of the text, or its end."""
        every_pair = dict.fromkeys(pair for piece in pieces for pair in pairs(piece))
        # A pair that no document has would leave nothing of the rest.
        known = [pair for pair in every_pair if frequencies[pair]]
        heard = [pair for piece in pieces for pair in sound_pairs(pinyin.syllables(piece))]
        ways: list[Question] = [{"q": " ".join(pieces), "attributesToSearchOn": ["name", "other_names"]}]
        for words, where in ((known, _IN_TITLES), (known[::-1], _IN_TITLES), (known, _ANYWHERE)):
            ways.append({"q": _q(words), "attributesToSearchOn": where, "matchingStrategy": "last"})
        ways.append({"q": _q(known), "attributesToSearchOn": _IN_TITLES})
        ways.append({"q": _q(heard), "attributesToSearchOn": ["title_sounds"]})
        ways = [{"matchingStrategy": "frequency", **way} for way in ways if way["q"]]
        pages = [self.page(possible(condition), limit) for condition in conditions]
        answers = self._asked([page | way for page in pages for way in ways])
        found = []
        for number in range(len(conditions)):
            answered = answers[number * len(ways) : (number + 1) * len(ways)]
            hits = {hit["key"]: hit for answer in answered for hit in answer["hits"]}
            found.append(list(map(document_of, hits.values())))
        return found

    def frequencies(self, pairs: Iterable[str]) -> tuple[dict[str, int], int]:
        wanted = list(dict.fromkeys(pairs))
        asked = [self.count("", q=_q([pair]), attributesToSearchOn=_ANYWHERE) for pair in wanted]
        answers = self._asked([*asked, self.count("role = document")])
        totals = [answer["totalHits"] for answer in answers] or [0] * (len(wanted) + 1)
        return dict(zip(wanted, totals, strict=False)), totals[-1]

    def names(self, conditions: Sequence[Condition], limit: int) -> list[list[tuple[str, int]]]:
        answers = self._asked([self.count(possible(one), facets=["label"]) for one in conditions])
        found = [(answer.get("facetDistribution") or {}).get("label", {}) for answer in answers]
        names = [[(read(label), count) for label, count in one.items()] for one in found]
        return [sorted(one, key=lambda name: (-name[1], name[0]))[:limit] for one in names]

    def _asked(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        try:
            return self.ask(questions)
        except NoIndex:
            return [{"hits": [], "totalHits": 0} for _ in questions]


def _q(words: Sequence[str]) -> str:
    return " ".join(map(word, words[:_MOST_WORDS]))


def documents_of(answer: dict[str, Any]) -> list[SearchDocument]:
    return list(map(document_of, answer["hits"]))


def document_of(hit: dict[str, Any]) -> SearchDocument:
    return from_source(hit["source"])
