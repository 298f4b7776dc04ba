"""What a JSON-LD parser drops without a word: keys that no context names, addresses that are not whole, texts beside nodes.

JSON-LD 1.1 lets a processor pass over all of it. What a person wrote into a file of a project must not vanish so: each is
found with the path of its keys and its line. Below stands how a graph is written: compacted, with our prefixes alone.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from json.encoder import encode_basestring
from typing import IO, Final, Protocol
from urllib.parse import urljoin

from citygraph.messages import key_of, sentence
from citygraph.namespaces import PREFIXES, RDF_TYPE, XSD_STRING, is_absolute_iri
from citygraph.rdf import Iri, Literal, Quad, Term, Triple, Writable

_KEYWORDS: Final = frozenset({
    "@base", "@container", "@context", "@direction", "@graph", "@id", "@import", "@included", "@index", "@json", "@language",
    "@list", "@nest", "@none", "@prefix", "@propagate", "@protected", "@reverse", "@set", "@type", "@value", "@version", "@vocab",
})  # fmt: skip
_MAPS: Final = frozenset({"@language", "@index", "@id", "@type"})
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*\Z")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]|[^\s\[\]{},:"]+')
_PREFIXES: Final = frozenset({*PREFIXES, "dc", "dcterms", "sdo", "vcard", "wdt"}) - {"geo"}
_DEEPEST: Final = 40
_BLANK: Final = "_:"
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that no statement comes of.

    Args:
        path: the keys and places (from 0) that lead to it.
        why: the reason, in words.
        line: in the file, from 1.
        count: how often the same key is dropped for the same reason.
    """

    path: Path
    why: str
    line: int = 0
    count: int = 1

    @property
    def place(self) -> str:
        """The path as people write it: `@graph[2].member`."""
        return "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path).removeprefix(".")

    @property
    def told(self) -> str:
        """The reason, and how often it is so."""
        return self.why if self.count == 1 else sentence("jsonld.several", why=self.why, count=self.count)


def dropped(text: str) -> list[Dropped]:
    """What no statement comes of in a JSON-LD document, each key and reason once; none of what is no JSON.

    Args:
        text: the document; its contexts stand in it.
    """
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return []
    found: dict[tuple[Path, str], Dropped] = {}
    for path, why in _all(document):
        kind = (tuple(each for each in path if isinstance(each, str)), key_of(why))
        if kind in found:
            found[kind] = replace(found[kind], count=found[kind].count + 1)
        else:
            found[kind] = Dropped(path, why)
    lines = _lines(text, {each.path for each in found.values()})
    return [replace(each, line=lines.get(each.path, 0)) for each in found.values()]


def _all(document: object) -> _Found:
    """Everything that is dropped, down to where Python has no room for more levels; `limits.file_depth` is less by far."""
    with contextlib.suppress(RecursionError):
        yield from _items(document, _Context(), (), is_top=True)


class _Pairs(dict[str, object]):
    """An object of JSON with all its pairs: a key that stands twice is read twice."""

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


@dataclass(frozen=True, slots=True)
class _Context:
    """What keys stand for: the terms as they are defined, and what stands in front of other keys and addresses."""

    terms: Mapping[str, Mapping[str, object] | None] = field(default_factory=dict)
    vocab: str | None = None
    base: str | None = None

    def with_local(self, local: object) -> _Context:
        """This context and one that stands in the file below it; an address is refused elsewhere."""
        if local is None:
            return _Context()
        if isinstance(local, list):
            context = self
            for each in local:
                context = context.with_local(each)
            return context
        if not isinstance(local, dict):
            return self
        terms = dict(self.terms)
        for key, value in local.items():
            if key not in _KEYWORDS:
                terms[key] = {"@id": value} if isinstance(value, str) else value if isinstance(value, dict) else None
        context = replace(self, terms=terms)
        if "@base" in local:
            said = local["@base"]
            context = replace(context, base=urljoin(self.base or "", said) or None if isinstance(said, str) else None)
        if "@vocab" in local:
            said = local["@vocab"]
            whole = (context.expanded(said, is_key=True) or context.base or said) if isinstance(said, str) else None
            context = replace(context, vocab=whole)
        return context

    def expanded(self, text: str, *, is_key: bool, depth: int = 0) -> str | None:
        """The address or keyword that a key, or an address in a value, stands for; nothing when it stands for none.

        Args:
            text: as it is written.
            is_key: whether terms and the vocabulary count, as they do for keys and types.
            depth: how many definitions led here.
        """
        if text in _KEYWORDS or depth > _DEEPEST:
            return text if text in _KEYWORDS else None
        if is_key and text in self.terms:
            term = self.terms[text]
            meant = text if term is None else term.get("@id", term.get("@reverse", text))
            if term is None or not isinstance(meant, str):
                return None
            if meant != text:
                return self.expanded(meant, is_key=True, depth=depth + 1)
        prefix, colon, rest = text.partition(":")
        if colon and prefix:
            if prefix != "_" and not rest.startswith("//") and self.terms.get(prefix) is not None:
                return (self.expanded(prefix, is_key=True, depth=depth + 1) or "") + rest
            return text
        if is_key and self.vocab is not None:
            return self.vocab + text
        return urljoin(self.base, text) if self.base and not is_key else None

    def term(self, key: str) -> Mapping[str, object]:
        """The definition of a key; empty without one."""
        return self.terms.get(key) or {}


