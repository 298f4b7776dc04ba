"""A round of the SQL engines: which statements are asked, and that no term is ever in one."""

from __future__ import annotations

from collections.abc import Callable

from citygraph.rdf import Triple
from citygraph.reason.closure import Atom, Check, FlatRule
from citygraph.reason.columnar.terms import Dictionary
from citygraph.reason.rules import TYPE
from citygraph.reason.specialise import specialise
from citygraph.reason.sql.compiler import (
    NO_CLASS,
    Heads,
    Present,
    RuleShape,
    conclusions,
    listed,
    of_heads,
    shapes_of,
    violations,
)

Turtle = Callable[[str], tuple[Triple, ...]]

UNCLE = FlatRule(
    "prp-spo2",
    Atom("?x", "<urn:x:uncle>", "?z"),
    (Atom("?x", "<urn:x:parent>", "?y"), Atom("?y", "<urn:x:brother>", "?z")),
    (),
)


def _present(numbers: Dictionary, *wanted: str) -> Present:
    """Ten statements of each of these predicates, and of `rdf:type` for each class, written `a <urn:x:Class>`."""
    rows = []
    for each in wanted:
        kind = each.removeprefix("a ")
        name = TYPE if kind != each else each
        rows.append((numbers.number(name), numbers.number(kind) if kind != each else NO_CLASS, 10))
    return Present(rows)


def _shapes(numbers: Dictionary, *rules: FlatRule) -> list[RuleShape]:
    return shapes_of(rules, numbers.number, prefix="rules")


def test_no_term_is_ever_in_the_text_of_a_statement() -> None:
    hostile = "<urn:x:');DROP-TABLE-known;-->"
    numbers = Dictionary()
    rules = [
        FlatRule("prp-dom", Atom("?x", TYPE, hostile), (Atom("?x", hostile, "?y"),), ()),
        FlatRule("own-datatype", None, (Atom("?x", hostile, "?y"),), (), Check("outside", ("?y", hostile))),
    ]
    texts = []
    for shape in _shapes(numbers, *rules):
        asked = conclusions(shape, None, _present(numbers, hostile), by_value=True)
        texts += [*(each.text for each in asked), violations(shape, by_value=True)]
        assert all(type(value) is int for row in shape.rows for value in row)
    assert len(texts) == 3
    assert not any("DROP" in text for text in texts)


def test_rules_that_differ_in_their_constants_share_one_statement(turtle: Turtle) -> None:
    axioms = turtle(":p rdfs:domain :A . :q rdfs:domain :B . :r rdfs:domain :A .")
    book = specialise((str(t.subject), str(t.predicate), str(t.object)) for t in axioms)
    numbers = Dictionary()
    (shape,) = _shapes(numbers, *book.rules)
    assert len(shape.rows) == 3
    known = _present(numbers, "<urn:x:p>", "<urn:x:q>", "<urn:x:r>")
    assert len(conclusions(shape, None, known, by_value=False)) == 1


def test_a_rule_is_not_asked_when_nothing_it_reads_is_new() -> None:
    numbers = Dictionary()
    (shape,) = _shapes(numbers, UNCLE)
    known = _present(numbers, "<urn:x:parent>", "<urn:x:brother>", "<urn:x:other>")
    for new, statements in (
        (("<urn:x:other>",), 0),
        (("<urn:x:brother>",), 1),
        (("<urn:x:parent>", "<urn:x:brother>"), 2),
    ):
        assert len(conclusions(shape, _present(numbers, *new), known, by_value=False)) == statements


def test_a_rule_is_not_asked_when_something_else_it_reads_is_nowhere() -> None:
    numbers = Dictionary()
    (shape,) = _shapes(numbers, UNCLE)
    new = _present(numbers, "<urn:x:parent>")
    assert conclusions(shape, new, new, by_value=False) == []


def test_where_everything_is_new_each_rule_is_asked_once() -> None:
    numbers = Dictionary()
    (shape,) = _shapes(numbers, UNCLE)
    known = _present(numbers, "<urn:x:parent>", "<urn:x:brother>")
    assert len(conclusions(shape, None, known, by_value=False)) == 1


def test_a_class_without_new_members_is_not_asked_about() -> None:
    numbers = Dictionary()
    rules = [
        FlatRule("cax-sco", Atom("?x", TYPE, f"<urn:x:{up}>"), (Atom("?x", TYPE, f"<urn:x:{down}>"),), ())
        for down, up in (("A", "B"), ("C", "D"))
    ]
    (shape,) = _shapes(numbers, *rules)
    known = _present(numbers, "a <urn:x:A>", "a <urn:x:C>")
    (asked,) = conclusions(shape, _present(numbers, "a <urn:x:C>"), known, by_value=False)
    assert asked.heads == Heads(frozenset({numbers.number(TYPE)}), frozenset({numbers.number("<urn:x:D>")}))
    assert f"r.n IN ({shape.rows[1][0]})" in asked.text
    assert conclusions(shape, _present(numbers, "a <urn:x:B>"), known, by_value=False) == []


def test_a_rule_about_any_predicate_is_asked_whatever_is_new() -> None:
    numbers = Dictionary()
    rule = FlatRule("any", Atom("?x", "?p", "<urn:x:b>"), (Atom("?x", "?p", "<urn:x:a>"),), ())
    (shape,) = _shapes(numbers, rule)
    new = _present(numbers, "<urn:x:whatever>")
    (asked,) = conclusions(shape, new, new, by_value=False)
    assert of_heads([asked.heads], type_code=numbers.number(TYPE)) == "TRUE"


def test_what_rules_may_conclude_is_a_condition_on_predicates_and_classes() -> None:
    kind, classes, names = 7, Heads(frozenset({7}), frozenset({1, 2})), Heads(frozenset({5}), frozenset())
    assert of_heads([names], type_code=kind) == "p IN (5)"
    assert of_heads([names, classes], type_code=kind) == "p IN (5, 7) AND (p <> 7 OR o IN (1, 2))"
    assert of_heads([names, Heads(frozenset({7}), None)], type_code=kind) == "p IN (5, 7)"
    assert of_heads([], type_code=kind) == "TRUE"


def test_a_condition_is_left_out_when_it_would_be_very_long() -> None:
    assert listed("p", range(1000))[0].startswith("p IN (0, 1, ")
    assert listed("p", range(1001)) == []
