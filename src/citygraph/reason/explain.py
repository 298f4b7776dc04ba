"""An inferred statement to its proof: rule, axioms, premises, file and line; and why what does not hold does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Final

from citygraph.config import Config
from citygraph.graphs import Part, ProjectGraphs
from citygraph.labels import Labels
from citygraph.language import LANGUAGES, Text
from citygraph.namespaces import PREFIXES
from citygraph.rdf import Quad, Triple
from citygraph.reason.as_of import apply_rules, drop_deprecated
from citygraph.reason.as_of_words import AS_OF, Calendar
from citygraph.reason.closure import TripleText
from citygraph.reason.engine_columnar import close
from citygraph.reason.explanation import Explained, Explanation, Gap, Origin
from citygraph.reason.facts import ColumnarFacts, Facts
from citygraph.reason.proof import Given, Proof
from citygraph.reason.proof_check import faults
from citygraph.reason.prover import Prover
from citygraph.reason.verbalise import Words
from citygraph.reason.why_not import WhyNot, why_not
from citygraph.sources import excerpt_range

__all__ = ["Explainer", "explain_statement"]

_DERIVED_FROM = f"<{PREFIXES['prov']}wasDerivedFrom>"
_HAS_SOURCE = f"<{PREFIXES['oa']}hasSource>"
_DEEPEST: Final = 100
"""Nobody reads further; what lies below is counted."""


class Explainer:
    """Explains statements about one project on one reference date; made once, asked often."""

    def __init__(self, graphs: ProjectGraphs, config: Config, *, as_of: date) -> None:
        """Close the graph; that takes some ten milliseconds for ten thousand statements.

        Raises:
            ReasoningError: the reasoner stopped before it was done.
        """
        self._graphs = graphs
        stale_after, lists_stale_after = config.duration("time.stale_after"), config.duration("time.lists_stale_after")
        asserted = drop_deprecated(graphs.triples(Part.ONTOLOGY, Part.DATA))
        derived = apply_rules(asserted, as_of=as_of, stale_after=stale_after, lists_stale_after=lists_stale_after)
        given = {_texts(triple) for triple in derived} - {_texts(triple) for triple in asserted}
        closure = close([*asserted, *derived])
        self.facts: Facts = _WithoutGiven(ColumnarFacts(closure.state), given)
        self.labels = Labels(graphs.triples())
        self.calendar = Calendar(
            self.facts,
            as_of=as_of,
            stale_after=stale_after,
            lists_stale_after=lists_stale_after,
            derived=given,
            labels=self.labels,
        )
        self.given: Given = self.calendar.given()
        self.book = closure.book
        self.prover = Prover(self.facts, self.book, self.given)
        self.words = Words(self.labels, self.facts)

    def explain(self, triple: Triple, *, every: bool = False) -> Explanation:
        """Why this statement holds, or why it does not; with `every`, all proofs of which nothing can be left out."""
        text = _texts(triple)
        first = self.prover.prove(text)
        if first is None and text in self._stated:
            # In a file that the reasoner does not read, or about a fact that is marked as deprecated.
            return Explanation(text, (Explained(text, self.words.statement(text), self.origins(text)),))
        if first is None:
            return Explanation(text, (), self._gap(why_not(text, self.prover, self.calendar)))
        proofs = self.prover.proofs(text) if every else [first]
        return Explanation(text, tuple(map(self._explained, proofs)))

    def faults(self, triple: Triple) -> list[str]:
        """What the checker says of the shortest proof of this statement; nothing when it is good."""
        proof = self.prover.prove(_texts(triple))
        return ["there is no proof"] if proof is None else faults(proof, self.facts, self.book, self.given)

    def _explained(self, proof: Proof, deep: int = _DEEPEST) -> Explained:
        statement = self.words.statement(proof.triple)
        step = proof.step
        if step is None:
            return Explained(proof.triple, statement, self.origins(proof.triple))
        if deep == 0:
            more = Text(f"og {proof.size} steg til", f"and {proof.size} more steps")
            return Explained(proof.triple, statement, (), step.rule, more)
        counted = self.calendar.of(proof.triple) if step.rule == AS_OF else None
        reason = self.words.rule(step) if counted is None else self.words.inside(counted.why)
        premises = tuple(self._explained(part, deep - 1) for part in proof.premises)
        axioms = tuple(self._explained(part, deep - 1) for part in proof.axioms)
        return Explained(proof.triple, statement, (), step.rule, reason, premises, axioms)

    def _gap(self, found: WhyNot) -> Gap:
        met = [proof for triple in found.met if (proof := self.prover.prove(triple)) is not None]
        return Gap(
            self.words.statement(found.triple),
            self.words.why_not(found),
            found.rule.name if found.rule else "",
            tuple(map(self._explained, met)),
            tuple(self.words.statement(atom) for atom in found.missing),
        )

    def origins(self, triple: TripleText) -> tuple[Origin, ...]:
        """Where a statement stands in the files, once for each passage its fact was read in."""
        file, line, column = self._graphs.locate(*triple)
        sources = self._sources.get(triple[0], ())
        if not sources:
            return (Origin(file, line, column),)
        return tuple(self._origin(source, file, line, column) for source in sources)

    def _origin(self, source: str, file: str, line: int, column: int) -> Origin:
        iri = source[1:-1]
        excerpt = excerpt_range(iri)
        document = (
            excerpt.source
            if excerpt
            else self._documents.get(source, source)[1:-1]
            if source in self._documents
            else iri
        )
        span = (excerpt.start, excerpt.end) if excerpt else (-1, -1)
        # The last part of its address is the name that people know a document without a title by.
        titled = document in self.labels
        title = (
            Text(*(self.labels.of(document, each) for each in LANGUAGES)) if titled else Text.of(_file_name(document))
        )
        return Origin(file, line, column, iri, title, *span)

    @cached_property
    def _stated(self) -> frozenset[TripleText]:
        return frozenset(map(_texts, self._graphs.triples()))

    @cached_property
    def _sources(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for quad in self._graphs.quads(Part.DATA, Part.ONTOLOGY):
            if str(quad.predicate) == _DERIVED_FROM:
                found[str(quad.subject)] = (*found.get(str(quad.subject), ()), str(quad.object))
        return found

    @cached_property
    def _documents(self) -> dict[str, str]:
        return {
            str(q.subject): str(q.object) for q in self._graphs.quads(Part.SOURCES) if str(q.predicate) == _HAS_SOURCE
        }


def explain_statement(
    triple: Triple,
    graphs: ProjectGraphs,
    *,
    config: Config,
    as_of: date,
    inferred: Iterable[Quad] = (),
    every: bool = False,
) -> Explanation:
    """Why one statement holds on a reference date; an `Explainer` answers more than one question faster.

    Raises:
        ReasoningError: the reasoner stopped before it was done.
    """
    # The closure is made anew: a snapshot keeps what is worth reading, and a proof may need the rest.
    del inferred
    return Explainer(graphs, config, as_of=as_of).explain(triple, every=every)


class _WithoutGiven:
    """A closure in which what the rules before OWL derived does not count as stated."""

    def __init__(self, facts: Facts, given: set[TripleText]) -> None:
        self._given = given
        self._facts = facts
        self.match = facts.match
        self.estimate = facts.estimate
        self.spellings = facts.spellings

    def is_asserted(self, triple: TripleText) -> bool:
        """See `Facts.is_asserted`."""
        return triple not in self._given and self._facts.is_asserted(triple)


def _file_name(document: str) -> str:
    return document.rpartition("/")[2] or document


def _texts(triple: Triple) -> TripleText:
    return str(triple.subject), str(triple.predicate), str(triple.object)