_Found = Iterator[tuple[Path, str]]


def _items(value: object, context: _Context, path: Path, *, is_top: bool = False) -> _Found:
    """What is dropped of nodes that stand by themselves: at the top, in a graph, included."""
    for at, each in enumerate(value if isinstance(value, list) else [value]):
        place = (*path, at) if isinstance(value, list) else path
        if isinstance(each, _Pairs) and "@value" not in {context.expanded(key, is_key=True) for key in each}:
            yield from _node(each, context, place)
        elif not (each is None or (is_top and not isinstance(value, list))):
            yield place, sentence("jsonld.free", said=str(each)[:60])


def _node(node: _Pairs, context: _Context, path: Path, scoped: object = None) -> _Found:
    if scoped is not None:
        context = context.with_local(scoped)
    for key, value in node.pairs:
        if key == "@context":
            context = context.with_local(value)
    below = context
    names = {key: context.expanded(key, is_key=True) for key in node}
    if "@value" in names.values():
        yield from _value_object(node, names, context, path)
        return
    for key, value in node.pairs:
        for each in _texts(value) if names[key] == "@type" else ():
            if "@context" in context.term(each):
                context = context.with_local(context.term(each)["@context"])
    names = {key: context.expanded(key, is_key=True) for key in node}
    for key, value in node.pairs:
        yield from _pair(key, names[key], value, context, below, (*path, key))


def _pair(key: str, name: str | None, value: object, context: _Context, below: _Context, path: Path) -> _Found:
    """What is dropped of one key of a node; `context` is what its keys stand for, `below` what holds in other nodes."""
    if value is None or value == []:
        return
    match name:
        case None:
            yield path, _unnamed(key, context)
        case "@id" | "@type":
            is_key = name == "@type"
            yield from (each for text in _texts(value) for each in _address(text, context, path, is_key=is_key))
        case "@graph" | "@included":
            yield from _items(value, below, path)
        case "@nest" | "@reverse":
            yield from _inside(value, context, below, path)
        case "@list" | "@set":
            yield from _values(value, below, {}, path)
        case str() if name in _KEYWORDS:
            return
        case str() if name.startswith(_BLANK):
            yield path, sentence("jsonld.blank", key=key)
        case str() if not is_absolute_iri(name):
            yield path, sentence("jsonld.no_iri", said=name[:80])
        case str() if prefix := _undeclared(name, context):
            yield path, sentence("jsonld.prefix", prefix=prefix)
        case _:
            yield from _values(value, below, context.term(key), path)


def _unnamed(key: str, context: _Context) -> str:
    """Why a key stands for nothing."""
    if key in context.terms:
        return sentence("jsonld.null", key=key[:80])
    return sentence("jsonld.unknown", key=key[:80])


def _inside(value: object, context: _Context, below: _Context, path: Path) -> _Found:
    """What is dropped of keys that belong to the node around them."""
    for each in value if isinstance(value, list) else [value]:
        for key, inner in each.pairs if isinstance(each, _Pairs) else ():
            yield from _pair(key, context.expanded(key, is_key=True), inner, context, below, (*path, key))


def _texts(value: object) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _address(text: str, context: _Context, path: Path, *, is_key: bool) -> _Found:
    whole = context.expanded(text, is_key=is_key)
    if whole is None and is_key and text not in context.terms:
        whole = context.expanded(text, is_key=False)
    if whole is None:
        is_term = is_key and text in context.terms
        yield path, _unnamed(text, context) if is_term else sentence("jsonld.relative", said=text[:80])
    elif not whole.startswith(_BLANK) and whole not in _KEYWORDS and not is_absolute_iri(whole):
        yield path, sentence("jsonld.no_iri", said=whole[:80])
    elif prefix := _undeclared(whole, context):
        yield path, sentence("jsonld.prefix", prefix=prefix)


