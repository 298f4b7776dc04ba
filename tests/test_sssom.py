"""Reviewed links: the SSSOM table with its header."""

from __future__ import annotations

import pytest

from citygraph.sssom import SssomError, read_mappings
from clean_project import ROOT

_HEAD = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tpredicate_modifier\n"
_ROW = "id:oslo\tskos:exactMatch\twd:Q585\tsemapv:ManualMappingCuration\t\n"


def test_a_row_has_its_line_and_its_columns() -> None:
    found = read_mappings('#curie_map:\n#  wd: "http://www.wikidata.org/entity/"\n' + _HEAD + _ROW)
    (mapping,) = found.mappings
    assert (mapping.subject_id, mapping.predicate_id, mapping.object_id) == ("id:oslo", "skos:exactMatch", "wd:Q585")
    assert mapping.line == 4
    assert mapping.accepted
    assert found.curie_map == {"wd": "http://www.wikidata.org/entity/"}


@pytest.mark.parametrize("row", [_ROW.replace("\t\n", "\tNot\n"), _ROW.replace("wd:Q585", "sssom:NoTermFound")])
def test_a_denied_link_and_an_empty_search_are_no_links(row: str) -> None:
    assert not read_mappings(_HEAD + row).mappings[0].accepted


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("#a: [\n" + _HEAD, 1, "not YAML"),
        ("#- a\n" + _HEAD, 1, "not a list of keys"),
        ("", 1, "predicate_id is missing"),
        ("#a: b\nsubject_id\tobject_id\n", 2, "predicate_id is missing"),
        (_HEAD + _ROW + "id:a\n", 3, "more or fewer cells"),
        (_HEAD + _ROW.replace("\n", "\textra\n"), 2, "more or fewer cells"),
        (_HEAD + _ROW.replace("skos:exactMatch", ""), 2, "predicate_id is empty"),
        (_HEAD + _ROW.replace("semapv:ManualMappingCuration", ""), 2, "mapping_justification is empty"),
    ],
)
def test_a_broken_table_says_the_line(text: str, line: int, says: str) -> None:
    with pytest.raises(SssomError, match=says) as caught:
        read_mappings(text)
    assert caught.value.line == line
    assert caught.value.what.nb != caught.value.what


_CLOSED = (
    "subject_id\tpredicate_modifier\tpredicate_id\tobject_id\tmapping_justification\tmapping_cardinality\tobject_type\n"
)


@pytest.mark.parametrize(("modifier", "justification", "cardinality", "type_", "state"), [
    ("Not", "ManualMappingCuration", "", "", "rejected"), ("NOT", "ManualMappingCuration", "1:1", "owl class", "rejected"),
    (" not ", "LexicalMatching", "1:N", "OWL Class", "rejected"), ("Negated", "ManualMappingCuration", "", "", "rejected problem"),
    ("¬", "ManualMappingCuration", "", "", "rejected problem"), ("", "lexicalmatching", "", "", "proposed"),
    ("", "manualmappingcuration", "", "", "problem"), ("", "Guessing", "", "", "problem"),
    ("", "LexicalMatching|semapv:ManualMappingCuration", "", "", "problem"), ("", "ManualMappingCuration", "1:2", "", "problem"),
    ("", "ManualMappingCuration", "", "city", "problem"), ("", "ManualMappingCuration", "n:1", "skos concept", "accepted"),
])  # fmt: skip
def test_a_value_of_a_closed_list_that_is_not_in_it_makes_no_link(
    modifier: str, justification: str, cardinality: str, type_: str, state: str
) -> None:
    row = "\t".join(("id:a", modifier, "skos:exactMatch", "wd:Q1", f"semapv:{justification}", cardinality, type_))
    (mapping,) = read_mappings(_CLOSED + row + "\n").mappings
    assert [name for name in ("accepted", "rejected", "proposed", "problem") if getattr(mapping, name)] == state.split()


def test_a_justification_is_understood_by_its_address_too() -> None:
    head = "#curie_map:\n#  s: https://w3id.org/semapv/vocab/\n" + _HEAD
    for said in ("s:LexicalMatching", "https://w3id.org/semapv/vocab/LexicalMatching"):
        (mapping,) = read_mappings(head + _ROW.replace("semapv:ManualMappingCuration", said)).mappings
        assert mapping.proposed
    for said in ("sssom:notermfound", "https://w3id.org/sssom/NoTermFound"):
        assert read_mappings(_HEAD + _ROW.replace("wd:Q585", said)).mappings[0].none_found


@pytest.mark.parametrize(("head", "says"), [
    (_HEAD.replace("predicate_modifier", "Predicate_Modifier"), "is written predicate_modifier"),
    (_HEAD.replace("predicate_modifier", "predicate modifier"), "is written predicate_modifier"),
    (_HEAD.replace("predicate_modifier", "predicate_id"), "is there twice"),
    ("#predicate_modifier: Not\n" + _HEAD, "the header says predicate_modifier: Not"),
    ("#object_type: town\n" + _HEAD, "the header says object_type: town, not one of owl class"),
])  # fmt: skip
def test_a_name_that_hides_what_undoes_links_is_refused(head: str, says: str) -> None:
    with pytest.raises(SssomError, match=says) as caught:
        read_mappings(head + _ROW)
    assert caught.value.what.nb != caught.value.what


def test_our_own_tables_can_be_read() -> None:
    for path in (ROOT / "data" / "mappings").glob("*.sssom.tsv"):
        assert read_mappings(path.read_text(encoding="utf-8")).mappings
