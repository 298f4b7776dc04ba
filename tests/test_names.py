"""How names are compared, everywhere: in lists, in the search, in reconciliation, in parameters of questions."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citygraph import Project
from citygraph.errors import QueryError, SnapshotError
from citygraph.matching.cities import are_one_city
from citygraph.matching.names import (
    fold,
    letters,
    name_parts,
    one_of,
    plain,
    read_name,
    slug,
    word_lists,
    words_of,
)
from citygraph.namespaces import CG, PREFIXES, prefixes_for
from citygraph.project.asking import meant
from citygraph.query.names import NamedThing, resolve_entity, unknown_terms
from citygraph.rdf import Iri, Literal, Quad
from citygraph.store import MemoryStore
from citygraph.store.directory import DIRECTORY_FILE, Directory, write_directory
from citygraph.store.names import search_names, write_names

_RDF, _SKOS = PREFIXES["rdf"], PREFIXES["skos"]
SAME = [
    ("MALMÖ", "malmo"),
    ("Østfold", "ostfold"),
    ("Ålesund", "alesund"),
    ("Tromsø  kommune", "tromso kommune"),
    ("O’Neill", "o'neill"),
    ("Ħamrun", "hamrun"),
    ("Bađoseajvve", "badoseajvve"),
    ("Deaŋgu", "deangu"),
    ("Ŧoring", "toring"),
    ("Łódź", "lodz"),
    ("Straße", "STRASSE"),
    ("Þórshöfn", "thorshofn"),
    ("Ærø", "aero"),
    ("São  Paulo", "sao paulo"),
    ("Gəncə", "gence"),
    ("Œuilly", "oeuilly"),
    ("Aydın", "AYDIN"),
    ("Mün\u00adchen\u200b", "munchen"),
    ("Sant Cel·loni", "sant celloni"),
]
SAME_NAME = [
    *SAME,
    ("Saint-Étienne", "saint etienne"),
    ("Vitoria-Gasteiz", "Vitoria/Gasteiz"),
    ("L’Aquila", "L Aquila"),
    ("L\u00b4Aquila", "l`aquila"),
    ("Αλεξανδρούπολη", "Alexandroupoli"),
    ("'s-Hertogenbosch", "s Hertogenbosch"),
    ("Tyne & Wear", "Tyne and Wear"),
    ("Нови Сад", "Novi Sad"),
    ("Θεσσαλονίκη", "Thessaloniki"),
    ("Frankfurt (Oder)", "frankfurt oder"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_letters_that_people_type_differently_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), SAME_NAME)
def test_names_that_people_type_differently_are_the_same(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Oslo", "Osla"), ("Halle (Saale)", "Halle"), ("Mo", "Moi"), ("C40", "C41"), ("A/B", "AB")]
)
def test_other_names_stay_other_names(one: str, other: str) -> None:
    assert plain(one) != plain(other)


def test_a_saint_is_a_saint_in_the_loosest_form() -> None:
    assert {read_name(each).loose for each in ("St. Gallen", "Sankt Gallen", "Saint-Gallen", "Sint Gallen")} == {
        "stgallen"
    }


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("Bruxelles-Brussel", "Bruxelles", "BE"), ("Bozen - Bolzano", "Bolzano", "IT"), ("Biel/Bienne", "Bienne", "CH"),
        ("Guovdageaidnu-Kautokeino", "Kautokeino", "NO"), ("Karasjok – Kárášjohka", "Karasjok", "NO"), ("Åbo", "Turku", "FI"),
        ("Porsáŋgu / Porsanger / Porsanki", "Porsanger", "NO"), ("Esbo stad", "Espoon kaupunki", "FI"),
        ("Donostia-San Sebastián", "San Sebastian", "ES"), ("Caerdydd", "Cardiff", "GB"), ("Gaillimh", "Galway", "IE"),
        ("Vorst", "Forest", "BE"), ("Roazhon", "Rennes", "FR"), ("Stadt Köln", "City of Cologne", "DE"), ("Ateena", "Αθήνα", ""),
        ("Sint-Niklaas", "Saint Niklaas", "BE"), ("Københavns kommune", "Municipality of Copenhagen", "DK"),
    ],
)  # fmt: skip
def test_official_names_and_names_elsewhere_are_of_one_city(one: str, other: str, country: str) -> None:
    assert are_one_city(read_name(one), read_name(other), frozenset({country} - {""}))


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("Athens", "Αθήνα", "US"), ("Malmon", "Malmö", "SE"), ("Lund", "Lunde", "NO"), ("Oslo kommune", "Oslo", "NO"),
        ("Frankfurt (Oder)", "Frankfurt (Main)", "DE"), ("Frankfurt (Oder)", "Frankfurt am Main", "DE"),
        ("Köln/Düsseldorf", "Köln", "DE"), ("Bergen", "Mons", "NO"),
    ],
)  # fmt: skip
def test_what_is_no_name_of_a_city_is_none(one: str, other: str, country: str) -> None:
    assert not are_one_city(read_name(one), read_name(other), frozenset({country}))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Bolzano/Bozen", ("Bolzano", "Bozen")), ("Brescia – Milano – Torino", ("Brescia", "Milano", "Torino")),
        ("Bruxelles-Brussel", ("Bruxelles", "Brussel")), ("Saint-Étienne", ("Saint", "Étienne")), ("Oslo", ()), ("A/B", ()),
        ("Aix-en-Provence", ()), ("'s-Hertogenbosch", ()), ("-", ()), ("", ()),
    ],
)  # fmt: skip
def test_a_name_is_split_at_what_joins_two(text: str, parts: tuple[str, ...]) -> None:
    assert name_parts(text) == parts


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_a_slug_is_made_of_small_letters_digits_and_hyphens(text: str) -> None:
    made = slug(text)
    assert re.fullmatch(r"(?:[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?)?", made)
    assert slug(made) == made


def test_a_program_elsewhere_can_write_the_same_letters() -> None:
    table = letters()
    assert (table["ø"], table["ħ"], table["Ж"], table["’"]) == ("o", "h", "Zh", "'")


# -- where names are compared -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("one", "other"), SAME_NAME)
def test_the_search_finds_a_name_however_it_is_typed(one: str, other: str) -> None:
    with closing(sqlite3.connect(":memory:")) as database:
        write_names(database, [("https://a/1", one, "en", True), ("https://a/2", "Another", "en", True)])
        assert [(hit.iri, hit.score) for hit in search_names(database, other)][:1] == [("https://a/1", 1.0)]


@pytest.mark.parametrize(("one", "other"), SAME_NAME)
def test_a_question_takes_a_name_however_it_is_typed(one: str, other: str) -> None:
    names = [NamedThing("https://a/1", one), NamedThing("https://a/2", "Another")]
    found = resolve_entity(other, MemoryStore(), prefixes={}, names=lambda _text, _class: names)
    assert found.value == "https://a/1"


def test_an_index_of_names_that_were_folded_in_another_way_is_built_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("snapshot")
    write_directory(folder / DIRECTORY_FILE, [], base="https://a/", findings=0)
    Directory(folder, {}).close()
    with closing(sqlite3.connect(folder / DIRECTORY_FILE)) as database:
        database.execute("DELETE FROM meta WHERE key = 'names'")
        database.commit()
    with pytest.raises(SnapshotError) as caught:
        Directory(folder, {})
    assert "citygraph build" in str(caught.value.fix)


ELSEWHERE = [
    ("Köln", "Cologne"), ("Αθήνα", "Athènes"), ("München", "Munich"), ("København", "Copenhagen"), ("St. Gallen", "Sankt Gallen"),
    ("St. Gallen", "saint gallen"), ("Turku", "Åbo"), ("Bruxelles", "Bruxelles-Brussel"), ("Karasjok", "Karasjohka"),
    ("Saint-Étienne", "St Etienne"), ("The Hague", "'s-Gravenhage"), ("Warszawa", "Warschau"), ("Београд", "Belgrad"), ("Bolzano", "Bozen"),
]  # fmt: skip
IN = {
    "Köln": "DEU", "Αθήνα": "GRC", "München": "DEU", "København": "DNK", "St. Gallen": "CHE", "Turku": "FIN", "Bruxelles": "BEL",
    "The Hague": "NLD", "Karasjok": "NOR", "Saint-Étienne": "FRA", "Warszawa": "POL", "Београд": "SRB", "Bolzano": "ITA", "Athens": "USA",
    "Florence": "USA", "Copenhagen Fashion Week": "DNK",
}  # fmt: skip
_A = "https://example.org/id/"


@pytest.fixture(scope="module")
def quads() -> list[Quad]:
    """Cities with one name each in their country, one of them with an authority; namesakes in the USA."""
    iris = {name: Iri(f"{_A}place-{slug(plain(name))}") for name in IN}
    type_, label, country = (Iri(each) for each in (f"{_RDF}type", f"{_SKOS}prefLabel", f"{CG}inCountry"))
    quads = [Quad(iri, type_, Iri(f"{CG}City")) for iri in iris.values()]
    quads += [Quad(iri, label, Literal(name, language="nb")) for name, iri in iris.items()]
    quads += [Quad(iris[name], country, Iri(f"{PREFIXES['country']}{code}")) for name, code in IN.items()]
    authority = Iri(f"{_A}koln-stadt")
    quads += [
        Quad(authority, type_, Iri(f"{PREFIXES['cv']}PublicOrganisation")),
        Quad(authority, label, Literal("Stadt Köln", language="nb")),
        Quad(authority, Iri(f"{CG}administers"), iris["Köln"]),
    ]
    return quads


@pytest.fixture(scope="module")
def cities(quads: list[Quad]) -> MemoryStore:
    """The same, to be asked."""
    return MemoryStore(quads)


@pytest.fixture(scope="module")
def directory(quads: list[Quad], tmp_path_factory: pytest.TempPathFactory) -> Directory:
    """The same, as the site has them."""
    folder = tmp_path_factory.mktemp("cities")
    write_directory(folder / DIRECTORY_FILE, quads, base="https://example.org/", findings=0)
    return Directory(folder, {})


@pytest.mark.parametrize(("name", "asked"), ELSEWHERE)
def test_a_city_is_found_by_what_it_is_called_elsewhere(
    cities: MemoryStore, directory: Directory, name: str, asked: str
) -> None:
    iri = f"{_A}place-{slug(plain(name))}"
    hits = directory.search(asked)
    assert hits[0].iri == iri
    assert 0.79 < hits[0].score < 1
    assert {text for text, *_ in directory.names(iri)} == {name}
    assert resolve_entity(asked, cities, prefixes={}, of_class=f"{CG}City").value == iri


def test_of_a_name_in_two_parts_that_nothing_bears_a_part_comes_near(directory: Directory) -> None:
    for asked in ("Bolzano-Nowhere", "Nowhere / Bolzano", "Zzzz – Bozen"):
        hit = directory.search(asked)[0]
        assert hit.iri == f"{_A}place-bolzano"
        assert 0.7 < hit.score <= 0.79


def test_a_namesake_in_another_country_is_called_nothing_else(cities: MemoryStore, directory: Directory) -> None:
    for asked, name in (("Athen", "Athens"), ("Firenze", "Florence")):
        assert f"{_A}place-{slug(name)}" not in [hit.iri for hit in directory.search(asked) if hit.score > 0.95]
    assert resolve_entity("Athens", cities, prefixes={}).value == f"{_A}place-athens"
    with pytest.raises(QueryError):
        resolve_entity("Firenze", cities, prefixes={})


def test_an_authority_is_found_by_what_its_city_is_called_elsewhere(cities: MemoryStore, directory: Directory) -> None:
    public = f"{PREFIXES['cv']}PublicOrganisation"
    for asked in ("City of Cologne", "Cologne", "Kölns kommune"):
        assert resolve_entity(asked, cities, prefixes={}, of_class=public).value == f"{_A}koln-stadt"
    assert next(hit.iri for hit in directory.search("Stadt Cologne")) == f"{_A}koln-stadt"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not here: install Node.js")
def test_the_scripts_of_the_pages_compare_names_as_the_program_does() -> None:
    script = (Path(__file__).parents[1] / "frontend/site.js").read_text(encoding="utf-8")
    compared = script[script.index("const letters") : script.index("for (const table")]
    page = "const document = { querySelector: () => ({ dataset: { letters: process.argv[1] } }) };"
    names = [*(each for pair in SAME_NAME for each in pair), *IN, "ŁÓDŹ", "Ŀ", "l·l·l", "ﬁ", "Ⅷ", "A_B", "İzmir"]
    out = "console.log(JSON.stringify(JSON.parse(process.argv[2]).map(plain)));"
    command = ["node", "-e", page + compared + out, json.dumps(letters()), json.dumps(names)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    assert json.loads(said) == [plain(each) for each in names]


# -- word lists ---------------------------------------------------------------------------------------------------


def lists() -> Iterator[tuple[str, str]]:
    for package in ("citygraph.matching", "citygraph.ingest"):
        for file in files(package).joinpath("words").iterdir():
            yield package, file.name.removesuffix(".toml")


@pytest.mark.parametrize(("package", "name"), list(lists()))
def test_every_list_of_words_is_read_and_says_no_word_twice(package: str, name: str) -> None:
    for heading, words in word_lists(package, name).items():
        assert words_of(package, name, heading), heading
        for language, found in words.items():
            assert len(set(found)) == len(found), (heading, language)


def test_a_word_is_found_with_and_without_its_accents_and_its_dot() -> None:
    pattern = re.compile(one_of(["høst", "ca.", "jusqu'en", "t.o.m.", "fram til"]), re.IGNORECASE)
    for written in ("Høst", "host", "ca", "ca.", "jusqu’en", "t.o.m.", "tom", "fram  til"):
        assert pattern.fullmatch(written), written
    assert not pattern.fullmatch("hest")


def test_terms_that_the_graph_does_not_have_are_told_with_the_nearest(this_project: Project) -> None:
    text = """PREFIX o: <http://www.w3.org/ns/org#>
