"""Shapes that people write: those that cannot be run are findings with a place, and the others are run."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest

from citygraph import patterns, shacl
from citygraph.findings import Finding
from citygraph.graphs import FileGraph, ProjectGraphs, part_of
from citygraph.patterns import PatternError, PatternTooSlowError, matcher
from citygraph.publish import PROFILES, check_foreign_shapes, read_shapes
from citygraph.rdf import Iri, parse
from citygraph.validate import check_shapes

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix ex: <https://example.org/> . @prefix s: <https://example.org/shapes#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
DATA = """ex:a a ex:Thing ; ex:n "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!" ; ex:from "2020-01-01"^^xsd:date ; ex:to "soon" .
"""
SOUND = "s:sound a sh:NodeShape ; sh:targetClass ex:Thing ; sh:property [ sh:path ex:n ; sh:maxLength 3 ] .\n"
HEAD = "s:x a sh:NodeShape ; sh:targetClass ex:Thing ; "


def findings(shapes: str, data: str = DATA) -> list[Finding]:
    """What the shapes say about the data above, or others."""
    files = []
    for path, text in (("data/d.ttl", PREFIXES + data), ("ontology/shapes-own.ttl", PREFIXES + shapes)):
        quads = tuple(parse(text.encode(), format="ttl").quads)
        files.append(FileGraph(path, Iri(f"https://example.org/{path}"), part_of(path), text, quads))
    return check_shapes(ProjectGraphs("https://example.org/", tuple(files)))


def deep(times: int) -> str:
    """An or inside an or, and so on."""
    inner = "sh:nodeKind sh:IRI"
    for _ in range(times):
        inner = f"sh:or ( [ {inner} ] )"
    return inner


@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        ('[] a sh:NodeShape ; sh:targetClass ex:Thing ; sh:property [ sh:path ex:n ; sh:in ( "a" ) ] .', "no name"),
        (HEAD + 'sh:property [ sh:path ex:n ; sh:pattern "([" ] .', "no pattern"),
        (HEAD + 'sh:property [ sh:path ex:n ; sh:minCount "one" ] .', "'one' and must be a whole number"),
        (HEAD + "sh:property [ sh:minCount 1 ] .", "no sh:path"),
        (HEAD + "sh:property [ sh:path ( ex:n ) ; sh:minCount 1 ] .", "no path"),
        (HEAD + 'sh:property "ex:n" .', "must be a shape"),
        (HEAD + 'sh:property [ sh:path ex:n ; sh:in "a" ] .', "sh:in is no list"),
        (HEAD + "sh:property [ sh:path ex:n ; sh:in _:l ] . _:l rdf:first ex:a ; rdf:rest _:l .", "sh:in is no list"),
        (HEAD + 'sh:class "ex:Thing" .', "must be an address"),
        (HEAD + "sh:nodeKind sh:Iri .", "one of sh:BlankNode"),
        (HEAD + 'sh:closed "yes" .', "true or false"),
        (HEAD + "sh:property [ sh:path ex:n ; sh:minInclusive ex:a ] .", "a text or a number"),
        (HEAD + "sh:property [ sh:path ex:n ; sh:datatype xsd:string , xsd:date ] .", "more than once"),
        (
            HEAD + "sh:property [ sh:path ex:n ; sh:minCuont 1 ] .",
            "sh:minCuont is no name of SHACL; the nearest is sh:minCount",
        ),
        (HEAD + "sh:targetClas ex:Thing .", "the nearest is sh:targetClass"),
        (HEAD + 'sh:property [ sh:path ex:n ; sh:pattern "a" ; sh:flags "g" ] .', "sh:flags is 'g'"),
        (HEAD + 'sh:sparql [ sh:select "SELEKT" ] .', "not a SPARQL query"),
        pytest.param(
            HEAD + 'sh:property [ sh:path ex:n ; sh:sparql [ sh:select "SELECT $this { $PATH" ] ] .',
            "pySHACL says",
            marks=pytest.mark.slow,
        ),
        # What would demand nothing in silence.
        (HEAD + 'sh:js [ sh:jsFunctionName "f" ] .', "sh:js is not run here"),
        (HEAD + "sh:nodeKind sh:IRI ; sh:target [ a sh:SPARQLTarget ] .", "sh:target is not run here"),
        (
            HEAD + "sh:property [ sh:path ex:n ; sh:qualifiedValueShape [ sh:nodeKind sh:IRI ] ] .",
            "demands nothing without sh:qualifiedMinCount",
        ),
        (
            HEAD + "sh:property [ sh:path ex:n ; sh:qualifiedMinCount 1 ] .",
            "demands nothing without sh:qualifiedValueShape",
        ),
        (HEAD + 'sh:property [ sh:path ex:n ; sh:flags "i" ] .', "demands nothing without sh:pattern"),
        (HEAD + "sh:minCount 1 .", "sh:minCount demands nothing without sh:path"),
        (HEAD + "sh:node ex:Nowhere .", "sh:node points to Nowhere, of which nothing is said"),
        (HEAD + "sh:message 'no demand' .", "it has no demands"),
        ("s:x a sh:NodShape ; sh:nodeKind sh:IRI .", "the nearest is sh:NodeShape"),
        (HEAD + "sh:nodeKind sh:IRI ; sh:severity sh:Error .", "sh:Error is no name of SHACL"),
        (HEAD + "sh:nodeKind sh:IRI ; sh:severity sh:Shape .", "must be sh:Violation, sh:Warning or sh:Info"),
        ("s:x a sh:NodeShape ; sh:nodeKind sh:IRI .", "it has no target"),
        (HEAD + "sh:property [ sh:path ex:n ; sh:node s:x ] .", "x points to itself"),
        (HEAD + "sh:node s:y . s:y a sh:NodeShape ; sh:not s:x .", "points to itself"),
        (HEAD + deep(400) + " .", "more than 12 times"),
    ],
)
def test_a_shape_that_cannot_be_run_is_a_finding_with_its_place_and_the_others_are_run(shape: str, reason: str) -> None:
    found = {each.code: each for each in findings(shape + "\n" + SOUND)}
    assert set(found) == {"bad-shape", "sound"}
    assert reason in found["bad-shape"].message.en
    assert "not " not in found["bad-shape"].message.nb
    assert found["bad-shape"].file == "ontology/shapes-own.ttl"
    assert found["bad-shape"].line == 3 or "deep" in shape or reason.startswith("more than 12")


def test_parameters_that_are_not_run_are_told_in_one_order() -> None:
    found = findings(
        HEAD + "sh:nodeKind sh:IRI ; sh:values ex:a ; sh:rule ex:a ; sh:target ex:a ; sh:expression ex:a ; sh:js ex:a ."
    )
    said = [match[1] for each in found if (match := re.search(r"sh:(\w+) is not run here", each.message.en))]
    assert said == ["js", "rule", "target", "expression", "values"]


def test_a_shape_that_is_switched_off_is_a_warning() -> None:
    (found,) = findings(HEAD + "sh:property [ sh:path ex:n ; sh:maxLength 1 ; sh:deactivated true ] .")
    assert (found.code, found.severity, found.line) == ("bad-shape", "warning", 3)
    assert "switched off" in found.message.en


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "$PATH"])
def test_a_query_without_an_end_in_a_shape_is_ended_and_the_others_are_run(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shacl, "QUERY_SECONDS", 3.0)
    pairs = " ".join(f"?a{n} ?b{n} ?c{n} ." for n in range(9))
    whole = ", ".join(f"STR(?c{n})" for n in range(9))
    select = f"SELECT $this {{ $this {path or '?p'} ?v . {pairs} FILTER(CONCAT({whole}) = 'nothing') }}"
    inside = f'sh:sparql [ sh:select "{select}" ]'
    shape = HEAD + (f"sh:property [ sh:path ex:n ; {inside} ] ." if path else f"{inside} .")
    found = {
        each.code: each
        for each in findings(shape + "\n" + SOUND, DATA + "".join(f"ex:a ex:n{n} {n} . " for n in range(40)))
    }
    assert set(found) == {"bad-shape", "sound"}
    assert "has not ended" in found["bad-shape"].message.en


@pytest.mark.slow
@pytest.mark.parametrize("path", ["", "$PATH"])
def test_a_query_in_a_shape_that_takes_too_much_memory_is_ended_and_the_others_are_run(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shacl, "QUERY_MEMORY", 200_000_000)
    before = set(multiprocessing.active_children())
    doubled = " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(30))
    select = f"SELECT $this {{ $this {path or 'ex:n'} ?v . BIND(STR(?v) AS ?x0) {doubled} FILTER(?x30 = 'nothing') }}"
    inside = f'sh:sparql [ sh:select "{select.replace("ex:n", "<https://example.org/n>")}" ]'
    shape = HEAD + (f"sh:property [ sh:path ex:n ; {inside} ] ." if path else f"{inside} .")
    found = {each.code: each for each in findings(shape + "\n" + SOUND)}
    assert set(found) == {"bad-shape", "sound"}
    assert found["bad-shape"].file == "ontology/shapes-own.ttl"
    assert found["bad-shape"].line
    assert "takes too much memory: write it with fewer combinations" in found["bad-shape"].message.en
    assert "bruker for mye minne: skriv den med færre muligheter" in found["bad-shape"].message.nb
    assert set(multiprocessing.active_children()) <= before


def test_severity_and_message_are_those_of_the_inner_shape() -> None:
    inner = """sh:severity sh:Warning ; sh:message "outer"@en , "ytre"@nb ; sh:property
        [ sh:path ex:n ; sh:maxLength 1 ; sh:severity sh:Info ; sh:message "far too long" ] , [ sh:path ex:n ; sh:maxLength 2 ] ."""
    told = sorted((each.severity.value, each.message.en.partition(": ")[2]) for each in findings(HEAD + inner))
    assert told == [("info", "far too long."), ("warning", "outer.")]


def test_a_shape_without_words_says_what_the_engine_says() -> None:
    (found,) = findings(HEAD + "sh:property [ sh:path ex:n ; sh:maxLength 1 ] .")
    assert "string length" in found.message.en


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", ("oppfyller ikke kravet x (<https://example.org/n>).", "string length")),
        ('sh:message "too long"@en ;', ("too long.", "too long.")),
        ('sh:message "for lang"@nb ;', ("for lang.", "for lang.")),
    ],
)
def test_a_result_says_something_in_both_languages(more: str, told: tuple[str, str]) -> None:
    (found,) = findings(HEAD + more + " sh:property [ sh:path ex:n ; sh:maxLength 3 ] .")
    said = [each.partition(": ")[2].casefold() for each in (found.message.nb, found.message.en)]
    assert all(text.startswith(begin) for text, begin in zip(said, told, strict=True)), said
    assert all((found.fix.nb, found.fix.en))


def test_values_that_cannot_be_compared_are_a_result() -> None:
    (found,) = findings(HEAD + "sh:property [ sh:path ex:from ; sh:lessThanOrEquals ex:to ] .")
    assert (found.code, found.file) == ("x", "data/d.ttl")


@pytest.mark.parametrize(
    ("pattern", "flags", "holds"),
    [
        ("^a a", "x", True),
        ("^a a", "", False),
        ("a!.", "s", True),
        ("a!.", "", False),
        ("a+", "q", False),
        ("A!", "qi", True),
    ],
)
def test_every_flag_of_a_pattern_counts(pattern: str, flags: str, holds: bool) -> None:  # noqa: FBT001
    shape = f'sh:property [ sh:path ex:n ; sh:pattern "{pattern}" ; sh:flags "{flags}" ] .'
    found = findings(HEAD + shape, DATA.replace("!", "!\\n"))
    assert [each.code for each in found] == ([] if holds else ["x"])


@pytest.mark.slow
def test_a_pattern_that_tries_everything_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [f.code for f in findings(HEAD + 'sh:property [ sh:path ex:n ; sh:pattern "^(a+)+$" ] .')] == ["x"]
    # What RE2 cannot read has a process of its own, and a time.
    monkeypatch.setattr(patterns, "SECONDS", 0.2)
    (found,) = findings(HEAD + 'sh:property [ sh:path ex:n ; sh:pattern "^(?=(a+)+$)b" ] .')
    assert found.code == "bad-shape"
    assert "takes too long" in found.message.en
    patterns._helper().end()  # noqa: SLF001  # a process that outlives its test is a fault


@pytest.mark.slow
@pytest.mark.parametrize("installed", [True, False], ids=["with RE2", "without RE2"])
@pytest.mark.parametrize(
    ("pattern", "flags", "text", "matches"),
    [
        (r"^\w+( \w+)*$", "", "Þórshöfn og Ås", True),
        (r"^\d{2,}-[\d\s]+$", "", "12-3 ٤", True),
        (r"^[a-z]+x*$", "i", "ABC", True),
        (r"^(a|b)*$", "", "ab\n", True),
        (r"(a+)\1+b*", "", "xaab", True),
        (r"b*\bc+", "", "abc", False),
        (r"^(?!http:).+s*", "", "http://a", False),
        (r"^[\W]*\S?$", "", "é", True),
    ],
)
def test_whichever_engine_matches_it_means_the_same(
    monkeypatch: pytest.MonkeyPatch,
    installed: bool,  # noqa: FBT001  # a column of the table
    pattern: str,
    flags: str,
    text: str,
    matches: bool,  # noqa: FBT001
) -> None:
    if not installed:
        monkeypatch.setattr(patterns, "_linear", lambda *_: None)
    assert patterns.Matcher(pattern, flags).search(text) is matches
    patterns._helper().end()  # noqa: SLF001


def test_what_is_no_pattern_is_said_to_be_none() -> None:
    with pytest.raises(PatternError, match="unterminated"):
        matcher("([")
    assert issubclass(PatternTooSlowError, PatternError)


def test_shapes_for_a_catalogue_are_told_apart_too(tmp_path: Path) -> None:
    (tmp_path / "good.ttl").write_text(PREFIXES + SOUND, encoding="utf-8")
    (tmp_path / "bad.ttl").write_text(PREFIXES + HEAD + 'sh:property [ sh:minCount "one" ] .', encoding="utf-8")
    record = [quad.triple for quad in parse((PREFIXES + DATA).encode(), format="ttl").quads]
    found = check_foreign_shapes(record, PROFILES["dcat-ap-3"], read_shapes(tmp_path), file="catalogue.ttl")
    told = {(each.code, Path(each.file).name) for each in found}
    assert told == {("bad-shape", "bad.ttl"), ("publish-shapes", "catalogue.ttl")}
