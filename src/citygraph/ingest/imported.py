"""What came of a list: statements, the report, questions for a person, and what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citygraph.ingest.countries import country_label
from citygraph.ingest.difference import Difference
from citygraph.ingest.outcomes import Line, Outcome
from citygraph.ingest.review import Question, ReviewKey
from citygraph.rdf import Triple

__all__ = ["Import"]


@dataclass(frozen=True, slots=True)
class Import:
    """What came of a list.

    Args:
        document: the address of the list as a source.
        lines: the report.
        rows: how many rows ended how; together they are all rows that were read.
        facts: the statements about networks, members and memberships.
        sources: the statements about the list and its rows.
        questions: what a person must decide.
        difference: what has changed since the last edition, or against the graph when the list is complete.
        made: how many cities and networks are new.
        decided: what was made because the review says new, by the key of the question.
        complete: for each network that the map calls complete, by name, how many rows keep its list from being so.
        notes: how the file was read.
    """

    document: str
    lines: tuple[Line, ...]
    rows: Mapping[Outcome, int]
    facts: tuple[Triple, ...]
    sources: tuple[Triple, ...]
    questions: tuple[Question, ...]
    difference: Difference | None
    made: Mapping[str, int]
    decided: Mapping[ReviewKey, str]
    complete: Mapping[str, int]
    notes: tuple[str, ...]

    def candidate_names(self) -> dict[str, str]:
        """What the candidates of the review are called, by address."""
        found: dict[str, str] = {}
        for question in self.questions:
            for each in question.candidates:
                country = f" ({country_label(each.country, 'en')})" if each.country else ""
                found[each.iri] = f"{each.name}{country}"
        return found

    @property
    def read(self) -> int:
        """How many rows the file has."""
        return sum(self.rows.values())
