"""Triples to a Turtle document: sorted, blank nodes folded into brackets where they can be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

from citygraph.namespaces import Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.turtle.document import Block, Document, Node, Pair

__all__ = ["Folding", "document_of"]

_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_FIRST, _REST, _NIL = Iri(_RDF + "first"), Iri(_RDF + "rest"), Iri(_RDF + "nil")
_XSD: Final = "http://www.w3.org/2001/XMLSchema#"


def document_of(
    triples: Iterable[Triple | Quad],
    *,
    prefixes: Mapping[str, str],
    labels: dict[BlankNode, str] | None = None,
    shared: Container[BlankNode] = (),
) -> Document:
    """A document whose text depends on the triples alone, not on their order.

    Only the prefixes that are used appear. A blank node that is the object of exactly one triple and
    on no cycle becomes `[ … ]` or a list; any other keeps a label, numbered by the order of writing.
    Documents that are parts of one file, as the graphs of TriG, pass on their `labels` and name the
    blank nodes that are `shared` between them.
    """
    curies = Curies(prefixes)
    document = Folding(triples, curies, {} if labels is None else labels, shared).document()
    document.prefixes = {name: f"<{prefixes[name]}>" for name in curies.used}
    return document


class Folding:
    """The blocks of some triples, with the blank nodes among them folded away."""

    def __init__(
        self,
        triples: Iterable[Triple | Quad],
        curies: Curies,
        labels: dict[BlankNode, str],
        shared: Container[BlankNode],
    ) -> None:
        """Look for the blank nodes that are said in one place only; `curies` shortens names, `labels` names nodes."""
        unique = {(t.subject, t.predicate, t.object) for t in triples}
        self._about: dict[Term, list[tuple[Iri, Term]]] = defaultdict(list)
        used = Counter(object_ for _, _, object_ in unique if isinstance(object_, BlankNode))
        for subject, predicate, object_ in unique:
            self._about[subject].append((predicate, object_))
        self._nested = {node for node in used if used[node] == 1 and node not in shared and not self._on_cycle(node)}
        self._curies = curies
        self._labels = labels

    def document(self) -> Document:
        """All blocks, without the prefixes: things with names first."""
        named = sorted((subject for subject in self._about if isinstance(subject, Iri)), key=str)
        return Document(blocks=[*map(self.block, named), *self.blank_blocks()])

    def __contains__(self, subject: object) -> bool:
        """Whether one of the triples is about this subject."""
        return subject in self._about

    def block(self, subject: Term) -> Block:
        """Everything about one subject."""
        return Block(Node(self._text(subject)), self._pairs(subject))

    def blank_blocks(self) -> Iterator[Block]:
        """The blocks about blank nodes that stand in no other block."""
        left = [subject for subject in self._about if isinstance(subject, BlankNode) and subject not in self._nested]
        left.sort(key=self._sort_key)
        yield from map(self.block, left)

    def _pairs(self, subject: Term) -> list[Pair]:
        statements = sorted(self._about.get(subject, ()), key=lambda pair: (str(pair[0]), self._sort_key(pair[1])))
        return [Pair(Node(self._text(predicate)), self._node(object_)) for predicate, object_ in statements]

    def _node(self, term: Term) -> Node:
        if term not in self._nested:
            return Node(self._text(term))
        items = self._list(term)
        if items is not None:
            return Node("", items=[self._node(item) for item in items])
        pairs = self._pairs(term)
        return Node("", pairs=pairs) if pairs else Node("[]")

    def _list(self, term: Term) -> list[Term] | None:
        """The members when `term` heads a well-formed list that nothing else refers into, else `None`."""
        members: list[Term] = []
        while term != _NIL:
            about = dict(self._about.get(term, ()))
            if set(about) != {_FIRST, _REST} or len(self._about[term]) != 2 or term not in self._nested:  # noqa: PLR2004
                return None
            members.append(about[_FIRST])
            term = about[_REST]
        return members

    def _on_cycle(self, node: Term) -> bool:
        seen: set[Term] = set()
        waiting = [node]
        while waiting:
            for _, object_ in self._about.get(waiting.pop(), ()):
                if object_ == node:
                    return True
                if isinstance(object_, BlankNode) and object_ not in seen:
                    seen.add(object_)
                    waiting.append(object_)
        return False

    def _text(self, term: Term) -> str:
        match term:
            case Iri():
                return self._curies.of(term.value)
            case BlankNode():
                return "_:" + self._labels.setdefault(term, f"b{len(self._labels) + 1}")
            case Literal() if term.language is None and term.datatype.value == _XSD + "string":
                return str(term)
            case Literal() if term.language is None:
                quoted = str(Literal(term.value))
                return f"{quoted}^^{self._curies.of(term.datatype.value)}"
            case _:
                return str(term)

    def _sort_key(self, term: Term, depth: int = 0) -> str:
        """A text that orders terms; a blank node is ordered by what is said about it, never by its label."""
        if not isinstance(term, BlankNode) or depth > 8:  # noqa: PLR2004  # deep enough to tell real nodes apart
            return "" if isinstance(term, BlankNode) else str(term)
        inner = sorted(f"{p} {self._sort_key(o, depth + 1)}" for p, o in self._about.get(term, ()))
        return "~" + " ".join(inner)
