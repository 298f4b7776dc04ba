"""The project's Turtle style: sorted prefixes, one block per subject, one statement per line.

Types come first and labels second; every line ends in ` ;` and the closing dot stands alone, so that
adding, changing or removing one statement is a difference of one line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import chain, compress
from typing import Final

from citygraph.namespaces import PREFIXES, RDF_TYPE, XSD_STRING, Curies
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term, Triple
from citygraph.sorted_quads import SortedQuads, distinct_triples
from citygraph.turtle.document import Block, Document, Pair, WrittenTerm

_INDENT: Final = "    "
_WIDTH: Final = 110
_TYPES: Final = ("<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", "rdf:type", "a")
_LABELS: Final = (
    "skos:prefLabel", "rdfs:label", "foaf:name", "dct:title", "skos:altLabel", "skos:definition", "dct:description",
)  # fmt: skip
_RANKS: Final = {name: position for position, name in enumerate(["a", *_LABELS])}


def write_document(document: Document) -> str:
    """The document in the project's style; no term is rewritten, no comment is lost."""
    parts = ["\n".join(document.opening)] if document.opening else []
    header = [f"@base {document.base} ."] if document.base else []
    header += [f"@prefix {name}: {iri} ." for name, iri in sorted(document.prefixes.items())]
    if header:
        parts.append("\n".join(header))
    parts += [write_block(block) for block in _merged(document.blocks)]
    if document.closing:
        parts.append("\n".join(document.closing))
    return "\n\n".join(parts) + "\n" if parts else ""


def write_pairs(subject: str, types: list[str], rest: list[tuple[str, str]]) -> str:
    """A block without comments and brackets, from terms that are written already.

    Args:
        subject: what it is about.
        types: its types.
        rest: predicates and objects, those with the same predicate one after the other.
    """
    if len(rest) > 1:
        rest = sorted(rest, key=_rank)
    if types:
        first = f"{subject} a {' , '.join(types)}"
        if not rest:
            return f"{first} ."
        first += " ;"
    else:
        first = subject
        if len(rest) == 1:
            line = f"{first} {rest[0][0]} {rest[0][1]} ."
            if len(line) <= _WIDTH and "\n" not in line:
                return line
    lines = "".join([f"{_INDENT}{predicate} {object_} ;\n" for predicate, object_ in rest])
    return f"{first}\n{lines}."


def _rank(pair: tuple[str, str]) -> int:
    return _RANKS.get(pair[0], len(_RANKS))


def _merged(blocks: Iterable[Block]) -> list[Block]:
    """One block per named subject, at the place of its first block."""
    merged: dict[str, Block] = {}
    for number, block in enumerate(blocks):
        key = block.subject.text if block.subject.text not in {"", "[]"} else f"\0{number}"
        known = merged.get(key)
        if known is None:
            merged[key] = Block(block.subject, list(block.pairs), list(block.comments))
        else:
            known.pairs += block.pairs
            known.comments += block.comments
    return list(merged.values())


def write_block(block: Block) -> str:
    """One block in the project's style, without a line end."""
    comments = [f"{comment}\n" for comment in block.comments]
    return "".join(comments) + _subject_and_pairs(block)


def _subject_and_pairs(block: Block) -> str:
    subject = _inline(block.subject)
    if len(subject) > _WIDTH and block.subject.text == "":
        subject = _node(block.subject, 0)
    pairs = _ordered(block.pairs)
    if not pairs:
        return f"{subject} ."
    types = [pair for pair in pairs if _is_type(pair)]
    rest = [pair for pair in pairs if not _is_type(pair)]
    plain_types = [pair for pair in types if not pair.comments and not pair.trailing]
    if types and len(plain_types) == len(types):
        first = f"{subject} a {' , '.join(_node(pair.object, 0) for pair in types)}"
    else:
        first, rest = subject, pairs
    if not rest:
        return f"{first} ."
    if len(rest) == 1 and first is subject and not rest[0].comments and not rest[0].trailing:
        line = f"{first} {_inline_pair(rest[0])} ."
        if len(line) <= _WIDTH and "\n" not in line:
            return line
    opening = f"{first} ;" if first is not subject else first
    return "\n".join([opening, *_lines(rest, 1), "."])


def _lines(pairs: Iterable[Pair], level: int) -> list[str]:
    indent = _INDENT * level
    lines: list[str] = []
    for pair in pairs:
        lines += [indent + comment for comment in pair.comments]
        trailing = f"  {pair.trailing}" if pair.trailing else ""
        lines.append(f"{indent}{_predicate(pair.predicate)} {_node(pair.object, level)} ;{trailing}")
    return lines


def _node(node: WrittenTerm, level: int) -> str:
    """The node on one line when it fits and holds no comment, else over several lines."""
    inline = _inline(node)
    if node.text or (len(inline) + len(_INDENT) * level <= _WIDTH and not _has_comment(node)):
        return inline
    indent, inner = _INDENT * level, _INDENT * (level + 1)
    if node.items is not None:
        return "\n".join(["(", *(inner + _node(item, level + 1) for item in node.items), indent + ")"])
    return "\n".join(["[", *_lines(_ordered(node.pairs or []), level + 1), indent + "]"])


def _inline(node: WrittenTerm) -> str:
    if node.items is not None:
        return f"( {' '.join(_inline(item) for item in node.items)} )" if node.items else "()"
    if node.pairs is not None:
        return f"[ {' ; '.join(_inline_pair(pair) for pair in _ordered(node.pairs))} ]"
    return node.text


def _inline_pair(pair: Pair) -> str:
    return f"{_predicate(pair.predicate)} {_inline(pair.object)}"


