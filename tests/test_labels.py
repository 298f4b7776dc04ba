"""What things are called, in the language of the reader."""

from __future__ import annotations

from citygraph.labels import Labels
from citygraph.namespaces import PREFIXES
from citygraph.rdf import parse

_TEXT = """
PREFIX cg: <https://w3id.org/citygraph/ontology#>
PREFIX id: <https://w3id.org/citygraph/id/>
PREFIX org: <http://www.w3.org/ns/org#>
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX foaf: <http://xmlns.com/foaf/0.1/>
id:oslo skos:prefLabel "Oslo kommune"@nb , "City of Oslo"@en ; rdfs:label "other"@en .
id:metrex skos:prefLabel "Metrex"@nb .
id:kari foaf:name "Kari" .
id:paris rdfs:label "Paris"@fr .
id:m org:member id:oslo ; org:organization id:metrex ; org:role id:lead .
id:c rdf:subject id:metrex ; rdf:predicate cg:relatesTo ; rdf:object id:oslo ; cg:relationKind id:partner .
id:partner skos:prefLabel "partner for"@nb , "partner of"@en .
"""
_ID = PREFIXES["id"]


def _labels() -> Labels:
    return Labels(parse(_TEXT.encode(), format="ttl").quads)


def test_the_label_is_in_the_language_asked_for() -> None:
    assert _labels().of(_ID + "oslo", "nb") == "Oslo kommune"
    assert _labels().of(_ID + "oslo", "en") == "City of Oslo"


def test_without_a_label_in_that_language_another_serves() -> None:
    assert _labels().of(_ID + "metrex", "en") == "Metrex"
    assert _labels().of(_ID + "kari", "en") == "Kari"
    assert _labels().of(_ID + "paris", "en") == "Paris"


def test_what_has_no_label_is_a_short_name() -> None:
    assert _labels().of(_ID + "nobody", "en") == "id:nobody"
    assert _labels().of("http://a/b", "en") == "<http://a/b>"
    assert _ID + "nobody" not in _labels()


def test_a_fact_is_called_after_what_it_ties_together() -> None:
    assert _labels().describe(_ID + "m", "en") == "City of Oslo – Metrex – id:lead"
    assert _labels().describe(_ID + "c", "en") == "Metrex – partner of – City of Oslo"
    assert _labels().describe(None, "en") == ""


def test_two_lists_never_have_one_name() -> None:
    text = "".join(
        f"id:list-{n} cg:listOf id:metrex ; cg:listKind id:lead ; cg:asOf '{day}' .\n"
        for n, day in (("a", "2020"), ("b", "2020"), ("c", "2021"))
    )
    labels = Labels(parse((_TEXT + text).encode(), format="ttl").quads)
    assert [labels.describe(f"{_ID}list-{n}", "en") for n in "abc"] == [
        "Metrex – id:lead – 2020 – list-a",
        "Metrex – id:lead – 2020 – list-b",
        "Metrex – id:lead – 2021",
    ]
