"""Queries that must not hurt: nothing leaves the machine, nothing ends the process, and the next question is answered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from citygraph.errors import CitygraphError, QueryError
from citygraph.rdf import Iri, Literal, Quad, Term
from citygraph.results import Truth
from citygraph.sparql.text import Form, read_query
from citygraph.store import MemoryStore
from loopback import Handler, LoopbackServer, listening

_A = Iri("http://a/a")


class _Listener(LoopbackServer):
    """A server on this machine that counts who calls."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Caller)
        self.calls: list[str] = []


class _Caller(Handler):
    server: _Listener

    def respond(self) -> None:
        self.server.calls.append(self.path)
        self.send_error(500)


@pytest.fixture(scope="module")
def listener() -> Iterator[_Listener]:
    with listening(_Listener()) as listener:
        yield listener


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    values: list[Term] = [
        Literal("1", datatype=Iri("http://www.w3.org/2001/XMLSchema#integer")),
        Literal("x"),
        Iri("http://a/b"),
    ]
    values.append(Literal("true", datatype=Iri("http://www.w3.org/2001/XMLSchema#boolean")))
    return MemoryStore(Quad(_A, Iri("http://a/b"), value, Iri("http://a/graph")) for value in values)


_DISGUISES = [
    "SELECT * WHERE { SERVICE <URL> { ?s ?p ?o } }",
    "SELECT * WHERE { service <URL> { ?s ?p ?o } }",
    "SELECT * WHERE { SeRvIcE SILENT <URL> { ?s ?p ?o } }",
    "SELECT * WHERE { SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { SERVICESILENT<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { FILTER(true)SERVICESILENT<URL>{} }",
    "SELECT * WHERE { SERVICE # why\n <URL> # not\n { ?s ?p ?o } }",
    "SELECT * WHERE { SERVICE#<URL>\nSILENT#x\n<URL>#y\n{ ?s ?p ?o } }",
    "SELECT * WHERE { \\u0053ERVICE <URL> { ?s ?p ?o } }",
    "SELECT * WHERE { \\U00000053\\u0045RVICE <URL> { ?s ?p ?o } }",
    "SELECT * WHERE { #\\u000A SERVICE <URL> { ?s ?p ?o }\n }",
    "SELECT * WHERE { ?a ?b 1SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { ?a ?b 1.SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { ?a ?b trueSERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { ?a ?b 'x'SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { ?a ?b <http://a/b>SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { ?a ?b [].SERVICE<URL>{ ?s ?p ?o } }",
    "SELECT * WHERE { OPTIONAL{SERVICE<URL>{ ?s ?p ?o }} }",
    "SELECT * WHERE { {} UNION { { SERVICE <URL> { ?s ?p ?o } } } }",
    "SELECT * WHERE { GRAPH ?g { SERVICE <URL> { ?s ?p ?o } } }",
    "SELECT * WHERE { { SELECT * WHERE { SERVICE <URL> { ?s ?p ?o } } } }",
    "SELECT * WHERE { FILTER EXISTS { SERVICE <URL> { ?s ?p ?o } } }",
    "SELECT * WHERE { FILTERNOT EXISTS{SERVICE<URL>{ ?s ?p ?o }} }",
    "SELECT * WHERE { MINUS { SERVICE <URL> { ?s ?p ?o } } }",
    "ASK { SERVICE <URL> { ?s ?p ?o } }",
    "CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <URL> { ?s ?p ?o } }",
    "DESCRIBE ?s WHERE { SERVICE <URL> { ?s ?p ?o } }",
    "PREFIX x: <URL> SELECT * WHERE { SERVICE x: { ?s ?p ?o } }",
    "PREFIX x: <URL> SELECT * WHERE { SERVICEx: { ?s ?p ?o } }",
    "PREFIX : <URL> SELECT * WHERE { SERVICE : { ?s ?p ?o } }",
    "PREFIX : <URL> SELECT * WHERE { SERVICE:{ ?s ?p ?o } }",
    "BASE <URL> SELECT * WHERE { SERVICE <> { ?s ?p ?o } }",
    "SELECT * WHERE { VALUES ?g { <URL> } SERVICE ?g { ?s ?p ?o } }",
    "SELECT * WHERE { VALUES $g { <URL> } SERVICE $g { ?s ?p ?o } }",
    "SELECT * WHERE { BIND(<URL> AS ?g) SERVICE?g{ ?s ?p ?o } }",
    # An escaped quotation mark ends the string in one reading of the specification and not in the other.
    'SELECT * WHERE { BIND("a\\u0022" AS ?x) SERVICE <URL> { ?s ?p ?o } } #"',
    "SELECT * WHERE { BIND('a\\u0027' AS ?x) SERVICE <URL> { ?s ?p ?o } } #'",
    'SELECT * WHERE { BIND(""""x""" AS ?y) SERVICE <URL> { ?s ?p ?o } } #"',
    "SELECT * WHERE { BIND('\\\\' AS ?x) SERVICE <URL> { ?s ?p ?o } } #'",
    # What is an IRI by the longest token is a comparison to an engine that reads without tokens.
    "SELECT * WHERE { VALUES ?g { <URL> } FILTER(1<2)SERVICE?g#>\n{ ?s ?p ?o } }",
    "SELECT * WHERE { VALUES ?g { <URL> } FILTER(1<2).SERVICE?g#>\n{ ?s ?p ?o } }",
    'PREFIX a: <http://a/> SELECT * WHERE { FILTER(1<a:b#>"""\n) SERVICE <URL> { ?s ?p ?o } } #"""',
    "PREFIX a: <http://a/> SELECT * WHERE { ?x ?y <http://a/'''> FILTER(1<a:b#>'''\n) SERVICE <URL> { ?s ?p ?o } } #'''",
]


