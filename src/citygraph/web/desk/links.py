"""The ways from a page of a thing to the forms: what can be added about it, and what can be done with each of its facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from citygraph.edit.kinds import FactKind, Kinds, Step
from citygraph.namespaces import CG, PREFIXES
from citygraph.rdf import Iri
from citygraph.web.pages.urls import Urls

ACTIONS: Final = ("change", "end", "confirm", "dispute", "retract")
"""What can be done with a fact, in the order of the links."""
_NEEDED: Final = {"end": "until", "confirm": "as-of", "dispute": "rank"}
"""The field that a kind has when its facts can be edited so."""
_PREDICATE: Final = (Step(PREFIXES["rdf"] + "predicate"),)
_CLAIM: Final = CG + "Claim"
_CLASS_OF: Final = {
    "memberships": PREFIXES["org"] + "Membership",
    "figures": PREFIXES["schema"] + "Observation",
    "lists": CG + "CompletenessStatement",
    "disagreements": CG + "Disagreement",
}
"""The class of the facts in each table of a page."""


def actions_of(kinds: Sequence[FactKind]) -> list[str]:
    """What can be done with a fact that is of one of these kinds."""
    return [each for each in ACTIONS if each not in _NEEDED or any(kind.has(_NEEDED[each]) for kind in kinds)]


class DeskLinks:
    """The links of one page."""

    def __init__(self, kinds: Kinds, urls: Urls) -> None:
        """Links by the kinds of facts of the project."""
        self._kinds, self._urls = kinds, urls

    def about(self, iri: str) -> str:
        """Where facts about a thing are added."""
        return self._urls.desk(about=iri)

    def of_table(self, sort: str, fact: str) -> list[tuple[str, str]]:
        """What can be done with a fact in one of the tables, each with its form."""
        class_ = _CLASS_OF.get(sort, "")
        return self._links([each for each in self._kinds.values() if class_ in each.classes], fact)

    def of_statement(self, predicate: str, claims: Sequence[str]) -> list[tuple[str, str]]:
        """What can be done with the claim about a statement; nothing when there is none, or when several say it."""
        if len(claims) != 1:
            return []
        said = Iri(predicate.strip("<>"))
        claim = [each for each in self._kinds.values() if _CLAIM in each.classes]
        exact = [each for each in claim if any(c.path == _PREDICATE and c.value == said for c in each.constants)]
        return self._links(exact or [each for each in claim if not _is_fixed(each)], claims[0])

    def of_thing(self, classes: Iterable[str], iri: str) -> list[tuple[str, str]]:
        """What can be done with what is said of a thing itself, or with a fact on a page of its own."""
        own = set(classes)
        kinds = [each for each in self._kinds.values() if own.issuperset(each.classes)]
        return self._links(kinds, iri) if kinds else []

    def _links(self, kinds: Sequence[FactKind], fact: str) -> list[tuple[str, str]]:
        return [(each, self._urls.desk_fact(fact, each)) for each in actions_of(kinds)]


def _is_fixed(kind: FactKind) -> bool:
    return any(each.path == _PREDICATE for each in kind.constants)