SELECT ?x WHERE {
  ?x a cg:Citynetwork ; o:memberOf id:eurocities ; ^org:membr ?y ; schema:foundingDate "1986"^^xsd:gYear .
  GRAPH <https://w3id.org/citygraph/graph/nowhere> { ?x skos:prefLabel ?name }
}"""
    snapshot = this_project.snapshot()
    vocabulary = Directory(snapshot.folder, this_project.prefixes).vocabulary
    found = unknown_terms(text, snapshot, prefixes=this_project.prefixes, vocabulary=vocabulary)
    assert [(each.written, each.line, each.column, each.near[:1]) for each in found] == [
        ("cg:Citynetwork", 3, 8, ("cg:CityNetwork",)),
        ("org:membr", 3, 53, ("org:member",)),
    ]
    assert (
        found[0].words.nb == "Linje 3, kolonne 8: cg:Citynetwork står ingen steder i grafen. Mente du cg:CityNetwork?"
    )


def test_an_object_that_is_a_text_may_have_any_words_in_it() -> None:
    prefixes = prefixes_for("https://e.example/")
    note = Iri(PREFIXES["rdfs"] + "comment")
    text = "There are several members"
    named = [
        Quad(Iri(f"https://e.example/id/{name}"), Iri(_SKOS + "prefLabel"), Literal(label, language="en"))
        for name, label in (("a", "Thing"), ("b", "Twin"), ("c", "Twin"))
    ]
    kinds = [Quad(each.subject, Iri(_RDF + "type"), Iri(_SKOS + "Concept")) for each in named]
    store = MemoryStore([*named, *kinds, Quad(Iri("https://e.example/id/a"), note, Literal(text))])
    assert meant("Thing", "rdfs:comment", text, store, prefixes=prefixes).object == Literal(text)
    with pytest.raises(QueryError, match="several"):
        meant("Thing", "rdfs:comment", "Twin", store, prefixes=prefixes)