@pytest.mark.parametrize("disguise", _DISGUISES)
def test_no_disguise_of_service_reaches_the_network(disguise: str, listener: _Listener, store: MemoryStore) -> None:
    listener.calls.clear()
    with pytest.raises(QueryError):
        store.query(disguise.replace("URL", listener.address))
    assert not listener.calls
    assert store.query("ASK { ?s ?p ?o }") == Truth(value=True)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM <URL> WHERE { ?s ?p ?o }",
        "SELECT * FROM NAMED <URL> WHERE { GRAPH ?g { ?s ?p ?o } }",
        "DESCRIBE <URL>",
    ],
)
def test_the_name_of_a_graph_is_not_fetched(text: str, listener: _Listener, store: MemoryStore) -> None:
    listener.calls.clear()
    store.query(text.replace("URL", listener.address))
    assert not listener.calls


@pytest.mark.parametrize(
    "text",
    [
        "LOAD <http://127.0.0.1:9/>",
        "load silent <http://127.0.0.1:9/> into graph <http://a/g>",
        "INSERT DATA { <http://a/s> <http://a/p> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "PREFIX a: <http://a/> DELETE { ?s ?p ?o } INSERT { ?s ?p 2 } WHERE { ?s ?p ?o }",
        "WITH <http://a/g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "CLEAR ALL",
        "DROP ALL",
        "# SELECT\nDROP ALL",
        "CREATE GRAPH <http://a/g>",
        "COPY DEFAULT TO <http://a/g>",
        "MOVE DEFAULT TO <http://a/g>",
        "ADD DEFAULT TO <http://a/g>",
        "SELECT * WHERE { ?s ?p ?o } ; DROP ALL",
        "INSERT { ?s ?p 2 } WHERE { SELECT ?s ?p WHERE { ?s ?p ?o } }",
        "\\u0049NSERT DATA { <http://a/s> <http://a/p> 1 }",
    ],
)
def test_an_update_is_refused_and_changes_nothing(text: str, store: MemoryStore) -> None:
    before = set(store.quads())
    with pytest.raises(QueryError):
        store.query(text)
    assert set(store.quads()) == before


