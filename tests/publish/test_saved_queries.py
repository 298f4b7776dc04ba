"""Saved questions in the formats of other programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from citygraph import Project
from citygraph.openapi import openapi_document
from citygraph.publish import Published
from citygraph.publish.files import grlc_file, sib_example
from citygraph.rdf import Literal, parse
from citygraph.results import Solutions
from citygraph.saved_query import read_saved_query
from citygraph.store import MemoryStore
from pages_client import Pages

_ENDPOINT = "https://w3id.org/citygraph/sparql"
_QUERY = """#+ title:    { nb: "Byer", en: "Cities" }
#+ question: { nb: "Hvilke byer?", en: "Which cities?" }
#+ params:
#+   city: { type: entity, class: "cg:City", required: true }
#+   year: { type: integer, default: 2020, about: { nb: "Aaret", en: "The year" } }
#+   kind: { type: enum, enum: ["NO", "SE"] }
#+ columns:  [city, year, kind]
#+ keywords: [byer]
PREFIX ex: <https://example.org/?city#>
SELECT ?city ?year ?kind WHERE {
  # ?city in a comment
  ?city ex:year ?year ; ex:kind ?kind ; ex:says "is ?city {" .
}
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "cities.rq"
    path.write_text(_QUERY, encoding="utf-8")
    return path


def test_the_examples_answer_what_editors_ask_of_them(published: tuple[Path, Published], this_project: Project) -> None:
    folder, _ = published
    # Consumers put the files together before they read them, so that all share one node.
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((folder / "queries/examples").glob("*.ttl")))
    parsed = parse(text.encode(), format="ttl")
    assert not parsed.problems
    store = MemoryStore(parsed.quads)
    examples = store.query(
        "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
        "SELECT ?sq ?comment ?query WHERE { ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; "
        "sh:select|sh:ask|sh:construct ?query }"
    )
    prefixes = store.query(
        "PREFIX sh: <http://www.w3.org/ns/shacl#> SELECT ?prefix ?namespace WHERE "
        "{ ?sq sh:prefixes/sh:declare [ sh:prefix ?prefix ; sh:namespace ?namespace ] }"
    )
    assert isinstance(examples, Solutions)
    assert isinstance(prefixes, Solutions)
    public = [each for each in this_project.queries() if each.publish]
    assert len(examples) == len(public)
    assert {row["prefix"].value for row in prefixes} >= {"cg", "org", "skos"}  # type: ignore[union-attr]


def test_a_value_is_written_into_an_example_at_its_pattern(made: Path) -> None:
    query = read_saved_query(made)
    texts = [
        each.object.value
        for each in sib_example(query, endpoint=_ENDPOINT, defaults={"year": Literal("2020")})
        if each.predicate.value.endswith("#select") and isinstance(each.object, Literal)
    ]
    assert 'WHERE {\n  VALUES (?year) { ("2020") }\n' in texts[0]


def test_a_grlc_file_has_its_parameters_by_name(made: Path) -> None:
    text = grlc_file(read_saved_query(made), endpoint=_ENDPOINT)
    header = yaml.safe_load("\n".join(line[2:] for line in text.splitlines() if line.startswith("#+")))
    assert header["summary"] == "Cities"
    assert header["endpoint"] == _ENDPOINT
    assert header["defaults"] == [{"__year_integer": 2020}]
    assert header["enumerate"] == [{"__kind": ["NO", "SE"]}]
    assert "SELECT ?_city_iri ?__year_integer ?__kind WHERE {" in text
    # Neither an address, nor a comment, nor a text is a variable.
    assert "<https://example.org/?city#>" in text
    assert "# ?city in a comment" in text
    assert '"is ?city {"' in text
    assert "trusted people only" in text


def test_every_published_question_is_in_the_openapi_document(
    published: tuple[Path, Published], this_project: Project
) -> None:
    folder, _ = published
    document = json.loads((folder / "openapi.json").read_text(encoding="utf-8"))
    assert document["openapi"] == "3.1.0"
    names = {re.sub(r"^/queries/|\.\w+$", "", path) for path in document["paths"]}
    assert names == {each.name for each in this_project.queries() if each.publish}


def test_the_published_and_the_served_description_are_one(
    published: tuple[Path, Published], this_project: Project
) -> None:
    folder, _ = published
    document = json.loads((folder / "openapi.json").read_text(encoding="utf-8"))
    served = Pages(this_project).get("/openapi.json?lang=en").json()
    assert {**document, "servers": []} == {**served, "servers": []}


def test_the_openapi_document_says_what_a_parameter_takes(made: Path) -> None:
    query = read_saved_query(made)
    document = openapi_document([query], title=query.title, licence="https://x/CC0", server="https://x/")
    parameters = {each["name"]: each for each in document["paths"]["/queries/cities.csv"]["get"]["parameters"]}
    assert parameters["city"]["required"] is True
    assert parameters["year"]["schema"] == {"type": "integer", "default": 2020}
    assert parameters["kind"]["schema"]["enum"] == ["NO", "SE"]
    assert document["servers"] == [{"url": "https://x"}]


@pytest.mark.slow
def test_an_example_gives_the_same_rows_as_the_question_does(
    published: tuple[Path, Published], this_project: Project
) -> None:
    folder, _ = published
    snapshot = this_project.snapshot()
    tried = 0
    for query in this_project.queries():
        if any(each.default is not None for each in query.parameters):
            quads = parse((folder / f"queries/examples/{query.name}.ttl").read_bytes(), format="ttl").quads
            text = next(str(getattr(q.object, "value", "")) for q in quads if q.predicate.value.endswith("#select"))
            assert "VALUES (" in text
            found = snapshot.query(text)
            wanted = this_project.query(query.name).answer
            assert isinstance(found, Solutions)
            assert isinstance(wanted, Solutions)
            assert sorted(found.project(wanted.columns).rows, key=str) == sorted(wanted.rows, key=str), query.name
            tried += 1
    assert tried
