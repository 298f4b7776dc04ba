"""The names of graphs and blank nodes on a server, where versions lie side by side, and the way back to ours.

A version that was loaded has a root of its own, `<base>version/<load id>/`. Its graphs are named below it, and
so is every term of the data that is the name of one of these graphs: a renaming that is the same in the data,
in the text of a query and in the answer changes no answer. SPARQL cannot name a blank node of another request,
so each becomes an IRI (RDF 1.1 Concepts, 3.5) and a blank node again on the way back.

Statements are renamed as lines of N-Triples, so that millions of them need not become objects. A line is one
statement in UTF-8, without its line end, as our own writer leaves it: one space between the terms, and two lines are
the same bytes exactly when they are the same statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from urllib.parse import quote, unquote, urljoin

from citygraph.errors import QueryError
from citygraph.lexer import Token, bare_name, unescaped
from citygraph.messages import sentence
from citygraph.namespaces import is_absolute_iri
from citygraph.rdf import BlankNode, DefaultGraph, Iri, Literal, Quad, Term, Triple, parse, serialize
from citygraph.sparql.text import tokens
from citygraph.store.memory import DEFAULT_GRAPH


@dataclass(frozen=True, slots=True)
class Renamed:
    """A query under other names, without its `FROM`, and the graphs that stood there under their old ones."""

    text: str
    default: tuple[str, ...]
    named: tuple[str, ...]


def rename_iris(text: str, name: Callable[[str, bool], str | None], *, base: str = "") -> Renamed:
    """The query with each of its IRIs as `name` wants it, wherever it stands and however it is written.

    Args:
        text: the query.
        name: the new IRI for an old one, and whether it stands behind `GRAPH`; `None` leaves it as it is.
        base: what relative addresses are relative to, unless the text says so itself.

    Raises:
        QueryError: a name with marks in it has a prefix that the text does not declare.
    """
    reader = _Reader(text, base)
    pieces, place = [], 0
    for found in reader.found:
        pieces += [text[place : found.start], found.written(name)]
        place = found.end
    return Renamed("".join([*pieces, text[place:]]), tuple(reader.default), tuple(reader.named))


@dataclass(frozen=True, slots=True)
class _Found:
    """An IRI with its place; without an IRI a `FROM` or a `BASE`, which are needed no more."""

    start: int
    end: int
    text: str = ""
    iri: str | None = None
    is_graph: bool = False

    def written(self, name: Callable[[str, bool], str | None]) -> str:
        if self.iri is None:
            return ""
        new = name(self.iri, self.is_graph)
        if new is not None:
            return f"<{new}>"
        is_relative = self.text.startswith("<") and not is_absolute_iri(self.text[1:-1]) and is_absolute_iri(self.iri)
        return f"<{self.iri}>" if is_relative or ("\\" in self.text and self.text[0] != "<") else self.text


class _Reader:
    """Every IRI of a query in its order, and the graphs that `FROM` chooses."""

    def __init__(self, text: str, base: str) -> None:
        self.found: list[_Found] = []
        self.default: list[str] = []
        self.named: list[str] = []
        self._prefixes: dict[str, str] = {}
        self._base = base
        found = list(tokens(text))
        place, before = 0, ""
        while place < len(found):
            is_graph = before == "GRAPH"
            before = found[place].text.upper() if found[place].kind == "word" else ""
            place += self._step(found[place : place + 3], is_graph=is_graph)

    def _step(self, ahead: list[Token], *, is_graph: bool) -> int:
        """Read what stands here; how many tokens it was."""
        token = ahead[0]
        word = token.text.upper() if token.kind == "word" else ""
        kinds = tuple(each.kind for each in ahead[1:])
        if word == "PREFIX" and kinds == ("pname", "iri"):
            self._prefixes[ahead[1].text[:-1]] = self._note(ahead[2])
            return 3
        if word == "BASE" and kinds[:1] == ("iri",):
            # Every IRI is written out, so that the word is needed no more; Virtuoso takes it in front alone.
            self._base = self._iri(ahead[1]) or ""
            self.found.append(_Found(token.start, ahead[1].end))
            return 2
        if word == "FROM":
            is_named = len(ahead) > 1 and ahead[1].text.upper() == "NAMED"
            graph = ahead[1 + is_named] if len(ahead) > 1 + is_named else token
            iri = self._iri(graph)
            if iri is not None:
                (self.named if is_named else self.default).append(iri)
                self.found.append(_Found(token.start, graph.end))
                return 2 + is_named
        self._note(token, is_graph=is_graph)
        return 1

    def _note(self, token: Token, *, is_graph: bool = False) -> str:
        """Remember the IRI that stands here, if one does."""
        iri = self._iri(token)
        if iri is not None:
            self.found.append(_Found(token.start, token.end, token.text, iri, is_graph))
        return iri or ""

    def _iri(self, token: Token) -> str | None:
        if token.kind == "iri":
            plain = unescaped(token.text[1:-1])
            # `?a<?b&&?c>?d` compares; it only looks like an address that begins with a question mark.
            return urljoin(self._base, plain) if self._base and not plain.startswith("?") else plain
        if token.kind == "pname":
            name, _, local = token.text.partition(":")
            if name in self._prefixes:
                return self._prefixes[name] + bare_name(local)
            if "\\" in local:
                message = sentence("query.prefix", line=token.line, column=token.column, name=name)
                raise QueryError(message, fix=sentence("next.declare", name=name), line=token.line)
        return None


END: Final = b" ."
"""What a statement ends with."""
_TERMS: Final = 3
_GENID: Final = ".well-known/genid/"
_TRUTHS: Final = {"1": "true", "0": "false"}
_BOOLEAN: Final = Iri("http://www.w3.org/2001/XMLSchema#boolean")


def lines_of(triples: Iterable[Triple]) -> list[bytes]:
    """One line of N-Triples for each triple, in their order."""
    return serialize(triples, format="nt").split(b"\n")[:-1]


def triples_of(lines: Sequence[bytes]) -> list[Triple]:
    """The triples of some lines of N-Triples, also where they are not written as ours.

    Raises:
        ValueError: a line is no statement.
    """
    return [quad.triple for quad in _parsed(lines, "nt")]


def quads_of(lines: Iterable[bytes], graph: Iri) -> list[Quad]:
    """The same in a named graph.

    Raises:
        ValueError: a line is no statement.
    """
    name = f" {graph} .".encode()
    return _parsed([_opened(line) + name for line in lines], "nq")


def _opened(line: bytes) -> bytes:
    """A line without the point at its end."""
    whole = line.rstrip()
    if not whole.endswith(b"."):
        message = "a statement ends with a point"
        raise ValueError(message)
    return whole[:-1]


def _parsed(lines: Sequence[bytes], format_: str) -> list[Quad]:
    parsed = parse(b"\n".join(lines), format=format_, most_problems=1)
    if parsed.problems or len(parsed.quads) != len(lines):
        message = parsed.problems[0].message if parsed.problems else "a line holds another number of statements"
        raise ValueError(message)
    return list(parsed.quads)


def split_quad(line: bytes) -> tuple[bytes, bytes]:
    """A line of N-Quads as one of N-Triples and the name of its graph in brackets, empty in the default graph."""
    # No IRI holds a space or an opening bracket: behind the last of both stands the graph, or else the object.
    triple, _, graph = line.removesuffix(END).rpartition(b" <")
    if not graph.endswith(b">") or triple.count(b" ") < _TERMS - 1:
        return line, b""
    return triple + END, b"<" + graph


@dataclass(frozen=True, slots=True)
class Dataset:
    """The graphs that a query is asked of, by their names on the server (SPARQL 1.1 Protocol, 2.1.4)."""

    default: tuple[Iri, ...]
    named: tuple[Iri, ...]


@dataclass(frozen=True)
class Renaming:
    """Names here to names on the server, and back, for one version that was loaded.

    Args:
        base: the base address of the project.
        load_id: the name of the load.
        graphs: the names here of all named graphs of the version.
        lifted: those of them whose statements are not in its default graph.
    """

    base: str
    load_id: str
    graphs: tuple[Iri, ...]
    lifted: tuple[Iri, ...] = ()

    @property
    def root(self) -> str:
        """What the names of all graphs of this load begin with."""
        return f"{self.base}version/{self.load_id}/"

    @property
    def merged(self) -> Iri:
        """The graph with every triple of the version that holds on its day, once: its default graph."""
        return Iri(f"{self.root}merged")

    @property
    def _nothing(self) -> Iri:
        return Iri(f"{self.root}nothing")

    @cached_property
    def _there(self) -> dict[str, Iri]:
        return {name.value: self._name(name.value) for name in self.graphs}

    @cached_property
    def _here(self) -> dict[str, Iri]:
        return {there.value: Iri(here) for here, there in self._there.items()}

    def _name(self, graph: str) -> Iri:
        start = f"{self.base}graph/"
        if graph.startswith(start):
            return Iri(f"{self.root}graph/{graph.removeprefix(start)}")
        return Iri(f"{self.root}other/{quote(graph, safe='')}")

    # -- terms ----------------------------------------------------------------------------------------

    def graph_there(self, name: Iri) -> Iri:
        """The name on the server of one of our graphs; of a graph that is none of them, one that holds nothing."""
        if name.value == DEFAULT_GRAPH:
            return self.merged
        return self._there.get(name.value, self._nothing)

    def there(self, term: Term) -> Iri | Literal:
        """A term as the server has it.

        Raises:
            ValueError: a triple term, which SPARQL 1.1 does not have.
        """
        match term:
            case Iri():
                return self._there.get(term.value, term)
            case BlankNode():
                return Iri(f"{self.base}{_GENID}{quote(term.value, safe='')}")
            case Literal():
                return term
        raise _no_triple_term(str(term))

    def here(self, term: Term) -> Term:
        """A term of an answer as we know it."""
        match term:
            case Iri() if term.value.startswith(self.base):
                genid = self.base + _GENID
                if term.value.startswith(genid):
                    return BlankNode(unquote(term.value.removeprefix(genid)))
                return self._here.get(term.value, term)
            case Literal() if term.datatype == _BOOLEAN and term.value in _TRUTHS:
                # Virtuoso writes true as 1; our own store writes 1 as true.
                return Literal(_TRUTHS[term.value], datatype=_BOOLEAN)
            case Literal() if self.root in term.value:
                return self._text(term)
            case Triple():
                return Triple(*(self.here(part) for part in (term.subject, term.predicate, term.object)))  # type: ignore[arg-type]
        return term

    def _text(self, literal: Literal) -> Literal:
        """`STR(?graph)` and its kin."""
        text = literal.value.replace(f"{self.root}graph/", f"{self.base}graph/")
        if literal.language:
            return Literal(text, language=literal.language)
        return Literal(text, datatype=literal.datatype)

    def line_there(self, line: bytes) -> bytes:
        """A line of N-Triples as the server gets it; see `citygraph.store.server.renaming`.

        Raises:
            ValueError: it holds a triple term, which SPARQL 1.1 does not have.
        """
        subject, predicate, object_ = line.removesuffix(END).split(b" ", 2)
        return b" ".join((self._word_there(subject), predicate, self._word_there(object_))) + END

    def _word_there(self, word: bytes) -> bytes:
        """One term, as `there` renames it."""
        if word.startswith(b"_:"):
            return str(self.there(BlankNode(word[2:].decode()))).encode()
        if word.startswith(b"<<"):
            raise _no_triple_term(word.decode())
        return self._words_there.get(word, word)

    @cached_property
    def _words_there(self) -> dict[bytes, bytes]:
        return {str(Iri(here)).encode(): str(there).encode() for here, there in self._there.items()}

    def quad_here(self, triple: Triple, graph: Iri | None) -> Quad:
        """A statement of the server in one of our graphs."""
        subject, object_ = self.here(triple.subject), self.here(triple.object)
        return Quad(subject, triple.predicate, object_, graph or DefaultGraph())  # type: ignore[arg-type]

    def quads_here(self, lines: Sequence[bytes], graph: Iri) -> list[Quad]:
        """Lines of N-Triples of the server as statements in one of our graphs, in another order.

        Raises:
            ValueError: a line is no statement.
        """
        document = b"\n".join(lines)
        signs = [sign for sign in self._signs if sign in document]
        if not signs:
            return quads_of(lines, graph)
        plain: list[bytes] = []
        renamed: list[bytes] = []
        for line in lines:
            (renamed if any(sign in line for sign in signs) else plain).append(line)
        return [*quads_of(plain, graph), *(self.quad_here(each, graph) for each in triples_of(renamed))]

    @cached_property
    def _signs(self) -> tuple[bytes, ...]:
        """What stands in every line that `here` would change: names of ours, however they are escaped, and booleans."""
        if not self.base.isascii():
            return (b"",)
        names = (self.root.encode(), f"{self.base}{_GENID}".encode(), b"\\u00", b"\\U0000")
        return (b"_:", b"<<", *names, *(f'"{value}"^^{_BOOLEAN}'.encode() for value in _TRUTHS))

    # -- queries --------------------------------------------------------------------------------------

    def query_there(
        self, text: str, graphs: Sequence[Iri] | None, named: Sequence[Iri] | None, *, base: str = ""
    ) -> tuple[str, Dataset]:
        """A query with the names that the server knows, and the graphs to ask it of.

        `FROM` and `FROM NAMED` leave the text and choose the graphs, unless `graphs` or `named` do so: no query
        reaches a graph of another version, or of somebody else on the same server.

        Args:
            text: the query.
            graphs: the graphs to merge into the default graph.
            named: the graphs that `GRAPH` reaches.
            base: what relative addresses are relative to, unless the text says so itself.
        """
        renamed = rename_iris(text, self._new_name, base=base)
        if graphs is None and named is None and (renamed.default or renamed.named):
            graphs, named = [Iri(e) for e in renamed.default], [Iri(e) for e in renamed.named]
        default = (self.merged,) if graphs is None else self._known(graphs)
        by_name = tuple(self._there.values()) if named is None else self._known(named)
        return renamed.text, Dataset(default, by_name)

    def _new_name(self, iri: str, is_graph: bool) -> str | None:  # noqa: FBT001  # as `rename_iris` asks it
        if iri in self._there:
            return self._there[iri].value
        # Virtuoso gives a graph that is called by its name, whether the request allows it or not.
        return self._nothing.value if is_graph else None

    def _known(self, graphs: Iterable[Iri]) -> tuple[Iri, ...]:
        """None at all would mean the server's own default; a graph that holds nothing means nothing."""
        return tuple(dict.fromkeys(self.graph_there(each) for each in graphs)) or (self._nothing,)


def _no_triple_term(term: str) -> ValueError:
    return ValueError(f"a triple term cannot be sent to a SPARQL 1.1 server: {term}")
