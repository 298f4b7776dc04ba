"""The W3C tests of SPARQL entailment regimes whose data are OWL 2 RL: the closure answers what the regime asks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from citygraph.rdf import BlankNode, Iri, Quad, Term, Triple, parse
from citygraph.reason.columnar import close
from citygraph.reason.columnar.relations import high, is_property, low, term_of
from citygraph.results import Solutions, Truth
from citygraph.store import MemoryStore
from conftest import SHARED

FOLDER = SHARED / "reference/w3c-rdf-tests/sparql/sparql11/entailment"
BASE = b"@base <http://test.example/> .\n"
CASES = """
PREFIX mf:  <http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#>
PREFIX qt:  <http://www.w3.org/2001/sw/DataAccess/tests/test-query#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX sd:  <http://www.w3.org/ns/sparql-service-description#>
SELECT DISTINCT ?test ?query ?data ?result WHERE {
  ?test mf:action ?action ; mf:result ?result .
  ?action qt:query ?query ; qt:data ?data ;
          sd:EntailmentProfile/rdf:rest*/rdf:first <http://www.w3.org/ns/owl-profile/RL> ;
          sd:entailmentRegime/(rdf:rest*/rdf:first)? ?regime .
  FILTER (?regime IN (<http://www.w3.org/ns/entailment/OWL-RDF-Based>, <http://www.w3.org/ns/entailment/RDFS>))
}
ORDER BY ?test
"""
NOT_SAID = "asks for a class below itself (scm-cls), which holds for every class and is never written down"
KNOWN = {"rdfs05": NOT_SAID, "sparqldl-02": NOT_SAID}


def cases() -> list[object]:
    """One parameter for each test of the manifest; none when the suite is not at hand."""
    if not FOLDER.is_dir():
        reason = "the public test suites are not at hand: put them at ../shared/reference"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    store = MemoryStore(triples_of(FOLDER / "manifest.ttl"))
    answer = store.query(CASES)
    assert isinstance(answer, Solutions)
    found: list[object] = []
    for row in answer:
        files = {name: FOLDER / str(term)[1:-1].rpartition("/")[2] for name, term in row.items() if name != "test"}
        name = str(row["test"])[1:-1].rpartition("#")[2]
        marks = [pytest.mark.xfail(reason=KNOWN[name], strict=True)] if name in KNOWN else []
        found.append(pytest.param(files, id=name, marks=marks))
    return found


def triples_of(path: Path) -> list[Quad]:
    """The statements of one file of the suite, its relative names below our base."""
    data = path.read_bytes()
    format_ = "rdf" if path.suffix == ".rdf" else "ttl"
    parsed = parse(BASE + data if format_ == "ttl" else data, format=format_, graph_name=Iri("http://test.example/g"))
    assert not parsed.problems, parsed.problems
    return list(parsed.quads)


def closed(quads: Iterable[Quad]) -> list[Quad]:
    """Everything that follows, anonymous classes and schema included, as the regime wants it."""
    asserted = [quad.triple for quad in quads]
    closure = close(asserted)
    dictionary = closure.state.dictionary
    (type_term,) = dictionary.terms([closure.state.type_term])
    found = list(asserted)
    for key, rows in closure.expanded().items():
        (named,) = dictionary.terms([term_of(key)])
        if is_property(key):
            ends = zip(dictionary.terms(high(rows).tolist()), dictionary.terms(low(rows).tolist()), strict=True)
            found += [triple(s, named, o) for s, o in ends if isinstance(s, Iri | BlankNode) and isinstance(named, Iri)]
        else:
            subjects = dictionary.terms(rows.tolist())
            found += [triple(s, type_term, named) for s in subjects if isinstance(s, Iri | BlankNode)]
    return [Quad(t.subject, t.predicate, t.object, Iri("http://test.example/g")) for t in found]


def triple(subject: Term, predicate: Term, object_: Term) -> Triple:
    assert isinstance(subject, Iri | BlankNode)
    assert isinstance(predicate, Iri)
    return Triple(subject, predicate, object_)


def comparable(rows: Iterable[Iterable[Term | None]]) -> list[tuple[str, ...]]:
    """Rows as a set that two answers can be compared by; a blank node is only known to be one."""
    return sorted(tuple("_:" if isinstance(term, BlankNode) else str(term or "") for term in row) for row in rows)


@pytest.mark.parametrize("files", cases())
def test_the_closure_answers_what_the_regime_asks(files: dict[str, Path]) -> None:
    import pyoxigraph  # noqa: PLC0415  # reads the expected answers of the suite

    store = MemoryStore(closed(triples_of(files["data"])))
    text = "BASE <http://test.example/>\n" + files["query"].read_text(encoding="utf-8")
    answer = store.query(text)
    expected = pyoxigraph.parse_query_results(path=str(files["result"]), format=pyoxigraph.QueryResultsFormat.XML)
    if isinstance(expected, pyoxigraph.QueryBoolean):
        assert isinstance(answer, Truth)
        assert answer.value == bool(expected)
        return
    assert isinstance(answer, Solutions)
    assert isinstance(expected, pyoxigraph.QuerySolutions)
    columns = [variable.value for variable in expected.variables]
    wanted = comparable([[solution[column] for column in columns] for solution in expected])
    assert comparable([[row.get(column) for column in columns] for row in answer]) == wanted
