"""What runs inside one worker: a store that is only read, a fence around it, one query after the other."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from json import dumps
from pathlib import Path
from typing import IO, Any, Final, TypeVar, cast

import pyoxigraph

from citygraph.errors import QueryError
from citygraph.rdf import Term, Triple, serialize_to
from citygraph.results import write_rows, write_truth
from citygraph.sentences import key_of, said_in, sentence
from citygraph.store import seccomp
from citygraph.store.answering import Answers, CountedJson, TooMuch
from citygraph.store.asking import (
    FAILED,
    READY,
    RECORD,
    Bounds,
    Frames,
    Head,
    Question,
    frame,
)
from citygraph.store.checking import Checked, check
from citygraph.store.merging import Merged
from citygraph.store.opening import open_version

__all__ = ["answer", "limit_memory", "main"]

_GRAPHS: Final = ("ttl", "nt", "rdf", "jsonld", "nq", "trig")
_NICENESS: Final = 5
_Each = TypeVar("_Each")


def main(pipe: socket.socket, folder: str, bounds: Bounds, *, fenced: bool = True) -> None:
    """Answer questions from `pipe` until it is closed.

    The fence goes up before the store opens, so that it covers the engine's own threads; the memory limit
    after, because opening a store reserves most of a gigabyte of address space.
    """
    is_fenced = fenced and seccomp.put_up()
    if hasattr(os, "nice"):
        # What many wait for, the server itself, goes before what one waits for.
        os.nice(_NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The engine prints to stderr before it dies; the parent says what happened in words of its own.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stderr__.fileno() if sys.__stderr__ else 2)
    pipe.setblocking(True)  # noqa: FBT003  # the socket's own signature
    store = open_version(Path(folder), most_in_memory=bounds.in_memory)
    bool(store.query("ASK { ?s ?p ?o }"))
    limit_memory(bounds.memory)
    pipe.sendall(frame(READY, dumps({"pid": os.getpid(), "fenced": is_fenced}).encode()))
    merged, frames = Merged(store), Frames()
    while data := pipe.recv(1 << 20):
        for _, question in frames.feed(data):
            try:
                answer(store, Question.from_bytes(question), pipe, bounds, merged)
            except BrokenPipeError:
                return


def limit_memory(more: int) -> None:
    """From here on the address space grows by at most so many bytes; a crash leaves no core file."""
    try:
        import resource  # noqa: PLC0415  # POSIX alone has it
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def answer(
    store: pyoxigraph.Store, question: Question, pipe: socket.socket, bounds: Bounds, merged: Merged | None = None
) -> None:
    """Send the whole answer, or why there is none; out of memory the process ends, which says it too."""
    answers = Answers(pipe, question, bounds)
    try:
        checked = check(question.text, bounds)
        if question.each:
            _write_each(store, question, checked, answers, bounds)
        else:
            _write(store, question, checked, answers, bounds, merged or Merged(store))
        answers.end()
    except QueryError as error:
        _fail(pipe, "query", error.message, error.fix)
    except SyntaxError as error:
        _fail(pipe, "query", sentence("query.syntax", detail=error.msg), sentence("next.count_from_one"))
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


def _fail(pipe: socket.socket, kind: str, message: str, fix: str = "") -> None:
    said = {"kind": kind, "message": message, "fix": fix}
    norwegian = {"message_nb": said_in(message, "nb"), "fix_nb": said_in(fix, "nb"), "key": key_of(message)}
    pipe.sendall(frame(FAILED, dumps(said | norwegian).encode()))


def _write(  # the parts of one answer
    store: pyoxigraph.Store, question: Question, checked: Checked, answers: Answers, bounds: Bounds, merged: Merged
) -> None:
    default, named = _dataset(question, checked)
    is_merged = default is not None and named == () and len(set(default)) > 1
    if is_merged:
        store = merged.of(frozenset(default or ()))
    result = store.query(
        question.text,
        base_iri=bounds.base,
        prefixes=dict(checked.prefixes) or None,
        substitutions=_terms(question.bind) or None,
        default_graph=pyoxigraph.DefaultGraph() if is_merged else _names(default),
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
        serialize_to(answers, _each_once(_at_most(result, most)), format=format_, prefixes=checked.prefixes)
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


def _write_each(
    store: pyoxigraph.Store, question: Question, checked: Checked, answers: Answers, bounds: Bounds
) -> None:
    """The rows for each binding, in JSON; all of them together keep to the limits of one answer."""
    answers.head = Head("json", cacheable=checked.is_stable)
    counted = CountedJson(answers, question.most_rows or bounds.rows)
    for bind in question.each:
        result = store.query(
            question.text, base_iri=bounds.base, prefixes=dict(checked.prefixes) or None, substitutions=_terms(bind)
        )
        if not isinstance(result, pyoxigraph.QuerySolutions):
            message = "Only SELECT can be asked for each of several bindings."
            raise QueryError(message)
        counted.write(RECORD)
        result.serialize(cast("IO[bytes]", counted), format=pyoxigraph.QueryResultsFormat.JSON)


def _dataset(question: Question, checked: Checked) -> tuple[Sequence[str] | None, Sequence[str] | None]:
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