def _predicate(node: WrittenTerm) -> str:
    return "a" if node.text in _TYPES else node.text


def _is_type(pair: Pair) -> bool:
    return pair.predicate.text in _TYPES


def _has_comment(node: WrittenTerm) -> bool:
    inner = [*(node.items or []), *(pair.object for pair in node.pairs or [])]
    return any(pair.comments or pair.trailing for pair in node.pairs or []) or any(map(_has_comment, inner))


def _ordered(pairs: list[Pair]) -> list[Pair]:
    """Types, then labels, then the rest in the author's order; one predicate's objects stay together."""
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(_predicate(pair.predicate), []).append(pair)
    names = sorted(groups, key=lambda name: _RANKS.get(name, len(_RANKS)))
    return [pair for name in names for pair in groups[name]]


_FIRST, _REST, _NIL = (Iri(PREFIXES["rdf"] + name) for name in ("first", "rest", "nil"))


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
        self._orders: dict[BlankNode, tuple[str, ...]] = {}
        self._uses: dict[BlankNode, list[tuple[Iri, Term]]] = defaultdict(list)
        for subject, predicate, object_ in unique:
            self._about[subject].append((predicate, object_))
            if isinstance(object_, BlankNode):
                self._uses[object_].append((predicate, subject))
        self._nested = {
            node
            for node, uses in self._uses.items()
            if len(uses) == 1 and node not in shared and not self._on_cycle(node)
        }
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
        return Block(WrittenTerm(self._text(subject)), self._pairs(subject))

    def blank_blocks(self) -> Iterator[Block]:
        """The blocks about blank nodes that stand in no other block."""
        left = [subject for subject in self._about if isinstance(subject, BlankNode) and subject not in self._nested]
        left.sort(key=self._order)
        yield from map(self.block, left)

    def _pairs(self, subject: Term) -> list[Pair]:
        statements = sorted(self._about.get(subject, ()), key=lambda pair: (str(pair[0]), *self._order(pair[1])))
        return [Pair(WrittenTerm(self._text(predicate)), self._node(object_)) for predicate, object_ in statements]

    def _node(self, term: Term) -> WrittenTerm:
        if term not in self._nested:
            return WrittenTerm(self._text(term))
        items = self._list(term)
        if items is not None:
            return WrittenTerm("", items=[self._node(item) for item in items])
        pairs = self._pairs(term)
        return WrittenTerm("", pairs=pairs) if pairs else WrittenTerm("[]")

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
            case Literal() if term.language is None and term.datatype.value == XSD_STRING:
                return str(term)
            case Literal() if term.language is None:
                quoted = str(Literal(term.value))
                return f"{quoted}^^{self._curies.of(term.datatype.value)}"
            case _:
                return str(term)

    def _order(self, term: Term) -> tuple[str, ...]:
        """What orders terms; blank nodes of which the same is said by where they are used, and by their labels last."""
        if not isinstance(term, BlankNode):
            return (str(term),)
        if term not in self._orders:
            uses = sorted(f"{predicate} {self._sort_key(subject)}" for predicate, subject in self._uses.get(term, ()))
            self._orders[term] = self._sort_key(term), " ".join(uses), str(term)
        return self._orders[term]

    def _sort_key(self, term: Term, depth: int = 0) -> str:
        """A text that orders terms; a blank node is ordered by what is said about it, never by its label."""
        if not isinstance(term, BlankNode) or depth > 8:  # noqa: PLR2004  # deep enough to tell real nodes apart
            return "" if isinstance(term, BlankNode) else str(term)
        inner = sorted(f"{p} {self._sort_key(o, depth + 1)}" for p, o in self._about.get(term, ()))
        return "~" + " ".join(inner)


def blocks_of(
    quads: SortedQuads,
    curies: Curies,
    *,
    labels: dict[BlankNode, str],
    shared: Container[BlankNode] = (),
) -> Iterator[str]:
    """The text of each block, as `write_document` writes the document of the same quads.

    Args:
        quads: the graph.
        curies: shortens names, and knows afterwards which prefixes the blocks need.
        labels: the names of blank nodes so far.
        shared: blank nodes that other blocks of the file speak of too.
    """
    blank = quads.with_blank_nodes()
    folding = Folding(chain.from_iterable(compress(quads.groups(), blank)), curies, labels, shared)
    names: dict[str, str] = {}
    for group, is_blank in zip(quads.groups(), blank, strict=True):
        subject = group[0].subject
        if isinstance(subject, Iri):
            yield write_block(folding.block(subject)) if is_blank else _plain(subject, group, curies, names)
    yield from map(write_block, folding.blank_blocks())


def _plain(subject: Iri, group: list[Quad], curies: Curies, names: dict[str, str]) -> str:
    types: list[str] = []
    rest: list[tuple[str, str]] = []
    for triple in distinct_triples(group) if len(group) > 1 else group:
        iri = triple.predicate.value
        name = names.get(iri)
        if name is None:
            name = names[iri] = curies.of(iri)
        text = _text(triple.object, curies)
        if iri == RDF_TYPE:
            types.append(text)
        else:
            rest.append((name, text))
    return write_pairs(curies.of(subject.value), types, rest)


def _text(term: Term, curies: Curies) -> str:
    if isinstance(term, Iri):
        return curies.of(term.value)
    text = str(term)
    if text.endswith(">") and isinstance(term, Literal):
        # The last quotation mark ends the value: a datatype has none.
        end = text.rindex('"') + 1
        return text[:end] + "^^" + curies.of(text[end + 3 : -1])
    return text
