"""A statement is proved by its own source: in explanations, in answers and on pages, and every date with its document."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph import Project, load
from citygraph.graphs import Part, ProjectGraphs
from citygraph.namespaces import CG, CONCEPT, PREFIXES
from citygraph.query import cite
from citygraph.query.citations import sources_of_rows
from citygraph.rdf import Iri, Literal, Quad, Term, Triple
from citygraph.reason.proof.explain import Explainer
from citygraph.results import Solutions
from citygraph.saved_query import SavedQuery, read_saved_query
from citygraph.sources import RECORDS, anchor_of, carriers
from citygraph.store import MemoryStore
from conftest import ROOT, TODAY

PROV, RDF, ORG, DCT = (PREFIXES[name] for name in ("prov", "rdf", "org", "dct"))
DERIVED, RANK, AS_OF = Iri(PROV + "wasDerivedFrom"), Iri(CG + "rank"), Iri(CG + "asOf")
ABOUT = tuple(Iri(RDF + name) for name in ("subject", "predicate", "object"))
DEPRECATED = Iri(CONCEPT + "rank-deprecated")
BASE = "https://example.org/"
ID = "https://w3id.org/citygraph/id/"
BETWEEN = {"dateNotBefore": "2020-11-05", "dateNotAfter": "2023-12-31"}


class Claims:
    """The claims of a graph and the sources of its nodes, read from its quads alone."""

    def __init__(self, quads: list[Quad]) -> None:
        parts: dict[Term, dict[Term, Term]] = defaultdict(dict)
        self.sources: dict[Term, set[str]] = defaultdict(set)
        deprecated = set()
        for quad in quads:
            if quad.predicate in ABOUT:
                parts[quad.subject][quad.predicate] = quad.object
            elif quad.predicate == DERIVED and isinstance(quad.object, Iri):
                self.sources[quad.subject].add(quad.object.value)
            elif (quad.predicate, quad.object) == (RANK, DEPRECATED):
                deprecated.add(quad.subject)
        classes = {str(Iri(each)) for each in RECORDS}
        self.records = {q.subject for q in quads if q.predicate == Iri(RDF + "type") and str(q.object) in classes}
        self.about: dict[tuple[Term, ...], list[Term]] = defaultdict(list)
        for claim, about in parts.items():
            if claim not in deprecated:
                self.about[tuple(about[each] for each in ABOUT)].append(claim)

    def carrying(self, triple: Triple) -> set[str]:
        """The sources of the claims about a statement."""
        claims = self.about.get((triple.subject, triple.predicate, triple.object), [])
        return {source for claim in claims for source in self.sources[claim]}


@pytest.fixture(scope="module")
def graphs(this_project: Project) -> ProjectGraphs:
    return load.load_files(this_project.config).graphs


@pytest.fixture(scope="module")
def claims(graphs: ProjectGraphs) -> Claims:
    return Claims([*graphs.quads(Part.DATA, Part.ONTOLOGY)])


def test_every_stated_statement_is_explained_by_the_sources_of_the_claims_about_it(
    this_project: Project, graphs: ProjectGraphs, claims: Claims
) -> None:
    explainer = Explainer(graphs, this_project.config, as_of=TODAY)
    claimed = own = 0
    for quad in graphs.quads(Part.DATA):
        origins = explainer.origins((str(quad.subject), str(quad.predicate), str(quad.object)))
        cited = {origin.source for origin in origins if origin.source}
        of_thing = {origin.of_thing for origin in origins if origin.source}
        carrying = claims.carrying(quad.triple)
        if carrying:
            claimed += 1
            assert (cited, of_thing) == (carrying, {False}), quad
        elif cited:
            own += 1
            assert cited == claims.sources[quad.subject], quad
            assert of_thing == {quad.subject not in claims.records}, quad
    assert claimed > 80
    assert own > 500


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "queries").glob("*.rq")))
def test_a_row_cites_nothing_but_what_carries_it(name: str, this_project: Project, claims: Claims) -> None:
    values = {"date": "2019-06-01"} if name == "president-on-date" else {}
    answered = this_project.query(name, values, cite=True)
    text = answered.query.text
    if not isinstance(answered.answer, Solutions):
        return
    for row, citations in zip(answered.answer.rows, answered.sources, strict=True):
        here = {term for term in (*row, *answered.bound.values()) if term is not None}
        for citation in citations:
            node = Iri(citation.fact)
            about = [statement for statement, found in claims.about.items() if node in found]
            if citation.of_thing:
                assert node not in claims.records
                # Where the query names a property that a claim about the thing has, the claim is cited.
                shown = [each for each in claims.about if each[0] == node and each[2] in here]
                assert not [each for each in shown if str(each[1])[1:-1].rpartition("#")[2].rpartition("/")[2] in text]
            elif about and node not in here and about[0][0] in here:
                assert about[0][2] in here or isinstance(about[0][2], Literal), (row, citation)
            else:
                assert node in claims.records


def test_the_year_of_founding_is_proved_by_the_passage_that_names_it(this_project: Project) -> None:
    (proof,) = this_project.explain(f"{ID}eurocities", "schema:foundingDate", "1986").proofs
    assert [(origin.start, origin.end, origin.of_thing) for origin in proof.origins] == [(67, 83, False)]


# -- generated graphs ------------------------------------------------------------------------------------

HEADER = """\
#+ title:    { nb: "Tema", en: "Themes" }
#+ question: { nb: "Hva er temaene?", en: "What are the themes?" }
#+ columns:  [network, theme]
#+ cite:     [network]
#+ view:     table
PREFIX org: <http://www.w3.org/ns/org#>
SELECT ?network ?theme WHERE { ?network org:purpose ?theme } ORDER BY ?network ?theme
"""


@pytest.fixture(scope="module")
def themes(tmp_path_factory: pytest.TempPathFactory) -> SavedQuery:
    file = tmp_path_factory.mktemp("queries") / "themes.rq"
    file.write_text(HEADER, encoding="utf-8")
    return read_saved_query(file)


def iri(name: object) -> Iri:
    return Iri(f"{BASE}{name}")


@cache
def fact(network: int, theme: int) -> tuple[Iri, Iri, Iri]:
    return iri(f"network-{network}"), Iri(ORG + "purpose"), iri(f"theme-{theme}")


STATEMENTS = st.tuples(st.integers(0, 2), st.integers(0, 3))


@given(
    stated=st.sets(STATEMENTS, min_size=1, max_size=6),
    claimed=st.lists(st.tuples(STATEMENTS, st.booleans(), st.integers(0, 5)), max_size=8),
)
def test_rows_of_any_graph_are_carried_by_the_claims_about_them(
    themes: SavedQuery, stated: set[tuple[int, int]], claimed: list[tuple[tuple[int, int], bool, int]]
) -> None:
    quads = [Quad(*fact(*each)) for each in stated]
    quads += [Quad(iri(f"network-{n}"), DERIVED, iri(f"doc-of-{n}")) for n in range(3)]
    for number, (statement, deprecated, document) in enumerate(claimed):
        claim = iri(f"claim-{number}")
        quads += [Quad(claim, about, term) for about, term in zip(ABOUT, fact(*statement), strict=True)]
        quads += [Quad(claim, Iri(RDF + "type"), Iri(CG + "Claim")), Quad(claim, DERIVED, iri(f"doc-{document}"))]
        quads += [Quad(claim, RANK, DEPRECATED)] if deprecated else []
    store = MemoryStore(quads)
    answer = store.query(themes.text)
    assert isinstance(answer, Solutions)
    rows = [{name: term for name, term in row.items() if term is not None} for row in answer]
    for row, citations in zip(rows, sources_of_rows(rows, themes, {}, store), strict=True):
        key = next(each for each in stated if fact(*each)[0] == row["network"] and fact(*each)[2] == row["theme"])
        wanted = {f"{BASE}doc-{document}" for statement, gone, document in claimed if statement == key and not gone}
        found = {(citation.document, citation.of_thing) for citation in citations}
        assert found == ({(each, False) for each in wanted} or {(f"{BASE}doc-of-{key[0]}", True)})


def test_without_a_claim_the_source_of_a_thing_is_said_to_be_that() -> None:
    assert carriers({}, "thing", is_record=False) == (("thing",), True)
    assert carriers({}, "fact", is_record=True) == (("fact",), False)
    assert carriers({"claim": True}, "thing", is_record=False) == (("thing",), True)
    assert carriers({"old": True, "new": False}, "thing", is_record=False) == (("new",), False)


@pytest.mark.parametrize(
    ("memo", "page", "wanted"),
    [
        ("2020-11-05", "2026-11-15", {"memo": "2020-11-05", "page": "2026-11-15"}),
        ("2020", "2026-11", {"memo": "2020-11-05", "page": "2026-11-15"}),
        ("2020-11-05", "", {"memo": "2020-11-05", "page": ""}),
        ("2018", "", {"memo": "", "page": ""}),
        ("2011", "2026", {"memo": "", "page": "2026-11-15"}),
    ],
)
def test_each_of_two_dates_is_shown_with_the_document_that_gave_it(
    memo: str, page: str, wanted: dict[str, str]
) -> None:
    member = iri("m-a")
    quads = [
        Quad(member, AS_OF, Literal(day, datatype=Iri(PREFIXES["xsd"] + "date")))
        for day in ("2020-11-05", "2026-11-15")
    ]
    quads += [Quad(member, DERIVED, iri(name)) for name in ("memo", "page")]
    quads += [Quad(iri(name), Iri(DCT + "date"), Literal(day)) for name, day in (("memo", memo), ("page", page)) if day]
    cited = cite([member], MemoryStore(quads))[member]
    assert {each.document.removeprefix(BASE): each.as_of for each in cited} == wanted


def test_a_document_of_another_time_is_shown_without_the_date_of_the_fact() -> None:
    member, day = iri("m-a"), Literal("2026-11-15", datatype=Iri(PREFIXES["xsd"] + "date"))
    quads = [Quad(member, AS_OF, day), *(Quad(member, DERIVED, iri(name)) for name in ("memo", "page", "undated"))]
    memo = [Quad(iri("memo"), Iri(CG + name), Literal(day)) for name, day in BETWEEN.items()]
    cited = cite([member], MemoryStore([*quads, *memo]))[member]
    dated = {each.document.removeprefix(BASE): each.as_of for each in cited}
    assert dated == {"memo": "", "page": "2026-11-15", "undated": "2026-11-15"}


# -- places in documents ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fragment", "sort", "words"),
    [
        ("char=67,83", "passage", "characters 67–83"),
        ("row=17", "row", "row 17"),
        ("sheet=Members%202026&row=17", "row", "sheet “Members 2026”, row 17"),
        ("cell=4,2", "cell", "row 4, column 2"),
        ("page=3", "page", "page 3"),
    ],
)
def test_places_in_documents_have_one_shape(fragment: str, sort: str, words: str) -> None:
    anchor = anchor_of(f"{BASE}source/list.xlsx#{fragment}")
    assert anchor is not None
    assert (anchor.source, anchor.sort, anchor.words.in_language("en")) == (f"{BASE}source/list.xlsx", sort, words)
    assert anchor.iri == f"{BASE}source/list.xlsx#{fragment}"


@pytest.mark.parametrize(
    "iri", ["source/list.xlsx", "source/list.xlsx#row=", "source/a#row=1#row=2", "source/a#sheet=b&page=2", "id/x#part"]
)
def test_anything_else_is_no_place_in_a_document(iri: str) -> None:
    assert anchor_of(BASE + iri) is None