def _undeclared(text: str, context: _Context) -> str:
    """The prefix of a short address that everybody knows and no context of the file names: the address is of nothing."""
    prefix, _, rest = text.partition(":")
    return prefix if prefix in _PREFIXES and context.terms.get(prefix) is None and not rest.startswith("//") else ""


def _value_object(node: _Pairs, names: Mapping[str, str | None], context: _Context, path: Path) -> _Found:
    for key, value in node.pairs:
        if names[key] == "@language" and isinstance(value, str) and not _LANGUAGE.match(value):
            yield (*path, key), sentence("jsonld.language", said=value[:60])
        if names[key] == "@type" and isinstance(value, str):
            yield from _address(value, context, (*path, key), is_key=True)


def _values(value: object, context: _Context, term: Mapping[str, object], path: Path) -> _Found:
    """What is dropped of the values of a key."""
    containers = {each for each in _texts(term.get("@container")) if each in _MAPS}
    if term.get("@type") == "@json":
        return
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from _values(each, context, term, (*path, at))
    elif isinstance(value, _Pairs):
        if containers:
            yield from _mapped(value, context, term, path, containers)
        else:
            yield from _node(value, context, path, term.get("@context"))
    elif isinstance(value, str) and term.get("@type") in {"@id", "@vocab"}:
        yield from _address(value, context, path, is_key=term["@type"] == "@vocab")


def _mapped(value: _Pairs, context: _Context, term: Mapping[str, object], path: Path, containers: set[str]) -> _Found:
    """What is dropped of an object whose keys are languages, marks, addresses or types and no properties."""
    plain = {key: each for key, each in term.items() if key != "@container"}
    for key, each in value.pairs:
        is_none = context.expanded(key, is_key=True) == "@none"
        if "@language" in containers:
            if not is_none and not _LANGUAGE.match(key):
                yield (*path, key), sentence("jsonld.language", said=key[:60])
            continue
        if not is_none and containers & {"@id", "@type"}:
            yield from _address(key, context, (*path, key), is_key="@type" in containers)
        yield from _values(each, context, plain, (*path, key))


def _lines(text: str, wanted: Collection[Path]) -> dict[Path, int]:
    """The lines on which the keys and places of some paths stand."""
    found: dict[Path, int] = {}
    if not wanted:
        return found
    path: list[str | int] = []
    kinds: list[str] = []
    is_key, line, before = False, 1, 0
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark == ",":
            if kinds and kinds[-1] == "{":
                is_key = True
            elif kinds:
                path[-1] = int(path[-1]) + 1
            continue
        line, before = line + text.count("\n", before, match.start()), match.start()
        if is_key and mark[0] == '"':
            path[-1], is_key = json.loads(mark), False
        if mark not in "]}" and tuple(path) in wanted:
            found.setdefault(tuple(path), line)
        if mark in "[{":
            kinds.append(mark)
            path.append(0 if mark == "[" else "")
            is_key = mark == "{"
            if is_key is False and tuple(path) in wanted:
                found.setdefault(tuple(path), line)
        elif mark in "]}":
            kinds.pop()
            path.pop()
            is_key = False
    return found


def in_a_page(value: object) -> str:
    """JSON for inside `<script type="application/ld+json">`: no character that HTML gives a meaning to."""
    written = json.dumps(value, ensure_ascii=False, indent=1)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return written


# -- written --------------------------------------------------------------------------------------------

_NESTED: Final = 3
"""Blanks before a key of a thing."""
_MOST_SHORT: Final = 100_000
"""Short IRIs that are kept."""
_PIECE: Final = 1_000_000
# What `json.dumps` does with one text, without the way there.
_quoted: Final = encode_basestring


class GroupedQuads(Protocol):
    """Quads that stand together by what they are about, as `sorted_quads.SortedQuads` has them."""

    def __iter__(self) -> Iterator[Quad]:
        """All of them."""
        ...

    def groups(self) -> Iterator[list[Quad]]:
        """Those about each subject, subject after subject."""
        ...


def write_compacted(
    quads: GroupedQuads, into: Writable, *, prefixes: Mapping[str, str], body: IO[bytes] | None = None
) -> None:
    """A compacted document whose default graph is the graph: each triple once, whichever graph says it.

    Things stand one after the other, those without a name under labels. Nothing but prefixes is in the context, so that
    the form of a value never depends on other values.

    Args:
        quads: the graph.
        into: where to write.
        prefixes: those that may stand in the context; the ones that are used do.
        body: where the things wait for the context above them; in memory without it.

    Raises:
        ValueError: a statement speaks of another, which JSON-LD cannot carry.
    """
    writer = _JsonThings(prefixes, quads)
    body = body if body is not None else io.BytesIO()
    before = "\n"
    for group in quads.groups():
        body.write(f"{before}{writer.thing(group)}".encode())
        before = ",\n"
    context = {prefix: prefixes[prefix] for prefix in sorted(writer.used)}
    head = json.dumps(context, ensure_ascii=False, indent=2).replace("\n", "\n ")
    into.write(f'{{\n "@context": {head},\n "@graph": ['.encode())
    body.seek(0)
    while data := body.read(_PIECE):
        into.write(data)
    into.write(b"\n ]\n}\n")