@pytest.mark.parametrize(
    "text",
    [
        'SELECT ?s WHERE { ?s ?p "SERVICE <http://a/> INSERT DATA LOAD" }',
        "SELECT ?s WHERE { ?s ?p 'a service' , '''DROP ALL''' , \"\"\"service\n{ }\"\"\" }",
        "SELECT ?service ?x { ?service ?p ?x }",
        "SELECT ?service WHERE { ?service ?p ?o }",
        "SELECT $service $silent { $service ?p $silent }",
        "PREFIX ex: <http://a/> SELECT ?s WHERE { ?s a ex:SERVICE }",
        "PREFIX ex: <http://a/> SELECT ?s ?x WHERE { ?s ex:service ?x { ?x ?p ?o } }",
        "PREFIX ex: <http://a/> SELECT ?s ?x WHERE { ?s ex:public-service ?x { ?x ?p ?o } }",
        "SELECT ?s WHERE { ?s <http://a/SERVICE> <http://a/service#service> }",
        "SELECT ?s WHERE { ?s <http://a/b> ?o } # SERVICE is not used here",
        "PREFIX load: <http://a/> SELECT ?insert WHERE { ?insert load:delete ?drop }",
        "SELECT ?s WHERE { ?s ?p ?o FILTER(?o<5&&?o>1) }",
        "SELECT ?s WHERE { ?s ?p 'caf\\u00e9' , <http://a/caf\\u00e9> }",
        "SELECT (COUNT(*) AS ?services) WHERE { ?s ?p ?o }",
        "SELECT ?s WHERE { ?s ?p ?o FILTER(CONTAINS(STR(?o), 'service: x')) }",
    ],
)
def test_a_harmless_query_with_such_words_is_answered(text: str, store: MemoryStore) -> None:
    assert not read_query(text).uses_service
    store.query(text)


@pytest.mark.parametrize(
    "text", ["'SERVICE <http://a/> {'", '"""a\nSERVICE <http://a/> {"""', "1 # SERVICE <http://a/> {\n"]
)
def test_a_string_or_a_comment_that_holds_a_whole_clause_asks_nobody(
    text: str, listener: _Listener, store: MemoryStore
) -> None:
    listener.calls.clear()
    store.query(f"SELECT ?s WHERE {{ ?s ?p {text} }}".replace("http://a/", listener.address))
    assert not listener.calls


@pytest.mark.parametrize(
    "text", ["'\\\\SERVICE <http://a/> {'", '""""SERVICE <http://a/> {"""', "''\"SERVICE <http://a/> {\""]
)
def test_a_string_that_holds_a_whole_clause_is_refused_where_engines_disagree_where_it_ends(
    text: str, store: MemoryStore
) -> None:
    with pytest.raises(QueryError, match="SERVICE"):
        store.query(f"SELECT ?s WHERE {{ ?s ?p {text} }}")


@pytest.mark.parametrize(("left", "right"), ["{}", "()", "[]"])
@pytest.mark.parametrize("depth", [201, 5_000, 40_000])
def test_deep_brackets_do_not_end_the_process(left: str, right: str, depth: int, store: MemoryStore) -> None:
    text = f"SELECT * WHERE {{ ?s ?p {left * depth}{right * depth} }}"
    with pytest.raises(QueryError, match="brackets stand inside each other"):
        store.query(text)
    assert store.query("ASK {}") == Truth(value=True)


@pytest.mark.parametrize(
    "text",
    [
        'SELECT * WHERE { BIND("\\u0022" AS ?x) FILTER(DEEP) } #"',
        "SELECT * WHERE { FILTER(1<DEEP>0) }",
        "SELECT * WHERE { FILTER(1 < DEEP) # )))))))))))))))\n }",
        "SELECT * WHERE { FILTER(')))))))))))))))' = DEEP) }",
        "SELECT * WHERE { <http://a/))))))))> ?p ?o FILTER(1 = DEEP) }",
        "SELECT * WHERE { #\\u000A FILTER(1 = DEEP)\n }",
    ],
)
def test_no_disguise_hides_deep_brackets(text: str) -> None:
    with pytest.raises(QueryError, match="brackets stand inside each other"):
        read_query(text.replace("DEEP", "(" * 300 + "2" + ")" * 300))


