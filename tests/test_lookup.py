"""Lookups: the fast path gives what a worker gives, to exactly the texts that it knows as a whole."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citygraph.errors import SnapshotError
from citygraph.rdf import BlankNode, Iri, Literal, Quad, Term
from citygraph.store.lookup import Lookups, read_lookup
from citygraph.store.protocol import Bounds, Frames, Question
from citygraph.store.snapshot import Version
from citygraph.store.worker import answer
from generated import literals
from web.conftest import BASE, project_with

GRAPH = Iri(f"{BASE}graph/data")
NAME, KNOWS, MANY = (Iri(f"{BASE}{name}") for name in ("name", "knows", "many"))
TYPE = Iri("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
HUB = Iri(f"{BASE}hub")
PREFIXES = (("g", BASE),)
BOUNDS = Bounds(prefixes=PREFIXES, base=BASE)


def _quads() -> list[Quad]:
    quads = [Quad(HUB, MANY, Iri(f"{BASE}thing-{number}"), GRAPH) for number in range(1_000)]
    for number in range(12):
        thing = Iri(f"{BASE}thing-{number}")
        quads += [
            Quad(thing, TYPE, Iri(f"{BASE}Thing"), GRAPH),
            Quad(thing, NAME, Literal(f'ting «{number}» "\n', language="nb"), GRAPH),
            Quad(thing, NAME, Literal(f"{number:02}", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer")), GRAPH),
            Quad(thing, KNOWS, Iri(f"{BASE}thing-{number * 5 % 12}"), GRAPH),
            Quad(thing, KNOWS, BlankNode(f"b{number}"), GRAPH),
            Quad(BlankNode(f"b{number}"), NAME, Literal("x" * 900), GRAPH),
        ]
    return quads


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return (project_with(tmp_path_factory.mktemp("lookups"), _quads()) / "build" / "current").resolve()


@pytest.fixture(scope="module", params=[100_000, 1], ids=["memory", "disk"])
def lookups(request: pytest.FixtureRequest, folder: Path) -> Lookups:
    return Lookups(Version(folder, "one"), replace(BOUNDS, in_memory=request.param))


class _Pipe:
    """What a worker writes to."""

    def __init__(self) -> None:
        self.data = b""

    def sendall(self, data: bytes) -> None:
        self.data += data


def in_a_worker(folder: Path, question: Question) -> tuple[bool, Any]:
    """Whether there is an answer, and the answer, as the code that runs in a worker gives it."""
    pipe = _Pipe()
    store = pyoxigraph.Store.read_only(str(folder / "store"))
    answer(store, question, pipe, BOUNDS)  # type: ignore[arg-type]  # what a pipe does
    frames = list(Frames().feed(pipe.data))
    body = b"".join(data for tag, data in frames if tag == b"D")
    # What passes a limit breaks off, and is no JSON.
    is_whole = frames[-1][0] == b"E"
    return is_whole, json.loads(body or b"null") if is_whole else None


def rows_of(document: dict[str, Any]) -> Counter[str]:
    return Counter(json.dumps(row, sort_keys=True) for row in document["results"]["bindings"])


_TERMS: Sequence[Term] = (HUB, NAME, KNOWS, MANY, TYPE, *(Iri(f"{BASE}thing-{n}") for n in range(3)), Iri("urn:none"))
_VARIABLES = st.sampled_from(["?s", "?p", "?o", "$o", "?x"])
_IRIS = st.sampled_from(
    [*map(str, _TERMS), "g:hub", "g:thing-1", "g:name", "g:knows", "nobody:x", "<thing-1>", "<../x>"]
)
_OBJECTS = st.one_of(
    _VARIABLES,
    _IRIS,
    st.sampled_from(['"00"^^<http://www.w3.org/2001/XMLSchema#integer>', '"x"', '"y"@nb', '""', "1", "true", "[]"]),
    literals().map(str),
)


@st.composite
def queries(draw: st.DrawFn) -> str:
    """Queries of one pattern or a few, some of them wrong."""
    patterns = ""
    for number in range(draw(st.sampled_from([1, 1, 1, 2, 2, 3, 5]))):
        subject, object_ = draw(st.one_of(_VARIABLES, _IRIS)), draw(_OBJECTS)
        predicate = draw(st.one_of(_VARIABLES, _IRIS, st.just("a")))
        joint = draw(st.sampled_from([" . ", ".", " ; ", ";\n "])) if number else " "
        patterns += joint + (f"{predicate} {object_}" if ";" in joint else f"{subject} {predicate} {object_}")
    columns = draw(st.one_of(st.just("*"), st.lists(_VARIABLES, max_size=3).map(" ".join)))
    start = f"SELECT {draw(st.sampled_from(['', '', 'DISTINCT ']))}{columns} " if columns else "ASK "
    where = draw(st.sampled_from(["WHERE ", "where", ""]))
    prologue = draw(
        st.sampled_from(["", "", f"PREFIX nobody: <{BASE}>\n", f"prefix g: <{BASE}thing-> ", "BASE <urn:x> "])
    )
    limit = draw(st.sampled_from(["", "", " LIMIT 3", "\nlimit 0", " LIMIT 100000", " OFFSET 1", " ORDER BY ?s"]))
    dot = draw(st.sampled_from([" ", " . ", ".", " ;"]))
    return f"{prologue}{start}{where}{{{patterns}{dot}}}{limit}"


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500)
@given(text=queries())
def test_a_lookup_says_what_a_worker_says(folder: Path, lookups: Lookups, text: str) -> None:
    question = Question(text, rows=("json",))
    found = lookups.answer(question.text)
    if found is None:
        return
    is_answer, expected = in_a_worker(folder, question)
    assert is_answer, text
    document = json.loads(found[1])
    assert document["head"] == expected["head"]
    if "boolean" in expected:
        assert document == expected
    elif "LIMIT 3" in text:
        assert sum(rows_of(document).values()) == sum(rows_of(expected).values())
        is_whole, everything = in_a_worker(folder, Question(text.replace("LIMIT 3", "")))
        assert not is_whole or rows_of(document) <= rows_of(everything)
    else:
        assert rows_of(document) == rows_of(expected)


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ?n WHERE {{ {HUB} {NAME} ?n }}",
        "SELECT ?c ?n WHERE { g:thing-1 a ?c }",
        f"PREFIX h: <{BASE}>\n SELECT ?s WHERE {{ ?s h:knows g:thing-0 . }} LIMIT 4",
        'ASK { ?s ?p "00"^^<http://www.w3.org/2001/XMLSchema#integer> }',
        "SELECT ?s ?o {?s g:knows ?o}",
        "SELECT * { g:thing-1 ?z ?a }",
        "SELECT DISTINCT ?p { g:thing-1 ?p ?o }",
        "SELECT ?o ?n { g:thing-1 ?p ?o . ?o g:name ?n } LIMIT 10",
        "SELECT ?n { ?s g:knows g:thing-0 ; g:name ?n . ?s a ?c }",
        "SELECT ?a ?b { g:thing-1 g:name ?a . g:thing-2 g:name ?b }",
        "ASK { g:thing-1 g:knows ?o . ?o a g:Thing . }",
    ],
)
def test_small_queries_need_no_worker(folder: Path, lookups: Lookups, text: str) -> None:
    found = lookups.answer(text)
    assert found is not None
    expected = in_a_worker(folder, Question(text))[1]
    document = json.loads(found[1])
    assert document.keys() == expected.keys()
    assert document["head"] == expected["head"]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?o { ?o ?p ?o }",
        "SELECT ?s { ?s ?p ?o . ?o ?q ?q }",
        "SELECT ?s { ?s ?p ?o . ?o ?q ?r . ?r ?t ?u . ?u ?v ?w . ?w ?x ?y }",
        "SELECT ?s { ?s ?p ?o ; }",
        "SELECT ?s { ?s ?p ?o , <urn:x> }",
        "SELECT ?s { ?s ?p ?o . OPTIONAL { ?o ?q ?r } }",
        "SELECT REDUCED ?p { ?s ?p ?o }",
        "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
        "SELECT ?s { ?s g:knows+ ?o }",
        "SELECT ?s { ?s ^g:knows ?o }",
        "SELECT ?s { ?s ?p ?o FILTER(?o > 1) }",
        "SELECT ?s { GRAPH ?g { ?s ?p ?o } }",
        "SELECT ?s { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "SELECT ?s FROM <urn:x> { ?s ?p ?o }",
        "SELECT ?s { ?s ?p ?o } VALUES ?s { <urn:x> }",
        "SELECT ?s { ?s ?p ?o } # LIMIT 1",
        "SELECT ?s ?s { ?s ?p ?o }",
        "SELECT * { <urn:s> a <urn:o> }",
        "SELECT ?s { ?s ?p <urn:\\u0041> }",
        "SELECT ?s { <relative> ?p ?s }",
        "SELECT ?s { <http://a.example/b/../c> ?p ?s }",
        "SELECT ?s { unknown:x ?p ?s }",
        "CONSTRUCT WHERE { ?s ?p ?o }",
        "SELECT ?s { " + "<urn:" + "x" * 2_000 + "> ?p ?s }",
        "SELECT ?s { ?s ?p ?o } LIMIT 9999999",
    ],
)
def test_whatever_could_do_more_is_left_to_a_worker(text: str) -> None:
    assert read_lookup(text, dict(PREFIXES)) is None
    # What makes the difference is what is left out here, and not that nothing is known.
    assert read_lookup("SELECT ?s { ?s ?p ?o ; g:knows <urn:x> }  LIMIT 1", dict(PREFIXES)) is not None


def test_an_answer_that_is_not_short_is_left_to_a_worker(lookups: Lookups) -> None:
    assert lookups.answer(f"SELECT ?o {{ {HUB} ?p ?o }}") is None
    assert lookups.answer("SELECT ?s ?p ?o { ?s ?p ?o }") is None
    assert lookups.answer(f"SELECT ?s ?n {{ ?s {NAME} ?n }} LIMIT 300") is not None
    assert lookups.answer(f"SELECT ?o {{ {HUB} ?p ?o }} LIMIT 300") is not None
    assert lookups.answer(f"SELECT ?o {{ {HUB} ?p ?o }} LIMIT 301") is None


def test_long_values_do_not_make_it_long(tmp_path: Path) -> None:
    quads = [Quad(HUB, NAME, Literal(f"{number}" + "x" * 5_000), GRAPH) for number in range(20)]
    there = (project_with(tmp_path, quads) / "build" / "current").resolve()
    lookups = Lookups(Version(there, "one"), BOUNDS)
    assert lookups.answer(f"SELECT ?n {{ {HUB} {NAME} ?n }}") is None
    assert lookups.answer(f"SELECT ?n {{ {HUB} {NAME} ?n }} LIMIT 2") is not None


def test_it_is_compressed_as_a_worker_compresses(lookups: Lookups) -> None:
    text = f"SELECT ?o {{ {HUB} ?p ?o }} LIMIT 100"
    plain, packed = lookups.answer(text), lookups.answer(text, gzip=True)
    assert plain is not None
    assert packed is not None
    assert (plain[0].encoding, packed[0].encoding) == ("", "gzip")
    assert gzip.decompress(packed[1]) == plain[1]


@pytest.mark.parametrize(
    "text",
    [
        f"SELECT ?o ?p {{ {HUB} {MANY} ?o . ?o ?p ?x . ?x ?y ?z }}",
        "SELECT ?a ?b { ?a ?p ?b . ?c ?q ?d }",
        "SELECT DISTINCT ?p { ?s ?p ?o }",
    ],
)
def test_whatever_reads_much_is_left_to_a_worker(lookups: Lookups, text: str) -> None:
    assert lookups.answer(text) is None


@pytest.mark.parametrize("bounds", [Bounds(rows=10), Bounds(bytes=1_000), Bounds(query_size=10)])
def test_tighter_limits_are_kept_by_a_worker(folder: Path, bounds: Bounds) -> None:
    assert Lookups(Version(folder, "one"), bounds).answer(f"ASK {{ {HUB} ?p ?o }}") is None


def test_a_version_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="cannot be opened") as caught:
        Lookups(Version(tmp_path / "nothing", "one"), BOUNDS)
    assert caught.value.fix