class _JsonThings:
    """Things as objects of JSON, their IRIs shortened."""

    def __init__(self, prefixes: Mapping[str, str], quads: Iterable[Quad]) -> None:
        # Only a namespace that ends so makes a prefix (JSON-LD 1.1, 4.1.5); `geo:63.4,10.4` would be taken for one.
        fit = {name: space for name, space in prefixes.items() if name and space.endswith(tuple(":/?#[]@"))}
        schemes = _schemes(quads, fit)
        self._prefixes = {name: space for name, space in fit.items() if name not in schemes}
        self._short: dict[str, str] = {}
        self.used: set[str] = set()

    def thing(self, group: Iterable[Quad]) -> str:
        """All that is said of one thing."""
        triples = list(dict.fromkeys(quad.triple for quad in group))
        types = [each for each in triples if each.predicate.value == RDF_TYPE and isinstance(each.object, Iri)]
        # A reader that keeps nothing in memory wants the types first (Streaming JSON-LD, 3.1).
        pairs = [("@type", [self._node(each.object) for each in types])] if types else []
        pairs.append(("@id", [self._node(triples[0].subject)]))
        said = (each for each in triples if each.predicate.value != RDF_TYPE or not isinstance(each.object, Iri))
        for predicate, some in groupby(said, key=lambda each: each.predicate.value):
            pairs.append((self._iri(predicate), [self._value(each.object) for each in some]))
        lines = [f"{_quoted(key)}: {_one_or_all(values)}" for key, values in pairs]
        indent = "\n" + " " * _NESTED
        return f"  {{{indent}{f',{indent}'.join(lines)}\n  }}"

    def _iri(self, iri: str) -> str:
        short = self._short.get(iri)
        if short is None:
            fit = ((name, iri[len(space) :]) for name, space in self._prefixes.items() if iri.startswith(space))
            prefix, rest = min(
                ((name, rest) for name, rest in fit if rest and not rest.startswith("//")),
                key=_length,
                default=("", ""),
            )
            short = f"{prefix}:{rest}" if prefix else iri
            self.used |= {prefix} - {""}
            if len(self._short) < _MOST_SHORT:
                self._short[iri] = short
        return short

    def _node(self, term: Term) -> str:
        return _quoted(self._iri(term.value) if isinstance(term, Iri) else str(term))

    def _value(self, term: Term) -> str:
        match term:
            case Literal() if term.language:
                direction = f'"@direction": "{term.direction}", ' if term.direction is not None else ""
                return f'{{"@language": "{term.language}", {direction}"@value": {_quoted(term.value)}}}'
            case Literal() if term.datatype.value == XSD_STRING:
                return _quoted(term.value)
            case Literal():
                return f'{{"@type": {self._node(term.datatype)}, "@value": {_quoted(term.value)}}}'
            case Triple():
                raise ValueError(sentence("snapshots.not_jsonld", term=term))
            case _:
                return f'{{"@id": {self._node(term)}}}'


def _length(parts: tuple[str, str]) -> tuple[int, str]:
    """The shortest comes first, as the standard says (JSON-LD 1.1 Processing, 6.2)."""
    return sum(map(len, parts)), parts[0]


def _schemes(quads: Iterable[Quad], prefixes: Container[str]) -> set[str]:
    """The prefixes that whole IRIs of the graph begin with, which a reader would take for short ones."""
    found: set[str] = set()
    for quad in quads:
        for term in (quad.subject, quad.predicate, quad.object):
            iri = term.datatype if isinstance(term, Literal) else term
            if isinstance(iri, Iri) and not iri.value.startswith(("http://", "https://")):
                scheme, _, rest = iri.value.partition(":")
                if scheme in prefixes and not rest.startswith("//"):
                    found.add(scheme)
    return found


def _one_or_all(values: list[str]) -> str:
    """A value, or a list with a line for each."""
    indent = "\n" + " " * (_NESTED + 1)
    return values[0] if len(values) == 1 else f"[{indent}{f',{indent}'.join(values)}\n{' ' * _NESTED}]"
