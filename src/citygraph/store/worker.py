"""What runs inside one worker: a store that is only read, a fence around it, one query after the other.

Each query is checked before the engine sees it, and its answer goes back in frames, compressed when its asker takes
that, and ended where it passes a limit. The checks are belts, and the deadline is what holds: three hundred patterns
that share no variable, or a path of eight hundred steps, keep the planner busy for minutes before the first row
(measured, Oxigraph 0.5.13).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from json import dumps
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

import pyoxigraph

from citygraph.errors import QueryError
from citygraph.jsonld import write_compacted
from citygraph.lexer import Token
from citygraph.messages import key_of, said_in, sentence
from citygraph.rdf import Quad, Term, Triple, serialize_to
from citygraph.results import JsonRows, write_rows, write_truth
from citygraph.sorted_quads import SortedQuads
from citygraph.sparql.faults import syntax_error
from citygraph.sparql.text import QueryText, iris_among, read_query_tokens
from citygraph.store import landlock, seccomp
from citygraph.store.memory import DEFAULT_GRAPH, graphs_asked, refuse_patterns
from citygraph.store.protocol import (
    DATA,
    END,
    FAILED,
    MOST_UNKNOWN,
    PIECE,
    READY,
    WORTH_GZIP,
    Bounds,
    Frames,
    Head,
    Question,
    frame,
)
from citygraph.store.snapshot import open_version

_CHANGES: Final = frozenset({"NOW", "RAND", "UUID", "STRUUID", "BNODE"})
_SEPARATORS: Final = frozenset(".;,")
_SHORT: Final = 2_000
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}
_NAMED: Final = re.compile(r"^([\w.-]*):")
_MOST_MERGED: Final = 4
_MOST_LOOKED_FOR: Final = 200
_GRAPHS: Final = ("ttl", "nt", "rdf", "jsonld", "nq", "trig")
_NICENESS: Final = 5
_Each = TypeVar("_Each")


# -- the way back -------------------------------------------------------------------------------------


class TooMuch(Exception):  # noqa: N818  # a signal out of a row iterator, caught in `worker.answer`
    """The answer passed a limit."""


class Answers:
    """The way back to the parent: held back, compressed and cut into frames."""

    def __init__(self, pipe: socket.socket, question: Question, bounds: Bounds) -> None:
        """The way back for the answer to one question."""
        self._pipe, self._gzip, self._most = pipe, question.gzip, bounds.bytes
        self._waiting: list[bytes] = []
        self._size = self._total = 0
        self._compress: zlib._Compress | None = None
        self._is_open = False
        self.head = Head("")
        self.unknown: tuple[str, ...] = ()

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer."""
        self._waiting.append(bytes(data))
        self._size += len(data)
        self._total += len(data)
        if self._total > self._most:
            raise TooMuch(sentence("limit.bytes", most=self._most))
        if self._size >= PIECE:
            self._pipe.sendall(self._frames())
        return len(data)

    def flush(self) -> None:
        """Does nothing: what is held back waits for `PIECE` bytes, or for the end."""

    def end(self) -> None:
        """The answer is whole."""
        if not self._is_open and self._total < WORTH_GZIP:
            self._gzip = False
        last = self._frames()
        if self._compress is not None:
            last += frame(DATA, self._compress.flush())
        self._pipe.sendall(last + frame(END))

    def _frames(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        start = b""
        if not self._is_open:
            self._is_open = True
            # What is unknown is written into JSON on its way out.
            is_packed = self._gzip and not self.unknown
            self._compress = zlib.compressobj(1, wbits=31) if is_packed else None
            encoding = "gzip" if is_packed else ""
            start = Head(self.head.format, encoding, self.head.cacheable, self.unknown).to_bytes()
        if self._compress is not None:
            data = self._compress.compress(data)
        return start + frame(DATA, data)


class CountedJson:
    """The engine's own JSON on its way, with its rows counted as soon as there could be too many."""

    def __init__(self, answers: Answers, most: int) -> None:
        """The way of an answer that has at most so many rows."""
        self._answers, self._most = answers, most
        self._early: list[bytes] = []
        self._total = 0
        self._rows: JsonRows | None = None

    def write(self, data: bytes) -> int:
        """Take some bytes of the answer."""
        self._total += len(data)
        if self._rows is not None:
            self._rows.feed(data)
        else:
            self._early.append(bytes(data))
            # A row has three bytes at least.
            if self._total > 3 * self._most:
                self._rows = JsonRows()
                self._rows.feed(b"".join(self._early))
                self._early.clear()
        if self._rows is not None and self._rows.between >= self._most:
            raise TooMuch(sentence("limit.rows", most=self._most))
        return self._answers.write(data)

    def flush(self) -> None:
        """Does nothing; see `Answers.flush`."""


# -- checks before the engine -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that may run: how its text reads, prefixes it uses and does not declare, whether it repeats itself.

    `terms` are the IRIs that it speaks of.
    """

    query: QueryText
    prefixes: Mapping[str, str]
    is_stable: bool
    from_graphs: Sequence[str]
    terms: Sequence[str] = ()


def uses_service(text: str) -> bool:
    """Whether the word stands anywhere: then the query needs a worker of its own, if it may run at all."""
    return "service" in text.lower() or "\\u" in text.lower()


def check(text: str, bounds: Bounds) -> CheckedQuery:
    """What must be known of a query before the engine reads it; known again when a short text comes again.

    Raises:
        QueryError: it is too long, too deep or too wide, no query, or asks a server that is not allowed.
    """
    return _check_again(text, bounds) if len(text) <= _SHORT else _check(text, bounds)


def _check(text: str, bounds: Bounds) -> CheckedQuery:
    query, found = read_query_tokens(text, most_characters=bounds.query_size, deepest=bounds.query_depth)
    if query.uses_service:
        _check_service(text, found, bounds.service_allowed)
    _check_width(found, bounds.query_patterns)
    used = {match[1] for token in found if token.kind == "pname" for match in [_NAMED.match(token.text)] if match}
    declared = {after.text.rstrip(":") for token, after in pairwise(found) if token.text.upper() == "PREFIX"}
    words = {token.text.upper() for token in found if token.kind == "word"}
    return CheckedQuery(
        query=query,
        prefixes={name: iri for name, iri in bounds.prefixes if name in used - declared},
        is_stable=not words & _CHANGES and not query.uses_service,
        from_graphs=_from_graphs(found),
        terms=tuple(iris_among(found, prefixes=dict(bounds.prefixes))),
    )


# Texts of some kilobytes at most, so that what is remembered is bounded in bytes too.
_check_again: Final = lru_cache(maxsize=4096)(_check)


def _check_service(text: str, found: list[Token], allowed: Sequence[str]) -> None:
    """Every SERVICE names, in full and undisguised, an address of the list."""
    if not allowed:
        raise QueryError(sentence("query.service"), fix=sentence("next.no_service"))
    listed = sentence("snapshots.service_allowed", addresses=", ".join(allowed))
    if "\\u" in text.lower():
        raise QueryError(sentence("snapshots.service_escape"), fix=sentence("snapshots.write_full"))
    asked = 0
    for place, token in enumerate(found):
        if token.kind == "word" and token.text.upper() == "SERVICE":
            rest = [each for each in found[place + 1 : place + 3] if each.text.upper() != "SILENT"]
            address = rest[0].text[1:-1] if rest and rest[0].kind == "iri" else ""
            if address not in allowed:
                message = sentence(
                    "snapshots.may_not_ask", line=token.line, address=address or sentence("snapshots.not_written")
                )
                raise QueryError(message, fix=listed)
            asked += 1
    hidden = sum("SERVICE" in token.text.upper() for token in found if token.kind not in {"string", "variable"})
    if hidden - asked > sum("SERVICE" in address.upper() for address in allowed):
        raise QueryError(sentence("snapshots.service_inside"), fix=listed)


def _check_width(found: list[Token], most: int) -> None:
    """At most so many patterns in the query, and steps in its paths."""
    patterns = steps = 0
    open_brackets: list[str] = []
    for place, token in enumerate(found):
        text = token.text
        if token.kind == "word" and text.upper() == "UNION":
            # Alternatives side by side are cheap, and each has braces of its own.
            patterns -= 1
        if token.kind != "mark":
            continue
        if text in "([{":
            open_brackets.append(text)
            patterns += text == "{"
        elif text in _PAIRS:
            if open_brackets:
                open_brackets.pop()
        elif text == "/":
            steps += 1
        elif text in _SEPARATORS and open_brackets and open_brackets[-1] != "(":
            following = found[place + 1].text if place + 1 < len(found) else "}"
            patterns += following not in {"}", "]", ".", ";", "{"}
    for number, what in ((patterns, "limit.patterns"), (steps, "limit.steps")):
        if number > most:
            raise QueryError(sentence(what, count=number, most=most), fix=sentence("next.parts"))


def _from_graphs(found: list[Token]) -> tuple[str, ...]:
    """The graphs that FROM merges, when all are written in full and FROM NAMED adds none; empty otherwise."""
    graphs: list[str] = []
    for token, after in pairwise(found):
        if token.kind == "word" and token.text.upper() == "FROM":
            if after.kind != "iri" or ":" not in after.text:
                return ()
            graphs.append(after.text[1:-1])
    return tuple(graphs)


# -- several graphs as one ----------------------------------------------------------------------------


class Merged:
    """Several named graphs as one default graph: the engine's own merge counts a repeated triple twice."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        """Merges of the graphs of `store`; the last few are kept."""
        self._store = store
        self._known: dict[frozenset[str], pyoxigraph.Store] = {}

    def of(self, graphs: frozenset[str]) -> pyoxigraph.Store:
        """A store whose default graph is the merge."""
        merged = self._known.pop(graphs, None)
        if merged is None:
            merged = pyoxigraph.Store()
            for name in graphs:
                found = self._store.quads_for_pattern(None, None, None, pyoxigraph.NamedNode(name))
                merged.extend(pyoxigraph.Quad(*quad.triple) for quad in found)
        self._known[graphs] = merged
        if len(self._known) > _MOST_MERGED:
            del self._known[next(iter(self._known))]
        return merged


# -- the process --------------------------------------------------------------------------------------


def main(pipe: socket.socket, folder: str, bounds: Bounds, fenced: bool) -> None:  # noqa: FBT001  # as a process takes it
    """Answer questions from `pipe` until it is closed.

    The fence goes up before the store opens, so that it covers the engine's own threads; the memory limit
    after, because opening a store reserves most of a gigabyte of address space.
    """
    pages = _pages()
    # The engine prints to stderr before it dies; the parent says what happened in words of its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno() if sys.__stderr__ else 2)
    is_confined = fenced and landlock.confine([Path(folder), *landlock.program_files()])
    is_fenced = fenced and seccomp.put_up()
    if hasattr(os, "nice"):
        # What many wait for, the server itself, goes before what one waits for.
        os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    pipe.setblocking(True)  # noqa: FBT003  # the socket's own signature
    store = open_version(Path(folder), most_in_memory=bounds.in_memory)
    bool(store.query("ASK { ?s ?p ?o }"))
    limit_memory(bounds.memory, pages)
    pipe.sendall(frame(READY, dumps({"pid": os.getpid(), "fenced": is_fenced, "confined": is_confined}).encode()))
    merged, frames = Merged(store), Frames()
    while data := pipe.recv(1 << 20):
        for _, question in frames.feed(data):
            try:
                answer(store, Question.from_bytes(question), pipe, bounds, merged)
            except BrokenPipeError:
                return


def _pages() -> IO[str] | None:
    """What says how much memory this process has, opened while it can be; it is read anew each time."""
    return Path("/proc/self/statm").open(encoding="ascii") if sys.platform == "linux" else None


def limit_memory(more: int, pages: IO[str] | None = None) -> None:
    """From here on the address space grows by at most so many bytes; a crash leaves no core file.

    Args:
        more: the bytes.
        pages: the file of `_pages` that was opened before; one of this call without it.
    """
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    opened = pages or _pages()
    if opened is not None:
        with opened:
            most = int(opened.read().split()[0]) * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def answer(
    store: pyoxigraph.Store, question: Question, pipe: socket.socket, bounds: Bounds, merged: Merged | None = None
) -> None:
    """Send the whole answer, or why there is none; out of memory the process ends, which says it too."""
    answers = Answers(pipe, question, bounds)
    try:
        checked = check(question.text, bounds)
        refuse_patterns(checked.query)
        if question.tells_unknown:
            answers.unknown = unknown_of(store, checked.terms)
        _write(store, question, checked, answers, bounds, merged or Merged(store))
        answers.end()
    except QueryError as error:
        _fail(pipe, "query", error.message, error.fix)
    except SyntaxError as error:
        refused = syntax_error(error.msg, question.text)
        _fail(pipe, "query", refused.message, refused.fix)
    except TooMuch as error:
        _fail(pipe, "query", error.args[0], sentence("next.less_by_limits"))
    except LookupError as error:
        _fail(pipe, "unacceptable", error.args[0], sentence("next.other_format"))
    except ValueError as error:
        _fail(pipe, "query", sentence("query.cannot_write", detail=str(error)), sentence("next.other_format"))
    except MemoryError:
        os._exit(1)
    except RuntimeError as error:
        _fail(pipe, "query", sentence("query.cannot_run", detail=str(error)))
    except BrokenPipeError:
        raise
    except OSError as error:
        _fail(pipe, "store", sentence("query.store", detail=str(error)))


def unknown_of(store: pyoxigraph.Store, terms: Iterable[str]) -> tuple[str, ...]:
    """Those of the terms, by IRI, that stand nowhere in the store; the first few."""
    return tuple(islice((each for each in islice(terms, _MOST_LOOKED_FOR) if not _stands(store, each)), MOST_UNKNOWN))


def _stands(store: pyoxigraph.Store, iri: str) -> bool:
    try:
        term = pyoxigraph.NamedNode(iri)
    except ValueError:
        # Whether it can be a name, the engine says.
        return True
    places = ((None, term, None), (None, None, term), (term, None, None))
    return any(next(store.quads_for_pattern(*place), None) is not None for place in places)


def _fail(pipe: socket.socket, kind: str, message: str, fix: str = "") -> None:
    said = {"kind": kind, "message": message, "fix": fix}
    norwegian = {"message_nb": said_in(message, "nb"), "fix_nb": said_in(fix, "nb"), "key": key_of(message)}
    pipe.sendall(frame(FAILED, dumps(said | norwegian).encode()))


def _write(  # the parts of one answer
    store: pyoxigraph.Store, question: Question, checked: CheckedQuery, answers: Answers, bounds: Bounds, merged: Merged
) -> None:
    default, named = _dataset(question, checked)
    is_merged = default is not None and named == () and len(set(default)) > 1 and DEFAULT_GRAPH not in default
    if is_merged:
        store = merged.of(frozenset(default or ()))
    result = store.query(
        question.text,
        base_iri=bounds.base,
        prefixes=dict(checked.prefixes) or None,
        substitutions=_terms(question.bind) or None,
        default_graph=pyoxigraph.DefaultGraph() if is_merged else graphs_asked(_names(default)),
        named_graphs=_names(named),
    )
    most = question.most_rows or bounds.rows
    if isinstance(result, pyoxigraph.QueryBoolean):
        format_ = _first(question.rows, ("json", "xml"), "endpoint.truth")
        answers.head = Head(format_, cacheable=checked.is_stable)
        answers.write(write_truth(value=bool(result), format=format_))
    elif isinstance(result, pyoxigraph.QueryTriples):
        format_ = _first(question.graph, _GRAPHS, "endpoint.graph")
        answers.head = Head(format_, cacheable=checked.is_stable)
        triples = _each_once(_at_most(result, most))
        if format_ == "jsonld":
            quads = SortedQuads(Quad(*triple) for triple in triples)
            write_compacted(quads, answers, prefixes=dict(bounds.prefixes))
            return
        serialize_to(answers, triples, format=format_, prefixes=checked.prefixes)
    else:
        format_ = _first(question.rows, ("json", "xml", "csv", "tsv"), "endpoint.rows")
        answers.head = Head(format_, cacheable=checked.is_stable)
        given = [variable.value for variable in result.variables]
        # The engine sorts the columns of SELECT * by name; the text's order is what its author means.
        columns = [name for name in checked.query.columns if name in given] if checked.query.star else given
        places = [given.index(name) for name in columns]
        in_order = places == list(range(len(given)))
        if format_ == "json" and in_order:
            # The engine writes JSON several times as fast as Python does.
            counted = cast("IO[bytes]", CountedJson(answers, most))
            result.serialize(counted, format=pyoxigraph.QueryResultsFormat.JSON)
            return
        solutions = _at_most(result, most)
        rows = map(tuple, solutions) if in_order else (tuple(row[place] for place in places) for row in solutions)
        for piece in write_rows(columns, rows, format=format_):
            answers.write(piece)


def _dataset(question: Question, checked: CheckedQuery) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    """The graphs asked, by default and by name; `None` leaves it to the text of the query."""
    if question.default_graphs is None and question.named_graphs is None:
        # Only FROM, and no FROM NAMED: then there are no graphs by name (SPARQL 1.1 Query, 13.2).
        return (checked.from_graphs, ()) if len(checked.from_graphs) > 1 else (None, None)
    return tuple(question.default_graphs or ()), tuple(question.named_graphs or ())


def _names(graphs: Sequence[str] | None) -> list[Any] | None:
    return None if graphs is None else [pyoxigraph.NamedNode(name) for name in graphs]


def _first(wanted: Iterable[str], possible: Iterable[str], what: str) -> str:
    can = tuple(possible)
    for name in wanted:
        if name in can:
            return name
    raise LookupError(sentence("endpoint.wrong_format", what=sentence(what)))


def _terms(bind: Mapping[str, str]) -> dict[pyoxigraph.Variable, Term]:
    bound: dict[pyoxigraph.Variable, Term] = {}
    for name, text in bind.items():
        quad = next(pyoxigraph.parse(f"<x:s> <x:p> {text} .", format=pyoxigraph.RdfFormat.N_TRIPLES))
        bound[pyoxigraph.Variable(name)] = quad.object
    return bound


def _at_most(found: Iterable[_Each], most: int) -> Iterator[_Each]:
    for number, each in enumerate(found):
        if number >= most:
            raise TooMuch(sentence("limit.rows", most=most))
        yield each


def _each_once(triples: Iterable[Triple]) -> Iterator[Triple]:
    seen: set[Triple] = set()
    for triple in triples:
        if triple not in seen:
            seen.add(triple)
            yield triple