def test_two_hundred_brackets_are_enough_for_anybody(store: MemoryStore) -> None:
    store.query("ASK { FILTER(" + "(" * 150 + "true" + ")" * 150 + ") }")


def test_many_brackets_beside_each_other_are_not_deep() -> None:
    rows = "".join(f"(<http://a/Oslo_({n})> {n})" for n in range(1_000))
    assert read_query(f"SELECT ?a ?b WHERE {{ VALUES (?a ?b) {{ {rows} }} }}").columns == ("a", "b")


def test_a_query_that_is_too_long_is_refused() -> None:
    with pytest.raises(QueryError, match="at most 100,000 are allowed"):
        read_query("SELECT ?s WHERE { ?s ?p '" + "x" * 100_000 + "' }")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "#",
        "\0",
        "\ufeff",
        "SELECT",
        "?",
        "<",
        '"',
        "\\u",
        "\\uD800",
        "\\UFFFFFFFF",
        "}" * 50,
        "SELECT ?x WHERE {" * 50,
    ],
)
def test_nonsense_is_one_of_our_errors(text: str, store: MemoryStore) -> None:
    with pytest.raises(CitygraphError):
        store.query(text)


@pytest.mark.parametrize("noise", ["# # # # # ", "service " * 3, "service # ", "'", '"""', "<", "\\"])
def test_a_long_row_of_one_sign_is_read_and_refused(noise: str) -> None:
    with pytest.raises(QueryError):
        read_query(noise * (90_000 // len(noise)))


@pytest.mark.parametrize(
    ("text", "form", "columns"),
    [
        ("SELECT ?b ?a WHERE { ?a ?b ?c }", Form.SELECT, ("b", "a")),
        ("select distinct ?b (count(?c) as ?n) { ?a ?b ?c } group by ?b", Form.SELECT, ("b", "n")),
        ("SELECT * WHERE { ?c ?b ?a }", Form.SELECT, ("c", "b", "a")),
        ("# ASK {}\nPREFIX select: <http://a/> SELECT (1 + 2 AS ?x) {}", Form.SELECT, ("x",)),
        ("ASK { ?s ?p 'SELECT' }", Form.ASK, ()),
        ("CONSTRUCT WHERE { ?s ?p ?o }", Form.CONSTRUCT, ()),
        ("DESCRIBE <http://a/SELECT>", Form.DESCRIBE, ()),
        ("SELECT (SUM(IF(?a > 1, ?b, ?c)) AS ?n) ?d FROM <http://a/> WHERE { ?a ?b ?c, ?d }", Form.SELECT, ("n", "d")),
    ],
)
def test_form_and_columns_are_those_of_the_text(text: str, form: Form, columns: tuple[str, ...]) -> None:
    query = read_query(text)
    assert query.form is form
    assert query.columns == columns


@pytest.mark.parametrize("name", [r"ex:a\#b", r"ex:a\'b", r"ex:\#", r"ex:%41\#", "ex:a\\'"])
def test_no_bracket_hides_behind_a_mark_in_a_name(name: str) -> None:
    # Oxigraph reads on behind the name, and thousands of brackets end the process.
    deep = f"PREFIX ex: <http://a/> SELECT * {{ ?s {name} ?o . {'{' * 300}{'}' * 300} ?s ex:b\\'c ?o\n}}"
    with pytest.raises(QueryError, match="more than 200 brackets"):
        read_query(deep)
    assert read_query(deep.replace("{" * 300, "").replace("}" * 300, "")).form is Form.SELECT


def test_a_name_with_marks_in_it_is_one_name(store: MemoryStore) -> None:
    query = "PREFIX ex: <http://a/> ASK { ex:a ex:b ex:b FILTER(ex:\\#x != ex:\\'x) }"
    assert store.query(query) == Truth(value=True)
    assert read_query(query.replace("ASK", "SELECT ?a")).columns == ("a",)
