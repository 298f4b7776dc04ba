"""The default engine: flat rules over sorted columns of integers, equality by representatives.

Read in this order:

- `relations`: sorted columns of numbers, and one relation for each class and property;
- `terms`: the number of each term, and which literals are equal by value;
- `plan`: a flat rule in numbers, the order in which rules run, and the body of one evaluated, atom by atom;
- `reach`: everything that is reached along a transitive property;
- `equality`: who is equal to whom, and what that does to the relations;
- `state`: what the engine knows about one graph at one time;
- `fixpoint`: all rules over what is new, until nothing is new;
- `changes`: asserted statements that come and go;
- `clashes`: the violations of contradiction rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from citygraph.errors import ReasoningError
from citygraph.messages import sentence
from citygraph.rdf import Iri, Quad, Triple
from citygraph.reason.closure import (
    CLASS_PREDICATES,
    EVERYTHING,
    REFLEXIVE_PREDICATES,
    VOCABULARIES,
    Budget,
    Contradiction,
    RuleBook,
)
from citygraph.reason.columnar import changes, clashes
from citygraph.reason.columnar.fixpoint import saturate
from citygraph.reason.columnar.relations import (
    EMPTY_IDS,
    Column,
    Columns,
    Ids,
    Key,
    Mask,
    high,
    is_property,
    low,
    minus,
    pack,
    term_of,
    unique,
)
from citygraph.reason.columnar.state import ColumnarState
from citygraph.reason.columnar.terms import IRI, LITERAL, Dictionary, encode_terms
from citygraph.reason.rules import SAME, expand

__all__ = ["ColumnarClosure", "close"]


def close(
    asserted: Columns | Iterable[Triple] | Iterable[Quad],
    *,
    dictionary: Dictionary | None = None,
    budget: Budget | None = None,
) -> ColumnarClosure:
    """Everything that follows from these triples by OWL 2 RL; the ontology is found among them.

    Args:
        asserted: the triples, encoded with `dictionary` or as terms.
        dictionary: the numbers of the terms; needed with `Columns`, and extended by what the rules speak of.
        budget: limits; a closure that would pass them is stopped.

    Raises:
        ReasoningError: a limit was reached; the message names the rule, the property and the largest group.
    """
    dictionary = Dictionary() if dictionary is None else dictionary
    columns = asserted if isinstance(asserted, Columns) else encode_terms(asserted, dictionary)
    return ColumnarClosure(saturate(columns, dictionary, Budget() if budget is None else budget))


class ColumnarClosure:
    """A closure that can be asked, and kept up to date when triples come and go."""

    def __init__(self, state: ColumnarState) -> None:
        self.state = state
        self._contradictions: tuple[Contradiction, ...] | None = None

    @property
    def book(self) -> RuleBook:
        """The flat rules in use, and those of the axioms as they are written, which equality may have folded.

        A proof begins before two terms were found to be equal, so it needs the axioms in their own words.
        """
        book, written = self.state.book, self.state.written
        if written is book:
            return book
        rules = tuple(dict.fromkeys((*written.rules, *book.rules)))
        return replace(book, rules=rules, schema={**written.schema, **book.schema})

    @property
    def contradictions(self) -> tuple[Contradiction, ...]:
        """Every violation of a contradiction rule, in the order of the rules; found when first asked for."""
        if self._contradictions is None:
            self._contradictions = clashes.find(self.state)
        return self._contradictions

    def insert(self, triples: Columns | Iterable[Triple] | Iterable[Quad]) -> None:
        """Add asserted triples; the closure is again what a full run would give."""
        self.state = changes.insert(self.state, self._encoded(triples))
        self._contradictions = None

    def delete(self, triples: Columns | Iterable[Triple] | Iterable[Quad]) -> None:
        """Take back asserted triples; the closure is again what a full run would give."""
        self.state = changes.delete(self.state, self._encoded(triples))
        self._contradictions = None

    def size(self) -> int:
        """How many triples the closure has, before equality is written out."""
        return sum(map(len, self.state.relations.values()))

    def expanded(self) -> dict[Key, Column]:
        """All triples by class and property, with equality written out: asserted, inferred and noise alike.

        Raises:
            ReasoningError: so many things are equal that it would be too much; found out before it is made.
        """
        state = self.state
        _stop_at_equality(state)
        found: dict[Key, Column] = {}
        for key, relation in state.relations.items():
            if len(relation) and key != state.type_key:
                rows = state.equality.expand_rows(key, relation.rows)
                for spelled in state.spelled_keys(key):
                    found[spelled] = rows
        return found

    def inferred_rows(self) -> dict[Key, Column]:
        """What was not asserted and is worth keeping, by class and property."""
        dictionary = self.state.dictionary
        iris = dictionary.kinds() == IRI
        own = iris & ~_in_vocabularies(dictionary)
        found = {}
        for key, rows in self.expanded().items():
            name = dictionary.text(term_of(key))
            # An anonymous class says nothing as a type, and a property without a name cannot be written.
            if not name.startswith("<"):
                continue
            asserted = self.state.asserted.get(key)
            new = rows if asserted is None else minus(rows, asserted)
            new = new[_kept(key, name[1:-1], new, own, iris, dictionary)]
            if len(new):
                found[key] = new
        return found

    def inferred(self) -> Iterator[Triple]:
        """The triples that were not asserted, after the shared filter."""
        found = self.inferred_rows()
        dictionary = self.state.dictionary
        used = unique(np.concatenate([EMPTY_IDS, *map(_terms_in, found.items())])).tolist()
        term = dict(zip(used, dictionary.terms(used), strict=True))
        type_term = Iri(dictionary.text(self.state.type_term)[1:-1])
        for key in sorted(found):
            rows, named = found[key], term[term_of(key)]
            if not is_property(key):
                for subject in rows.tolist():
                    yield Triple(term[subject], type_term, named)
                continue
            for subject, object_ in zip(high(rows).tolist(), low(rows).tolist(), strict=True):
                yield Triple(term[subject], named, term[object_])

    def complete(self) -> Iterator[Triple]:
        """The triples that were not asserted, all of them: about anonymous classes, the vocabularies, and themselves.

        Left out is what RDF cannot state: a literal as subject, and a property without a name.
        """
        state, dictionary = self.state, self.state.dictionary
        found = self.expanded()
        number = dictionary.number
        used = unique(np.concatenate([EMPTY_IDS, *map(_terms_in, found.items())]))
        nodes = used[dictionary.kinds()[used] != LITERAL]
        classes = found.get(number(expand("owl:Class")) << 1, EMPTY_IDS)
        properties = [
            found.get(number(expand(f"owl:{kind}Property")) << 1, EMPTY_IDS) for kind in ("Object", "Datatype")
        ]
        thing, nothing = np.uint32(number(expand("owl:Thing"))), np.uint32(number(expand("owl:Nothing")))
        everything, none = np.full(len(classes), thing), np.full(len(classes), nothing)
        known = {key: [rows] for key, rows in found.items()}
        for name, left, right in (
            ("owl:sameAs", nodes, nodes),
            ("rdfs:subClassOf", classes, classes),
            ("owl:equivalentClass", classes, classes),
            ("rdfs:subClassOf", classes, everything),
            ("rdfs:subClassOf", none, classes),
            *(("rdfs:subPropertyOf", each, each) for each in properties),
            *(("owl:equivalentProperty", each, each) for each in properties),
        ):
            known.setdefault(number(expand(name)) << 1 | 1, []).append(pack(left, right))
        for key in sorted(known):
            rows = unique(np.concatenate(known[key]))
            asserted = state.asserted.get(key)
            yield from self._triples(key, rows if asserted is None else minus(rows, asserted))

    def _triples(self, key: Key, rows: Column) -> Iterator[Triple]:
        """The rows of one relation as triples, as far as RDF can state them."""
        dictionary = self.state.dictionary
        kinds = dictionary.kinds()
        subjects = high(rows) if is_property(key) else rows
        rows = rows[kinds[subjects] != LITERAL]
        if is_property(key) and kinds[term_of(key)] != IRI:
            return
        type_, named = dictionary.terms([self.state.type_term, term_of(key)])
        for row in rows.tolist():
            if is_property(key):
                subject, object_ = dictionary.terms([row >> 32, row & 0xFFFFFFFF])
                yield Triple(subject, named, object_)  # type: ignore[arg-type]
            else:
                (subject,) = dictionary.terms([row])
                yield Triple(subject, type_, named)  # type: ignore[arg-type]

    def _encoded(self, triples: Columns | Iterable[Triple] | Iterable[Quad]) -> Columns:
        return triples if isinstance(triples, Columns) else encode_terms(triples, self.state.dictionary)


def _terms_in(relation: tuple[Key, Column]) -> Ids:
    """Every term of a relation, its class or property too."""
    key, rows = relation
    named = np.array([term_of(key)], np.uint32)
    return np.concatenate((named, high(rows), low(rows)) if is_property(key) else (named, rows))


def _stop_at_equality(state: ColumnarState) -> None:
    """Say which things are equal, when there are so many that what follows cannot be written out."""
    equality = state.equality
    groups, sizes = np.unique(high(equality.cliques), return_counts=True)
    if len(groups) == 0:
        return
    names = np.ones(state.terms(), np.int64)
    names[groups] = sizes
    total = 0
    for key, relation in state.relations.items():
        ends = (high(relation.rows), low(relation.rows)) if is_property(key) else (relation.rows,)
        total += int(names[term_of(key)]) * int(np.prod([names[end] for end in ends], axis=0).sum())
    most = state.budget.written_out(state.rows)
    if total <= most:
        return
    largest = int(np.argmax(sizes))
    members = low(equality.cliques[high(equality.cliques) == groups[largest]])
    # A word of OWL among them says most about what is wrong.
    texts = sorted(
        map(state.dictionary.text, members.tolist()), key=lambda text: (not text[1:].startswith(VOCABULARIES), text)
    )
    words = {"count": len(members), "rows": total, "most": most, "names": ", ".join(texts[:_EXAMPLES])}
    message = sentence("reasoner.budget.equal", **words)
    makers = [rule for rule in state.written.rules if rule.head and rule.head.predicate == SAME and rule.axioms]
    if makers:
        axioms = "; ".join(dict.fromkeys(" ".join(rule.axioms[0]) for rule in makers[:_EXAMPLES]))
        message = sentence("reasoner.budget.equal_by", message=message, axioms=axioms)
    raise ReasoningError(message, fix=sentence("reasoner.budget.look_equal"))


_EXAMPLES: Final = 4


def _in_vocabularies(dictionary: Dictionary) -> Mask:
    """For every term whether it belongs to OWL, RDF, RDFS or XSD."""
    starts = tuple(f"<{prefix}".encode() for prefix in VOCABULARIES)
    return np.fromiter((text.startswith(starts) for text in dictionary.texts()), np.bool_, len(dictionary))


def _kept(key: Key, name: str, rows: Column, own: Mask, iris: Mask, dictionary: Dictionary) -> Mask:
    """The filter of `tidy` over a whole relation."""
    if not is_property(key):
        return own[rows] if name not in EVERYTHING else np.zeros(len(rows), np.bool_)
    left, right = high(rows), low(rows)
    mask = own[left]
    if name in CLASS_PREDICATES:
        mask &= iris[right]
        for everything in EVERYTHING:
            number = dictionary.known(f"<{everything}>")
            if number is not None:
                mask &= right != number
    if name in REFLEXIVE_PREDICATES:
        mask &= left != right
    return mask
