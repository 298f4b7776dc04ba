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


def test_our_own_tables_can_be_read() -> None:
    for path in (ROOT / "data" / "mappings").glob("*.sssom.tsv"):
        assert read_mappings(path.read_text(encoding="utf-8")).mappings
