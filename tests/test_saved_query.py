"""The header of a saved query: every rule it can break is named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from citygraph.errors import QueryError
from citygraph.findings import Severity
from citygraph.saved_query import read_saved_query

_GOOD = """#+ title:    { nb: "Medlemmer", en: "Members" }
#+ question: { nb: "Hvem?", en: "Who?" }
#+ params:   { network: { type: entity, class: cg:CityNetwork, default: id:nordnett } }
#+ columns:  [network, member]
#+ cite:     [fact]
SELECT ?network ?member ?fact WHERE { ?fact <http://a/of> ?network ; <http://a/is> ?member }
"""


def _file(tmp_path: Path, text: str, name: str = "members.rq") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def test_a_good_header_is_the_whole_interface(tmp_path: Path) -> None:
    saved = read_saved_query(_file(tmp_path, "\ufeff" + _GOOD))
    assert saved.name == "members"
    assert saved.title.nb == "Medlemmer"
    assert saved.columns == ("network", "member")
    assert saved.cite == ("fact",)
    (parameter,) = saved.parameters
    assert (parameter.name, parameter.type, parameter.of_class) == ("network", "entity", "cg:CityNetwork")
    assert parameter.default == "id:nordnett"
    assert saved.view == "table"


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('#+ title:    { nb: "Medlemmer", en: "Members" }\n', "", 1, "title is missing"),
        ('en: "Members"', 'de: "Mitglieder"', 1, "title is missing, or lacks a language"),
        ('nb: "Hvem?"', 'nb: ""', 2, "question is missing, or lacks a language"),
        ("#+ columns:  [network, member]", "#+ columns:  []", 4, "columns is missing"),
        ("#+ columns:  [network, member]", "#+ columns:  network", 4, "columns is a list of names"),
        ("#+ columns:  [network, member]", "#+ columns:  [NO, member]", 4, "columns is a list of names"),
        ("#+ columns:  [network, member]", "#+ columns:  [member, network]", 4, "SELECT must name the columns"),
        ("#+ cite:     [fact]", "#+ cite:     [other]", 4, "SELECT must name the columns"),
        ("#+ cite:     [fact]", "#+ sight:    [fact]", 5, "the key 'sight' is not known"),
        ("#+ cite:     [fact]", "#+ cite: [fact]\n#+ view: pie", 6, "view 'pie' is none of"),
        ("#+ cite:     [fact]", "#+ cite: [fact]\n#+ severity: bad", 6, "severity 'bad' is none of"),
        ("type: entity", "type: thing", 3, "type 'thing' is none of"),
        ("type: entity", "kind: entity", 3, "expected { type: …, default: … }"),
        (
            "{ network: { type: entity, class: cg:CityNetwork, default: id:nordnett } }",
            "[network]",
            3,
            "params is not of the form",
        ),
        ("{ network:", "{ city:", 3, "the parameter city is not a variable of the query"),
        ("type: entity, class: cg:CityNetwork", "type: enum", 3, "an enum names its choices"),
        (
            "type: entity, class: cg:CityNetwork",
            "type: enum, enum: [NO, SE]",
            3,
            "write the choices in quotation marks",
        ),
        ("default: id:nordnett", "default: [a]", 3, "the default is neither text nor number"),
        ('{ nb: "Hvem?"', '{ nb: "Hvem?', 2, "the header cannot be read"),
        ("SELECT ?network ?member ?fact", "SELECT *", 0, "SELECT \\* hides which columns"),
        ("WHERE", "WHERE " + "{" * 300, 0, "brackets stand inside each other"),
        ("SELECT ?network ?member ?fact WHERE", "DROP ALL ; SELECT ?network WHERE", 0, "would change the graph"),
        (
            "SELECT ?network ?member ?fact",
            "SELECT (COUNT(?x) AS ?network) ?member ?fact",
            4,
            "the parameter \\?network|SELECT must|GROUP BY",
        ),
    ],
)
def test_a_broken_rule_is_named_with_file_and_line(old: str, new: str, line: int, says: str, tmp_path: Path) -> None:
    assert old in _GOOD
    path = _file(tmp_path, _GOOD.replace(old, new))
    if "COUNT" in new:
        path.write_text(path.read_text().rstrip() + " GROUP BY ?member ?fact\n")
        line = 3
    with pytest.raises(QueryError, match=says) as caught:
        read_saved_query(path)
    place = f"{path}:{line}: " if line else f"{path}: "
    assert caught.value.message.startswith(place), caught.value.message
    assert caught.value.fix


def test_a_query_without_a_header_says_what_the_first_lines_are(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="there is no header"):
        read_saved_query(_file(tmp_path, "SELECT ?a WHERE { ?a ?b ?c }\n"))


@pytest.mark.parametrize("name", ["Members.rq", "1.rq", "a_b.rq", "å.rq"])
def test_the_name_of_the_file_is_a_name_for_commands_and_addresses(name: str, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="is not made of a-z, 0-9 and hyphens"):
        read_saved_query(_file(tmp_path, _GOOD, name))


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="cannot be read"):
        read_saved_query(tmp_path / "none.rq")
    (tmp_path / "latin.rq").write_bytes(b"\xe5")
    with pytest.raises(QueryError, match=r"cannot be read: it is not UTF-8 \(byte 1\)"):
        read_saved_query(tmp_path / "latin.rq")


def test_a_check_has_its_name_as_code_and_asks_nobody(tmp_path: Path) -> None:
    text = '#+ title: { nb: "a", en: "b" }\n#+ code: odd\n#+ severity: warning\n#+ columns: [focus]\nSELECT ?focus WHERE { ?focus ?p ?o }\n'
    check = read_saved_query(_file(tmp_path, text, "odd.rq"), check=True)
    assert (check.code, check.severity) == ("odd", Severity.WARNING)
    with pytest.raises(QueryError, match="a check query has its name as its code: even"):
        read_saved_query(_file(tmp_path, text, "even.rq"), check=True)


def test_a_date_as_default_stays_a_date(tmp_path: Path) -> None:
    text = _GOOD.replace("type: entity, class: cg:CityNetwork, default: id:nordnett", "type: date, default: 2020-11-05")
    assert read_saved_query(_file(tmp_path, text)).parameters[0].default == "2020-11-05"
